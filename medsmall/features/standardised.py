"""Features on one scale: those of texture and of a table have units of their own."""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:  # seconds to import
    from torch.utils.data import DataLoader

    from medsmall.batches.drawn import DrawnImages
    from medsmall.features import Described
    from medsmall.record import Record


class Standardised:
    """Features of mean 0 and standard deviation 1 over the train images; labels have no say.

    A feature that is the same for all of them is 0 for every image. The columns of a network keep
    their scale relative to each other: the many that hardly vary would be noise else. These and
    the others then have one total variance, so that a few columns of a table are not lost beside a
    thousand of an image.
    """

    def __init__(self, given: "Described", data: "DrawnImages") -> None:
        self.given, self.initial_sha256 = given, given.initial_sha256
        self.own_units = given.own_units
        train = given.features(data.plain("train")).astype(float)
        self.mean, deviation = train.mean(0), train.std(0)
        moves = deviation > 1e-9 * np.maximum(1.0, np.abs(self.mean))
        self.scale = np.where(moves, deviation, np.inf)
        if given.own_units is not None:
            network = len(self.mean) - given.own_units
            whole = float(np.sqrt((deviation[:network] ** 2).sum()))
            self.scale[:network] = whole if whole else np.inf
            self.scale[network:] *= np.sqrt(max(1, moves[network:].sum()))

    @property
    def machine(self) -> dict[str, Any]:
        """That of the given features."""
        return dict(self.given.machine)

    def features(self, loader: "DataLoader") -> np.ndarray:
        """float64 (N, F)."""
        found: np.ndarray = (self.given.features(loader) - self.mean) / self.scale
        return found

    def save(self, record: "Record", about: dict[str, str]) -> str:
        """Write scaling.safetensors (`mean` and `scale`), and what the given features write."""
        from safetensors.numpy import save_file

        arrays = {"mean": self.mean, "scale": self.scale}
        record.write("scaling.safetensors", lambda path: save_file(arrays, path))
        return self.given.save(record, about)
