"""Verdicts on two arms at one size, all in one family."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from medsmall.evaluation.comparison import Estimate, Verdict, for_new_pool, minus, verdicts
from medsmall.evaluation.influence import Score
from medsmall.evaluation.intervals import too_few
from medsmall.evaluation.threshold import FEW
from medsmall.record.predicted import LOWER_IS_BETTER
from medsmall.report.arms import Study
from medsmall.report.cells import Arm, Cell, estimate


@dataclass(frozen=True)
class Comparison:
    """Two arms at one size, a - b; `verdict` is None with a `reason`.

    `new_pool` is what would hold for another pool, of which each draw takes the `share`; None if
    the share is unknown or everything.
    """

    a: Arm
    b: Arm
    size: int
    found: Estimate | None
    verdict: Verdict | None
    reason: str
    share: float | None = None
    new_pool: Verdict | None = None


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
        c if c.found is None else _judged(c, _turned(next(told), sign), sign, margin, count)
        for c in found
    ]


def _judged(
    c: Comparison, verdict: Verdict, sign: int, margin: float | None, count: int
) -> Comparison:
    """The comparison with its verdict, and with what another pool would say."""
    elsewhere = None
    if c.found and c.share is not None and (wider := for_new_pool(c.found, c.share)):
        (alone,) = verdicts([_signed(wider, sign)], margin, count)
        elsewhere = _turned(alone, sign)
    return replace(c, verdict=verdict, new_pool=elsewhere)


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
    found, reason = estimate(study, pairs)
    if found is None:
        return without(reason)
    if found.patients < FEW:
        return without(too_few(pairs[both[0]]._replace(patients=found.patients)))
    if found.error == 0:
        return without("their scores do not vary at all")
    runs = [study.cells[cell.arm, cell.size][repeat] for cell in (a, b) for repeat in both]
    shares = [run.metrics["drawn_share"] for run in runs if "drawn_share" in run.metrics]
    known = len(shares) == len(runs) and not study.is_kfold
    share = float(np.mean(shares)) if known else None
    return Comparison(a.arm, b.arm, a.size, found, None, "", share)


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
            "drawn_share": c.share,
            "new_pool_low": c.new_pool.low if c.new_pool else None,
            "new_pool_high": c.new_pool.high if c.new_pool else None,
            "no_verdict": c.reason,
        }
        for c in comparisons
    ]  # fmt: skip
