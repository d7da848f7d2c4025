"""Several world nodes: who owns a space, and how the others serve their clients in it."""
