"""What the weights of a run have seen: written into its draw.csv, read when others begin there."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from medsmall.audit.upstream import Seen
from medsmall.cache import Prepared


def with_fingerprints(draw: pd.DataFrame, prepared: Prepared) -> pd.DataFrame:
    """`draw` with the columns `digest` and `look`, in hexadecimal digits; empty for test images.

    By them a later run knows an image again, under whatever name: see `medsmall.audit.fingerprint`.
    """
    rows = pd.Index(prepared.images).get_indexer(pd.Index(draw["image"]))
    learnt = (draw["part"] != "test").to_numpy()
    marks: dict[str, np.ndarray] = {"digest": prepared.digests, "look": prepared.hashes}
    return draw.assign(
        **{
            name: [
                mark[row].tobytes().hex() if is_learnt else ""
                for row, is_learnt in zip(rows, learnt, strict=True)
            ]
            for name, mark in marks.items()
        }
    )


def seen_by_run(folder: Path) -> tuple[Seen, ...]:
    """What the run recorded in `folder` has trained and chosen on, and its own upstreams before it.

    Nothing where there is no record, and of an upstream whose record is gone.
    """
    if not (folder / "DONE").is_file():
        return ()
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    text = dict.fromkeys(["image", "patient", "digest", "look"], "str")
    draw = pd.read_csv(folder / "draw.csv", dtype=text)
    learnt = draw[draw["part"] != "test"].drop_duplicates("image")
    seen = Seen(
        dataset=metrics["dataset"],
        patients=frozenset(learnt["patient"]),
        hashes=_from_hex(learnt["look"], np.uint64, 4),
        digests=_from_hex(learnt["digest"], np.uint8, 16),
        images=learnt["image"].tolist(),
    )
    upstream = metrics["upstream"]
    return (seen, *(seen_by_run(folder / upstream) if upstream else ()))


def _from_hex(texts: pd.Series, kind: type, width: int) -> np.ndarray:
    return np.frombuffer(bytes.fromhex("".join(texts)), dtype=kind).reshape(-1, width)
