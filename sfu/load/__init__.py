"""What a worker's threads use, and what it can carry."""
