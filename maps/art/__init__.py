"""The generator of all pictures and maps that come with the game. Seeded; needs Pillow, which the
game itself does not: what it makes is committed. `python -m maps.art` makes it anew. CC0, ours."""
