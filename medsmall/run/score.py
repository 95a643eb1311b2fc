"""Scores the trained network on validation and test, and puts the scores into words and tables."""

from typing import Any

import numpy as np
import pandas as pd
import pytorch_lightning as pl
import torch

from medsmall.classifier import Classifier
from medsmall.datamodule import DataModule
from medsmall.evaluation.metrics import choose_threshold, evaluate, per_unit
from medsmall.run.fit import uninterrupted


def probabilities(
    trainer: pl.Trainer, classifier: Classifier, data: DataModule, part: str
) -> np.ndarray:
    """float64 (N, K): one row per image of `part`, in the draw's order.

    Logits are averaged over the views before they become probabilities. `trainer` must be of one
    process: several would score some images twice to come out even.
    """
    batches = uninterrupted(trainer.predict, classifier, data.scoring_dataloader(part))
    assert batches is not None
    return classifier.probabilities(torch.cat([torch.as_tensor(batch) for batch in batches]))


def predictions(
    draw: pd.DataFrame, table: pd.DataFrame, unit: str, targets: list[str], prob: np.ndarray
) -> pd.DataFrame:
    """The test images with labels and probabilities: what predictions.csv holds.

    Columns: image, patient, the unit (if it is not the image), <target>..., prob_<target>...
    """
    rows = draw.loc[draw["part"] == "test"].reset_index(drop=True)
    frame = rows[["image", "patient"]].copy()
    if unit != "image":
        frame[unit] = units(rows, table, unit)
    frame[targets] = rows[targets]
    frame[[f"prob_{target}" for target in targets]] = prob
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
    exclusive: bool,
    prob: dict[str, np.ndarray],
) -> dict[str, Any]:
    """``val`` and ``test`` as `medsmall.evaluation.metrics.evaluate` gives them.

    Thresholds are chosen on val and serve both. Scores of one unit are averaged first.
    """
    by_unit = {}
    for part in ("val", "test"):
        rows = draw.loc[draw["part"] == part]
        labels = rows[targets].to_numpy()
        by_unit[part] = per_unit(labels, prob[part], units(rows, table, unit))[:2]
    labels, scores = by_unit["val"]
    thresholds = {t: choose_threshold(labels[:, k], scores[:, k]) for k, t in enumerate(targets)}
    return {
        part: evaluate(labels, scores, targets, exclusive, thresholds)
        for part, (labels, scores) in by_unit.items()
    }
