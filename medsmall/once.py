"""Work that the cells of a sweep have in common, done once."""

import json
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


class Once:
    """Makes what several cases share once: a table, a split, the hash of a draw.

    It is kept by the part of the config that decides it, the `KEPT` last used of all: more than the
    draws of a grid, as those come round in turns.
    """

    KEPT = 2048

    def __init__(self) -> None:
        self.made: OrderedDict[str, Any] = OrderedDict()

    def __call__(self, decided_by: Any, make: Callable[[], T]) -> T:
        """What `make` gives, or gave for an equal `decided_by` (plain containers)."""
        key = json.dumps(decided_by, sort_keys=True)
        if key not in self.made:
            self.made[key] = make()
        self.made.move_to_end(key)
        while len(self.made) > self.KEPT:
            self.made.popitem(last=False)
        return self.made[key]

    def __getstate__(self) -> dict[str, Any]:
        return {"made": OrderedDict()}  # another process opens the data itself
