"""New examples between the features of images of a small class: SMOTE and ADASYN.

imbalanced-learn makes them. A class of a single image has nothing to lie between: it is repeated.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from medsmall.errors import MedsmallError
from medsmall.sampler.repeated import Oversample, check_ratio
from medsmall.terminal import say_once

Rows = tuple[np.ndarray, np.ndarray]  # features (M, F) and their classes (M,)
# all rows, then new ones: of a class, until it has so many, by so many neighbours
Engine = Callable[[np.ndarray, np.ndarray, int, int, int], Rows]


@dataclass(frozen=True)
class Smote:
    """A point on the line from an image to one of its nearest neighbours of the same class.

    Chawla et al., SMOTE: synthetic minority over-sampling technique, JAIR 2002.

    Args:
        ratio: each class is filled up to so many times the largest.
        neighbours: among how many one is chosen; fewer where a class has fewer.
        seed: of the choices.
    """

    ratio: float
    neighbours: int
    seed: int
    between_features: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _check(self.ratio, self.neighbours)

    def shown(self, classes: np.ndarray) -> np.ndarray:
        """All images."""
        return np.arange(len(classes))

    def between(self, features: np.ndarray, classes: np.ndarray) -> Rows:
        """The given examples, then the new ones."""
        return _filled(features, classes, self.ratio, self.neighbours, self.seed, self._engine)

    def _engine(
        self, features: np.ndarray, classes: np.ndarray, number: int, count: int, neighbours: int
    ) -> Rows:
        return _smote(features, classes, number, count, neighbours, self.seed)


@dataclass(frozen=True)
class Adasyn:
    """As SMOTE, with more points where neighbours are of other classes.

    He et al., ADASYN: adaptive synthetic sampling approach, IJCNN 2008. Where no neighbour of a
    class is of another, it has no place for new points: that class gets SMOTE's.

    Args:
        ratio: each class is filled up to about so many times the largest.
        neighbours: of any class, by which the places are chosen.
        seed: of the choices.
    """

    ratio: float
    neighbours: int
    seed: int
    between_features: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _check(self.ratio, self.neighbours)

    def shown(self, classes: np.ndarray) -> np.ndarray:
        """All images."""
        return np.arange(len(classes))

    def between(self, features: np.ndarray, classes: np.ndarray) -> Rows:
        """The given examples, then the new ones."""
        return _filled(features, classes, self.ratio, self.neighbours, self.seed, self._engine)

    def _engine(
        self, features: np.ndarray, classes: np.ndarray, number: int, count: int, neighbours: int
    ) -> Rows:
        from imblearn.over_sampling import ADASYN

        made = ADASYN(
            sampling_strategy={number: count}, n_neighbors=neighbours, random_state=self.seed
        )
        try:
            found: Rows = made.fit_resample(features, classes)
            return found
        except (ValueError, RuntimeError) as error:
            if "generated" not in str(error) and "majority class" not in str(error):
                raise
        say_once(
            "sampler=adasyn: a class has no neighbour of another class, so its new examples are "
            "those of sampler=smote."
        )
        return _smote(features, classes, number, count, neighbours, self.seed)


def _check(ratio: float, neighbours: int) -> None:
    check_ratio(ratio)
    if neighbours < 1:
        raise MedsmallError(
            f"sampler.neighbours must be 1 or more, such as 5, but is {neighbours}."
        )


def _smote(
    features: np.ndarray, classes: np.ndarray, number: int, count: int, neighbours: int, seed: int
) -> Rows:
    from imblearn.over_sampling import SMOTE

    made = SMOTE(sampling_strategy={number: count}, k_neighbors=neighbours, random_state=seed)
    found: Rows = made.fit_resample(features, classes)
    return found


def _filled(
    features: np.ndarray,
    classes: np.ndarray,
    ratio: float,
    neighbours: int,
    seed: int,
    engine: Engine,
) -> Rows:
    """Each small class filled up by the `engine`, one after the other; a single image is repeated.

    A class at a time, as each has neighbours of its own number.
    """
    numbers, counts = np.unique(classes, return_counts=True)
    wanted = round(ratio * counts.max())
    found, of = [features], [classes]
    for number, count in zip(numbers, counts, strict=True):
        if 1 < count < wanted:
            rows = engine(features, classes, number, wanted, min(neighbours, count - 1))
            found.append(rows[0][len(features) :])
            of.append(rows[1][len(features) :])
    again = Oversample(ratio, seed).shown(classes)[len(classes) :]
    again = again[np.isin(classes[again], numbers[counts == 1])]
    return np.concatenate([*found, features[again]]), np.concatenate([*of, classes[again]])
