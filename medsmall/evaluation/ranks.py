"""Arms over many data sets: Friedman's test on ranks, and Nemenyi's critical difference.

Data sets are the sample: what holds for six of them or more may hold for another one. Targets of
one data set are no data sets, as they share images. See Demsar, JMLR 2006.
"""

from typing import NamedTuple

import numpy as np
from scipy import stats

from medsmall.evaluation.influence import Floats
from medsmall.evaluation.intervals import LEVEL

FEWEST_DATA_SETS = 6


class Ranks(NamedTuple):
    """The mean rank of each arm (1 is best), Friedman's p value, and the critical difference.

    Two arms differ if their mean ranks differ by more, and p is below 5%. Two arms alone are
    compared by the sign test, whatever the unit of a data set; their critical difference is 0.
    """

    mean: Floats
    p: float
    critical: float


def over_data_sets(scores: Floats) -> Ranks:
    """Of `scores` (data sets, arms), higher is better; two arms and six data sets at least."""
    data_sets, arms = scores.shape
    if data_sets < FEWEST_DATA_SETS or arms < 2:
        raise ValueError(f"ranks need {FEWEST_DATA_SETS} data sets and two arms")
    mean = stats.rankdata(-scores, axis=1).mean(0)
    if arms == 2:
        wins = [int((scores[:, a] > scores[:, b]).sum()) for a, b in ((0, 1), (1, 0))]
        p = float(stats.binomtest(wins[0], sum(wins)).pvalue) if any(wins) else 1.0
        return Ranks(mean, p, 0.0)
    alike = bool((np.ptp(scores, axis=1) == 0).all())  # of ties alone the test is undefined
    p = 1.0 if alike else float(stats.friedmanchisquare(*scores.T).pvalue)
    q = stats.studentized_range.ppf(LEVEL, arms, np.inf) / np.sqrt(2)
    return Ranks(mean, p, float(q * np.sqrt(arms * (arms + 1) / (6 * data_sets))))
