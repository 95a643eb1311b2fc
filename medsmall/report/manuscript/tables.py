"""The tables of a report as they are printed: rounded, with intervals in brackets."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from medsmall.evaluation.intervals import LEVEL
from medsmall.report.manuscript.facts import Facts
from medsmall.report.sentences import in_words

LEAST_P = 0.001


@dataclass(frozen=True)
class Sheet:
    """A table of text with a caption; `name` is that of its files, `notes` stand below it."""

    name: str
    caption: str
    frame: pd.DataFrame = field(repr=False)
    notes: tuple[str, ...] = ()


def places(values: Sequence[float]) -> int:
    """Three decimals, fewer for numbers of 10 or more: months, say."""
    largest = max(map(abs, values), default=0.0)
    return 3 if largest < 10 else 2 if largest < 100 else 1


def number(value: float, limits: tuple[float, float] | None, digits: int) -> str:
    """ "0.812 [0.771, 0.853]"; without the limits where there are none."""
    if limits is None:
        return _rounded(value, digits)
    low, high = (_rounded(one, digits) for one in limits)
    return f"{_rounded(value, digits)} [{low}, {high}]"


def _rounded(value: float, digits: int) -> str:
    return f"{round(value, digits) + 0.0:.{digits}f}"  # + 0.0: no "-0.000"


def scores(facts: Facts) -> Sheet:
    """Arm, training images, labelled images, mean with its interval, repeats."""
    found, study = facts.found, facts.study
    digits = places([cell.mean for cell in found.cells])
    size = "training images" if study.size_column == "train_images" else study.along
    rows = [
        {
            "arm": facts.study.name(cell.arm),
            size: f"{cell.size:,}",
            "labelled images": f"{cell.labels:,}",
            f"{in_words(found.metric)} [{LEVEL:.0%} interval]": number(
                cell.mean, cell.interval, digits
            ),
            "runs" if study.is_kfold else "repeats": str(cell.repeats),
        }
        for cell in found.cells
    ]
    reasons = sorted({cell.reason for cell in found.cells if cell.reason})
    notes = tuple(f"Where there is no interval, {reason}." for reason in reasons)
    caption = f"{found.title} with {LEVEL:.0%} intervals; labelled images include those for tuning."
    return Sheet("scores", caption, pd.DataFrame(rows), notes)


def verdicts(facts: Facts) -> Sheet | None:
    """Pair, size, difference with its range, p and verdict; None without two arms.

    The arm with the higher mean stands first, so a difference is never negative.
    """
    found, study = facts.found, facts.study
    size = "training images" if study.size_column == "train_images" else study.along
    known = [c.found.value for c in found.comparisons if c.found]
    digits = places(known)
    rows, notes = [], set()
    for one in found.comparisons:
        a, b = one.a, one.b
        told = ["–", "–", "no verdict"]
        if one.found and one.verdict:
            value, limits = one.found.value, (one.verdict.low, one.verdict.high)
            word: str = one.verdict.word
            if value < 0:
                a, b, value, limits = b, a, -value, (-limits[1], -limits[0])
                word = {"better": "worse", "worse": "better"}.get(word, word)
            word = {"better": "first better", "worse": "second better"}.get(word, word)
            told = [number(value, limits, digits), p_value(one.verdict.p), word]
        else:
            notes.add(f"No verdict: {one.reason}.")
        pair = f"{facts.study.name(a)} vs {facts.study.name(b)}"
        keys = (f"difference in {in_words(found.metric)} [range]", "p (Holm)", "verdict")
        rows.append({"pair": pair, size: f"{one.size:,}", **dict(zip(keys, told, strict=True))})
    if not rows:
        return None
    caption = (
        f"Differences between arms (first less second), {found.title}; ranges hold together with "
        f"{LEVEL:.0%} confidence, family of {found.family:,}."
    )
    return Sheet("verdicts", caption, pd.DataFrame(rows), tuple(sorted(notes)))


def p_value(p: float) -> str:
    """Three decimals, and "< 0.001"."""
    return f"< {LEAST_P}" if p < LEAST_P else f"{p:.3f}"
