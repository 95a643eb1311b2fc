"""The record of a run: its key, its files, and its summary in the terminal."""

from medsmall.record.record import Record

__all__ = ["Record"]
