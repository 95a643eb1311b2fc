"""Images of small classes shown again, or images of large classes left out."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from medsmall.errors import MedsmallError


@dataclass(frozen=True)
class Oversample:
    """Repeats images of each class until it has `ratio` times as many as the largest.

    Each is repeated equally often, but for one; which of them is decided by the `seed`. Every
    repetition has augmented views of its own.
    """

    ratio: float
    seed: int
    between_features: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_ratio(self.ratio)

    def shown(self, classes: np.ndarray) -> np.ndarray:
        """All images in their order, then the repeated ones, class by class."""
        counts = np.bincount(classes)
        rng = np.random.default_rng(self.seed)
        again = [np.arange(len(classes))]
        for number in np.flatnonzero(counts):
            own = np.flatnonzero(classes == number)
            lacking = round(self.ratio * counts.max()) - len(own)
            if lacking > 0:
                rounds = -(-lacking // len(own))
                again.append(
                    np.concatenate([rng.permutation(own) for _ in range(rounds)])[:lacking]
                )
        return np.concatenate(again)

    def between(self, features: np.ndarray, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What is given: nothing is made."""
        return features, classes


@dataclass(frozen=True)
class Undersample:
    """Leaves out images of each class that has more than the smallest divided by `ratio`.

    The `seed` decides which. What is left out was labelled, so it counts in the label budget.
    """

    ratio: float
    seed: int
    between_features: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_ratio(self.ratio)

    def shown(self, classes: np.ndarray) -> np.ndarray:
        """The images that are left, in their order."""
        counts = np.bincount(classes)
        most = round(counts[counts > 0].min() / self.ratio)
        rng = np.random.default_rng(self.seed)
        left = [
            rng.permutation(np.flatnonzero(classes == number))[:most]
            for number in np.flatnonzero(counts)
        ]
        return np.sort(np.concatenate(left))

    def between(self, features: np.ndarray, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What is given: nothing is made."""
        return features, classes


def check_ratio(ratio: float) -> None:
    """MedsmallError unless it lies above 0 and up to 1."""
    if not 0 < ratio <= 1:
        raise MedsmallError(
            f"sampler.ratio must lie above 0 and up to 1, but is {ratio:g}: 1 makes all classes "
            "equal, 0.5 the small ones half as large as the largest."
        )
