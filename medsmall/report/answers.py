"""Means with intervals of every cell of a study, and verdicts on its arms."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from medsmall.evaluation.comparison import (
    Estimate,
    Verdict,
    minus,
    over_folds,
    over_repeats,
    verdicts,
)
from medsmall.evaluation.influence import Score
from medsmall.evaluation.intervals import Interval, interval, of_mean, too_few
from medsmall.evaluation.threshold import FEW
from medsmall.record.predicted import LOWER_IS_BETTER, MEAN, mean_score
from medsmall.report.arms import Study
from medsmall.report.run import Run

Arm = tuple[str, ...]


@dataclass(frozen=True)
class Cell:
    """One arm at one size: the mean over its repeats, or a single run.

    `found` is None where one repeat alone leaves the repeats' part unknown; `reason` says why there
    is no `interval`.
    """

    arm: Arm
    size: int
    labels: int
    repeats: int
    mean: float
    scores: dict[str, Score]
    found: Estimate | None
    interval: Interval | None
    reason: str
    validation: float | None


@dataclass(frozen=True)
class Comparison:
    """Two arms at one size, a - b; `verdict` is None with a `reason`."""

    a: Arm
    b: Arm
    size: int
    found: Estimate | None
    verdict: Verdict | None
    reason: str


def cells_of(study: Study, metric: str, target: str) -> list[Cell]:
    """One per arm and size, in their order; those whose score is undefined are left out."""
    names = targets_in(study, metric, target)
    found = []
    for arm in study.arms:
        for size in study.sizes:
            runs = study.cells.get((arm, size), {})
            scores = {
                repeat: one for repeat, run in runs.items() if (one := _score(run, metric, names))
            }
            if scores:
                found.append(_cell(study, arm, size, metric, names, scores))
    return found


def targets_in(study: Study, metric: str, target: str) -> list[str]:
    """The targets of a mean: those with a score in every run that rests on enough patients.

    One set for all runs, whatever was drawn. If none has enough, those with a score in every run.
    [] for a metric of all classes together.
    """
    if target != MEAN:
        return [target]
    if metric in study.runs[0].overall:
        return []
    names = study.runs[0].names
    if len(names) == 1:
        return names
    scores = {name: [run.score(metric, name) for run in study.runs] for name in names}
    defined = [name for name, of in scores.items() if all(of)]
    enough = [name for name in defined if not any(one and too_few(one) for one in scores[name])]
    return enough or defined or names


def _score(run: Run, metric: str, names: list[str]) -> Score | None:
    if not names:
        return run.score(metric)
    return mean_score([run.score(metric, name) for name in names])


def _cell(
    study: Study, arm: Arm, size: int, metric: str, names: list[str], scores: dict[str, Score]
) -> Cell:
    runs = {repeat: study.cells[arm, size][repeat] for repeat in scores}
    alike = len({run.predictions for run in runs.values()}) == 1  # of a closed form
    by_repeat = dict(list(scores.items())[:1]) if alike and not study.is_kfold else scores
    every = list(by_repeat.values())
    mean = float(np.mean([one.value for one in every]))
    chances = [one.chance for one in every if one.chance is not None]
    chance = float(np.mean(chances)) if chances else None
    found, reason = _estimate(study, by_repeat)
    whole = every[0]._replace(value=mean, chance=chance)
    limits = None
    if found is not None:
        whole = whole._replace(patients=found.patients)
        limits = of_mean(metric, whole, found.tested, found.drawn, found.repeats)
    elif not reason:
        limits = interval(metric, every[0])
    reason = reason or too_few(whole)
    validation = [_validation(run, metric, names) for run in runs.values()]
    known = [value for value in validation if value is not None]
    labels = round(float(np.mean([run.metrics["labels_used"] for run in runs.values()])))
    return Cell(
        arm, size, labels, len(every), mean, scores, found, limits, reason,
        float(np.mean(known)) if known else None,
    )  # fmt: skip


def _estimate(study: Study, scores: dict[str, Score]) -> tuple[Estimate | None, str]:
    """The mean over repeats or folds, and why there is none; neither for a single run."""
    if study.is_kfold:
        folds: dict[str, list[Score]] = {}
        for repeat, one in scores.items():
            folds.setdefault(study.fold(repeat), []).append(one)
        if len(folds) < 2:
            return None, "one fold alone does not say how folds differ"
        values = [float(np.mean([one.value for one in of])) for of in folds.values()]
        return over_folds(values, sum(of[0].patients for of in folds.values())), ""
    return (over_repeats(list(scores.values())) if len(scores) > 1 else None), ""


def _validation(run: Run, metric: str, names: list[str]) -> float | None:
    """The validation score of the same targets."""
    if not names:
        return run.metrics["val"].get(metric)
    values = [run.metrics["val"]["targets"][name].get(metric) for name in names]
    return None if None in values else float(np.mean(values))


def family_size(study: Study, compare: list[str]) -> int:
    """How many comparisons of two or more repeats a study holds."""
    return sum(
        len(study.cells.get((a, size), {}).keys() & study.cells.get((b, size), {}).keys()) > 1
        for a, b in study.pairs(compare)
        for size in study.sizes
    )


def compared(
    study: Study,
    cells: list[Cell],
    metric: str,
    compare: list[str],
    margin: float | None,
    count: int,
) -> list[Comparison]:
    """All pairs of arms that differ in one factor, at each size, of a family of `count`."""
    by_place = {(cell.arm, cell.size): cell for cell in cells}
    found = []
    for a, b in study.pairs(compare):
        for size in study.sizes:
            one, other = by_place.get((a, size)), by_place.get((b, size))
            if one and other:
                found.append(_comparison(study, one, other, metric))
    family = [c.found for c in found if c.found]
    sign = -1 if metric in LOWER_IS_BETTER else 1
    signed = [_signed(of, sign) for of in family]
    told = iter(verdicts(signed, margin, count) if family else [])
    return [
        c
        if c.found is None
        else Comparison(c.a, c.b, c.size, c.found, _turned(next(told), sign), "")
        for c in found
    ]


def _comparison(study: Study, a: Cell, b: Cell, metric: str) -> Comparison:
    def without(reason: str) -> Comparison:
        return Comparison(a.arm, b.arm, a.size, None, None, reason)

    both = [repeat for repeat in a.scores if repeat in b.scores]
    if metric == "mean_error":
        return without("of two mean errors neither is better: compare MAE")
    if not both:
        return without("no run of one has the same draw as a run of the other")
    if any(study.identity(a.arm, a.size, r) != study.identity(b.arm, b.size, r) for r in both):
        return without("their test sets differ")
    pairs = {repeat: minus(a.scores[repeat], b.scores[repeat]) for repeat in both}
    if len(both) < 2:
        more = "split.fold=0,1,2,3,4" if study.is_kfold else "sample_size.repeat=0,1,2,3,4"
        return without(f"one repeat says nothing about another draw: add {more}")
    if not study.is_kfold and _same(list(pairs.values())):
        return without("their repeats are one and the same run: give a sample_size.n, or folds")
    found, reason = _estimate(study, pairs)
    if found is None:
        return without(reason)
    if found.patients < FEW:
        return without(too_few(pairs[both[0]]._replace(patients=found.patients)))
    if found.error == 0:
        return without("their scores do not vary at all")
    return Comparison(a.arm, b.arm, a.size, found, None, "")


def _same(scores: list[Score]) -> bool:
    """Whether repeats do not differ at all, though patients move their score."""
    first = scores[0]
    alike = all(
        one.value == first.value and np.array_equal(one.influence, first.influence)
        for one in scores
    )
    return alike and bool(first.influence.any())


def _signed(of: Estimate, sign: int) -> Estimate:
    return of._replace(value=sign * of.value)


def _turned(verdict: Verdict, sign: int) -> Verdict:
    if sign > 0:
        return verdict
    return verdict._replace(low=-verdict.high, high=-verdict.low)


def rows(study: Study, cells: list[Cell]) -> list[dict[str, Any]]:
    """The cells as rows of a table, every number."""
    return [
        {
            **dict(zip(study.factors, cell.arm, strict=True)),
            "train_images": cell.size, "labels": cell.labels, "repeats": cell.repeats,
            "mean": cell.mean,
            "low": cell.interval.low if cell.interval else None,
            "high": cell.interval.high if cell.interval else None,
            "no_interval": cell.reason,
            "sd_of_repeats": float(np.std([s.value for s in cell.scores.values()], ddof=1))
            if cell.repeats > 1 else None,
            "variance_by_repeats": cell.found.drawn if cell.found else None,
            "variance_by_patients": cell.found.tested if cell.found else None,
            "validation": cell.validation,
        }
        for cell in cells
    ]  # fmt: skip


def verdict_rows(study: Study, comparisons: list[Comparison]) -> list[dict[str, Any]]:
    """The comparisons as rows of a table, every number."""
    return [
        {
            "a": study.name(c.a), "b": study.name(c.b), "train_images": c.size,
            "difference": c.found.value if c.found else None,
            "error": c.found.error if c.found else None,
            "repeats": c.found.repeats if c.found else None,
            **({"verdict": c.verdict.word, "low": c.verdict.low, "high": c.verdict.high,
                "p_holm": c.verdict.p} if c.verdict else
               {"verdict": None, "low": None, "high": None, "p_holm": None}),
            "no_verdict": c.reason,
        }
        for c in comparisons
    ]  # fmt: skip
