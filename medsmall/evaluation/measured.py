"""A number of a test set with its 95% interval over patients, or the reason why it lacks one."""

from typing import NamedTuple

from medsmall.evaluation.influence import Score
from medsmall.evaluation.intervals import Interval, interval, too_few


class Measured(NamedTuple):
    """A `value`, None if undefined; its `interval`, None if it has none; and the `reason` for None.

    The reason is "" where both are there.
    """

    value: float | None
    interval: Interval | None
    reason: str = ""


def measured(metric: str, score: Score | None, undefined: str) -> Measured:
    """That of a score, on the scale of the metric (`medsmall.evaluation.scales`).

    A score of None is `undefined` for this reason.
    """
    if score is None:
        return Measured(None, None, undefined)
    return Measured(score.value, interval(metric, score), too_few(score))
