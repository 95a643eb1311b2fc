"""The gate before training: no test image may have been seen, in this run or by its upstream."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from medsmall.audit.findings import check_allowed
from medsmall.audit.near import codes_of, copies
from medsmall.audit.upstream import Seen, upstream_overlap
from medsmall.errors import MedsmallError

if TYPE_CHECKING:
    from medsmall.cache import Prepared


def gate(
    dataset: str, draw: pd.DataFrame, prepared: "Prepared", seen: Sequence[Seen], allow: list[str]
) -> list[str]:
    """Notices, one sentence each, about the images that the parts of a `draw` share.

    Images are shared where their pixels are equal as `prepared`, or where they are near
    duplicates of different patients. Raises MedsmallError where the test part shares some with
    train, val or an upstream (`seen`), unless that check is in `allow`. That patients are not
    shared is for the split (`medsmall.split`) and the weights to see to.

    Args:
        dataset: name of the data set.
        draw: columns image, patient, part ("train", "val", "test").
        prepared: has all images of the draw.
        seen: what the initial weights were trained with.
        allow: names of checks, as in audit.allow.
    """
    check_allowed(allow)
    place = pd.Series(np.arange(len(prepared.images)), index=prepared.images)
    rows = draw.drop_duplicates("image").reset_index(drop=True)
    rows = rows.set_index(place.loc[rows["image"]].to_numpy()).sort_index()
    test, val, train = (rows.index[rows["part"] == p].to_numpy() for p in ("test", "val", "train"))

    notices = []
    for check, pairs in _shared(prepared, rows, test, np.concatenate([train, val])).items():
        sentence = f"{dataset}: {_example(rows, pairs, 'test', 'train or val', check)}"
        remedy = (
            f"python -m medsmall.audit dataset={dataset} lists them; leave them out, or go on with "
            f"audit.allow=[{check}]"
        )
        notices.append(_passed(sentence, remedy, check, allow))
    for check, pairs in _shared(prepared, rows, val, train).items():
        example = _example(rows, pairs, "val", "train", check)
        notices.append(f"{dataset}: {example}; the validation flatters.")
    overlap = upstream_overlap(
        seen, dataset, rows.loc[test], prepared.hashes[test], prepared.digests[test]
    )
    if len(overlap):
        found = overlap.iloc[0]
        other = f" ({found['image_b']})" if found["image_b"] else ""
        sentence = (
            f"{dataset}: {overlap['image_a'].nunique():,} test image(s), or their patients, are "
            f"known to the initial weights, such as {found['image_a']}{other}"
        )
        remedy = "train the upstream without them, or go on with audit.allow=[upstream_overlap]"
        notices.append(_passed(sentence, remedy, "upstream_overlap", allow))
    return notices


def _shared(
    prepared: "Prepared", rows: pd.DataFrame, left: np.ndarray, right: np.ndarray
) -> dict[str, np.ndarray]:
    """By check: pairs of rows of `prepared`, one of `left` and one of `right`, int64 (P, 2).

    Checks that find none are absent.
    """
    if not (len(left) and len(right)):
        return {}
    codes = codes_of(prepared.digests)
    first = dict(zip(codes[right][::-1].tolist(), right[::-1].tolist(), strict=True))
    identical = [
        (row, first[code])
        for row, code in zip(left.tolist(), codes[left].tolist(), strict=True)
        if code in first
    ]
    patients = rows["patient"].reindex(range(len(codes))).to_numpy(dtype=object)
    a, b, _, _ = copies(prepared, patients, left, right)
    found = {"identical_images": np.array(identical), "near_duplicates": np.stack([a, b], axis=1)}
    return {check: pairs for check, pairs in found.items() if len(pairs)}


def _example(rows: pd.DataFrame, pairs: np.ndarray, part: str, other: str, check: str) -> str:
    kind = {"identical_images": "stand", "near_duplicates": "have near duplicates"}[check]
    a, b = rows["image"].loc[pairs[0]]
    count = len(np.unique(pairs[:, 0]))
    return f"{count:,} {part} image(s) {kind} in {other}, too, such as {a} and {b}"


def _passed(sentence: str, remedy: str, check: str, allow: list[str]) -> str:
    if check not in allow:
        raise MedsmallError(f"{sentence}: {remedy}.")
    return f"{sentence}, which audit.allow lets pass."
