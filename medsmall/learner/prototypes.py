"""The mean features of each class, with calibrated probabilities."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from omegaconf import DictConfig

from medsmall.contract import made
from medsmall.errors import MedsmallError
from medsmall.features import Features
from medsmall.learner import TRAINING
from medsmall.learner.heads.calibration import calibrated
from medsmall.learner.heads.examples import Examples, check_views
from medsmall.learner.heads.linear import Array, Linear, alike
from medsmall.targets import Targets
from medsmall.task import Task

if TYPE_CHECKING:  # seconds to import, and a wrong value needs none of it
    from medsmall.batches.drawn import DrawnImages
    from medsmall.case import Case
    from medsmall.learner import Fitted
    from medsmall.logger import Logger


def nearest_mean(sums: Array, counts: Array) -> Linear:
    """Of C classes, minus half of the squared distance to each mean, but for what they share.

    Sums (C, F) over `counts` (C,) rows. An output is z m - m m / 2 for features z and a mean m; the
    square of z is the same for all. Of a class without rows it is 0.
    """
    means = sums / np.maximum(counts, 1)[:, None]
    return Linear(means, -(means**2).sum(1) / 2)


def prototypes(of: Examples) -> tuple[Linear, Array]:
    """The head, and its outputs (N, K) for each image without the images of its patient.

    Of one finding, K = 1: the difference of both outputs. NaN where no other patient has a class.
    """
    finding = of.labels.shape[1] == 1
    y = np.c_[1 - of.labels, of.labels] if finding else of.labels
    middle = of.plain.mean(0)  # far from 0, squares would lose digits
    of_image = (of.features - middle).sum(1)
    plain = of.plain - middle
    sums, counts = y.T @ of_image, y.sum(0) * of.views
    held_out = np.full(y.shape, np.nan)
    for patient in np.unique(of.patients):
        own = of.patients == patient
        left = counts - y[own].sum(0) * of.views
        if (left[counts > 0] > 0).all():
            head = nearest_mean(sums - y[own].T @ of_image[own], left)
            held_out[own] = head.outputs(plain[own])
    head = nearest_mean(sums, counts)
    head = Linear(head.weight, head.bias - head.weight @ middle)
    if not finding:
        return head, held_out
    one = Linear(head.weight[1:] - head.weight[:1], head.bias[1:] - head.bias[:1])
    return one, held_out[:, 1:] - held_out[:, :1]


@dataclass(frozen=True)
class Prototypes:
    """The class of the nearest mean of train features, in squared Euclidean distance.

    The distances are linear in the features, so the head is the network's last layer. There is no
    penalty to choose. Probabilities are those of `medsmall.learner.heads.calibration`, from
    means without the patient. Snell et al., NeurIPS 2017.

    Args:
        label: its name in the names of runs.
        train_views: augmented views of each train image in the means, beside the plain one.
    """

    label: str
    train_views: int = 0
    ignores: ClassVar[frozenset[str]] = TRAINING
    takes_examples: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_views(self.train_views)

    def check(self, cfg: DictConfig, targets: Targets, side: int) -> None:
        """Check that there are classes, and that the features can be had."""
        if targets.task == Task.REGRESSION:
            raise MedsmallError(
                f"The learner {self.label} is for classes, but {', '.join(targets.names)} are "
                "numbers, which have no class means: set learner=probe."
            )
        made(cfg.features, Features).check(cfg, targets, side, self.label)

    def fit(self, case: "Case", data: "DrawnImages", loggers: "list[Logger]") -> "Fitted":
        """Average the train images of each class."""
        from medsmall.learner.heads.fitting import fit_linear

        return fit_linear(case, data, loggers, _solve, self.train_views)


def _solve(of: Examples) -> tuple[Linear, dict[str, float]]:
    if always := alike(of.labels, of.plain.shape[1]):
        return always, {}
    head, held_out = prototypes(of)
    return calibrated(head, held_out, of.labels, head.outputs(of.plain)), {}
