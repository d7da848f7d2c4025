"""The whole installation as whoever runs it sees it."""
