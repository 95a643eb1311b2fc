"""The predictions and metrics in the record of a run."""

from typing import Any

import numpy as np
import pandas as pd

from medsmall.errors import MedsmallError
from medsmall.evaluation.prior_shift import Shares
from medsmall.targets import Targets
from medsmall.task import Task
from medsmall.threshold import Threshold

CORRECTED = "corrected_"  # the columns of probabilities for the population


def check_columns(targets: Targets, unit: str) -> None:
    """MedsmallError if two columns of predictions.csv or draw.csv would have one name."""
    columns = ["image", "patient", "part", "predicted", "correct"]
    columns += [unit] if unit != "image" else []
    for prefix in ("", f"{targets.prefix}_", CORRECTED):
        columns += [f"{prefix}{name}" for name in targets.names]
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise MedsmallError(
            f"The target {twice[0]} has the name of another column of predictions.csv (image, "
            f"patient, {targets.prefix}_<target> ...): rename it."
        )


def predictions(
    draw: pd.DataFrame,
    table: pd.DataFrame,
    unit: str,
    targets: Targets,
    part: str,
    values: np.ndarray,
    thresholds: dict[str, float | None],
    shares: Shares,
) -> pd.DataFrame:
    """The images of a part with labels and predicted `values`, as in predictions.csv for test.

    Columns: image, patient, the unit (if it is not the image), <target>..., prob_<target>...
    (for numbers pred_<target>, in the unit of the target), and corrected_<target>..., the
    probabilities for the population, where its `shares` are not those of the fit. For classes, and
    for a single finding at its threshold, also the predicted class of the image's unit
    (``predicted``) and whether it is right (``correct``).
    """
    rows = draw.loc[draw["part"] == part].reset_index(drop=True)
    frame = rows[["image", "patient"]].copy()
    if unit != "image":
        frame[unit] = units(rows, table, unit)
    frame[targets.names] = rows[targets.names]
    frame[[f"{targets.prefix}_{target}" for target in targets.names]] = values
    corrected = targets.corrected(values, shares)
    if corrected is not None:
        frame[[f"{CORRECTED}{target}" for target in targets.names]] = corrected
    of_image = units(rows, table, unit)
    scored = targets.per_unit(rows[targets.names].to_numpy(), values, of_image)
    _, index = np.unique(of_image, return_inverse=True)  # scored is sorted by unit
    for column, answers in targets.decide(*scored, thresholds).items():
        frame[column] = answers[index]
    return frame


def units(rows: pd.DataFrame, table: pd.DataFrame, unit: str) -> np.ndarray:
    """The unit (image, study) of each row, looked up in the sample table."""
    if unit == "image":
        return np.arange(len(rows))
    return table.set_index("image")[unit].reindex(rows["image"]).to_numpy()


def metrics(
    draw: pd.DataFrame,
    table: pd.DataFrame,
    unit: str,
    targets: Targets,
    values: dict[str, np.ndarray],
    threshold: Threshold,
    shares: Shares,
) -> dict[str, Any]:
    """``val`` and ``test`` as the `targets` evaluate them, of predicted `values` by part.

    Scores of one unit are averaged first. Thresholds, chosen on val or the share in the fit,
    serve both: ``threshold_from`` gives the origin, and ``in_sample`` of val names the targets
    whose threshold was chosen on these labels. Each target has its counts in training (``n_train``,
    ...), and ``mean_trained`` is the mean over targets that could be learnt.
    """
    labels = {
        part: draw.loc[draw["part"] == part, targets.names].to_numpy()
        for part in ("train", "val", "test")
    }
    of_unit = {part: units(draw.loc[draw["part"] == part], table, unit) for part in values}
    by_unit = {part: targets.per_unit(labels[part], values[part], of_unit[part]) for part in values}
    chosen = targets.thresholds(*by_unit["val"], threshold, shares)
    thresholds = {name: found and found.value for name, found in chosen.items()}
    sources = {name: found and found.source for name, found in chosen.items()}
    learnt_from = targets.learnt_from(labels["train"])
    results = {part: targets.evaluate(*scored, thresholds) for part, scored in by_unit.items()}
    for part, result in results.items():
        for name, of_target in result["targets"].items():
            of_target |= learnt_from[name]
            if name in sources:
                of_target["threshold_from"] = sources[name]
        result["mean_trained"] = targets.mean(result["targets"])
        if sources:
            result["threshold_aim"] = threshold.aim
        corrected = targets.corrected(values[part], shares)
        if corrected is not None:
            scored = targets.per_unit(labels[part], corrected, of_unit[part])
            result["corrected_loss"] = targets.evaluate(*scored, {})["loss"]
    results["val"]["in_sample"] = [n for n, source in sources.items() if source == "validation"]
    return results


def told(targets: Targets, shares: Shares) -> dict[str, dict[str, float | None]]:
    """The `shares` for the record: ``fit`` and ``population`` by target; {} for numbers."""
    named = {"fit": shares.fit, "population": shares.population}
    return {
        whose: {
            n: None if np.isnan(s) else float(s) for n, s in zip(targets.names, of, strict=True)
        }
        for whose, of in named.items()
        if targets.task != Task.REGRESSION
    }
