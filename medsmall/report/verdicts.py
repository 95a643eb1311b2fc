"""Verdicts on two arms at one size, all in one family."""

from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from medsmall.evaluation.comparison import Estimate, Verdict, for_new_pool, minus, verdicts
from medsmall.evaluation.influence import Score
from medsmall.evaluation.intervals import LEVEL, Interval, too_few
from medsmall.evaluation.scales import LOWER_IS_BETTER, lowest
from medsmall.evaluation.threshold import FEW
from medsmall.report.arms import Study
from medsmall.report.cells import Arm, Cell, estimate, grid

R = TypeVar("R", Verdict | None, Interval | None)


@dataclass(frozen=True)
class Comparison:
    """Two arms at one size, a - b; `verdict` is None with a `reason`.

    It is `partial` if one has repeats that the other lacks, and `crossed` if each of its draws met
    each of its seeds; differences below `margin` are called equivalent. `new_pool` is the interval
    for another pool, of which each draw takes the `share`; None if the share is unknown or nearly
    everything.
    """

    a: Arm
    b: Arm
    size: int
    found: Estimate | None
    verdict: Verdict | None
    reason: str
    partial: bool = False
    share: float | None = None
    new_pool: Interval | None = None
    crossed: bool = False
    margin: float | None = None


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
                found.append(_comparison(study, one, other, metric, count))
    family = [c.found for c in found if c.found]
    sign = -1 if metric in LOWER_IS_BETTER else 1
    signed = [_signed(of, sign) for of in family]
    told = iter(verdicts(signed, margin, count) if family else [])
    return [
        c
        if c.found is None
        else _possible(replace(c, verdict=_turned(next(told), sign), margin=margin), metric)
        for c in found
    ]


def _possible(c: Comparison, metric: str) -> Comparison:
    """The comparison with ranges that no score's difference can leave."""
    if (least := lowest(metric)) is None:
        return c
    most = 1 - least

    def clipped(one: R) -> R:
        return one and one._replace(low=max(one.low, -most), high=min(one.high, most))

    return replace(c, verdict=clipped(c.verdict), new_pool=clipped(c.new_pool))


def _comparison(study: Study, a: Cell, b: Cell, metric: str, count: int) -> Comparison:
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
        return without(too_few(pairs[both[0]]._replace(patients=found.patients), study.people))
    if found.error == 0:
        return without("their scores do not vary at all")
    runs = [study.cells[cell.arm, cell.size][repeat] for cell in (a, b) for repeat in both]
    shares = [run.metrics["drawn_share"] for run in runs if "drawn_share" in run.metrics]
    known = len(shares) == len(runs) and not (study.is_kfold or study.same_draws)
    crossed = grid(pairs)[0] is not None
    known = known and not crossed  # a repeat is a draw
    share = float(np.mean(shares)) if known else None
    wider = for_new_pool(found, share) if share is not None else None
    level = 1 - (1 - LEVEL) / max(count, 1)
    partial = len(both) < max(len(a.scores), len(b.scores))
    return Comparison(
        a.arm,
        b.arm,
        a.size,
        found,
        None,
        "",
        partial,
        share,
        wider.interval(level) if wider else None,
        crossed,
    )


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
            "a": study.name(c.a), "b": study.name(c.b), study.size_column: c.size,
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
