"""Map templates, the Tiled reader, and the geometry of a map."""
