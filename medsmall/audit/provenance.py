"""The data sets, patients and images that weights have seen, also in their file's metadata."""

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from safetensors import SafetensorError, safe_open

from medsmall.audit.similarity import KEPT_SIDE
from medsmall.cache import Prepared
from medsmall.errors import MedsmallError

UNKNOWN = "unknown"  # the data set of weights of unknown origin
MARK_BYTES = 8
DIGEST_BYTES = 16
NO_DIGESTS = np.zeros((0, DIGEST_BYTES), np.uint8)
NO_HASHES = np.zeros((0, 4), np.uint64)
NO_THUMBNAILS = np.zeros((0, KEPT_SIDE, KEPT_SIDE), np.int8)


@dataclass(frozen=True, eq=False)
class Seen:
    """The data that one run, of which perhaps little is known, trained or chose weights with.

    Attributes:
        dataset: name of the data set; UNKNOWN if unknown.
        patients: the `mark` of each of its patients; None if unknown.
        run: the key of the run; "" if unknown.
        digests: uint8 (M, 16), `digest` of the resized pixels of each image; M = 0 if only the
            patients are known.
        hashes: uint64 (M, 4), `difference_hash` of each; none if only digests are known.
        images: M names, as in the table of their data set, or none.
        thumbnails: int8 (M, KEPT_SIDE, KEPT_SIDE), `kept_thumbnail` of each, or none.
        centre_hashes, centre_thumbnails: the same for the centre square of each; none if all
            images are square, or if unknown.
    """

    dataset: str
    patients: frozenset[bytes] | None = field(repr=False)
    run: str = ""
    digests: np.ndarray = field(repr=False, default_factory=lambda: NO_DIGESTS)
    hashes: np.ndarray = field(repr=False, default_factory=lambda: NO_HASHES)
    images: list[str] = field(repr=False, default_factory=list)
    thumbnails: np.ndarray = field(repr=False, default_factory=lambda: NO_THUMBNAILS)
    centre_hashes: np.ndarray = field(repr=False, default_factory=lambda: NO_HASHES)
    centre_thumbnails: np.ndarray = field(repr=False, default_factory=lambda: NO_THUMBNAILS)


def mark(dataset: str, patient: str) -> bytes:
    """A fingerprint of a patient of a data set, for files that should not hold names: 8 bytes.

    It does not hide a name from someone who can guess it.
    """
    return hashlib.sha256(f"{dataset}\n{patient}".encode()).digest()[:MARK_BYTES]


def marks(dataset: str, patients: Iterable[str]) -> frozenset[bytes]:
    """The `mark` of each."""
    return frozenset(mark(dataset, patient) for patient in patients)


def learnt_from(dataset: str, run: str, draw: pd.DataFrame, prepared: Prepared) -> Seen:
    """The patients and digests that the run of a draw sees: all but its test part."""
    rows = draw[draw["part"] != "test"]
    at = pd.Index(prepared.images).get_indexer(pd.Index(rows["image"].unique()))
    return Seen(dataset, marks(dataset, rows["patient"].unique()), run, prepared.digests[at])


def as_text(seen: Sequence[Seen]) -> str:
    """The metadata of a weights file: the last training first, without patient names."""
    return json.dumps(
        [
            {
                "dataset": one.dataset,
                "run": one.run,
                "patients": None if one.patients is None else _text(b"".join(sorted(one.patients))),
                "images": _text(one.digests.tobytes()),
            }
            for one in seen
        ]
    )


def of_file(path: Path) -> tuple[Seen, ...] | None:
    """The contents of the metadata of a weights file; None without them.

    Raises MedsmallError if they cannot be read.
    """
    if path.suffix != ".safetensors":
        return None
    try:
        with safe_open(path, "np") as file:
            text = (file.metadata() or {}).get("seen")
        return None if text is None else tuple(_seen(**one) for one in json.loads(text))
    except (OSError, SafetensorError, ValueError, TypeError, AttributeError) as error:
        raise MedsmallError(
            f"{path} does not say what its weights have seen, since its metadata cannot be read "
            f"({type(error).__name__}): copy the file again."
        ) from error


def _seen(dataset: str, run: str, patients: str | None, images: str) -> Seen:
    known = None
    if patients is not None:
        content = _bytes(patients, MARK_BYTES)
        known = frozenset(content[i : i + MARK_BYTES] for i in range(0, len(content), MARK_BYTES))
    digests = np.frombuffer(_bytes(images, DIGEST_BYTES), np.uint8).reshape(-1, DIGEST_BYTES)
    return Seen(str(dataset), known, str(run), digests)


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _bytes(text: str, each: int) -> bytes:
    """What `_text` wrote, entries of `each` bytes; ValueError for anything else."""
    content = base64.b64decode(text, validate=True)
    if len(content) % each:
        raise ValueError(f"{len(content)} bytes")
    return content
