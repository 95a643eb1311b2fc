"""The leakage gate: neither this run nor its upstream may have seen a test image."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from medsmall.atomic import write_whole
from medsmall.audit.csv_cells import inert
from medsmall.audit.findings import check_allowed, findings, not_allowed, together
from medsmall.audit.near import codes_of, copies
from medsmall.audit.provenance import Seen
from medsmall.audit.upstream import upstream_overlap
from medsmall.errors import MedsmallError

if TYPE_CHECKING:
    from medsmall.cache import Prepared

HOW = {"identical_images": "are also", "near_duplicates": "have near duplicates"}


def gate(
    dataset: str,
    draw: pd.DataFrame,
    prepared: "Prepared",
    seen: Sequence[Seen],
    allow: list[str],
    command: str,
    folder: Path,
) -> list[str]:
    """Notices, one sentence each, about images that are in several parts of a `draw`.

    Images count as shared if their `prepared` pixels are equal, or if they are near duplicates of
    different patients. Raises MedsmallError if the test part shares images with train, val or an
    upstream (`seen`), unless that check is in `allow`; all pairs are then in <folder>/gate.csv, as
    the table of `medsmall.audit.findings`. Shared patients are checked elsewhere: by the split
    (`medsmall.split`) and by the source of the weights.

    Args:
        dataset: name of the data set.
        draw: columns image, patient, part ("train", "val", "test", "unlabelled").
        prepared: has all images of the draw.
        seen: what the initial weights were trained with.
        allow: names of checks, as in audit.allow.
        command: arguments of ``python -m medsmall.audit`` for this data set.
        folder: where gate.csv is written; created if missing.
    """
    check_allowed(allow)
    place = pd.Series(np.arange(len(prepared.images)), index=prepared.images)
    rows = draw.drop_duplicates("image").reset_index(drop=True)
    rows = rows.set_index(place.loc[rows["image"]].to_numpy()).sort_index()
    parts = ("test", "val", "train", "unlabelled")
    test, val, train, unlabelled = (rows.index[rows["part"] == p].to_numpy() for p in parts)

    overlap = upstream_overlap(seen, dataset, rows.loc[test], prepared)
    trained_on = np.concatenate([train, unlabelled])
    learnt = _shared(prepared, rows, test, np.concatenate([trained_on, val]), "contamination")
    flattering = _shared(prepared, rows, val, trained_on, "notice")
    found = together([learnt, flattering, overlap])

    fatal = not_allowed(found, allow)
    if len(fatal):
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / "gate.csv", lambda path: inert(found).to_csv(path, index=False))
        check = fatal["check"].iloc[0]
        sentence = _sentence(fatal[fatal["check"] == check])
        allowed = ",".join(dict.fromkeys([*allow, *fatal["check"]]))
        remedy = (
            "train the upstream without them"
            if check == "upstream_overlap"
            else "leave them out with audit.drop=[identical_images,near_duplicates] "
            f"(python -m medsmall.audit {command} looks at all images)"
        )
        raise MedsmallError(
            f"{dataset}: {sentence} (all pairs: {folder / 'gate.csv'}): {remedy}, or go on with "
            f"audit.allow=[{allowed}]."
        )
    ends = {
        "contamination": " (allowed by audit.allow).",
        "notice": "; validation scores will be inflated.",
    }
    return [
        f"{dataset}: {_sentence(table)}{ends[str(severity)]}"
        for (severity, _), table in found.groupby(["severity", "check"], sort=False)
    ]


def _shared(
    prepared: "Prepared", rows: pd.DataFrame, left: np.ndarray, right: np.ndarray, severity: str
) -> pd.DataFrame:
    """Findings: identical images and near duplicates between `left` and `right`.

    Both are places in `prepared`, the index of `rows`.
    """
    if not (len(left) and len(right)):
        return together([])
    codes = codes_of(prepared.digests)
    first = dict(zip(codes[right][::-1].tolist(), right[::-1].tolist(), strict=True))
    same = left[np.isin(codes[left], codes[right])]
    other = np.array([first[code] for code in codes[same].tolist()], dtype=np.int64)
    patients = rows["patient"].reindex(range(len(codes))).to_numpy(dtype=object)
    a, b, value, _ = copies(prepared, patients, left, right)
    words = [f"the same image changed a little (correlation {r:.3f})" for r in value]
    return together(
        [
            findings(
                "identical_images",
                severity,
                "the same pixels",
                rows.loc[same],
                rows.loc[other],
                1.0,
            ),
            findings("near_duplicates", severity, words, rows.loc[a], rows.loc[b], value),
        ]
    )


def _sentence(found: pd.DataFrame) -> str:
    """What is shared, its count and the first example; `found` has one check and severity."""
    one, count = found.iloc[0], found["image_a"].nunique()
    if one["check"] == "upstream_overlap":
        other = f" ({one['image_b']})" if one["image_b"] else ""
        return (
            f"the initial weights have seen {count:,} test image(s) or their patients, such as "
            f"{one['image_a']}{other}"
        )
    part, other = ("test", "train or val") if one["part_a"] == "test" else ("val", "train")
    return (
        f"{count:,} {part} image(s) {HOW[one['check']]} in {other}, such as {one['image_a']} "
        f"and {one['image_b']}"
    )
