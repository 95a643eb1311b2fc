"""Arms compared over six data sets or more, by their ranks."""

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from medsmall.evaluation.intervals import LEVEL
from medsmall.evaluation.ranks import FEWEST_DATA_SETS, over_data_sets
from medsmall.record.predicted import LOWER_IS_BETTER, MEAN
from medsmall.report.arms import Study, commonest_metric
from medsmall.report.cells import cells_of


def sentences(studies: Sequence[Study]) -> Iterator[str]:
    """The mean ranks at the largest size that all data sets have, and which arms differ.

    Nothing below six data sets. Of several studies of a data set, the one with the most runs
    counts, with its own headline metric.
    """
    if (
        len({run.config["dataset"] for study in studies for run in study.runs[:1]})
        < FEWEST_DATA_SETS
    ):
        return
    tables = _tables(studies)
    if len(tables) < FEWEST_DATA_SETS:
        return
    places = set.intersection(*({*table} for table in tables.values()))
    size = max((size for _, size in places), default=0)
    arms = sorted(arm for arm, of in places if of == size)
    if len(arms) < 2:
        yield f"{len(tables)} data sets have no size with the same two arms: no ranks over them."
        return
    ranks = over_data_sets(np.array([[table[arm, size] for arm in arms]
                                     for table in tables.values()]))  # fmt: skip
    order = np.argsort(ranks.mean, kind="stable")
    listed = ", ".join(f"{arms[k]} {ranks.mean[k]:.2f}" for k in order)
    yield (
        f"Over {len(tables)} data sets at {size:,} training images, mean ranks (1 is best): "
        f"{listed}; p = {ranks.p:.2g} that all arms are equal."
    )
    apart = [
        f"{arms[a]} is better than {arms[b]}"
        for a, b in combinations(order, 2)
        if ranks.p < 1 - LEVEL and ranks.mean[b] - ranks.mean[a] > ranks.critical
    ]
    how = f" (mean ranks more than {ranks.critical:.2f} apart)" if ranks.critical else ""
    told = f"{'; '.join(apart)}{how}" if apart else "no two arms can be told apart"
    yield f"Over these data sets, {told}."


def _tables(studies: Sequence[Study]) -> dict[str, dict[tuple[str, int], float]]:
    """By data set: the mean score of each arm at each size, higher is better."""
    found: dict[str, dict[tuple[str, int], float]] = {}
    for study in studies:  # those with the most runs first
        dataset = str(study.runs[0].config["dataset"])
        if dataset in found or study.runs[0].config["phantom"]:
            continue
        metric = commonest_metric(study.runs)
        sign = -1 if metric in LOWER_IS_BETTER else 1
        found[dataset] = {
            (study.name(cell.arm), cell.size): sign * cell.mean
            for cell in cells_of(study, metric, MEAN)
        }
    return found
