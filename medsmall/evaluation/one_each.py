"""One image of each patient, for statements that need independent ones."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def one_of_each(patient: NDArray[np.integer[Any]], seed: int = 0) -> NDArray[np.int64]:
    """The places (G,), rising, of an image of each patient in `patient` (N,), drawn by the seed.

    Which one depends on the codes, their order and the seed alone, never on labels or
    probabilities. So of patients who are exchangeable, the images are, too.
    """
    order = np.random.default_rng(seed).permutation(len(patient))
    first = np.unique(np.asarray(patient)[order], return_index=True)[1]
    return np.sort(order[first])
