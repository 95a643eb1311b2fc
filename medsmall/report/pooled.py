"""The out-of-fold predictions of all folds together, as one test set."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from medsmall.evaluation import scored
from medsmall.evaluation.influence import Score
from medsmall.evaluation.intervals import interval
from medsmall.record.predicted import Predicted, mean_score
from medsmall.report.arms import Study
from medsmall.report.cells import Cell
from medsmall.report.run import Run
from medsmall.report.sentences import in_words


def sentences(
    study: Study, cells: Sequence[Cell], metric: str, targets: Sequence[str]
) -> Iterator[str]:
    """One per arm and size: the score of all folds pooled, named apart from their mean.

    Only of scores of a ranking, which differ: a pooled one also ranks images of different folds,
    which different networks scored. It tends to be lower (Airola et al., Comput Stat Data Anal
    2011).
    """
    if not study.is_kfold or metric not in scored.AREAS:
        return
    told = False
    for cell in cells:
        score = pooled(list(study.cells[cell.arm, cell.size].items()), metric, targets)
        if score is None:
            continue
        limits = interval(metric, score)
        span = f" [{limits.low:.3f}, {limits.high:.3f}]" if limits else ""
        told = True
        yield (
            f"{study.name(cell.arm)}, {study.at(cell.size)}: {in_words(metric)} of all "
            f"folds pooled {score.value:.3f}{span}; the mean of the folds is {cell.mean:.3f}."
        )
    if told:
        yield (
            "A pooled score also ranks images that different networks scored, so it tends to be "
            "lower; its interval holds for these networks. Verdicts are about the mean of folds."
        )


def pooled(runs: Sequence[tuple[str, Run]], metric: str, targets: Sequence[str]) -> Score | None:
    """The mean over repeats of the folds, with the first one's influences.

    None if it is undefined, or a fold is missing.
    """
    together = defaultdict(list)
    for repeat, run in runs:
        values = json.loads(repeat)
        values.pop("split.fold", None)
        together[json.dumps(values)].append(run)
    scores = [_of_folds(folds, metric, targets) for folds in together.values()]
    known = [one for one in scores if one is not None]
    if not known or len(known) < len(scores):
        return None
    return known[0]._replace(value=float(np.mean([one.value for one in known])))


def _of_folds(runs: Sequence[Run], metric: str, targets: Sequence[str]) -> Score | None:
    if len(runs) < runs[0].config["split.folds"]:
        return None
    tests = [Predicted.of(run.record) for run in runs]
    names = np.concatenate([test.patients[test.patient] for test in tests])
    patients, patient = np.unique(names, return_inverse=True)
    each = []
    for name in targets:
        k = tests[0].targets.names.index(name)
        y = np.concatenate([test.y[:, k] for test in tests])
        prob = np.concatenate([test.predicted[:, k] for test in tests])
        each.append(scored.of_finding(metric, y, prob, None, patient, len(patients)))
    return mean_score(each)
