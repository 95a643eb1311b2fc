"""Scores the trained network on validation and test, and puts the scores into words and tables."""

from typing import Any, Literal

import numpy as np
import pandas as pd
import pytorch_lightning as pl
import torch

from medsmall.classifier import Classifier
from medsmall.datamodule import DataModule
from medsmall.evaluation.metrics import choose_threshold, evaluate
from medsmall.evaluation.regression import evaluate_regression
from medsmall.evaluation.units import per_unit
from medsmall.run.fit import uninterrupted
from medsmall.task import Task


def predicted(
    trainer: pl.Trainer, classifier: Classifier, data: DataModule, part: str
) -> np.ndarray:
    """float64 (N, K): one row per image of `part`, in the draw's order.

    Logits are averaged over the views before they become predictions. `trainer` must be of one
    process: several would score some images twice to come out even.
    """
    batches = uninterrupted(trainer.predict, classifier, data.scoring_dataloader(part))
    assert batches is not None
    return classifier.predictions(torch.cat([torch.as_tensor(batch) for batch in batches]))


def predictions(
    draw: pd.DataFrame,
    table: pd.DataFrame,
    unit: str,
    targets: list[str],
    task: Task,
    values: np.ndarray,
) -> pd.DataFrame:
    """The test images with labels and predicted `values`: what predictions.csv holds.

    Columns: image, patient, the unit (if it is not the image), <target>..., prob_<target>...
    (for regression pred_<target>, in the unit of the target).
    """
    rows = draw.loc[draw["part"] == "test"].reset_index(drop=True)
    frame = rows[["image", "patient"]].copy()
    if unit != "image":
        frame[unit] = units(rows, table, unit)
    frame[targets] = rows[targets]
    prefix = "pred" if task is Task.REGRESSION else "prob"
    frame[[f"{prefix}_{target}" for target in targets]] = values
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
    targets: list[str],
    task: Task,
    values: dict[str, np.ndarray],
) -> dict[str, Any]:
    """``val`` and ``test`` as `evaluate`, or for regression `evaluate_regression`, gives them.

    Thresholds are chosen on val and serve both. Scores of one unit are averaged first.
    """
    by_unit = {}
    label: Literal["max", "mean"] = "mean" if task is Task.REGRESSION else "max"
    for part in ("val", "test"):
        rows = draw.loc[draw["part"] == part]
        labels = rows[targets].to_numpy()
        by_unit[part] = per_unit(labels, values[part], units(rows, table, unit), label)
    if task is Task.REGRESSION:
        return {part: evaluate_regression(*of_part, targets) for part, of_part in by_unit.items()}
    labels, scores = by_unit["val"]
    thresholds = {t: choose_threshold(labels[:, k], scores[:, k]) for k, t in enumerate(targets)}
    return {
        part: evaluate(labels, scores, targets, task, thresholds)
        for part, (labels, scores) in by_unit.items()
    }
