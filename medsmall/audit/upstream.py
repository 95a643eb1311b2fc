"""What initial weights have seen of the images they are tested on."""

from collections.abc import Sequence
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

if TYPE_CHECKING:
    from medsmall.cache import Prepared

AT_ONCE = 2048  # pairs that are correlated, 16 MB
# Correlation of copies where there are too few pairs to calibrate on: images of different patients
# stay below 0.72 in a million pairs of four real sets.
FEW = 0.9


def upstream_overlap(
    seen: Sequence[Seen], dataset: str, rows: pd.DataFrame, prepared: "Prepared"
) -> pd.DataFrame:
    """Patients and images of `rows` (of the data set named `dataset`) that weights have seen.

    Patients count as the same in the same data set only. Images are the same where their pixels
    are, or where they are near duplicates, at whatever size the upstream saw them; a crop is
    not known again. One finding for each image of `rows`, with the most similar of the seen ones;
    `value` is the correlation.

    Args:
        seen: what the weights were trained or chosen with.
        dataset: name of the data set.
        rows: columns image, patient, part; the index is their place in `prepared`.
        prepared: the images.
    """
    similarity = Similarity(prepared.pixels, len(prepared.images), kept_thumbnail)
    marked = rows["patient"].map(lambda patient: mark(dataset, patient))
    found = [none_found()]
    for one in seen:
        known = marked.isin(list(one.patients or ()))
        found.append(_finding(rows[known].drop_duplicates("patient"), one, "patient"))
        row, other, value = _shared_images(one, rows.index.to_numpy(), prepared, similarity)
        words = ["pixels" if v == 1 else f"image (correlation {v:.3f})" for v in value]
        found.append(_finding(rows.loc[row], one, words, other, value))
    return pd.concat([table for table in found if len(table)] or found[:1], ignore_index=True)


def _shared_images(
    seen: Seen, rows: np.ndarray, prepared: "Prepared", similarity: Similarity
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Those of `rows` that were seen, the most similar image of `seen`, and their correlation."""
    at = {digest.tobytes(): i for i, digest in enumerate(seen.digests)}
    same = [at.get(prepared.digests[row].tobytes()) for row in rows]
    best = {row: (1.0, i) for row, i in zip(rows, same, strict=True) if i is not None}
    rest = np.array([row for row in rows if row not in best], dtype=np.int64)
    hashes = prepared.hashes[rest]
    threshold = copy_threshold(seen, rest, hashes, similarity)
    for i, other in close_pairs(hashes, seen.hashes, RADIUS):
        for start in range(0, len(i), AT_ONCE):
            row, j = rest[i[start : start + AT_ONCE]], other[start : start + AT_ONCE]
            value = np.einsum("ij,ij->i", similarity.of(row), unit(seen.thumbnails[j]))
            for k in np.flatnonzero(value >= threshold):
                pair = (min(float(value[k]), 0.9999), int(j[k]))  # 1 says that the pixels are equal
                best[row[k]] = max(pair, best.get(row[k], pair))
    found = sorted(best)
    values, others = (np.array([best[row][k] for row in found]) for k in (0, 1))
    return np.array(found, dtype=np.int64), others.astype(np.int64), values


def copy_threshold(
    seen: Seen, rows: np.ndarray, hashes: np.ndarray, similarity: Similarity, seed: int = 0
) -> float:
    """From which correlation on one of `rows` and one of `seen` are copies, their hashes near.

    With EXPECTED false alarms in all pairs, within FLOOR and CAP, by the tail of those of up to
    SAMPLED images each whose hashes differ: copies among them would stretch it. `hashes` (uint64
    (N, 4)) are those of the N `rows`, the places of images in `similarity`.
    """
    rng = np.random.default_rng(seed)
    left = np.sort(rng.permutation(len(rows))[:SAMPLED])
    right = np.sort(rng.permutation(len(seen.hashes))[:SAMPLED])
    if len(left) * len(right) < FEWEST:
        return FEW
    correlation = similarity.of(rows[left]) @ unit(seen.thumbnails[right]).T
    for i, j in close_pairs(hashes[left], seen.hashes[right], RADIUS):
        correlation[i, j] = np.nan
    unrelated = correlation[~np.isnan(correlation)]
    if len(unrelated) < FEWEST:
        return FEW
    tail = Tail.of(fisher(unrelated))
    wanted = np.tanh(tail.upper_quantile(EXPECTED / (len(rows) * len(seen.hashes))))
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
