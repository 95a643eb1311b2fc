"""Identical images: equal files, or different files with equal pixels."""

import hashlib
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from medsmall.audit.findings import across_parts, findings
from medsmall.cache.fingerprint import digest
from medsmall.dataset import Dataset

if TYPE_CHECKING:
    from medsmall.cache import Prepared

ALL_PAIRS_UP_TO = 10  # copies of one image; with more, each is paired with the first only


def identical_images(
    dataset: Dataset, prepared: "Prepared", rows: pd.DataFrame
) -> tuple[pd.DataFrame, np.ndarray]:
    """Findings, and their pairs of rows as int64 (P, 2).

    Files of equal bytes, and files of equal pixels at full resolution. Only images that are equal
    after resizing are read again. `value` is 1.
    """
    pairs, how = [], []
    for group in same([row.tobytes() for row in prepared.digests]):
        images = [prepared.images[i] for i in group]
        for members, words in _identical(dataset, images):
            for a, b in _pairs(members):
                pairs.append((group[a], group[b]))
                how.append(words)
    index = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    first, second = rows.iloc[index[:, 0]], rows.iloc[index[:, 1]]
    severity = across_parts(first, second)
    return findings("identical_images", severity, how, first, second, 1.0), index


def same(keys: list[bytes]) -> list[list[int]]:
    """Groups of two or more places with equal keys, in order."""
    groups: dict[bytes, list[int]] = {}
    for place, key in enumerate(keys):
        groups.setdefault(key, []).append(place)
    return [group for group in groups.values() if len(group) > 1]


def _identical(dataset: Dataset, images: list[str]) -> Iterator[tuple[list[int], str]]:
    """Groups of places in `images` with equal files, and of the rest with equal pixels."""
    files = [dataset.files.file(image) for image in images]
    rest = list(range(len(images)))
    if len(set(files)) == len(files):  # else one file holds several images
        for group in same([_sha256(file) for file in files]):
            yield group, "byte-identical files"
            rest = [i for i in rest if i not in group[1:]]
    if len(rest) > 1:
        for group in same([digest(dataset.files.read(images[i])) for i in rest]):
            yield [rest[i] for i in group], "the same pixels"


def _pairs(group: list[int]) -> list[tuple[int, int]]:
    if len(group) <= ALL_PAIRS_UP_TO:
        return list(combinations(group, 2))
    return [(group[0], other) for other in group[1:]]


def _sha256(file: Path) -> bytes:
    with open(file, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()
