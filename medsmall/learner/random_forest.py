"""A random forest on features."""

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
class RandomForest:
    """scikit-learn's random forest: the mean of trees on resampled images.

    Probabilities are the shares of classes in the leaves. Breiman, Machine Learning 2001.

    Args:
        label: its name in the names of runs.
        trees: how many; more are never worse, but slower.
        leaf: images in a leaf, at least; more: smoother probabilities.
        seed: of the resampling.
        train_views: augmented views of each train image, beside the plain one.
    """

    label: str
    trees: int
    leaf: int
    seed: int
    train_views: int = 0
    ignores: ClassVar[frozenset[str]] = TRAINING
    takes_examples: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for name, value in (("trees", self.trees), ("leaf", self.leaf)):
            if value < 1:
                raise MedsmallError(f"learner.{name} must be 1 or more, but is {value}.")
        check_views(self.train_views)

    def check(self, cfg: DictConfig, targets: Targets, side: int) -> None:
        """Check that the features can be had."""
        made(cfg.features, Features).check(cfg, targets, side, self.label)

    def fit(self, case: "Case", data: "DrawnImages", loggers: "list[Logger]") -> "Fitted":
        """Grow a forest for each target, or one for all exclusive classes."""
        from medsmall.learner.heads.trees import fit_trees

        return fit_trees(case, data, loggers, self._made, self.trees, self.train_views)

    def _made(self, numbers: bool, views: int) -> Any:
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

        kind = RandomForestRegressor if numbers else RandomForestClassifier
        return kind(
            self.trees, min_samples_leaf=self.leaf * views, random_state=self.seed, n_jobs=1
        )
