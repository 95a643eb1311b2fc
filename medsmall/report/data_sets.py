"""Arms compared over six data sets or more, by their ranks."""

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from medsmall.evaluation.intervals import LEVEL
from medsmall.evaluation.ranks import FEWEST_DATA_SETS, over_data_sets
from medsmall.evaluation.scales import LOWER_IS_BETTER
from medsmall.record.predicted import MEAN
from medsmall.report.arms import Study, commonest_metric
from medsmall.report.cells import cells_of


def sentences(studies: Sequence[Study]) -> Iterator[str]:
    """The mean ranks at the largest size that all data sets have, and which arms differ.

    Nothing below six data sets. Of several studies of a data set, the one with the most runs
    counts, with its own headline metric.
    """
    chosen: dict[str, Study] = {}
    for study in studies:  # those with the most runs first
        if not study.runs[0].config["phantom"]:
            chosen.setdefault(str(study.runs[0].config["dataset"]), study)
    if len(chosen) < FEWEST_DATA_SETS:
        return
    tables = [_means(study) for study in chosen.values()]
    arms_at: dict[int, list[str]] = {}
    for arm, of in sorted(set.intersection(*({*table} for table in tables))):
        arms_at.setdefault(of, []).append(arm)
    size = max((of for of, arms in arms_at.items() if len(arms) > 1), default=None)
    if size is None:
        yield f"{len(chosen)} data sets have no size with the same two arms: no ranks over them."
        return
    arms = arms_at[size]
    ranks = over_data_sets(np.array([[table[arm, size] for arm in arms] for table in tables]))
    order = np.argsort(ranks.mean, kind="stable")
    listed = ", ".join(f"{arms[k]} {ranks.mean[k]:.2f}" for k in order)
    yield (
        f"Over {len(chosen)} data sets at {size:,} training images, mean ranks by each one's "
        f"headline metric (1 is best): {listed}; p = {ranks.p:.2g} that all arms are equal."
    )
    apart = [
        f"{arms[a]} is better than {arms[b]}"
        for a, b in combinations(order, 2)
        if ranks.p < 1 - LEVEL and ranks.mean[b] - ranks.mean[a] > ranks.critical
    ]
    how = f" (mean ranks more than {ranks.critical:.2f} apart)" if ranks.critical else ""
    told = f"{'; '.join(apart)}{how}" if apart else "no two arms can be told apart"
    yield f"Over these data sets, {told}."


def _means(study: Study) -> dict[tuple[str, int], float]:
    """The mean score of each arm at each size; higher is better."""
    metric = commonest_metric(study.runs)
    sign = -1 if metric in LOWER_IS_BETTER else 1
    cells = cells_of(study, metric, MEAN)
    return {(study.name(cell.arm), cell.size): sign * cell.mean for cell in cells}
