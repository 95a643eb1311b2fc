"""Work that the cells of a sweep have in common, done once."""

import json
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


class Once:
    """Keeps what is made under the part of the config that it depends on.

    Of each kind the last used stay: few of what is large, such as an opened data set, and of
    hashes more than a grid has draws, as those come round in turns.
    """

    def __init__(self) -> None:
        self.made: dict[str, OrderedDict[str, Any]] = {}

    def __call__(self, kind: str, decided_by: Any, make: Callable[[], T], keep: int = 2048) -> T:
        """What `make` gives, or gave for an equal `decided_by` (plain containers)."""
        key = json.dumps(decided_by, sort_keys=True)
        made = self.made.setdefault(kind, OrderedDict())
        if key not in made:
            made[key] = make()
        made.move_to_end(key)
        while len(made) > keep:
            made.popitem(last=False)
        return made[key]


SHARED = Once()  # by the cells of a command in one process; a worker process has its own
