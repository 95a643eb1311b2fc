"""Over- and undersampling of a draw, for classes of unequal size: one file per kind.

Samplers change what training is shown, not what was labelled: the label budget, validation and
test stay as they are. A loss takes its weights from what is shown, so nothing is balanced twice.
The probabilities are those of the shown classes; `medsmall.evaluation.prior_shift` corrects them.
"""

from typing import ClassVar, Protocol

import numpy as np

from medsmall.errors import MedsmallError
from medsmall.targets import Targets
from medsmall.task import Task


class Sampler(Protocol):
    """Made from conf/sampler/<name>.yaml.

    Attributes:
        between_features: whether it makes new examples between the features of images (`between`).
    """

    between_features: ClassVar[bool]

    def shown(self, classes: np.ndarray) -> np.ndarray:
        """The train images that training shows, int64 (M,), by their `classes` (N,).

        An image that is shown twice stands there twice.
        """

    def between(self, features: np.ndarray, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Features (M, F) and classes (M,) that a head is fitted to, in place of the N given."""


def check_task(sampler: Sampler, option: str, targets: Targets) -> None:
    """MedsmallError if targets of the kind have no classes to sample by."""
    if option == "none" or targets.task in (Task.BINARY, Task.MULTICLASS):
        return
    if targets.task == Task.REGRESSION:
        raise MedsmallError(
            f"sampler={option} is for classes, but {', '.join(targets.names[:5])} are numbers: "
            "set sampler=none."
        )
    if not sampler.between_features:  # else each finding has a head, and examples, of its own
        raise MedsmallError(
            f"sampler={option} needs one finding or exclusive classes, but there are "
            f"{len(targets.names)} findings, and an image that is rare for one is frequent for "
            "another: set loss=bce_weighted, which weighs each finding by itself."
        )


def refuse_between_pixels(option: str, learner: str) -> None:
    """MedsmallError: the option makes examples between features, and the learner takes none."""
    why = (
        ": between their pixels lies a double exposure, which is no image of either class"
        if learner == "network"
        else ""
    )
    raise MedsmallError(
        f"sampler={option} makes new examples between the features of two images, and "
        f"learner={learner} takes none{why}. Set learner=probe, random_forest or "
        "gradient_boosting, or sampler=oversample."
    )


def refuse_between_views(option: str) -> None:
    """MedsmallError: the nearest neighbours of a view are other views of its image."""
    raise MedsmallError(
        f"sampler={option} would find the nearest neighbours of a view among the other views of "
        "the same image: set learner.train_views=0, or sampler=oversample."
    )
