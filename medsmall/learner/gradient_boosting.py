"""Gradient boosting on features."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from omegaconf import DictConfig

from medsmall.contract import made
from medsmall.errors import MedsmallError
from medsmall.features import Features
from medsmall.learner import TRAINING
from medsmall.learner.heads.examples import check_views
from medsmall.targets import Targets

if TYPE_CHECKING:  # seconds to import, and a wrong value needs none of it
    from medsmall.batches.drawn import DrawnImages
    from medsmall.case import Case
    from medsmall.learner import Fitted
    from medsmall.logger import Logger


@dataclass(frozen=True)
class GradientBoosting:
    """scikit-learn's histogram gradient boosting: small trees, each mending those before.

    Friedman, Annals of Statistics 2001; Ke et al. (LightGBM), NeurIPS 2017.

    Args:
        label: its name in the names of runs.
        trees: how many, each of at most `leaves` leaves.
        leaves: of a tree; 2: no interactions of features.
        leaf: images in a leaf, at least.
        rate: share of each tree that is added.
        seed: of what scikit-learn draws.
        train_views: augmented views of each train image, beside the plain one.
    """

    label: str
    trees: int
    leaves: int
    leaf: int
    rate: float
    seed: int
    train_views: int = 0
    ignores: ClassVar[frozenset[str]] = TRAINING
    takes_examples: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for name, value, least in (("trees", self.trees, 1), ("leaf", self.leaf, 1),
                                   ("leaves", self.leaves, 2)):  # fmt: skip
            if value < least:
                raise MedsmallError(f"learner.{name} must be {least} or more, but is {value}.")
        if not 0 < self.rate <= 1:
            raise MedsmallError(
                f"learner.rate must lie above 0 and up to 1, such as 0.1, but is {self.rate:g}."
            )
        check_views(self.train_views)

    def check(self, cfg: DictConfig, targets: Targets, side: int) -> None:
        """Check that the features can be had."""
        made(cfg.features, Features).check(cfg, targets, side, self.label)

    def fit(self, case: "Case", data: "DrawnImages", loggers: "list[Logger]") -> "Fitted":
        """Boost trees for each target, or for all exclusive classes together."""
        from medsmall.learner.heads.trees import fit_trees

        return fit_trees(case, data, loggers, self._made, self.trees, self.train_views)

    def _made(self, numbers: bool, views: int) -> Any:
        from sklearn.ensemble import (
            HistGradientBoostingClassifier,
            HistGradientBoostingRegressor,
        )

        kind = HistGradientBoostingRegressor if numbers else HistGradientBoostingClassifier
        return kind(
            learning_rate=self.rate, max_iter=self.trees, max_leaf_nodes=self.leaves,
            min_samples_leaf=self.leaf * views, early_stopping=False, random_state=self.seed,
        )  # fmt: skip
