"""New examples between the features of images of a small class: SMOTE and ADASYN.

imbalanced-learn makes them. A class of a single image has nothing to lie between: it is repeated.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from medsmall.errors import MedsmallError
from medsmall.sampler.none import NoSampler
from medsmall.sampler.repeated import Oversample, check_ratio, check_seed
from medsmall.terminal import say_once


@dataclass(frozen=True)
class Smote(NoSampler):
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
        check_ratio(self.ratio)
        check_seed(self.seed)
        if self.neighbours < 1:
            raise MedsmallError(
                f"sampler.neighbours must be 1 or more, such as 5, but is {self.neighbours}."
            )

    def between(self, features: np.ndarray, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The given examples, then the new ones."""
        lacking = self._lacking(classes)
        made = self._made(features, classes, {c: n for c, n in lacking.items() if n})
        single = [c for c in lacking if (classes == c).sum() == 1]
        if not single:
            return made
        return self._repeated(*made, single)

    def _lacking(self, classes: np.ndarray) -> dict[int, int]:
        """By class that is too small: how many it should have; 0 where none can be made."""
        numbers, counts = np.unique(classes, return_counts=True)
        wanted = round(self.ratio * counts.max())
        small = {int(c): int(n) for c, n in zip(numbers, counts, strict=True) if n < wanted}
        return {c: wanted if n > 1 else 0 for c, n in small.items()}

    def _made(
        self, features: np.ndarray, classes: np.ndarray, wanted: dict[int, int]
    ) -> tuple[np.ndarray, np.ndarray]:
        """One class after the other, as each has neighbours of its own number."""
        found, of = [features], [classes]
        for number, count in wanted.items():
            own = int((classes == number).sum())
            some, classes_of = self._engine(min(self.neighbours, own - 1), number, count)(
                features, classes
            )
            found.append(some[len(features) :])
            of.append(classes_of[len(features) :])
        return np.concatenate(found), np.concatenate(of)

    def _engine(self, neighbours: int, number: int, count: int) -> Any:
        from imblearn.over_sampling import SMOTE

        return SMOTE(
            sampling_strategy={number: count}, k_neighbors=neighbours, random_state=self.seed
        ).fit_resample

    def _repeated(
        self, features: np.ndarray, classes: np.ndarray, single: list[int]
    ) -> tuple[np.ndarray, np.ndarray]:
        rows = Oversample(self.ratio, self.seed).shown(classes)
        added = rows[len(classes) :]
        rows = np.concatenate([rows[: len(classes)], added[np.isin(classes[added], single)]])
        return features[rows], classes[rows]


@dataclass(frozen=True)
class Adasyn(Smote):
    """As SMOTE, with more points where neighbours are of other classes.

    He et al., ADASYN: adaptive synthetic sampling approach, IJCNN 2008. Where no neighbour of a
    class is of another, it has no place for new points: that class gets SMOTE's.
    """

    ratio: float
    neighbours: int
    seed: int

    def _engine(self, neighbours: int, number: int, count: int) -> Any:
        from imblearn.over_sampling import ADASYN

        engine = ADASYN(
            sampling_strategy={number: count}, n_neighbors=neighbours, random_state=self.seed
        )

        def made(features: np.ndarray, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            try:
                found: tuple[np.ndarray, np.ndarray] = engine.fit_resample(features, classes)
                return found
            except (ValueError, RuntimeError) as error:
                if "generated" not in str(error) and "majority class" not in str(error):
                    raise
                say_once(
                    "sampler=adasyn: a class has no neighbour of another class, so its new "
                    "examples are those of sampler=smote."
                )
                smote = Smote._engine(self, neighbours, number, count)
                found = smote(features, classes)
                return found

        return made
