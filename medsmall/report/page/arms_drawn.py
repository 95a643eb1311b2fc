"""The few arms whose test predictions the page shows, at the largest size."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from medsmall.evaluation import bands
from medsmall.evaluation.bands import Band, Curve, Tested
from medsmall.evaluation.scales import LOWER_IS_BETTER
from medsmall.page.palette import LINES
from medsmall.record.predicted import Predicted
from medsmall.report.arms import Study
from medsmall.report.cells import Arm, Cell

MOST = 4


@dataclass(frozen=True)
class DrawnArms:
    """The `cells` of those arms; `every` are the arms of the study in the order of its colours."""

    study: Study
    cells: list[Cell]
    every: list[Arm]

    @classmethod
    def of(cls, study: Study, cells: Sequence[Cell], metric: str) -> "DrawnArms":
        """Those that validation finds best at the largest size, at most MOST."""
        sign = 1 if metric in LOWER_IS_BETTER else -1
        last = [cell for cell in cells if cell.size == study.sizes[-1]]

        def rank(cell: Cell) -> float:
            return np.inf if cell.validation is None else sign * cell.validation

        chosen = sorted(last, key=rank)[:MOST]
        return cls(study, chosen, list(dict.fromkeys(cell.arm for cell in cells)))

    @property
    def arms(self) -> list[Arm]:
        """They, the best by validation first."""
        return [cell.arm for cell in self.cells]

    @property
    def size(self) -> int:
        """Their number of training images."""
        return self.cells[0].size

    @property
    def which(self) -> str:
        """A sentence on which they are."""
        at = self.study.at(self.size)
        many = len(self.every) > len(self.cells)
        if not many:
            return f"At {at}."
        return f"At {at}: the {len(self.cells)} of {len(self.every)} arms that validation favours."

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
                test.patient[known], len(test.patients),
            )  # fmt: skip
        return found

    def band(self, arm: Arm, k: int, curve: Curve) -> Band | None:
        """The mean curve of the arm for target `k`; None where a test set lacks a class."""
        tests = self.of_target(arm, k)
        if not all({*np.unique(test.y)} == {0, 1} for test in tests.values()):
            return None
        folds = defaultdict(list)
        for repeat, test in tests.items():
            folds[self.study.fold(repeat) if self.study.is_kfold else ""].append(test)
        if len(folds) > 1:
            return bands.over_folds(curve, list(folds.values()))
        return bands.over_repeats(curve, list(tests.values()))

    def counts(self, arm: Arm, of_test: Any) -> np.ndarray:
        """The mean over repeats of `of_test(test)`, an array; of folds the sum over folds."""
        values = [of_test(test) for test in self.tests[arm].values()]
        folds = {self.study.fold(repeat) for repeat in self.tests[arm]}
        times = len(folds) if self.study.is_kfold else 1
        return np.asarray(np.mean(values, axis=0) * times)
