"""The few arms whose test predictions the page shows, at the largest size."""

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from textwrap import wrap
from typing import Any

import numpy as np

from medsmall.evaluation import bands
from medsmall.evaluation.bands import Band, Curve, Tested
from medsmall.page.palette import LINES
from medsmall.record.predicted import Predicted
from medsmall.report.arms import Study
from medsmall.report.cells import DRAW, Arm, Cell, favoured
from medsmall.report.verdicts import Comparison

MOST, DECIDED = 4, ("better", "worse")


@dataclass(frozen=True)
class DrawnArms:
    """The `cells` of those arms; `which` they are, in words.

    `every` are all arms in the order of their colours, these first.
    """

    study: Study
    cells: list[Cell]
    every: list[Arm]
    which: str

    @classmethod
    def of(
        cls,
        study: Study,
        cells: Sequence[Cell],
        metric: str,
        comparisons: Sequence[Comparison] = (),
    ) -> "DrawnArms":
        """At most MOST at the largest size: the best in validation, those of decided comparisons.

        The largest differences count first; then others that validation favours, or by name.
        """
        size = max(cell.size for cell in cells)
        ranked = favoured(cells, metric)
        others = [cell for cell in cells if cell.size == size and cell not in ranked]
        last = [*ranked, *others]
        of_verdicts = _decided(comparisons, size)
        names = [last[0].arm, *of_verdicts, *(cell.arm for cell in last)]
        first = list(dict.fromkeys(names))[:MOST]
        chosen = [cell for cell in last if cell.arm in first]
        drawn = [cell.arm for cell in chosen]
        every = list(dict.fromkeys([*drawn, *(cell.arm for cell in cells)]))
        told = "that validation favours" if ranked else "first by name"
        told += ", and those of decided comparisons" * bool(of_verdicts)
        which = f": the {len(chosen)} of {len(last)} arms {told}" if len(chosen) < len(last) else ""
        return cls(study, chosen, every, f"At {study.at(size)}{which}.")

    @property
    def arms(self) -> list[Arm]:
        """They, the best by validation first."""
        return [cell.arm for cell in self.cells]

    @property
    def size(self) -> int:
        """Their number of training images."""
        return self.cells[0].size

    def name(self, arm: Arm) -> str:
        """An arm in words."""
        return self.study.name(arm)

    def style(self, arm: Arm) -> tuple[str, Any, str]:
        """Its role of colour, line and marker, the same in every figure."""
        return LINES[self.every.index(arm) % len(LINES)]

    @cached_property
    def tests(self) -> dict[Arm, dict[str, Predicted]]:
        """Arm -> repeat -> its test set with predictions."""
        return {
            arm: {
                repeat: Predicted.of(run.record)
                for repeat, run in self.study.cells[arm, self.size].items()
            }
            for arm in self.arms
        }

    @property
    def first(self) -> Predicted:
        """One of the test sets."""
        return next(iter(self.tests[self.arms[0]].values()))

    def of_target(self, arm: Arm, k: int) -> dict[str, Tested]:
        """Repeat -> labels that are known and probabilities of target `k`."""
        found = {}
        for repeat, test in self.tests[arm].items():
            known = ~np.isnan(test.y[:, k])
            found[repeat] = Tested(
                (test.y[known, k] == 1).astype(float), test.predicted[known, k],
                test.patient[known], len(test.patients), test.identity,
            )  # fmt: skip
        return found

    def band(self, arm: Arm, k: int, curve: Curve) -> Band:
        """The mean curve of the arm for target `k`, of which each test set has both classes.

        Runs of one fold are averaged first, and where draws are crossed with seeds, those of a
        draw: they are no repeats of each other. Of fewer than three folds there is no band.
        """
        together = defaultdict(list)
        for repeat, test in self.of_target(arm, k).items():
            together[self._place(repeat)].append(test)
        groups = list(together.values())
        return (bands.over_folds if self.study.is_kfold else bands.over_repeats)(curve, groups)

    def _place(self, repeat: str) -> str:
        """The fold of a run, or its draw where runs differ in it, or the run itself."""
        if self.study.is_kfold:
            return self.study.fold(repeat)
        draws = {one: draw_of(one) for one in self.study.cells[self.arms[0], self.size]}
        return draw_of(repeat) if len({*draws.values()}) > 1 else repeat

    def counts(self, arm: Arm, of_test: Callable[[Predicted], Any]) -> np.ndarray:
        """The mean over repeats of `of_test(test)`, an array; of folds their sum."""
        by_fold = defaultdict(list)
        for repeat, test in self.tests[arm].items():
            fold = self.study.fold(repeat) if self.study.is_kfold else ""
            by_fold[fold].append(of_test(test))
        return np.sum([np.mean(values, axis=0) for values in by_fold.values()], axis=0)


def _decided(comparisons: Sequence[Comparison], size: int) -> list[Arm]:
    """The arms of decided comparisons at a size, those that differ most first."""
    found = [
        (abs(one.found.value), one)
        for one in comparisons
        if one.size == size and one.found and one.verdict and one.verdict.word in DECIDED
    ]
    return [arm for _, one in sorted(found, key=lambda of: -of[0]) for arm in (one.a, one.b)]


def draw_of(repeat: str) -> str:
    """What tells the draw of a repeat from others."""
    values = json.loads(repeat)
    return json.dumps({key: values.get(key) for key in DRAW})


def wrapped(name: str, width: int) -> str:
    """A name in lines of at most so many characters."""
    return "\n".join(wrap(name, width))
