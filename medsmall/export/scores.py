"""The test scores of what is exported, with 95% intervals, ready for JSON."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from medsmall.evaluation.intervals import interval
from medsmall.record import Record
from medsmall.record.predicted import MEAN, Predicted, score


def tested(records: Sequence[Record]) -> dict[str, Any]:
    """Of one run, or of several that answer together.

    ``images`` (or studies), ``patients``, ``targets``: by target its counts and scores, and
    ``overall``: those of all targets. A score has ``value``, and ``low`` and ``high`` unless it
    rests on too few patients. Where the members have different test images, as in
    cross-validation, nobody knows the score of all together: then there is ``members``, the
    scores of each.
    """
    if any("final" in record.metrics for record in records):
        return {"before": [record.metrics.get("final") for record in records]}
    each = [Predicted.of(record) for record in records]
    if len({one.identity for one in each}) == 1:
        return _scores(each[0] if len(each) == 1 else _together(each))
    return {"members": [_scores(one) for one in each]}


def _together(each: Sequence[Predicted]) -> Predicted:
    """The mean of the predictions, at the mean of the thresholds."""
    first = each[0]
    mean = np.mean([one.predicted for one in each], axis=0)
    thresholds: dict[str, float | None] = {}
    for name in first.targets.names:
        own = [one.metrics["test"]["targets"][name].get("threshold") for one in each]
        known = [value for value in own if value is not None]
        thresholds[name] = float(np.mean(known)) if len(known) == len(own) else None
    test = first.targets.evaluate(first.y, mean, thresholds)
    return replace(first, predicted=mean, metrics={**first.metrics, "test": test})


def _scores(of: Predicted) -> dict[str, Any]:
    test, targets = of.metrics["test"], of.targets
    found: dict[str, Any] = {
        "units": len(of.y),
        "unit": str(of.metrics["unit"]),
        "patients": len(of.patients),
        "headline": targets.headline,
        "targets": {
            name: {
                **{count: test["targets"][name][count] for count in targets.counts},
                "scores": {metric: _score(of, metric, name) for metric in targets.headings},
            }
            for name in targets.names
        },
    }
    metrics = targets.overall or {targets.headline: ""}
    found["overall"] = {metric: _score(of, metric, MEAN) for metric in metrics}
    return found


def _score(of: Predicted, metric: str, target: str) -> dict[str, float] | None:
    found = score(of, metric, target)
    if found is None:
        return None
    ends = interval(metric, found)
    value = {"value": round(float(found.value), 6)}
    return value if ends is None else {
        **value, "low": round(float(ends.low), 6), "high": round(float(ends.high), 6)
    }  # fmt: skip
