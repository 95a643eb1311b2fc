"""The predictions and metrics in the record of a run."""

from typing import Any

import numpy as np
import pandas as pd

from medsmall.errors import MedsmallError
from medsmall.targets import Targets


def check_columns(targets: Targets, unit: str) -> None:
    """MedsmallError if two columns of predictions.csv or draw.csv would have one name."""
    columns = ["image", "patient", "part", "predicted", "correct"]
    columns += [unit] if unit != "image" else []
    columns += [*targets.names, *(f"{targets.prefix}_{name}" for name in targets.names)]
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
) -> pd.DataFrame:
    """The images of a part with labels and predicted `values`, as in predictions.csv for test.

    Columns: image, patient, the unit (if it is not the image), <target>..., prob_<target>...
    (for numbers pred_<target>, in the unit of the target). For classes, and for a single finding at
    its threshold, also the predicted class of the image's unit (``predicted``) and whether it is
    right (``correct``).
    """
    rows = draw.loc[draw["part"] == part].reset_index(drop=True)
    frame = rows[["image", "patient"]].copy()
    if unit != "image":
        frame[unit] = units(rows, table, unit)
    frame[targets.names] = rows[targets.names]
    frame[[f"{targets.prefix}_{target}" for target in targets.names]] = values
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
    prevalence: np.ndarray,
) -> dict[str, Any]:
    """``val`` and ``test`` as the `targets` evaluate them, of predicted `values` by part.

    Scores of one unit are averaged first. Thresholds, chosen on val or from the `prevalence` (K,),
    serve both: ``threshold_from`` gives the origin, and ``in_sample`` of val names the targets
    whose threshold was chosen on these labels. Each target has its counts in training (``n_train``,
    ...), and ``mean_trained`` is the mean over targets that could be learnt.
    """
    labels = {
        part: draw.loc[draw["part"] == part, targets.names].to_numpy()
        for part in ("train", "val", "test")
    }
    by_unit = {}
    for part in ("val", "test"):
        rows = draw.loc[draw["part"] == part]
        by_unit[part] = targets.per_unit(labels[part], values[part], units(rows, table, unit))
    chosen = targets.thresholds(*by_unit["val"], prevalence)
    thresholds = {name: found and found.value for name, found in chosen.items()}
    sources = {name: found and found.source for name, found in chosen.items()}
    learnt_from = targets.learnt_from(labels["train"])
    results = {part: targets.evaluate(*scored, thresholds) for part, scored in by_unit.items()}
    for result in results.values():
        for name, of_target in result["targets"].items():
            of_target |= learnt_from[name]
            if name in sources:
                of_target["threshold_from"] = sources[name]
        result["mean_trained"] = targets.mean(result["targets"])
    results["val"]["in_sample"] = [n for n, source in sources.items() if source == "validation"]
    return results
