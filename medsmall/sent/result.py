"""What came out of a run, by its record."""

from typing import Any

import numpy as np
import pandas as pd

from medsmall.evaluation.intervals import interval
from medsmall.logger import Result
from medsmall.record import Record
from medsmall.record.predicted import Predicted, score
from medsmall.sent.about import about
from medsmall.sent.charts import charts

COUNTS = {"n": "n_test", "n_positive": "n_test_positive"}  # in a table that has the n of the run
LEFT_OUT = ("threshold_from", "reliable", "reasons")


def result(record: Record) -> Result:
    """Numbers, words, the table by target and the charts; of a record that may lack DONE."""
    metrics, environment = record.metrics, record.environment
    tested = Predicted.of(record)
    return Result(
        {**_numbers(metrics), **_limits(tested), "seconds": float(environment["seconds"])},
        _texts(environment),
        _table(record, tested),
        charts(tested),
    )


def _numbers(metrics: dict[str, Any]) -> dict[str, float]:
    """test/loss, test/auroc (the mean), test/<target>/auroc, ..., val/auroc.

    Of classes also those of the most probable class, test/accuracy, test/macro_f1, ..., and
    test/majority/accuracy, ... of always saying the commonest one.
    """
    test, val = metrics["test"], metrics["val"]
    groups = {"test": {**test, **test["mean"]}, "val": {**val, **val["mean"]}}
    if "majority" in test:
        groups["test/majority"] = test["majority"]
    groups |= {f"test/{target}": values for target, values in test["targets"].items()}
    counted = {name: metrics[name] for name in ("epochs", "chosen_epoch") if metrics.get(name)}
    if network := metrics.get("network"):
        counted["parameters"] = sum(size for _, size in network["layers"])
        counted["parameters_trained"] = max((size for _, size in network["trained"]), default=0)
    return {name: float(value) for name, value in counted.items()} | {
        f"{group}/{name}": float(value)
        for group, values in groups.items()
        for name, value in values.items()
        if isinstance(value, int | float) and np.isfinite(value)
        if not (name.endswith("_over") and value == len(test["targets"]))  # a mean over all
    }


def _limits(tested: Predicted) -> dict[str, float]:
    """The 95% interval of the headline metric over test patients: test/auroc_low and _high.

    Nothing where the score leaves out targets of too few patients: it is not test/auroc then.
    """
    metric = tested.targets.headline
    found, test = score(tested, metric), tested.metrics["test"]
    sent = test["mean"].get(metric, test.get(metric))
    limits = interval(metric, found) if found else None
    if not found or not limits or sent is None or not np.isclose(found.value, sent):
        return {}
    return {f"test/{metric}_low": limits.low, f"test/{metric}_high": limits.high}


def _texts(environment: dict[str, Any]) -> dict[str, str]:
    packages = environment.get("packages", {})
    found = {"device": environment.get("device"), "commit": environment.get("commit")}
    found |= {name: packages.get(name) for name in ("medsmall", "torch")}
    return {name: str(value) for name, value in found.items() if value}


def _table(record: Record, tested: Predicted) -> pd.DataFrame:
    """A row per target: arm, n and repeat, its counts and metrics, the headline one's interval."""
    columns = about(record.key, record.config, tested.metrics).config
    of_run = {name: columns[name] for name in ("arm", "n", "repeat", "fold")}
    metric = tested.targets.headline
    rows = []
    for name, values in tested.metrics["test"]["targets"].items():
        found = score(tested, metric, name)
        limits = interval(metric, found) if found else None
        kept = {COUNTS.get(k, k): value for k, value in values.items() if k not in LEFT_OUT}
        low, high = limits or (None, None)
        ends = {f"{metric}_low": low, f"{metric}_high": high}
        rows.append({**of_run, "target": name, **kept, **ends})
    return pd.DataFrame(rows)
