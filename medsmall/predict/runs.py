"""The finished runs that RUN names: a key, a folder, or a selection.

A selection is words as the report has them (`dataset=mine backbone=resnet18`), perhaps with `best`:
then the arm with the best mean in validation, at its largest size. The runs of one arm and size
answer together; several arms are refused.
"""

import difflib
import json
import re
from collections.abc import Sequence
from pathlib import Path

from medsmall.bundle.bundle import is_bundle
from medsmall.errors import MedsmallError
from medsmall.record import Record
from medsmall.report.arms import commonest_metric, studies
from medsmall.report.cells import cells_of, favoured
from medsmall.report.ledger import read_runs, select
from medsmall.report.run import Run
from medsmall.terminal import say

BEST, LAST = "best", "last"
KEY = re.compile(r"[0-9a-f]{4,16}")
MOST_TOLD = 3  # sentences about runs that cannot be read
FINALS = "finals"  # the folder of what medsmall.finalize makes


def is_run(word: str, roots: Sequence[Path]) -> bool:
    """Whether a word names runs: best, last, a key or the beginning of one, a folder, a bundle."""
    if word in (BEST, LAST) or _is_record(Path(word).expanduser()) or is_bundle(word):
        return True
    keys = word.split(",")
    return all(KEY.fullmatch(key) for key in keys) and not Path(word).exists()


def _is_record(folder: Path) -> bool:
    """Whether a folder is that of a run, perhaps an unfinished one."""
    return folder.is_dir() and any(
        (folder / name).is_file() for name in ("DONE", "config.yaml", "history.csv")
    )


def chosen(
    word: str, selection: dict[str, list[str]], roots: Sequence[Path]
) -> tuple[list[Record], str]:
    """The records that `word` (may be "") and a `selection` name, and a sentence that says which.

    MedsmallError where there is none, where one is unfinished, and where they are of several arms.
    """
    if word and is_bundle(word):
        raise MedsmallError(f"{word} is a bundle: it answers (medsmall.predict), no more.")
    if word and word not in (BEST, LAST):
        if selection:
            key = next(iter(selection))
            raise MedsmallError(
                f"{word} names a run, so {key}={','.join(selection[key])} cannot choose: name "
                "either a run or a selection."
            )
        records = [record for one in _split(word) for record in _records(one, roots)]
        keys = [record.key for record in records]
        if len(set(keys)) < len(keys):
            twice = next(key for key in keys if keys.count(key) > 1)
            raise MedsmallError(f"{word} names the run {twice} twice: name it once.")
        return records, _told(keys)
    every, left_out = read_runs(list(roots))
    for sentence in left_out[:MOST_TOLD]:
        say(f"Left out: {sentence}")
    runs = select(every, selection)
    if not runs:
        raise MedsmallError(
            f"No finished run below {', '.join(map(str, roots))} fits: train one, or select others."
        )
    if word == LAST:
        run = max(runs, key=lambda one: (one.record.folder / "DONE").stat().st_mtime)
        return [run.record], f"{_name(run)} ({run.record.key}), the run that ended last"
    return _of_one_arm(runs, best=word == BEST)


def _split(word: str) -> list[str]:
    return [word] if Path(word).exists() else word.split(",")


def _told(keys: Sequence[str]) -> str:
    return f"the run {keys[0]}" if len(keys) == 1 else f"{len(keys)} runs together"


def _name(run: Run) -> str:
    return str(run.metrics["name"])


def _records(word: str, roots: Sequence[Path]) -> list[Record]:
    """Those of a folder, or of a key below the `roots`; several of an ensemble that was kept."""
    folder = _folder(word, roots)
    if not (folder / "members").is_dir():
        return [Record.open(folder)]
    final = Record(folder)
    if not final.done:
        raise MedsmallError(f"{folder} is an unfinished ensemble: finalize it again.")
    final.check("final.json")
    keys = json.loads((folder / "final.json").read_text("utf-8"))["runs"]
    return [Record.open(folder / "members" / key) for key in keys]


def _folder(word: str, roots: Sequence[Path]) -> Path:
    """A folder as it is named, or that of a key, or of the beginning of one."""
    if _is_record(Path(word).expanduser()):
        return Path(word).expanduser()
    folders = _folders(roots)
    found = [folder for folder in folders if folder.name.startswith(word)]
    if len(found) == 1 or (len({one.name for one in found}) == 1):
        return found[0]
    where = ", ".join(map(str, roots))
    if found:
        names = ", ".join(sorted(one.name for one in found)[:5])
        raise MedsmallError(f"{word} is the beginning of {len(found)} keys below {where}: {names}.")
    raise MedsmallError(
        f"There is no run {word} below {where} ({nearest(word, roots)}): name its key, its folder, "
        "or a selection such as best dataset=mine."
    )


def _folders(roots: Sequence[Path]) -> list[Path]:
    return [
        folder
        for root in roots
        for kind in ("runs", FINALS)
        for folder in (root / kind).glob("*")
        if folder.is_dir() and not folder.name.startswith(".")
    ]


def nearest(word: str, roots: Sequence[Path]) -> str:
    """The keys that are nearest to a word, as part of a sentence."""
    keys = [folder.name for folder in _folders(roots)]
    near = difflib.get_close_matches(word, keys, n=3, cutoff=0.0)
    return f"the nearest are {', '.join(near)}" if near else "there is none at all"


def _of_one_arm(runs: Sequence[Run], best: bool) -> tuple[list[Record], str]:
    """The runs of one arm at one size: the best in validation, or the only one there is."""
    study, *others = studies(runs, None)
    if others:
        titles = ", ".join(dict.fromkeys(one.title for one in (study, *others)))
        raise MedsmallError(
            f"These runs answer several questions ({titles}): add words that leave one, such as "
            "dataset=..."
        )
    if not best and len(study.cells) > 1:
        arms = [study.name(arm) for arm in study.arms]
        what = f"{len(study.arms)} arms ({', '.join(arms[:3])}{', ...' * (len(arms) > 3)})"
        what = what if len(arms) > 1 else f"{len(study.sizes)} sizes of one arm"
        raise MedsmallError(
            f"These {len(study.runs)} runs are of {what}: put best before the words for the arm "
            "that is best in validation, or add words that leave one."
        )
    if not best:
        records = [run.record for run in study.runs]
        return records, f"{_told([one.key for one in records])}: {_name(study.runs[0])}"
    metric = commonest_metric(study.runs)
    ranked = favoured(cells_of(study, metric, "mean"), metric)
    if not ranked:
        raise MedsmallError(f"Validation has no {metric} to choose the best by: name a run.")
    cell = ranked[0]
    of_cell = list(study.cells[cell.arm, cell.size].values())
    records = [run.record for run in of_cell]
    arm = study.name(cell.arm) if len(study.arms) > 1 else _name(of_cell[0])
    many = f"{len(records)} runs together" if len(records) > 1 else f"the run {records[0].key}"
    score = f"{metric} {cell.validation:.3f} in validation"
    return records, f"{arm}, {study.at(cell.size)}, {score}: {many}"
