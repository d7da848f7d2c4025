"""`atrium bench`: what a packet costs on this machine, and how many people that is."""
