"""The generated stand-in of MedMNIST: one npz file of a flag and a size."""

from pathlib import Path
from typing import Any

import numpy as np

from medsmall.dataset.medmnist_flags import FLAGS, Flag
from medsmall.phantom import medmnist
from medsmall.task import Task


def write(file: Path, flag: str, side: int, patients: int, seed: int) -> None:
    """Write `patients` images of `side` px to `file`: 80 % train, 9 % val, 11 % test.

    Classes are equally frequent in each part (pneumonia: 7 in 10, each finding of chestmnist:
    about 1 in 8). As in the release, a few val images of pneumoniamnist (here two) stand in
    train too.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    facts = FLAGS[flag]
    bounds = 0, round(0.8 * patients), round(0.89 * patients), patients
    colour = (3,) if facts.channels == 3 else ()
    arrays: dict[str, Any] = {}
    for part, start, stop in zip(("train", "val", "test"), bounds, bounds[1:], strict=False):
        labels = _labels(facts, stop - start, np.random.default_rng([seed, 1, start, 1]))
        images = np.zeros((stop - start, side, side, *colour), dtype=np.uint8)
        for i, released in enumerate(labels):
            rng = np.random.default_rng([seed, 1, start + i])
            images[i] = medmnist.image(flag, released, side, rng)
        arrays |= {f"{part}_images": images, f"{part}_labels": labels}
    if flag == "pneumoniamnist":
        for key in ("images", "labels"):
            both = min(2, len(arrays[f"val_{key}"]))
            arrays[f"val_{key}"][:both] = arrays[f"train_{key}"][:both]
    np.savez_compressed(file, **arrays)


def _labels(facts: Flag, images: int, rng: np.random.Generator) -> np.ndarray:
    """uint8 (images, 1) or (images, 14) as the release has them."""
    if facts.task is Task.MULTILABEL:
        hot = rng.random((images, len(facts.labels))) < 0.12
        some = np.arange(min(images, len(facts.labels)))
        hot[some, some] = True  # no finding is absent, however few the images
        return hot.astype(np.uint8)
    deck = np.arange(len(facts.labels))
    if facts.task is Task.BINARY:
        deck = np.repeat([0, 1], [3, 7])
    return rng.permutation(np.resize(rng.permutation(deck), images))[:, None].astype(np.uint8)
