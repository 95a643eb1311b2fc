"""What an earlier report has read, so that the next one reads only what is new.

One file beside the report, of numbers and JSON. A run in it counts as long as the files of its
record have the same size and time of change, and the code that scores is the same.
"""

import contextlib
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import medsmall
from medsmall.atomic import write_whole
from medsmall.evaluation.influence import Floats, Score
from medsmall.record import Record
from medsmall.report.run import Run

NAME = "report/known.npz"
ENTRIES = {
    "stamp", "metrics", "config", "names", "overall", "headline", "identity", "predictions",
    "scores",
}  # fmt: skip


@dataclass
class Memory:
    """The runs of an output folder, as they are written, and all their influences in one array."""

    root: Path
    runs: dict[str, dict[str, Any]]
    influences: Floats

    @classmethod
    def of(cls, root: Path) -> "Memory":
        """That of an output folder; empty if there is none, or of other code."""
        try:
            with np.load(root / NAME, allow_pickle=False) as kept:
                about = json.loads(kept["about"].tobytes())
                if about["code"] == _code():
                    runs = {key: dict(run) for key, run in about["runs"].items()}
                    if all({*run} >= ENTRIES for run in runs.values()):
                        return cls(root, runs, kept["influences"])
        except Exception:  # whatever damage does to it: it can be made again
            pass
        return cls(root, {}, np.zeros(0))

    def run(self, folder: Path) -> Run | None:
        """The run of a record, unless it is new or has changed."""
        known = self.runs.get(folder.name)
        if known is None or known["stamp"] != _stamp(folder):
            return None
        scores = {asked: self._score(one) for asked, one in known["scores"].items()}
        return Run(
            Record(folder), known["metrics"], known["config"], known["names"], known["overall"],
            known["headline"], known["identity"], known["predictions"], scores,
        )  # fmt: skip

    def _score(self, one: list[Any] | None) -> Score | None:
        if one is None:
            return None
        value, start, stop, patients, chance = one
        return Score(value, self.influences[start:stop], patients, chance)

    def keep(self, read: Iterable[Run]) -> None:
        """Add these runs; a folder that cannot be written to, or a full disk, is no matter."""
        runs = {run.record.key: run for run in read if run.record.folder.parents[1] == self.root}
        if all(set(run.scores) <= set(self._scores_of(key)) for key, run in runs.items()):
            return
        others = (self.run(self.root / "runs" / key) for key in self.runs.keys() - runs.keys())
        runs |= {run.record.key: run for run in others if run}
        about, parts, start = {}, [np.zeros(0)], 0
        for key, run in runs.items():
            scores: dict[str, Any] = dict.fromkeys(run.scores)
            for asked, one in run.scores.items():
                if one is not None:
                    stop = start + len(one.influence)
                    scores[asked] = [one.value, start, stop, one.patients, one.chance]
                    parts, start = [*parts, one.influence], stop
            about[key] = {
                "stamp": _stamp(run.record.folder), "metrics": run.metrics, "config": run.config,
                "names": run.names, "overall": run.overall, "headline": run.headline,
                "identity": run.identity, "predictions": run.predictions, "scores": scores,
            }  # fmt: skip
        text = np.frombuffer(json.dumps({"code": _code(), "runs": about}).encode(), np.uint8)
        with contextlib.suppress(OSError):
            (self.root / NAME).parent.mkdir(parents=True, exist_ok=True)
            arrays = {"about": text, "influences": np.concatenate(parts)}
            write_whole(self.root / NAME, lambda path: _save(path, arrays))

    def _scores_of(self, key: str) -> dict[str, Any]:
        """What is known of a run; nothing if its record has changed."""
        known = self.runs.get(key, {"stamp": None, "scores": {}})
        same = known["stamp"] == _stamp(self.root / "runs" / key)
        return dict(known["scores"]) if same else {}


def _save(path: Path, arrays: dict[str, Any]) -> None:
    with path.open("wb") as file:  # savez would add .npz to the name
        np.savez(file, **arrays)


def _stamp(folder: Path) -> list[list[int]]:
    stats = [file.stat() for file in sorted(folder.glob("*"))]  # none, if it is gone
    return [[of.st_mtime_ns, of.st_size] for of in stats]


@cache
def _code() -> str:
    """A hash of the source of what reads and scores."""
    digest, package = hashlib.sha256(), Path(medsmall.__file__).parent
    for folder in ("evaluation", "record", "report", "targets"):
        for file in sorted((package / folder).glob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()
