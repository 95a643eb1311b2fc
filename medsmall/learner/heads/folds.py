"""Parts of the train images for cross-validation: no patient is divided."""

import warnings

import numpy as np
from numpy.typing import NDArray

MOST = 5
Ints = NDArray[np.int64]


def patient_folds(patients: Ints, classes: Ints | None) -> list[tuple[Ints, Ints]]:
    """The images to learn from and those held out, as (train, held out) indices of each fold.

    Each image is held out once. There are `MOST` folds, or fewer: every class of two or more
    patients must be in each train part. Where that is impossible, or no two classes have two
    patients, there are none: []. Held-out images are left out of their fold if their class is not
    in its train part, as nothing could predict it.

    Args:
        patients: (N,) equal for images of one patient.
        classes: (N,) dealt out evenly; None for numbers.
    """
    from sklearn.model_selection import GroupKFold

    of_all = np.unique(patients)
    most = min(MOST, len(of_all))
    if classes is None:
        return [*GroupKFold(most).split(patients, groups=patients)] if most > 1 else []
    repeated = {c for c in set(classes) if len(set(patients[classes == c])) > 1}
    if len(repeated) < 2:
        return []
    rarest = _rarest(patients, classes)
    for count in range(min(most, int(np.bincount(rarest).max())), 1, -1):
        found = _dealt(of_all, rarest, patients, count)
        if all(repeated <= set(classes[train]) for train, _ in found):
            return [(train, out[np.isin(classes[out], classes[train])]) for train, out in found]
    return []


def too_few(name: str, kept: str) -> str:
    """The notice where there are no folds for the target `name`, and `kept` is used unchosen."""
    return f"{name}: too few patients of a class for cross-validation, so {kept} is taken."


def _dealt(of_all: Ints, kinds: Ints, patients: Ints, count: int) -> list[tuple[Ints, Ints]]:
    """Folds of images, the patients of each kind dealt out evenly.

    scikit-learn's StratifiedGroupKFold takes a hundred times as long, longer than the heads.
    """
    from sklearn.model_selection import StratifiedKFold

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a kind may have fewer patients than there are folds
        folds = [out for _, out in StratifiedKFold(count).split(of_all, kinds)]
    held = [np.isin(patients, of_all[out]) for out in folds]
    return [(np.flatnonzero(~out), np.flatnonzero(out)) for out in held]


def _rarest(patients: Ints, classes: Ints) -> Ints:
    """The class of each patient (in the order of their numbers) that fewest images have."""
    order = np.argsort(-np.bincount(classes), kind="stable")  # the commonest first
    rank = np.argsort(order)[classes]
    _, index = np.unique(patients, return_inverse=True)
    highest = np.zeros(index.max() + 1, int)
    np.maximum.at(highest, index, rank)
    return order[highest]
