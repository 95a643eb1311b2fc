"""What the records of an answer say, gathered in one place for every statement."""

import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from medsmall.configs.options import groups
from medsmall.errors import MedsmallError
from medsmall.report.arms import Study
from medsmall.report.cells import Arm
from medsmall.report.paths import without_paths
from medsmall.report.question import Answer
from medsmall.report.run import Run


def to_fill_in(what: str) -> str:
    """The mark of something that no record holds."""
    return f"[to be filled in: {what}]"


class Part(NamedTuple):
    """How many different images and patients a part of one run has."""

    images: int
    patients: int


class Draws(NamedTuple):
    """What the draws that were read say of images and patients.

    `parts` has a dictionary per run, by part; `tested` is all test parts together; `unknown` is how
    many images (of how many, in `images`) count as a patient of their own; `disjoint` is whether no
    patient is in two parts of a run.
    """

    parts: list[dict[str, Part]]
    tested: Part
    images: int
    unknown: int
    disjoint: bool


@dataclass(frozen=True)
class Facts:
    """An answer, with what its records hold beside its scores.

    `environments` are those of the runs that have one; `draws` is None where none could be read.
    """

    found: Answer
    draws: Draws | None = field(repr=False)
    environments: list[dict[str, Any]] = field(repr=False)
    said: dict[str, str] = field(default_factory=dict, repr=False)  # by `statements.say`

    @classmethod
    def of(cls, found: Answer) -> "Facts":
        """Read a draw of each test set and the environments; what is damaged is left out."""
        return cls(found, _draws(found.study), list(_environments(found.study)))

    @property
    def study(self) -> Study:
        """The runs."""
        return self.found.study

    @cached_property
    def runs(self) -> list[Run]:
        """All of them."""
        return self.study.runs

    @property
    def metrics(self) -> dict[str, Any]:
        """Those of one run, for what all have in common."""
        return self.runs[0].metrics

    @cached_property
    def whole(self) -> dict[str, Any]:
        """The config of one run with the keys that cannot change a result; {} if it is damaged."""
        try:
            return self.runs[0].record.config
        except MedsmallError:
            return {}

    @property
    def people(self) -> str:
        """What is kept in one part: patients, or "lesions" or "images" where they are unknown."""
        if self.draws and self.draws.unknown == self.draws.images:
            return "images"
        return self.study.people

    def values(self, key: str) -> list[Any]:
        """The different values of a key over all runs that have it, in order."""
        found = {run.config[key] for run in self.runs if run.config.get(key) is not None}
        return sorted(found, key=lambda one: (isinstance(one, str), one))

    def each(self, subject: str, clause: Callable[[Run], str]) -> str:
        """A sentence of what a `clause` says of runs, or of how arms differ in it.

        `clause` gives a part of a sentence, "" for a run that it does not apply to; `subject` names
        what differs. "" if it applies to none.
        """
        said: dict[str, set[Arm]] = {}
        for (arm, _), repeats in self.study.cells.items():
            for run in repeats.values():
                if text := clause(run):
                    said.setdefault(text, set()).add(arm)
        if not said:
            return ""
        if len(said) == 1:
            ((text, arms),) = said.items()
            of = self.label(arms)
            return sentence(f"{text} (arms: {of})" if of else text)
        parts = [f"({self.label(arms) or 'some runs'}) {text}" for text, arms in said.items()]
        return sentence(f"{subject} differed between arms: {'; '.join(parts)}")

    def label(self, arms: Collection[Arm]) -> str:
        """Some arms in words: by one factor that tells them from all others, if there is one.

        "" for all of them.
        """
        if len(arms) == len(self.study.arms):
            return ""
        for k, factor in enumerate(self.study.factors):
            values = {arm[k] for arm in arms}
            if sum(arm[k] in values for arm in self.study.arms) == len(arms):
                return ", ".join(self.option(factor, one) for one in sorted(values))
        return " / ".join(self.study.name(arm) for arm in sorted(arms))

    def option(self, factor: str, value: str) -> str:
        """A value of a factor in words."""
        if value in ("None", "none"):
            return f"no {factor}"
        value = without_paths(value)
        return value if factor in groups() else f"{factor}={value}"


def sentence(text: str) -> str:
    """A capital and a full stop."""
    return f"{text[:1].upper()}{text[1:]}."


def listed(words: Collection[Any], most: int = 12) -> str:
    """ "a, b and c"; of many the first `most` and how many more."""
    told = [str(word) for word in words]
    if len(told) > most:
        return f"{', '.join(told[:most])} and {len(told) - most} more"
    return " and ".join([", ".join(told[:-1]), told[-1]]) if len(told) > 1 else "".join(told)


def span(numbers: Collection[int]) -> str:
    """ "50", or "50 to 2,000"."""
    low, high = min(numbers), max(numbers)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _environments(study: Study) -> Iterator[dict[str, Any]]:
    for run in study.runs:
        try:
            yield run.record.environment
        except MedsmallError:
            continue


def _draws(study: Study) -> Draws | None:
    parts: list[dict[str, Part]] = []
    tested: dict[str, set[str]] = {"image": set(), "patient": set()}
    images, unknown, disjoint = 0, 0, True
    for run in _some(study):
        try:
            draw = run.record.draw.drop_duplicates(["image", "part"])
        except MedsmallError:
            return None
        by_part = draw.groupby("part")
        parts.append({str(k): Part(len(of), of["patient"].nunique()) for k, of in by_part})
        for column, seen in tested.items():
            seen |= set(draw.loc[draw["part"] == "test", column])
        if not images:
            images, unknown = len(draw), int((draw["image"] == draw["patient"]).sum())
        disjoint &= bool((draw.groupby("patient")["part"].nunique() == 1).all())
    return Draws(parts, Part(*map(len, tested.values())), images, unknown, disjoint)


def _some(study: Study) -> list[Run]:
    """A run of the largest size; of cross-validation, one of each fold."""
    size = study.sizes[-1]
    cells = [cell for (_, of), cell in study.cells.items() if of == size]
    cell = max(cells, key=len)
    if not study.is_kfold:
        return [next(iter(cell.values()))]
    folds: dict[str, Run] = {}
    for repeat, run in sorted(cell.items(), key=lambda one: json.dumps(one[0])):
        folds.setdefault(str(run.config.get("split.fold", study.fold(repeat))), run)
    return list(folds.values())
