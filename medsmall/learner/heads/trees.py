"""Forests and boosted trees as heads: scikit-learn's estimators, one for each target."""

import hashlib
import io
import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from medsmall.batches.drawn import DrawnImages
from medsmall.case import Case
from medsmall.errors import MedsmallError
from medsmall.learner import Fitted
from medsmall.learner.heads.examples import Array, Examples, unit
from medsmall.learner.heads.fitting import fit_head
from medsmall.record import Record
from medsmall.task import Task

if TYPE_CHECKING:
    from medsmall.logger import Logger

# an estimator with scikit-learn's interface, for numbers or classes and so many views of an image
Making = Callable[[bool, int], Any]


@dataclass(frozen=True)
class Trees:
    """Fitted `estimators`: of each finding or number, or one for all exclusive classes.

    Attributes:
        estimators: scikit-learn's.
        classes: K exclusive classes, 0 for findings and numbers.
        offset, scale: (K,) that numbers were learnt with.
    """

    estimators: Sequence[Any]
    classes: int
    offset: Array
    scale: Array
    linear: ClassVar[bool] = False

    def predict(self, features: NDArray[np.floating]) -> Array:
        """Predictions (M, K)."""
        columns = [self._of(one, features.astype(float)) for one in self.estimators]
        found: Array = np.concatenate(columns, axis=1) * self.scale + self.offset
        return found

    def _of(self, one: Any, features: Array) -> Array:
        if not hasattr(one, "predict_proba"):
            values: Array = one.predict(features)[:, None]
            return values
        found = np.zeros((len(features), self.classes or 2))
        found[:, one.classes_] = one.predict_proba(features)
        return found if self.classes else found[:, 1:]

    def save(self, record: Record) -> str:
        """Write trees.skops, which `load` reads without running what it names; its sha256."""
        from skops.io import dumps

        content = _without_addresses(
            dumps(
                {
                    "estimators": list(self.estimators), "classes": self.classes,
                    "offset": self.offset, "scale": self.scale,
                }
            )
        )  # fmt: skip
        record.write("trees.skops", lambda path: path.write_bytes(content))
        return hashlib.sha256(content).hexdigest()

    @classmethod
    def load(cls, path: Path) -> "Trees":
        """What `save` wrote; MedsmallError for a file that names anything but estimators."""
        from skops.io import get_untrusted_types, load

        types = get_untrusted_types(file=path)
        if foreign := [one for one in types if not one.startswith(("sklearn.", "numpy."))]:
            raise MedsmallError(f"{path} holds {foreign[0]}, which no run writes: delete it.")
        return cls(**load(path, trusted=types))


def fit_trees(
    case: Case, data: DrawnImages, loggers: "list[Logger]", make: Making, trees: int, views: int
) -> Fitted:
    """Estimators of so many `trees` for the train images, with `views` augmented views of each."""
    numbers = case.targets.task == Task.REGRESSION

    def build(_: Examples, apart: Sequence[Examples]) -> tuple[Trees, list[dict[str, float]]]:
        return grown(make, numbers, *unit(case), apart), [{"trees": trees}]

    return fit_head(case, data, loggers, build, views)


def grown(
    make: Making, numbers: bool, offset: Array, scale: Array, apart: Sequence[Examples]
) -> Trees:
    """An estimator that `make` gives for the examples of each target.

    Leaves are as large as the estimator says in images, not in views of them.
    """
    from sklearn.dummy import DummyClassifier

    classes = max(one.labels.shape[1] for one in apart)
    estimators: list[Any] = []
    for one in apart:
        features, labels = one.rows
        y = labels.argmax(1) if classes > 1 else labels[:, 0]
        alike = len(set(y)) < 2 and not numbers
        one_class = DummyClassifier(strategy="prior") if alike else make(numbers, one.views)
        estimators.append(one_class.fit(features, y if numbers else y.astype(int)))
    return Trees(estimators, classes if classes > 1 else 0, offset, scale)


def _without_addresses(content: bytes) -> bytes:
    """The same skops file, compressed, with the same bytes for the same estimators.

    skops names objects by their addresses in memory, and a zip file has the time of day.
    """
    given = zipfile.ZipFile(io.BytesIO(content))
    schema = given.read("schema.json").decode()
    address = re.compile(r'(?<="__id__": )\d+|(?<=")\d+(?=\.\w+")')
    number = {one: str(k) for k, one in enumerate(dict.fromkeys(address.findall(schema)), start=1)}
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as file:
        for name in sorted(given.namelist(), key=lambda name: _place(name, number)):
            stem, _, suffix = name.partition(".")
            renamed = f"{number.get(stem, stem)}.{suffix}"
            body = given.read(name)
            if name == "schema.json":
                body = address.sub(lambda found: number[found[0]], schema).encode()
            file.writestr(zipfile.ZipInfo(renamed), body, zipfile.ZIP_DEFLATED)
    return written.getvalue()


def _place(name: str, number: dict[str, str]) -> int:
    return int(number.get(name.partition(".")[0], 0))
