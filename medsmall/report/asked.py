"""The words of a question to the records."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from medsmall.errors import MedsmallError
from medsmall.record.predicted import MEAN
from medsmall.report.planning import MOST_REPEATS, Assumed
from medsmall.sweep.folder import SweepFolder
from medsmall.terminal import say

IMAGES = ("images", "report.images")
LAST = "last"  # the value of sweep= for the one begun last
PUBLISHED = "published"  # the value of against=


@dataclass
class Asked:
    """What is asked: of which records, and about what; see `medsmall.report.__main__.HELP`."""

    roots: list[Path] = field(default_factory=list)
    selection: dict[str, list[str]] = field(default_factory=dict)
    compare: list[str] = field(default_factory=list)
    along: str | None = None
    target: str = MEAN
    metric: str | None = None
    margin: float | None = None
    reach: float | None = None
    plan: list[int] = field(default_factory=list)
    assumed: Assumed | None = None
    against: str | None = None
    to: Path | None = None
    images: bool = False
    keys: set[str] | None = None  # of the runs of one sweep; None: all

    @classmethod
    def of(cls, words: list[str]) -> "Asked":
        """MedsmallError for a word that means nothing."""
        asked, assumed, sweep = cls(), {}, ""
        for word in words:
            key, is_value, value = word.partition("=")
            if not is_value or Path(word).is_dir():
                if word.startswith("-"):
                    raise MedsmallError(f"There is no option {word}: --help shows what there is.")
                asked.roots.append(Path(word).expanduser())
            elif not value:
                raise MedsmallError(f"{word} has no value: give one, or leave it out.")
            elif key == "compare":
                asked.compare = value.split(",")
            elif key in ("along", "target", "metric"):
                setattr(asked, key, value)
            elif key == "sweep":
                sweep = value
            elif key in ("margin", "reach"):
                setattr(asked, key, _positive(key, value))
            elif key == "plan":
                asked.plan = sorted({_repeats(one, value) for one in value.split(",")})
            elif key in Assumed._fields:
                assumed[key] = _positive(key, value)
            elif key in IMAGES:
                asked.images = _switch(key, value)
            elif key == "against":
                asked.against = _published(value)
            elif key == "to":
                asked.to = Path(value).expanduser()
            else:
                asked.selection[key] = value.split(",")
        asked.assumed = _assumed(assumed, bool(asked.plan))
        roots = asked.roots or [Path(os.environ.get("MEDSMALL_OUTPUT", "outputs")).expanduser()]
        asked.roots = [root.absolute() for root in roots]
        asked.keys = _of_sweep(asked.roots, sweep) if sweep else None
        return asked


EXAMPLE = {"margin": 0.02, "reach": 0.9, "auroc": 0.85, "correlation": 0.8, "repeat_sd": 0.02}


def _positive(key: str, text: str) -> float:
    below = 1.0 if key in Assumed._fields else float("inf")
    try:
        if 0 < (value := float(text)) < below:
            return value
    except ValueError:
        pass
    limits = "between 0 and 1" if below == 1 else "above 0"
    raise MedsmallError(f"{key}={text} must be a number {limits}, such as {key}={EXAMPLE[key]}.")


def _switch(key: str, text: str) -> bool:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    raise MedsmallError(f"{key}={text} must be true or false.")


def _assumed(given: dict[str, float], planned: bool) -> Assumed | None:
    lacking = [name for name in Assumed._fields if name not in given]
    if given and lacking:
        raise MedsmallError(
            f"{', '.join(given)} asks for {', '.join(lacking)} too: assume all of "
            "auroc=0.85 correlation=0.8 repeat_sd=0.02, or none."
        )
    if given and not planned:
        raise MedsmallError(f"{', '.join(given)} belong to plan=: add plan=5,10.")
    return Assumed(**given) if given else None


def _repeats(text: str, whole: str) -> int:
    if text.isdecimal() and 2 <= int(text) <= MOST_REPEATS:
        return int(text)
    raise MedsmallError(
        f"plan={whole} must be numbers of repeats from 2 to {MOST_REPEATS:,}, such as plan=5,10,20."
    )


def _published(text: str) -> str:
    if text == PUBLISHED:
        return text
    raise MedsmallError(f"against={text} is unknown: there is against={PUBLISHED}.")


def _of_sweep(roots: list[Path], name: str) -> set[str]:
    """The keys of the runs of a sweep into these folders; MedsmallError if it is not known."""
    keys: set[str] = set()
    for root in roots:
        folder = SweepFolder.last(root) if name == LAST else SweepFolder(root, name)
        cells = [cell for cell in folder.cells if not cell.left_out]
        lacking = sum(not (cell.key and folder.record(cell.key).done) for cell in cells)
        if lacking:
            say(f"{lacking:,} of the {len(cells):,} cells of {folder.name} have no record.")
        keys |= {cell.key for cell in cells if cell.key}
    return keys
