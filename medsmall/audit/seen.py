"""What the weights of a run have seen: kept in its seen.npz, read when others begin there."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from medsmall.audit.similarity import KEPT_SIDE, kept_thumbnail
from medsmall.audit.upstream import Seen
from medsmall.cache import Prepared
from medsmall.terminal import say_once

FILE = "seen.npz"


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


def seen_by_run(folder: Path) -> tuple[Seen, ...]:
    """What the run recorded in `folder` has trained and chosen on, and its own upstreams before it.

    Nothing where there is no record. Says what cannot be known: the images of a record of an
    older version, and all of an upstream whose record is gone.
    """
    if not (folder / "DONE").is_file():
        return ()
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    draw = pd.read_csv(folder / "draw.csv", dtype="str", keep_default_na=False)  # a patient "NA"
    patients = frozenset(draw.loc[draw["part"] != "test", "patient"])
    seen = _seen(folder, metrics["dataset"], patients)
    if not metrics["upstream"]:
        return (seen,)
    before = (folder / metrics["upstream"]).resolve()
    if not (before / "DONE").is_file():
        say_once(
            f"The run {folder.name} began with weights whose record {before} is gone: whether "
            "they have seen the test images cannot be checked."
        )
    return (seen, *seen_by_run(before))


def _seen(folder: Path, dataset: str, patients: frozenset[str]) -> Seen:
    """With the images of the record; without, where it is of an older version."""
    if not (folder / FILE).is_file():
        say_once(
            f"The run {folder.name} has no {FILE}: the patients that its weights have seen are "
            "known by name, but none of the images is known again; train it anew to check them."
        )
        return Seen(dataset, patients)
    with np.load(folder / FILE, allow_pickle=False) as kept:
        return Seen(
            dataset,
            patients,
            hashes=kept["hashes"],
            digests=kept["digests"],
            images=kept["images"].tolist(),
            thumbnails=kept["thumbnails"],
        )
