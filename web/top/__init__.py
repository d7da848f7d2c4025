"""`atrium top`: the installation in the terminal."""
