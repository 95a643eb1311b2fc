"""How far a sweep is: read from its records, whoever makes them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from medsmall.errors import MedsmallError
from medsmall.sweep.cost import Took, expected
from medsmall.sweep.folder import Cell, Failure, SweepFolder


@dataclass(frozen=True)
class Finished:
    """What the record of a finished cell says.

    `score` is its headline metric in validation, None where that is undefined; `rises` whether a
    larger one is better.
    """

    seconds: float
    metric: str
    score: float | None
    rises: bool


@dataclass
class State:
    """The cells of a sweep by what became of them; `finished` is remembered between looks."""

    folder: SweepFolder
    cells: Sequence[Cell]
    finished: dict[str, Finished] = field(default_factory=dict)
    failed: dict[tuple[str, ...], Failure] = field(default_factory=dict)
    running: list[Cell] = field(default_factory=list)
    workers: int = 1  # the most cells that were seen running at once

    @classmethod
    def of(cls, folder: SweepFolder) -> "State":
        """That of a sweep on disk."""
        state = cls(folder, [cell for cell in folder.cells if not cell.left_out])
        state.look()
        return state

    def look(self) -> list[Cell]:
        """Read what has changed; returns the cells that have finished since the last look."""
        new = []
        for cell in self.cells:
            if not cell.key or cell.key in self.finished:
                continue
            record = self.folder.record(cell.key)
            if record.done:
                self.finished[cell.key] = _finished(self.folder, cell)
                new.append(cell)
        self.failed = {
            cell.overrides: why
            for cell in self.cells
            if cell.key not in self.finished and (why := self.folder.failure(cell.overrides))
        }
        self.running = [
            cell for cell in self.left if cell.key and self.folder.record(cell.key).is_being_made
        ]
        self.workers = max(self.workers, len(self.running))
        return new

    @property
    def left(self) -> list[Cell]:
        """The cells that have neither finished nor failed; some of them are running."""
        return [
            cell
            for cell in self.cells
            if cell.key not in self.finished and cell.overrides not in self.failed
        ]

    @property
    def took(self) -> list[Took]:
        """What the finished cells took."""
        return [
            Took(cell.arm, cell.n, self.finished[cell.key].seconds)
            for cell in self.cells
            if cell.key in self.finished
        ]

    def seconds_left(self) -> float | None:
        """Until all cells of the arms that have a finished one are done; None without any."""
        took = self.took
        known = {one.arm for one in took}
        each = [expected(took, cell.arm, cell.n) or 0.0 for cell in self.left if cell.arm in known]
        return sum(each) / self.workers if took else None

    @property
    def arms_to_begin(self) -> int:
        """How many arms have no finished cell, so that nobody knows what they take."""
        return len({cell.arm for cell in self.left} - {one.arm for one in self.took})

    def scores(self, arm: str) -> list[float]:
        """The validation scores of an arm, of draws that each arm with a finished cell has."""
        draws: dict[str, dict[str, float | None]] = defaultdict(dict)
        for cell in self.cells:
            if cell.key in self.finished:
                draws[cell.arm][cell.draw] = self.finished[cell.key].score
        common = set.intersection(*map(set, draws.values())) if draws else set()
        found = (score for draw, score in draws[arm].items() if draw in common)
        return [score for score in found if score is not None]

    @property
    def best(self) -> str:
        """The arm whose mean validation score is best so far; "" where there is none."""
        kinds = {(one.metric, one.rises) for one in self.finished.values()}
        if len(kinds) != 1:
            return ""
        sign = 1 if kinds.pop()[1] else -1
        arms = dict.fromkeys(cell.arm for cell in self.cells)
        means = {arm: sign * sum(s) / len(s) for arm in arms if (s := self.scores(arm))}
        best = [arm for arm, mean in means.items() if mean == max(means.values())]
        return best[0] if len(means) > len(best) == 1 else ""


def _finished(folder: SweepFolder, cell: Cell) -> Finished:
    from medsmall.record.summary import headline

    record = folder.record(cell.key)
    try:
        return Finished(float(record.environment.get("seconds", 0)), *headline(record))
    except (MedsmallError, LookupError, TypeError, ValueError):
        return Finished(0.0, "", None, True)  # a damaged record: the report tells
