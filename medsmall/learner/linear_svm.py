"""A linear support vector machine with calibrated probabilities."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from omegaconf import DictConfig

from medsmall.contract import made
from medsmall.features import Features
from medsmall.learner import TRAINING
from medsmall.learner.heads.calibration import calibrated_loss, solve_calibrated
from medsmall.learner.heads.examples import Examples, check_views
from medsmall.learner.heads.linear import Array, Linear, scaled, stacked, unscaled
from medsmall.learner.heads.paths import each
from medsmall.learner.heads.penalty import Solver, check_penalty, solve_penalised, squared_error
from medsmall.targets import Targets
from medsmall.task import Task

if TYPE_CHECKING:  # seconds to import, and a wrong value needs none of it
    from medsmall.batches.drawn import DrawnImages
    from medsmall.case import Case
    from medsmall.learner import Fitted
    from medsmall.logger import Logger

MARGIN = 0.1  # standard deviations of a number within which an error costs nothing
MOST_STEPS = 10_000  # passes over the images; liblinear has 1,000, too few for a weak penalty


def separating(features: Array, labels: Array, inverse_penalty: float) -> Linear:
    """scikit-learn's LinearSVC of each of K labels (N, K), none unknown, against the rest.

    A class that none or all images have gets the same output for every image.
    """
    from sklearn.svm import LinearSVC

    x, mean, scale = scaled(features)
    heads = []
    for y in labels.T:
        if len(set(y)) == 1:
            heads.append(Linear(np.zeros((1, x.shape[1])), 2 * y[:1] - 1))
            continue
        with _quietly():
            solver = LinearSVC(C=inverse_penalty, max_iter=MOST_STEPS, random_state=0).fit(x, y)
        heads.append(unscaled(solver.coef_, solver.intercept_, mean, scale))
    return stacked(heads)


def tube(features: Array, labels: Array, inverse_penalty: float) -> Linear:
    """scikit-learn's LinearSVR of each of K standardised numbers: labels (N, K), none unknown."""
    from sklearn.svm import LinearSVR

    x, mean, scale = scaled(features)
    heads = []
    for y in labels.T:
        with _quietly():
            solver = LinearSVR(
                C=inverse_penalty, epsilon=MARGIN, max_iter=MOST_STEPS, random_state=0
            ).fit(x, y)
        heads.append(unscaled(solver.coef_[None], solver.intercept_, mean, scale))
    return stacked(heads)


@contextmanager
def _quietly() -> Iterator[None]:
    """A weak penalty may need still more passes: cross-validation judges what was reached."""
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


FINDINGS = Solver(separating, each(separating), calibrated_loss, usual=1.0)
NUMBERS = Solver(tube, each(tube), squared_error, usual=1.0)


@dataclass(frozen=True)
class LinearSVM:
    """A support vector machine for each class, then calibrated; its regression for numbers.

    Probabilities are those of `medsmall.learner.heads.calibration`. The solution becomes the
    network's last layer.

    Args:
        label: its name in the names of runs.
        inverse_penalty: C of scikit-learn's LinearSVC and LinearSVR, on features scaled as in
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
        """Check that the features can be had."""
        made(cfg.features, Features).check(cfg, targets, side, self.label)

    def fit(self, case: "Case", data: "DrawnImages", loggers: "list[Logger]") -> "Fitted":
        """Solve the head for the train images."""
        from medsmall.learner.heads.fitting import fit_linear

        numbers = case.targets.task == Task.REGRESSION

        def solve(of: Examples) -> tuple[Linear, dict[str, float]]:
            if numbers:
                return solve_penalised(of, NUMBERS, self.inverse_penalty)
            return solve_calibrated(of, FINDINGS, self.inverse_penalty)

        return fit_linear(case, data, loggers, solve, self.train_views)
