"""A run's key, its record on disk, and what the person at the terminal sees of it."""
