"""A score in each subgroup of a test set, and how it differs from that of all the other images.

A difference is between the score of the group and the score of all images outside it. Its interval
is made of both intervals (`intervals.of_difference`) and their correlation, from the influences: a
patient may have images on both sides. The p value is the level at which the interval ends at 0, so
that 0 is outside a 95% interval exactly where p < 5%. Over the family, p values are Holm's (Scand J
Stat 1979); two groups that are each other's rest are one question.

A difference is no cause: groups may differ in how hard their images are.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from medsmall.evaluation.comparison import LEAST_P, holm
from medsmall.evaluation.influence import Score, covariance
from medsmall.evaluation.intervals import LEVEL, Interval, interval, of_difference
from medsmall.evaluation.measured import Measured, measured

Rows = NDArray[np.bool_]
Scorer = Callable[[Rows], Score | None]


class Subgroup(NamedTuple):
    """One group.

    Attributes:
        images: how many; `positive` of them (0 where labels are no 0 and 1).
        positive: see `images`.
        patients: how many.
        score: in the group.
        difference: from that of all the other images; its reason says why it is undefined.
        p: of no difference; None if undefined.
        holm: p adjusted for all groups that have one.
    """

    images: int
    positive: int
    patients: int
    score: Measured
    difference: Measured
    p: float | None
    holm: float | None


def subgroups(
    metric: str,
    scorer: Scorer,
    groups: Mapping[str, Rows],
    y: NDArray[np.float64],
    patient: NDArray[np.integer],
) -> dict[str, Subgroup]:
    """Each of the `groups`, which may overlap and leave images out, in their order.

    Args:
        metric: what `scorer` gives, a name of `scored`.
        scorer: the score of rows (N,), with influences of all patients of the test: those without
            a row have 0. For instance ``lambda rows: scored.of_finding("auroc", y[rows],
            prob[rows], None, patient[rows], g)``.
        groups: rows (N,) by name.
        y: (N,) labels of the rows, NaN = unknown; only counted.
        patient: (N,) codes.
    """
    found = {}
    for name, rows in groups.items():
        own, others = scorer(rows), scorer(~rows)
        known = rows & ~np.isnan(y)
        score = measured(metric, own, _undefined(y[rows]))
        difference, p = _difference(metric, own, others, score, _undefined(y[~rows]))
        found[name] = Subgroup(
            int(known.sum()), int((y[known] == 1).sum()), len(np.unique(patient[known])),
            score, difference, p, None,
        )  # fmt: skip
    questions = {name: min(rows.tobytes(), (~rows).tobytes()) for name, rows in groups.items()}
    ps = {questions[name]: group.p for name, group in found.items() if group.p is not None}
    adjusted = dict(zip(ps, holm(np.array(list(ps.values())), len(ps)).tolist(), strict=True))
    return {
        name: group._replace(holm=adjusted.get(questions[name])) for name, group in found.items()
    }


def _difference(
    metric: str, own: Score | None, others: Score | None, score: Measured, undefined: str
) -> tuple[Measured, float | None]:
    """The difference and its p value."""
    if own is None or others is None:
        reason = score.reason if own is None else f"of the other images: {undefined}"
        return Measured(None, None, reason), None
    value = own.value - others.value
    for of, where in ((own, ""), (others, "of the other images: ")):
        if reason := measured(metric, of, "").reason:
            return Measured(value, None, where + reason), None
    shared = covariance(np.stack([own.influence, others.influence]))
    error = float(np.sqrt(shared[0, 0] * shared[1, 1]))
    alike = float(shared[0, 1]) / error if error else 0.0

    def at(level: float) -> Interval:
        ends = interval(metric, own, level), interval(metric, others, level)
        assert ends[0] is not None
        assert ends[1] is not None
        return of_difference(own.value, others.value, (ends[0], ends[1]), alike)

    return Measured(value, at(LEVEL)), _p(value, at)


def _p(value: float, at: Callable[[float], Interval]) -> float:
    """1 - the level at which the interval of the difference ends at 0."""

    def beyond(log_p: float) -> float:
        low, high = at(1 - float(np.exp(log_p)))
        return -low if value > 0 else high

    if value == 0 or beyond(np.log(1 - 1e-9)) >= 0:
        return 1.0
    if beyond(np.log(LEAST_P)) <= 0:
        return LEAST_P
    return float(np.exp(brentq(beyond, np.log(LEAST_P), np.log(1 - 1e-9), xtol=1e-7)))


def _undefined(y: NDArray[np.float64]) -> str:
    """Why labels (N,) give no score."""
    known = y[~np.isnan(y)]
    if not len(known):
        return "no known label"
    return f"{int((known == 1).sum())} positives among {len(known)} known labels"
