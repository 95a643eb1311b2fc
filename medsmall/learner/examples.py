"""The train images as a head on frozen features gets them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from medsmall.errors import MedsmallError
from medsmall.task import Task

if TYPE_CHECKING:  # seconds to import
    from medsmall.batches.drawn import DrawnImages
    from medsmall.case import Case
    from medsmall.features.frozen import Frozen

Array = NDArray[np.float64]


def check_views(train_views: int) -> None:
    """MedsmallError unless it is a number of views."""
    if train_views < 0:
        raise MedsmallError(f"learner.train_views must be 0 or more, but is {train_views}.")


@dataclass(frozen=True)
class Examples:
    """Images with their features and labels.

    Attributes:
        features: (N, V, F) of the plain view of each image, then of V - 1 augmented ones.
        labels: (N, K), NaN unknown; numbers as the network learns them, standardised.
        patients: int (N,), equal for images of one patient.
        classes: int (N,), what is told apart; None for numbers, and before `apart`.
    """

    features: Array
    labels: Array
    patients: NDArray[np.int64]
    classes: NDArray[np.int64] | None = None

    @property
    def plain(self) -> Array:
        """Features (N, F) of the plain views."""
        return self.features[:, 0]

    @property
    def views(self) -> int:
        """Of each image."""
        return self.features.shape[1]

    def rows(self, chosen: "NDArray[np.int64] | slice" = slice(None)) -> tuple[Array, Array]:
        """Features (M, F) and labels (M, K) of all views of the `chosen` images.

        An image counts once if a penalty is divided among its views.
        """
        some = self.features[chosen]
        labels = np.repeat(self.labels[chosen], self.views, axis=0)
        return some.reshape(-1, some.shape[2]), labels

    def apart(self, task: Task) -> "list[Examples]":
        """What is learnt at a time, each of the images whose label is known.

        Exclusive classes are learnt together, labels (M, K); other targets alone, labels (M, 1).
        """
        every = slice(None)
        columns = [every] if task == Task.MULTICLASS else [[k] for k in range(self.labels.shape[1])]
        found = []
        for some in columns:
            labels = self.labels[:, some]
            known = ~np.isnan(labels).any(1)
            classes = None
            if task != Task.REGRESSION:
                told = labels[known]
                classes = (told.argmax(1) if task == Task.MULTICLASS else told[:, 0]).astype(int)
            found.append(
                Examples(self.features[known], labels[known], self.patients[known], classes)
            )
        return found

    def rotated(self) -> "Examples":
        """The same images in as many dimensions as they have rows, if those are fewer.

        Distances and inner products of centred features stay as they are. A head whose penalty is
        the length of its weights gives the same outputs, and none of its weights is longer.
        """
        count, views, width = self.features.shape
        if count * views >= width:
            return self
        rows = self.features.reshape(-1, width)
        turned: Array = np.linalg.qr((rows - rows.mean(0)).T).R.T.copy()
        return Examples(turned.reshape(count, views, -1), self.labels, self.patients, self.classes)


def train_examples(
    case: "Case", data: "DrawnImages", frozen: "Frozen", train_views: int
) -> Examples:
    """The train images of a draw, with `train_views` augmented views of each."""
    model = frozen.model
    labels = ((data.shown_labels - model.offset.cpu()) / model.scale.cpu()).numpy()
    features = frozen.features(data.shown("train", 1 + train_views)).astype(float)
    patients = case.draw.loc[case.draw["part"] == "train", "patient"]
    return Examples(
        features.reshape(len(labels), 1 + train_views, -1),
        labels,
        np.unique(patients.astype(str), return_inverse=True)[1],
    )
