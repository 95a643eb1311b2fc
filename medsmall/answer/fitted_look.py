"""The look of training images, learnt from them; needs scikit-learn, which `look` does not."""

import numpy as np

from medsmall.answer.look import FEWEST, Familiar

FOLDS = 10
LEAST = 1e-3  # of a standard deviation: numbers that never moved would make any image unfamiliar


def familiar(looks: np.ndarray, patient: np.ndarray) -> Familiar | None:
    """Learnt from looks (N, F) and the patient (N,) of each; None from too few.

    The covariance is shrunk (Ledoit and Wolf, J Multivar Anal 2004), since F may exceed N. The
    distances are those of each tenth of the patients from the rest.
    """
    looks, (people, code) = np.asarray(looks, float), np.unique(patient, return_inverse=True)
    if len(people) < FEWEST:
        return None
    fold = np.random.default_rng(0).permutation(np.arange(len(people)) % FOLDS)[code]
    apart = np.empty(len(looks))
    for k in range(FOLDS):
        apart[fold == k] = _learnt(looks[fold != k]).distance(looks[fold == k])
    whole = _learnt(looks)
    return Familiar(whole.mean, whole.scale, whole.precision, np.sort(apart))


def _learnt(looks: np.ndarray) -> Familiar:
    from sklearn.covariance import ledoit_wolf

    mean, scale = looks.mean(0), np.maximum(looks.std(0), LEAST)
    covariance, _ = ledoit_wolf((looks - mean) / scale)
    return Familiar(mean, scale, np.linalg.pinv(covariance, hermitian=True), np.empty(0))
