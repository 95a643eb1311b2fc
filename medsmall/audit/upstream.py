"""What initial weights have seen of the images they are tested on."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from medsmall.audit.calibration import EXPECTED, RADIUS, Tail
from medsmall.audit.findings import findings, none_found
from medsmall.audit.neighbours import close_pairs, distances

SAMPLED = 100_000  # pairs of a test and a seen image, for the tail of their distances
FEWEST = 100


@dataclass(frozen=True)
class Seen:
    """Images that weights were trained or chosen with.

    Attributes:
        dataset: name of their data set.
        patients: their patients.
        hashes: uint64 (M, 4), `difference_hash` of each image.
        digests: uint8 (M, 16), `digest` of the resized pixels.
        images: M names, as in the table of their data set.
    """

    dataset: str
    patients: frozenset[str] = field(repr=False)
    hashes: np.ndarray = field(repr=False)
    digests: np.ndarray = field(repr=False)
    images: list[str] = field(repr=False)


def upstream_overlap(
    seen: Sequence[Seen],
    dataset: str,
    rows: pd.DataFrame,
    hashes: np.ndarray,
    digests: np.ndarray,
) -> pd.DataFrame:
    """Patients and images of `rows` (of the data set named `dataset`) that weights have seen.

    `hashes` (uint64 (N, 4)) and `digests` (uint8 (N, 16)) are those of the N rows, prepared at the
    side the upstream's were, or else only the hashes tell.
    Patients count as the same in the same data set only. Images are the same where their pixels
    are, or where their hashes differ in so few bits (`value`) that EXPECTED pairs of strangers do
    in all comparisons; pixels cannot confirm it, an upstream's files may be gone. One finding for
    each image of `rows`, with the nearest of the seen ones.
    """
    found = [none_found()]
    for one in seen:
        known = rows["patient"].isin(one.patients) & (one.dataset == dataset)
        found.append(_finding(rows[known].drop_duplicates("patient"), one, "patient"))
        image, other, bits = _shared_images(one, hashes, digests)
        words = [f"pixels ({b} of 256 bits differ)" if b else "pixels" for b in bits]
        found.append(_finding(rows.iloc[image], one, words, other, bits))
    return pd.concat([table for table in found if len(table)] or found[:1], ignore_index=True)


def _shared_images(
    seen: Seen, hashes: np.ndarray, digests: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places in `hashes`, the nearest image of `seen` to each, and the bits they differ in."""
    at = {digest.tobytes(): i for i, digest in enumerate(seen.digests)}
    same = {row: at.get(digest.tobytes()) for row, digest in enumerate(digests)}
    nearest = {row: (0, other) for row, other in same.items() if other is not None}
    rest = np.array([row for row, other in same.items() if other is None], dtype=np.int64)
    radius = hash_radius(hashes[rest], seen.hashes)
    for i, other in close_pairs(hashes[rest], seen.hashes, radius):
        row = rest[i]
        bits = distances(hashes[row], seen.hashes[other])
        for pair in zip(row.tolist(), zip(bits.tolist(), other.tolist(), strict=True), strict=True):
            nearest[pair[0]] = min(pair[1], nearest.get(pair[0], pair[1]))
    rows = sorted(nearest)
    others, bits = (np.array([nearest[row][k] for row in rows], dtype=np.int64) for k in (1, 0))
    return np.array(rows, dtype=np.int64), others, bits


def hash_radius(left: np.ndarray, right: np.ndarray, seed: int = 0) -> int:
    """Bits in which EXPECTED of all pairs of strangers differ at most; -1 where none is that rare.

    By the tail of random pairs of `left` and `right`, which are hardly ever copies.
    """
    if len(left) * len(right) < FEWEST:
        return 0 if len(left) * len(right) else -1
    rng = np.random.default_rng(seed)
    i, j = rng.integers(len(left), size=SAMPLED), rng.integers(len(right), size=SAMPLED)
    tail = Tail.of(-distances(left[i], right[j]).astype(float))
    wanted = -tail.reached_with(EXPECTED / (len(left) * len(right)))
    return min(RADIUS, int(np.floor(max(wanted, -1))))


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
        table["image_b"] = [f"{seen.dataset}: {seen.images[i]}" for i in others]
    return table
