"""A score and how much each patient moves it: the ground of intervals and comparisons.

The influence of a patient is the derivative of the score by the patient's weight, 1 for everyone
(Hampel, The influence curve, JASA 1974). The sum of its squares is the variance of the score over
patients; the sum of products with another score's is their covariance. All images of a patient
count together, so images of one patient may resemble each other. For AUROC these are DeLong's
structural components, summed by patient (Obuchowski, Biometrics 1997).

Arrays have one row per image (or study): `patient` (N,) are whole numbers from 0 to G - 1.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.integer[Any]]


class Score(NamedTuple):
    """A score of a test set.

    Attributes:
        value: the score.
        influence: (G,) of each patient on it; sums to 0.
        patients: how many patients it rests on: of a score that needs two classes, of the rarer.
        chance: the value of guessing; None of errors of numbers.
    """

    value: float
    influence: Floats
    patients: int
    chance: float | None = None


def covariance(influences: Floats) -> Floats:
    """Covariance (K, K) over patients of K scores with `influences` (K, G), as of a sample."""
    patients = influences.shape[1]
    return influences @ influences.T * (patients / max(patients - 1, 1))


def by_patient(values: Floats, patient: Codes, patients: int) -> Floats:
    """The sums of `values` (N,) of each patient: (G,)."""
    return np.bincount(patient, values, patients).astype(np.float64)


def placements(y: Floats, prob: Floats) -> Floats:
    """Of each image the share of the other class that it is on the right side of, ties half (N,).

    `y` is 1 or 0, both there. The mean over either class is the AUROC (DeLong, Biometrics 1988).
    """
    positive = y == 1
    _, rank = np.unique(prob, return_inverse=True)
    own = np.bincount(rank, positive), np.bincount(rank, ~positive)
    below = [np.cumsum(count) - count / 2 for count in own]  # ties count half
    right = np.where(positive, below[1][rank], positive.sum() - below[0][rank])
    return right / np.where(positive, (~positive).sum(), positive.sum())


def auroc(y: Floats, prob: Floats, patient: Codes, patients: int) -> tuple[float, Floats]:
    """The area under the ROC curve and its influences; `y` is 1 or 0, both there."""
    placed, positive = placements(y, prob), y == 1
    area = float(placed[positive].mean())
    share = (placed - area) / np.where(positive, positive.sum(), (~positive).sum())
    return area, by_patient(share, patient, patients)


def average_precision(
    y: Floats, prob: Floats, patient: Codes, patients: int
) -> tuple[float, Floats]:
    """The mean over positives of the precision at their score, as scikit-learn's; `y` is 1 or 0."""
    _, rank = np.unique(prob, return_inverse=True)
    at = np.bincount(rank, y)
    positives = y.sum()
    hits, called = (np.cumsum(n[::-1])[::-1] for n in (at, np.bincount(rank)))
    precision = hits / called
    value = float((at * precision).sum() / positives)
    # a heavier image adds to the precision at all scores up to its own
    gained, lost = np.cumsum(at / called)[rank], np.cumsum(at * hits / called**2)[rank]
    share = (y * (precision[rank] - value) + y * gained - lost) / positives
    return value, by_patient(share, patient, patients)


def of_sums(
    f: Callable[..., Any], terms: Floats, patient: Codes, patients: int
) -> tuple[float, Floats]:
    """A score that is a function of the sums of `terms` (T, N) over images: a rate, F1, kappa, R2.

    `f` takes the T sums and is made of + - * / and powers alone. It must not change if all sums
    double, which makes the influences sum to 0.
    """
    parts = np.stack([by_patient(term, patient, patients) for term in terms])
    sums = parts.sum(axis=1)
    tiny = 1e-30j  # derivative by a complex step: exact, since nothing is subtracted
    slopes = [f(*(sums + tiny * unit)).imag / tiny.imag for unit in np.eye(len(sums))]
    return float(f(*sums)), np.array(slopes) @ parts
