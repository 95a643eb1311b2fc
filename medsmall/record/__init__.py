"""What a run leaves on disk: its key, its files, and what the person at the terminal sees of it."""

from medsmall.record.record import Record

__all__ = ["Record"]
