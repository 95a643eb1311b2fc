"""The section of scores per image beside scores per study, where a data set is scored so."""

import numpy as np
import pandas as pd

from medsmall.evaluation import scored
from medsmall.page.sections import Section, Table
from medsmall.record.predicted import Predicted
from medsmall.report.page.arms_drawn import DrawnArms
from medsmall.report.sentences import in_words
from medsmall.task import Task


def section(drawn_arms: DrawnArms) -> Section | None:
    """None where an image is what is scored."""
    first = drawn_arms.first
    unit, metric = str(first.metrics["unit"]), first.targets.headline
    if unit == "image":
        return None
    rows = []
    for arm in drawn_arms.arms:
        tests = list(drawn_arms.tests[arm].values())
        for k, name in enumerate(first.targets.names):
            by_image = [_of_images(test, metric, k) for test in tests]
            by_unit = [test.metrics["test"]["targets"][name].get(metric) for test in tests]
            rows.append(
                {
                    "target": name, "arm": drawn_arms.name(arm),
                    f"{in_words(metric)} per {unit}": _mean(by_unit),
                    f"{in_words(metric)} per image": _mean(by_image),
                    **_numbers(drawn_arms, arm, unit),
                }
            )  # fmt: skip
    one = Section("units", f"Scores per {unit}")
    numbers = first.targets.task is Task.REGRESSION
    label = "its label is their mean" if numbers else "it is positive if one of them is"
    one.text.append(
        f"A {unit} is scored by the mean of its images; {label}. On this page, scores and counts "
        f"of the test are per {unit}; counts of training are images."
    )
    one.tables.append(Table("units", f"Per {unit} and per image", pd.DataFrame(rows), decimals=3))
    return one


def _numbers(drawn_arms: DrawnArms, arm: tuple[str, ...], unit: str) -> dict[str, int]:
    """How many units and images the test has."""
    many = drawn_arms.counts(arm, lambda test: np.array([len(test.y), _images(test)]))
    plural = "studies" if unit == "study" else f"{unit}s"
    return {plural: round(float(many[0])), "images": round(float(many[1]))}


def _images(test: Predicted) -> int:
    return len(test.record.predictions)


def _of_images(test: Predicted, metric: str, k: int) -> float | None:
    """The metric of the images one by one; None if it is undefined."""
    table, name = test.record.predictions, test.targets.names[k]
    y = table[name].to_numpy(float)
    predicted = table[f"{test.targets.prefix}_{name}"].to_numpy(float)
    names, patient = np.unique(table["patient"].to_numpy(str), return_inverse=True)
    if test.targets.task is Task.REGRESSION:
        score = scored.of_quantity(metric, y, predicted, patient, len(names))
    else:
        score = scored.of_finding(metric, y, predicted, None, patient, len(names))
    return score.value if score else None


def _mean(values: list[float | None]) -> float:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else float("nan")
