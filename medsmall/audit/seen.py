"""What the weights of a run have seen: kept in its seen.npz, read when others begin there."""

from pathlib import Path

import numpy as np
import pandas as pd

from medsmall.audit.similarity import KEPT_SIDE, kept_thumbnail
from medsmall.audit.upstream import Seen
from medsmall.cache import Prepared
from medsmall.record import Record
from medsmall.terminal import say_once


def write_seen(path: Path, draw: pd.DataFrame, prepared: Prepared) -> None:
    """Write by what a later run knows the images of `draw` again, but for those of the test part.

    An .npz with one row per image, under whatever name it comes again: images (str), digests
    (uint8 (N, 16)) and hashes (uint64 (N, 4)) as in `medsmall.cache.fingerprint`, thumbnails
    (int8 (N, 32, 32)) as in `medsmall.audit.similarity.kept_thumbnail`; 0.7 kB per image.
    """
    images = draw.loc[draw["part"] != "test", "image"].unique()
    rows = pd.Index(prepared.images).get_indexer(pd.Index(images))
    thumbnails = [kept_thumbnail(prepared.pixels(int(row))) for row in rows]
    with open(path, "wb") as file:  # a name would be given another suffix
        np.savez_compressed(
            file,
            images=np.array(images, dtype=np.str_),
            digests=prepared.digests[rows],
            hashes=prepared.hashes[rows],
            thumbnails=np.array(thumbnails, np.int8).reshape(-1, KEPT_SIDE, KEPT_SIDE),
        )


def seen_by_run(record: Record) -> tuple[Seen, ...]:
    """What a recorded run has trained and chosen on, and its own upstreams before it.

    Says what cannot be known: the images of a record of an older version, and all of an upstream
    whose record is gone.
    """
    metrics, draw = record.metrics, record.draw
    patients = frozenset(draw.loc[draw["part"] != "test", "patient"])
    seen = _seen(record, metrics["dataset"], patients)
    before = record.upstream
    if before is None:
        return (seen,)
    if not before.done:
        say_once(
            f"The run {record.key} began with weights whose record {before.folder} is gone: "
            "whether they have seen the test images cannot be checked."
        )
        return (seen,)
    return (seen, *seen_by_run(before))


def _seen(record: Record, dataset: str, patients: frozenset[str]) -> Seen:
    """With the images of the record; without, where it is of an older version."""
    kept = record.seen
    if kept is None:
        say_once(
            f"The run {record.key} has no seen.npz: the patients that its weights have seen are "
            "known by name, but none of the images is known again; train it anew to check them."
        )
        return Seen(dataset, patients)
    return Seen(
        dataset,
        patients,
        hashes=kept["hashes"],
        digests=kept["digests"],
        images=kept["images"].tolist(),
        thumbnails=kept["thumbnails"],
    )
