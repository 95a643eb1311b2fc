"""Unusable images: unreadable, constant, or inverted films."""

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pandas as pd

from medsmall.audit.findings import findings
from medsmall.cache.fingerprint import area_means
from medsmall.terminal import progress_bar

if TYPE_CHECKING:
    from medsmall.cache import Prepared

FLAT = 1.0  # grey levels: an image with a smaller standard deviation counts as constant
ONE_VALUE = 0.999  # so does one with a larger share of pixels of one value
GRID = 16
FEWEST = 10  # films of a kind; with fewer, the typical film is unknown
# Of 7,577 real chest films (ChestX-ray14, Kermany) none has less than -0.01; of the same films
# inverted, 97.6 to 99.9 % have less than -0.3.
NEGATIVE = -0.3


def unreadable_images(rows: pd.DataFrame, unreadable: dict[str, str]) -> pd.DataFrame:
    """The images of `unreadable` (image -> the reason), in the order of `rows`."""
    found = rows[rows["image"].isin(list(unreadable))]
    return findings("unreadable", "fault", [unreadable[i] for i in found["image"]], found)


def constant_and_inverted(
    prepared: "Prepared", rows: pd.DataFrame, modality: str, kind: str | None = None
) -> pd.DataFrame:
    """Images without contrast and, of X-ray films, inverted ones.

    Constant: a standard deviation below FLAT grey levels (`value`), or more than ONE_VALUE of the
    pixels with one value. Inverted: the 16 x 16 grey means correlate below NEGATIVE (`value`) with
    their median over all films, or over films with the same column `kind` of `rows` (a body part).
    Inverted is a fault for chest films, which all look alike, and a notice for others.
    """
    deviations, shares, means = _measured(prepared, films="x-ray" in modality)
    flat = (deviations < FLAT) | (shares > ONE_VALUE)
    words = [
        f"nothing to see: standard deviation {deviations[i]:.2f} grey levels, "
        f"{shares[i]:.1%} of the pixels have one value"
        for i in np.flatnonzero(flat)
    ]
    constant = findings("constant", "fault", words, rows[flat], value=deviations[flat])
    if means is None:
        return constant
    typical = _typicality(means, np.zeros(len(rows)) if kind is None else rows[kind], flat)
    negative = typical < NEGATIVE
    inverted = findings(
        "inverted", "fault" if modality == "chest x-ray" else "notice",
        "dark where other films are bright: an inverted film, or another kind of image",
        rows[negative], value=typical[negative],
    )  # fmt: skip
    return pd.concat([constant, inverted], ignore_index=True)


def _measured(
    prepared: "Prepared", films: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Per image: standard deviation, share of the commonest value, grey means for `films`."""
    count = len(prepared.images)
    deviations, shares = np.zeros(count), np.zeros(count)
    means = np.zeros((count, GRID**2), dtype=np.float32) if films else None
    with progress_bar() as bar:
        task = bar.add_task("Looking at each image", total=count, note="")
        for i in bar.track(range(count), task_id=task):
            pixels = prepared.pixels(i)
            shares_of = [_shares(pixels, channel) for channel in range(pixels.shape[2])]
            deviations[i] = max(_deviation(of_channel) for of_channel in shares_of)
            shares[i] = min(float(of_channel.max()) for of_channel in shares_of)
            if means is not None:
                means[i] = area_means(pixels, GRID, GRID).ravel()
    return deviations, shares, means


def _shares(pixels: np.ndarray, channel: int) -> np.ndarray:
    """Share of the pixels with each of the 256 values."""
    counts = cv2.calcHist([pixels], [channel], None, [256], [0.0, 256.0]).ravel()
    return counts / (pixels.shape[0] * pixels.shape[1])


def _deviation(shares: np.ndarray) -> float:
    grey = np.arange(256)
    return float(np.sqrt(max(0.0, float(shares @ grey**2 - (shares @ grey) ** 2))))


def _typicality(means: np.ndarray, kinds: "np.ndarray | pd.Series", flat: np.ndarray) -> np.ndarray:
    """Correlation of each film with the median film of its kind; 1 if there are too few."""
    typical = np.ones(len(means))
    centred = means - means.mean(axis=1, keepdims=True)
    codes = pd.factorize(kinds)[0]
    for code in np.unique(codes):
        here = np.flatnonzero((codes == code) & ~flat)
        if len(here) < FEWEST:
            continue
        film = np.median(means[here], axis=0)
        film = film - film.mean()
        norms = np.linalg.norm(centred[here], axis=1) * np.linalg.norm(film)
        typical[here] = centred[here] @ film / np.maximum(norms, 1e-9)
    return typical
