"""A sweep as it lies on disk: its folder, the state of its cells, and how they are shown."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Sweep:
    """Made from conf/sweep/grid.yaml, which says what each key means."""

    name: str | None
    fail_fast: bool
    doubling_from: int | None
    repeats: int
    rules: dict[str, Any] | None = None
