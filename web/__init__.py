"""Pages, the browser client, the command line, and the composition of the parts."""
