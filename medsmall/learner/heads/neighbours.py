"""Predictions by the nearest train images: arrays in a file, without a network.

The file beside the network of a record predicts again, from features of new images::

    from medsmall.learner.heads.neighbours import Neighbours

    neighbours = Neighbours.load("outputs/runs/<key>/neighbours.safetensors")
    neighbours.predict(features)    # (M, F) float, inputs of the network's last layer
"""

import hashlib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from medsmall.errors import MedsmallError
from medsmall.record import Record

Array = NDArray[np.float64]
AT_ONCE = 256  # images that are compared with all train images


@dataclass(frozen=True)
class Neighbours:
    """Train images, and how many of them answer.

    A prediction is the mean label of the `counts` nearest images, together with the `prior`, which
    weighs as much as `pseudo` images. The distance is Euclidean, to the nearest view of an image.
    Of images that are as near, those that come first answer.

    Attributes:
        features: float32 (N, V, F) of V views of each image.
        labels: float64 (N, K), NaN unknown, in the unit of their target.
        counts: int64 (K,); fewer where fewer images have a known label.
        prior: float64 (K,), the prediction without any neighbour.
        pseudo: float64 (1,); above 0 no probability is 0 or 1.
    """

    features: NDArray[np.float32]
    labels: Array
    counts: NDArray[np.int64]
    prior: Array
    pseudo: Array
    linear: ClassVar[bool] = False

    def predict(self, features: NDArray[np.floating]) -> Array:
        """Predictions float64 (M, K) from features (M, F)."""
        parts = [
            self._means(nearest(features[start : start + AT_ONCE], self.features))
            for start in range(0, len(features), AT_ONCE)
        ]
        return np.concatenate(parts)

    def _means(self, order: NDArray[np.int64]) -> Array:
        found = np.empty((len(order), len(self.counts)))
        for k, y in enumerate(self.labels.T):
            means = running_means(order, y, self.prior[k], float(self.pseudo[0]))
            found[:, k] = means[:, min(self.counts[k], means.shape[1] - 1)]
        return found

    def save(self, record: Record) -> str:
        """Write neighbours.safetensors; the sha256 of its content."""
        from safetensors.numpy import save

        arrays = {f.name: np.ascontiguousarray(getattr(self, f.name)) for f in fields(self)}
        content = save(arrays)
        record.write("neighbours.safetensors", lambda path: path.write_bytes(content))
        return hashlib.sha256(content).hexdigest()

    @classmethod
    def load(cls, path: Path | str) -> "Neighbours":
        """What `save` wrote; MedsmallError where the file holds something else."""
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        try:
            return cls(**load_file(path))
        except (OSError, TypeError, SafetensorError) as error:
            raise MedsmallError(
                f"{path} holds no neighbours ({type(error).__name__}): give the path of "
                "neighbours.safetensors in the folder of a finished run of learner=knn."
            ) from error


def nearest(features: NDArray[np.floating], known: NDArray[np.floating]) -> NDArray[np.int64]:
    """The N images of `known` (N, V, F) in the order of their distance from `features` (M, F).

    int64 (M, N).
    """
    count, views, width = known.shape
    rows = known.reshape(-1, width).astype(float)
    middle = rows.mean(0)  # far from 0, squares would lose digits
    rows, x = rows - middle, features.astype(float) - middle
    squares = (rows**2).sum(1) - 2 * x @ rows.T  # but for that of x, which is the same for all
    of_image = squares.reshape(-1, count, views).min(2)
    return np.argsort(of_image, axis=1, kind="stable")


def running_means(order: NDArray[np.int64], y: Array, prior: float, pseudo: float) -> Array:
    """The prediction by the first 0, 1, ... n images of each `order` (M, N): (M, n + 1).

    Of labels `y` (N,), NaN unknown, n are known; only these images are counted.
    """
    known = ~np.isnan(y)
    labels = y[order[known[order]].reshape(len(order), -1)]
    sums = np.c_[np.zeros(len(order)), labels.cumsum(1)]
    sizes = np.arange(sums.shape[1])
    means: Array = (sums + pseudo * prior) / np.maximum(sizes + pseudo, 1)
    means[:, 0] = prior
    return means
