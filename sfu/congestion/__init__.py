"""How much a listener's path carries, and who of those in sight gets it. Pure: time is an input."""
