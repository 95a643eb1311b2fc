"""What the weights of a run have seen: saved in its seen.npz, read by runs that start there."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from medsmall.answer.look import look
from medsmall.answer.reading import has_colours
from medsmall.audit.provenance import UNKNOWN, Seen, marks, of_file
from medsmall.audit.similarity import KEPT_SIDE, kept_thumbnail
from medsmall.cache import Prepared
from medsmall.cache.fingerprint import difference_hash
from medsmall.record import Record
from medsmall.sample_size import labels_used
from medsmall.terminal import say_once

KEPT: dict[str, tuple[tuple[int, ...], str]] = {  # shape per image and kind of number
    "images": ((), "U"),
    "digests": ((16,), "u"),
    "hashes": ((4,), "u"),
    "thumbnails": ((KEPT_SIDE, KEPT_SIDE), "i"),
}
MOST_LOOKS = 1000  # images whose look is kept: enough to know what is familiar
OF_CENTRES = {f"centre_{name}": KEPT[name] for name in ("hashes", "thumbnails")}


def write_seen(path: Path, draw: pd.DataFrame, prepared: Prepared) -> None:
    """Save fingerprints of the train, val and unlabelled images of `draw`.

    A later run recognises the images by these, also under other names. An .npz with one row per
    image, 0.9 kB each: images (str), digests (uint8 (N, 16)) and hashes (uint64 (N, 4)) as in
    `medsmall.cache.fingerprint`, thumbnails (int8 (N, 32, 32)) as in
    `medsmall.audit.similarity.kept_thumbnail`. Where some images are not square, centre_hashes
    and centre_thumbnails of their centre squares too, to recognise a square release of the same.

    Of up to MOST_LOOKS images, evenly spread: looks (float16 (L, F), `medsmall.answer.look.look`),
    look_patients (a number (L,) for each patient) and coloured (bool (L,)), by which an image of
    another kind is told.
    """
    images = draw.loc[draw["part"] != "test", "image"].unique()
    rows = pd.Index(prepared.images).get_indexer(pd.Index(images)).tolist()
    thumbnails = [kept_thumbnail(prepared.pixels(row)) for row in rows]
    of_centres: dict[str, Any] = {}
    if any(windows := [prepared.centre(row) for row in rows]):
        for name, look in (("hashes", difference_hash), ("thumbnails", kept_thumbnail)):
            seen = [
                look(prepared.pixels(row), window)
                for row, window in zip(rows, windows, strict=True)
            ]
            of_centres[f"centre_{name}"] = np.array(seen)
    with open(path, "wb") as file:  # a name would be given another suffix
        np.savez_compressed(
            file,
            images=np.array(images, dtype=np.str_),
            digests=prepared.digests[rows],
            hashes=prepared.hashes[rows],
            thumbnails=np.array(thumbnails, np.int8).reshape(-1, KEPT_SIDE, KEPT_SIDE),
            **of_centres,
            **_looks(draw, prepared),
        )


def _looks(draw: pd.DataFrame, prepared: Prepared) -> dict[str, Any]:
    own = draw[draw["part"] != "test"].drop_duplicates("image")
    some = own.iloc[np.unique(np.linspace(0, len(own) - 1, min(len(own), MOST_LOOKS)).astype(int))]
    rows = pd.Index(prepared.images).get_indexer(pd.Index(some["image"])).tolist()
    pixels = [prepared.pixels(row) for row in rows]
    return {
        "looks": np.array([look(one) for one in pixels]),
        "look_patients": np.unique(some["patient"].to_numpy(str), return_inverse=True)[1],
        "coloured": np.array([has_colours(one) for one in pixels]),
    }


def patients_of_run(record: Record) -> tuple[Seen, ...]:
    """The patients that a recorded run, and its upstreams before it, trained and chose on."""
    metrics, draw = record.metrics, record.draw
    if labels_used(draw) != metrics.get("labels_used", labels_used(draw)):
        raise record.damaged("draw.csv", "has lost rows")
    dataset = metrics["dataset"]
    seen = marks(dataset, draw.loc[draw["part"] != "test", "patient"].unique())
    return (Seen(dataset, seen, record.key), *_before(record, patients_of_run))


def seen_by_run(record: Record) -> tuple[Seen, ...]:
    """The same with the images.

    A notice says what is unknown: the images of a record of an older version.
    """
    last, *_ = patients_of_run(record)
    return (_with_images(record, last), *_before(record, seen_by_run))


def _before(record: Record, ask: Callable[[Record], tuple[Seen, ...]]) -> tuple[Seen, ...]:
    """What the initial weights of a run had seen.

    Read from the record of its upstream; if there is none, from the file of its own weights; in an
    older version, nothing is known.
    """
    upstream = record.upstream
    if upstream is not None and upstream.done:
        return ask(upstream)
    if record.model.is_file() and (written := of_file(record.model)):
        return written[1:]
    if upstream is not None:
        say_once(
            f"The run {record.key} began with weights whose record {upstream.folder} is gone: "
            "leakage from them into the test set cannot be checked."
        )
    random = record.metrics.get("initial_sha256") is None
    return () if random and upstream is None else (Seen(UNKNOWN, None),)


def _with_images(record: Record, last: Seen) -> Seen:
    """With the images of the record, which older versions lack."""
    kept = record.seen
    if kept is None:
        say_once(
            f"The run {record.key} has no seen.npz: its patients are known by name, but its images "
            "cannot be recognised; train it again to check them."
        )
        return last
    draw = record.draw
    count = draw.loc[draw["part"] != "test", "image"].nunique()
    expected = KEPT | (OF_CENTRES if OF_CENTRES.keys() & kept.keys() else {})
    for name, (shape, kind) in expected.items():
        found = kept.get(name, np.empty(0))
        if (found.shape, found.dtype.kind) != ((count, *shape), kind):
            raise record.damaged("seen.npz", f"does not hold the {name} of {count} images")
    arrays = {name: kept[name] for name in expected}
    return replace(last, **(arrays | {"images": kept["images"].tolist()}))
