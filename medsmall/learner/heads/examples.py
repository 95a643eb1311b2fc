"""The train images as a head on frozen features gets them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from medsmall.errors import MedsmallError
from medsmall.sampler import Sampler
from medsmall.task import Task

if TYPE_CHECKING:  # seconds to import
    from medsmall.batches.drawn import DrawnImages
    from medsmall.case import Case
    from medsmall.features import Described

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
        name: of what is learnt, for people.
        sampler: makes examples between these, where it is of that kind.
    """

    features: Array
    labels: Array
    patients: NDArray[np.int64]
    classes: NDArray[np.int64] | None = None
    name: str = ""
    sampler: Sampler | None = None

    @property
    def plain(self) -> Array:
        """Features (N, F) of the plain views."""
        return self.features[:, 0]

    @property
    def views(self) -> int:
        """Of each image."""
        return self.features.shape[1]

    @cached_property
    def rows(self) -> tuple[Array, Array]:
        """Features (M, F) and labels (M, K) of all views of all images, and what a sampler makes.

        An image counts once if a penalty is divided among its views.
        """
        labels = np.repeat(self.labels, self.views, axis=0)
        features = self.features.reshape(-1, self.features.shape[2])
        if self.sampler is None or self.classes is None or not self.sampler.between_features:
            return features, labels
        features, classes = self.sampler.between(features, np.repeat(self.classes, self.views))
        one_hot = np.eye(labels.shape[1])[classes] if labels.shape[1] > 1 else classes[:, None]
        return features, one_hot.astype(float)

    @property
    def weights(self) -> Array:
        """Of each image (N,), so that classes count as among the rows; 1 without a sampler."""
        if self.sampler is None or self.classes is None or not self.sampler.between_features:
            return np.ones(len(self.labels))
        _, labels = self.rows
        of_rows = labels.argmax(1) if labels.shape[1] > 1 else labels[:, 0].astype(int)
        most = int(self.classes.max()) + 1
        shares = [np.bincount(c, minlength=most) / len(c) for c in (of_rows, self.classes)]
        ratio = shares[0] / np.where(shares[1] > 0, shares[1], 1.0)
        found: Array = ratio[self.classes]
        return found

    def at(self, chosen: NDArray[np.int64]) -> "Examples":
        """Some of the images."""
        return replace(
            self,
            features=self.features[chosen],
            labels=self.labels[chosen],
            patients=self.patients[chosen],
            classes=None if self.classes is None else self.classes[chosen],
        )

    def apart(self, task: Task, names: Sequence[str]) -> "list[Examples]":
        """What is learnt at a time, of the images whose label is known; `names` are the targets'.

        Exclusive classes are learnt together, labels (M, K); other targets alone, labels (M, 1).
        """
        if task == Task.MULTICLASS:
            some = self.at(np.flatnonzero(~np.isnan(self.labels).any(1)))
            return [replace(some, classes=some.labels.argmax(1), name="The classes")]
        found = []
        for k, name in enumerate(names):
            alone = replace(self, labels=self.labels[:, [k]], name=name)
            some = alone.at(np.flatnonzero(~np.isnan(alone.labels[:, 0])))
            classes = None if task == Task.REGRESSION else some.labels[:, 0].astype(int)
            found.append(replace(some, classes=classes))
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
        return replace(self, features=turned.reshape(count, views, -1))


def train_examples(
    case: "Case", data: "DrawnImages", described: "Described", train_views: int
) -> Examples:
    """The train images of a draw, with `train_views` augmented views of each."""
    offset, scale = unit(case)
    labels = (data.shown_labels.numpy() - offset) / scale
    features = described.features(data.shown("train", 1 + train_views)).astype(float)
    patients = case.draw.loc[case.draw["part"] == "train", "patient"].iloc[data.shown_rows]
    return Examples(
        features.reshape(len(labels), 1 + train_views, -1),
        labels,
        np.unique(patients.astype(str), return_inverse=True)[1],
        sampler=case.sampler,
    )


def unit(case: "Case") -> tuple[Array, Array]:
    """Offset and scale (K,) that the labels of a run are learnt with, see `medsmall.targets`."""
    import torch

    train = case.draw.loc[case.draw["part"] == "train", case.targets.names].to_numpy(float)
    offset, scale = case.targets.moments(torch.tensor(train))
    return offset[0].double().numpy(), scale[0].double().numpy()
