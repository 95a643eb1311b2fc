"""Means with intervals of every cell of a study, and verdicts on its arms."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from medsmall.evaluation.comparison import Estimate, Verdict, minus, over_repeats, verdicts
from medsmall.evaluation.influence import Score
from medsmall.evaluation.intervals import Interval, interval, too_few
from medsmall.record.tested import LOWER_IS_BETTER
from medsmall.report.arms import Study

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
    found = []
    for arm in study.arms:
        for size in study.sizes:
            runs = study.cells.get((arm, size), {})
            scores = {
                repeat: one for repeat, run in runs.items() if (one := run.score(metric, target))
            }
            if _all_alike(list(scores.values())):
                scores = dict(list(scores.items())[:1])
            if scores:
                found.append(_cell(study, arm, size, metric, scores))
    return found


def _all_alike(scores: list[Score]) -> bool:
    """Whether repeats are one and the same run: of a closed form on all images."""
    return len(scores) > 1 and all(
        np.array_equal(one.influence, scores[0].influence) for one in scores[1:]
    )


def _cell(study: Study, arm: Arm, size: int, metric: str, scores: dict[str, Score]) -> Cell:
    runs = [study.cells[arm, size][repeat] for repeat in scores]
    every = list(scores.values())
    found, limits, reason = None, None, ""
    if study.folds:
        found = over_folds(every, study.share_tested)
        limits = found.interval() if found else None
        reason = "" if found else "one fold alone"
    elif len(every) > 1:
        found = over_repeats(every)
        reason = too_few(every[0])
        limits = None if reason else _inside(metric, found.interval())
    else:
        limits, reason = interval(metric, every[0]), too_few(every[0])
    validation = [run.metrics["val"]["mean"].get(metric) for run in runs]
    known = [value for value in validation if value is not None]
    return Cell(
        arm, size, round(np.mean([run.metrics["labels_used"] for run in runs])), len(every),
        float(np.mean([one.value for one in every])), scores, found, limits, reason,
        float(np.mean(known)) if known else None,
    )  # fmt: skip


def over_folds(scores: list[Score], share: float) -> Estimate | None:
    """The mean over folds; None of a single one.

    Folds share their training images, so their scatter is too small: s^2 (1/K + n_test / n_train)
    instead of s^2 / K (Nadeau and Bengio, Machine Learning 2003). `share` is n_test / n_train. No
    unbiased estimate exists (Bengio and Grandvalet, JMLR 2004).
    """
    if len(scores) < 2:
        return None
    values = np.array([one.value for one in scores])
    drawn = float(values.var(ddof=1)) * (1 / len(values) + share)
    patients = sum(one.patients for one in scores)
    return Estimate(float(values.mean()), drawn, 0.0, len(values), patients)


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
                found.append(_comparison(study, one, other))
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


def _comparison(study: Study, a: Cell, b: Cell) -> Comparison:
    both = [repeat for repeat in a.scores if repeat in b.scores]
    if len(both) < 2:
        reason = (
            "one repeat says nothing about another draw: add sample_size.repeat=0,1,2,3,4"
            if both
            else "their repeats have different draws"
        )
        return Comparison(a.arm, b.arm, a.size, None, None, reason)
    if any(study.test(a.arm, a.size, r) != study.test(b.arm, b.size, r) for r in both):
        return Comparison(a.arm, b.arm, a.size, None, None, "their test sets differ")
    pairs = [minus(a.scores[repeat], b.scores[repeat]) for repeat in both]
    if reason := too_few(pairs[0]):
        return Comparison(a.arm, b.arm, a.size, None, None, reason)
    found = over_folds(pairs, study.share_tested) if study.folds else over_repeats(pairs)
    return Comparison(a.arm, b.arm, a.size, found, None, "")


def _signed(of: Estimate, sign: int) -> Estimate:
    return of._replace(value=sign * of.value)


def _turned(verdict: Verdict, sign: int) -> Verdict:
    if sign > 0:
        return verdict
    return verdict._replace(low=-verdict.high, high=-verdict.low)


def _inside(metric: str, limits: Interval) -> Interval:
    """Cut where the metric ends."""
    lowest: float = {"cohen_kappa": -1.0, "r2": -np.inf, "mean_error": -np.inf}.get(metric, 0.0)
    highest = np.inf if metric in ("mae", "rmse", "mean_error") else 1.0
    return Interval(max(limits.low, lowest), min(limits.high, highest))


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
