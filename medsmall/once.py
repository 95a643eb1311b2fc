"""Work that the cells of a sweep share, done once."""

import json
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


class Once:
    """Keeps results by the part of the config that they depend on.

    The last used of each kind are kept: few large ones, such as opened data sets, and more hashes
    than a grid has draws, as these recur in turns.
    """

    def __init__(self) -> None:
        self.made: dict[str, OrderedDict[str, Any]] = {}

    def __call__(self, kind: str, decided_by: Any, make: Callable[[], T], keep: int = 2048) -> T:
        """The result of `make`, or the earlier one for an equal `decided_by` (plain containers)."""
        key = json.dumps(decided_by, sort_keys=True)
        made = self.made.setdefault(kind, OrderedDict())
        if key not in made:
            made[key] = make()
        made.move_to_end(key)
        while len(made) > keep:
            made.popitem(last=False)
        return made[key]


SHARED = Once()  # for all cells of a command in one process; a worker process has its own
