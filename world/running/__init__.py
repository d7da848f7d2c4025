"""Running spaces: their tick, their people's seats, what clients say, and where positions are kept."""
