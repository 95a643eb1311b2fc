"""ROC, precision-recall and confusion of a test, as points and counts: no row of a patient."""

import numpy as np
from sklearn.metrics import precision_recall_curve, roc_curve

from medsmall.logger.charts import Chart, Confusion, Curves, Line
from medsmall.record.predicted import Predicted
from medsmall.task import Task

MOST = 200  # points of a line


def charts(tested: Predicted) -> list[Chart]:
    """Of numbers none; of findings and classes those that have what they need."""
    if tested.targets.task == Task.REGRESSION:
        return []
    roc: dict[str, Line] = {}
    pr: dict[str, Line] = {}
    for k, name in enumerate(tested.targets.names):
        known = ~np.isnan(tested.y[:, k])
        y, p = tested.y[known, k], tested.predicted[known, k]
        if 0 < y.sum() < len(y):
            false, true, _ = roc_curve(y, p)
            precision, recall, _ = precision_recall_curve(y, p, drop_intermediate=True)
            roc[name], pr[name] = _line(false, true), _line(recall[::-1], precision[::-1])
    found: list[Chart] = []
    if roc:
        found.append(Curves("test/roc", "ROC", "false positive rate", "true positive rate", roc))
        found.append(Curves("test/pr", "Precision and recall", "recall", "precision", pr))
    return [*found, *_confusions(tested)]


def _line(x: np.ndarray, y: np.ndarray) -> Line:
    """At most MOST of its points, both ends among them."""
    kept = np.unique(np.linspace(0, len(x) - 1, min(len(x), MOST)).round().astype(int))
    return x[kept].tolist(), y[kept].tolist()


def _confusions(tested: Predicted) -> list[Chart]:
    """Of classes one; of findings one each, at its threshold."""
    test, names = tested.metrics["test"], tested.targets.names
    if tested.targets.task == Task.MULTICLASS:
        return [Confusion("test/confusion", "Test images", names, test["confusion"])]
    found: list[Chart] = []
    for k, name in enumerate(names):
        threshold = test["targets"][name].get("threshold")
        known = ~np.isnan(tested.y[:, k])
        if threshold is None or not known.any():
            continue
        y = tested.y[known, k].astype(int)
        called = (tested.predicted[known, k] >= threshold).astype(int)
        counts = np.zeros((2, 2), dtype=int)
        np.add.at(counts, (y, called), 1)
        place = "test/confusion" if len(names) == 1 else f"test/{name}/confusion"
        found.append(Confusion(place, name, [f"no {name}", name], counts.tolist()))
    return found
