"""Least squares on the classes: a linear head with calibrated probabilities."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from omegaconf import DictConfig

from medsmall.contract import made
from medsmall.errors import MedsmallError
from medsmall.features import Features
from medsmall.learner import TRAINING
from medsmall.learner.heads.calibration import calibrated_loss, solve_calibrated
from medsmall.learner.heads.examples import Examples, check_views
from medsmall.learner.heads.linear import Array, Linear, ridge
from medsmall.learner.heads.paths import each
from medsmall.learner.heads.penalty import Solver, check_penalty
from medsmall.targets import Targets
from medsmall.task import Task

if TYPE_CHECKING:  # seconds to import, and a wrong value needs none of it
    from medsmall.batches.drawn import DrawnImages
    from medsmall.case import Case
    from medsmall.learner import Fitted
    from medsmall.logger import Logger


def least_squares(features: Array, labels: Array, inverse_penalty: float) -> Linear:
    """Ridge regression on -1 and 1, that of scikit-learn's RidgeClassifier: labels (N, K)."""
    return ridge(features, 2 * labels - 1, inverse_penalty)


SOLVER = Solver(least_squares, each(least_squares), calibrated_loss, usual=1.0)


@dataclass(frozen=True)
class RidgeHead:
    """A ridge regression on -1 and 1 for each class, then calibrated.

    The weights have a closed form: there is no solver that could stop early. Probabilities are
    those of `medsmall.learner.heads.calibration`. The solution becomes the network's last layer.
    For numbers that is what `probe` does.

    Args:
        label: its name in the names of runs.
        inverse_penalty: 1 / alpha of scikit-learn's ridge, on features scaled as in
            `medsmall.learner.heads.linear`; null: chosen as in `probe`, by the calibrated log loss.
        train_views: augmented views of each train image to fit it to, beside the plain one.
    """

    label: str
    inverse_penalty: float | None
    train_views: int = 0
    ignores: ClassVar[frozenset[str]] = TRAINING
    takes_examples: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_penalty(self.inverse_penalty)
        check_views(self.train_views)

    def check(self, cfg: DictConfig, targets: Targets, side: int) -> None:
        """Check that there are classes, and that the features can be had."""
        if targets.task == Task.REGRESSION:
            raise MedsmallError(
                f"The learner {self.label} is for classes, but {', '.join(targets.names)} are "
                "numbers: set learner=probe, which is the ridge regression of numbers."
            )
        made(cfg.features, Features).check(cfg, targets, side, self.label)

    def fit(self, case: "Case", data: "DrawnImages", loggers: "list[Logger]") -> "Fitted":
        """Solve the head for the train images."""
        from medsmall.learner.heads.fitting import fit_linear

        def solve(of: Examples) -> tuple[Linear, dict[str, float]]:
            return solve_calibrated(of, SOLVER, self.inverse_penalty)

        return fit_linear(case, data, loggers, solve, self.train_views)
