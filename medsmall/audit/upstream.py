"""Test images that the initial weights have seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from medsmall.audit.calibration import (
    CAP,
    EXPECTED,
    FEWEST,
    FLOOR,
    RADIUS,
    SAMPLED,
    Tail,
    fisher,
)
from medsmall.audit.findings import findings, none_found
from medsmall.audit.neighbours import close_pairs
from medsmall.audit.provenance import Seen, mark
from medsmall.audit.similarity import Similarity, kept_thumbnail, unit
from medsmall.cache.fingerprint import difference_hash

if TYPE_CHECKING:
    from medsmall.cache import Prepared

AT_ONCE = 2048  # pairs that are correlated, 16 MB
# Correlation of copies if there are too few pairs to calibrate: images of different patients stay
# below 0.72 in a million pairs of four real sets.
FEW = 0.9


@dataclass(frozen=True)
class Look:
    """Fingerprints of N images: hashes uint64 (N, 4), and the `kept_thumbnail` of each."""

    hashes: np.ndarray
    similarity: Similarity


def upstream_overlap(
    seen: Sequence[Seen], dataset: str, rows: pd.DataFrame, prepared: "Prepared"
) -> pd.DataFrame:
    """Patients and images of `rows` (of the data set named `dataset`) that weights have seen.

    Patients are compared within one data set only. Images count as the same if their pixels are
    equal, or if they or their centre squares are near duplicates, whatever size the upstream saw;
    other crops are not recognised. One finding for each image of `rows`, with the most similar
    image seen; `value` is the correlation.

    Args:
        seen: what the weights were trained or chosen with.
        dataset: name of the data set.
        rows: columns image, patient, part; the index is their place in `prepared`.
        prepared: the images.
    """
    whole, centre = looks(prepared, rows.index.to_numpy())
    marked = rows["patient"].map(lambda patient: mark(dataset, patient))
    found = [none_found()]
    for one in seen:
        known = marked.isin(list(one.patients or ()))
        found.append(_finding(rows[known].drop_duplicates("patient"), one, "patient"))
        row, other, value = _shared_images(one, rows.index.to_numpy(), prepared, whole, centre)
        words = ["pixels" if v == 1 else f"image (correlation {v:.3f})" for v in value]
        found.append(_finding(rows.loc[row], one, words, other, value))
    return pd.concat([table for table in found if len(table)] or found[:1], ignore_index=True)


def looks(prepared: "Prepared", rows: np.ndarray) -> tuple[Look, Look]:
    """The images of `rows`, whole and as centre squares: the same if all are square.

    The hashes of other images may be 0.
    """
    count = len(prepared.images)
    thumbnails = Similarity(lambda row: kept_thumbnail(prepared.pixels(row)), count)
    whole = Look(prepared.hashes, thumbnails)
    windows = {int(row): prepared.centre(int(row)) for row in rows}
    if not any(windows.values()):
        return whole, whole
    hashes = np.zeros((count, 4), np.uint64)
    for row, window in windows.items():
        hashes[row] = difference_hash(prepared.pixels(row), window)
    centres = Similarity(lambda row: kept_thumbnail(prepared.pixels(row), windows[row]), count)
    return whole, Look(hashes, centres)


def _shared_images(
    seen: Seen, rows: np.ndarray, prepared: "Prepared", whole: Look, centre: Look
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Those of `rows` that were seen, the most similar image of `seen`, and their correlation."""
    at = {digest.tobytes(): i for i, digest in enumerate(seen.digests)}
    same = [at.get(prepared.digests[row].tobytes()) for row in rows]
    best = {row: (1.0, i) for row, i in zip(rows, same, strict=True) if i is not None}
    rest = np.array([row for row in rows if row not in best], dtype=np.int64)
    compared = [(whole, seen.hashes, seen.thumbnails)]
    if len(seen.centre_hashes):
        compared.append((centre, seen.centre_hashes, seen.centre_thumbnails))
    elif centre is not whole:
        compared.append((centre, seen.hashes, seen.thumbnails))  # square images
    for look, hashes, thumbnails in compared:
        threshold = copy_threshold(look, rest, hashes, thumbnails)
        for i, other in close_pairs(look.hashes[rest], hashes, RADIUS):
            for start in range(0, len(i), AT_ONCE):
                row, j = rest[i[start : start + AT_ONCE]], other[start : start + AT_ONCE]
                value = np.einsum("ij,ij->i", look.similarity.of(row), unit(thumbnails[j]))
                for k in np.flatnonzero(value >= threshold):
                    pair = (min(float(value[k]), 0.9999), int(j[k]))  # 1: equal pixels
                    best[row[k]] = max(pair, best.get(row[k], pair))
    found = sorted(best)
    values, others = (np.array([best[row][k] for row in found]) for k in (0, 1))
    return np.array(found, dtype=np.int64), others.astype(np.int64), values


def copy_threshold(
    look: Look, rows: np.ndarray, hashes: np.ndarray, thumbnails: np.ndarray, seed: int = 0
) -> float:
    """The correlation from which an image of `rows` and a seen one, their hashes close, are copies.

    With EXPECTED false alarms in all pairs, within FLOOR and CAP. The tail is that of pairs of up
    to SAMPLED images each whose hashes differ, since copies would stretch it. `rows` are places in
    `look`; `hashes` (uint64 (M, 4)) and `thumbnails` are those of the M seen images.
    """
    rng = np.random.default_rng(seed)
    left = rows[np.sort(rng.permutation(len(rows))[:SAMPLED])]
    right = np.sort(rng.permutation(len(hashes))[:SAMPLED])
    if len(left) * len(right) < FEWEST:
        return FEW
    correlation = look.similarity.of(left) @ unit(thumbnails[right]).T
    for i, j in close_pairs(look.hashes[left], hashes[right], RADIUS):
        correlation[i, j] = np.nan
    unrelated = correlation[~np.isnan(correlation)]
    if len(unrelated) < FEWEST:
        return FEW
    tail = Tail.of(fisher(unrelated))
    wanted = np.tanh(tail.upper_quantile(EXPECTED / (len(rows) * len(hashes))))
    return float(np.clip(wanted, FLOOR, CAP))


def _finding(
    rows: pd.DataFrame,
    seen: Seen,
    what: str | list[str],
    others: np.ndarray | None = None,
    value: np.ndarray | float = np.nan,
) -> pd.DataFrame:
    """Findings about `rows`, of which the upstream has seen `what`."""
    words = [what] * len(rows) if isinstance(what, str) else what
    table = findings(
        "upstream_overlap", "contamination",
        [f"the initial weights were trained on {seen.dataset} with the same {w}" for w in words],
        rows, value=value,
    )  # fmt: skip
    if others is not None:
        names = seen.images or [f"image {i + 1}" for i in range(len(seen.digests))]
        table["image_b"] = [f"{seen.dataset}: {names[i]}" for i in others]
    return table
