"""Where everybody stands: positions, zones, rooms, and who is told of whom. Rules only."""
