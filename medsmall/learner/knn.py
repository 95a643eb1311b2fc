"""The nearest train images answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from omegaconf import DictConfig

from medsmall.contract import made
from medsmall.errors import MedsmallError
from medsmall.features import Features
from medsmall.learner import TRAINING
from medsmall.learner.heads.counts import chosen_count, prior_of
from medsmall.learner.heads.examples import Examples, check_views, unit
from medsmall.learner.heads.neighbours import Neighbours
from medsmall.targets import Targets
from medsmall.task import Task
from medsmall.terminal import say

if TYPE_CHECKING:  # seconds to import, and a wrong value needs none of it
    from medsmall.batches.drawn import DrawnImages
    from medsmall.case import Case
    from medsmall.learner import Fitted
    from medsmall.logger import Logger


@dataclass(frozen=True)
class KNN:
    """The mean label of the nearest train images, in Euclidean distance of frozen features.

    A probability is the share among them and one more, which stands for the whole train part, so
    none is 0 or 1. An image with an unknown label is no neighbour for that target. There is no
    head: model.safetensors is the network without one, and neighbours.safetensors beside it
    predicts, see `medsmall.learner.heads.neighbours`. Cover & Hart, IEEE Trans. Inf. Theory 1967.

    Args:
        label: its name in the names of runs.
        neighbours: how many images answer, at most all; null: chosen for each target among
            `medsmall.learner.heads.counts.COUNTS`. The history has it, and the `folds` it was
            chosen by.
        train_views: augmented views of each train image, beside the plain one; the nearest counts.
    """

    label: str
    neighbours: int | None
    train_views: int = 0
    ignores: ClassVar[frozenset[str]] = TRAINING
    takes_examples: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.neighbours is not None and self.neighbours < 1:
            raise MedsmallError(
                f"learner.neighbours must be 1 or more, but is {self.neighbours}: null chooses it "
                "by cross-validation."
            )
        check_views(self.train_views)

    def check(self, cfg: DictConfig, targets: Targets, side: int) -> None:
        """Check that the features can be had."""
        made(cfg.features, Features).check(cfg, targets, side, self.label)

    def fit(self, case: "Case", data: "DrawnImages", loggers: "list[Logger]") -> "Fitted":
        """Keep the train images, and choose how many of them answer."""
        from medsmall.learner.heads.fitting import fit_head

        return fit_head(case, data, loggers, partial(self._build, case, data), self.train_views)

    def _build(
        self, case: "Case", data: "DrawnImages", examples: Examples, apart: Sequence[Examples]
    ) -> tuple[Neighbours, list[dict[str, float]]]:
        names = case.targets.names
        facts: list[dict[str, float]] = []
        for one in apart:
            given = self.neighbours
            count, folds = chosen_count(one) if given is None else (given, 0)
            if count >= len(one.labels):
                say(
                    f"learner.neighbours={count}: all {len(one.labels)} train images answer for "
                    "every image, so it learns nothing; set fewer."
                )
            facts.append({"neighbours": min(count, len(one.labels)), "folds": folds})
        counts = np.array([one["neighbours"] for one in facts])
        offset, scale = unit(case)
        neighbours = Neighbours(
            examples.features.astype(np.float32),
            data.shown_labels.numpy(),
            np.broadcast_to(counts, len(names)).astype(np.int64),
            np.concatenate([prior_of(one) for one in apart]) * scale + offset,
            np.array([0.0 if case.targets.task == Task.REGRESSION else 1.0]),
        )
        return neighbours, facts
