"""What the record of a run says for answers about new images."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from medsmall.answer.facts import Facts, Reading
from medsmall.answer.fitted_look import familiar
from medsmall.contract import build
from medsmall.errors import MedsmallError
from medsmall.evaluation.calibration import Calibration
from medsmall.evaluation.calibration_fit import fit
from medsmall.evaluation.conformal import quantile, quantiles, scores
from medsmall.evaluation.prior_shift import Shares
from medsmall.record import Record
from medsmall.record.predicted import Predicted
from medsmall.targets import Targets, targets_of
from medsmall.targets.population import population
from medsmall.task import Task

AUTO, NONE = "auto", "none"  # of calibration=


def targets_of_record(record: Record) -> Targets:
    """What its outputs mean."""
    metrics = record.metrics
    return targets_of(list(metrics["test"]["targets"]), Task(metrics["task"]))


def facts_of(
    record: Record, method: str = AUTO, prevalence: float | dict[str, float] | None = None
) -> Facts:
    """Of a finished run, with a calibration by the `method`, or the usual one where it can be.

    Its probabilities are for a population with the stated `prevalence`, else for the run's own.
    """
    metrics, targets = record.metrics, targets_of_record(record)
    of_targets = metrics["test"]["targets"]
    shares = _population(record, targets, prevalence)
    calibration, why = calibration_of(record, targets, method, shares)
    dataset = opened(record)
    return Facts(
        name=str(metrics["name"]),
        dataset=str(metrics["dataset"]),
        unit=str(metrics["unit"]),
        task=str(targets.task),
        targets=targets.names,
        reading=reading_of(record, dataset),
        thresholds={name: of["threshold"] for name, of in of_targets.items() if "threshold" in of},
        negatives=dict(getattr(dataset, "negatives", {})),
        calibration=calibration,
        uncalibrated=why,
        familiar=_familiar(record),
    )


def with_sets(facts: Facts, record: Record, alpha: float) -> Facts:
    """The same with sets of classes, learnt from the test patients of the run.

    They were used neither for training nor for choosing. MedsmallError if they are too few, and for
    a run without classes or without a test.
    """
    if facts.task == "regression":
        raise MedsmallError(f"sets={alpha:g} is for classes and findings: leave it out.")
    if "final" in record.metrics:
        raise MedsmallError(
            f"sets={alpha:g} needs test patients, and {record.folder} is a final model, which "
            "learnt from all: name a run before it."
        )
    test = Predicted.of(record)
    found: list[np.ndarray | float | str]
    if facts.task == "multiclass":
        found = [quantile(scores(test.y, test.predicted, test.patient), alpha)]
    else:
        found = [
            quantiles(test.y[:, k], test.predicted[:, k], test.patient, alpha)
            for k in range(len(facts.targets))
        ]
    for name, one in zip(facts.targets, found, strict=False):
        if isinstance(one, str):
            of = "" if facts.task == "multiclass" else f"{name}: "
            raise MedsmallError(f"sets={alpha:g} cannot be had: {of}{one}.")
    return replace(facts, alpha=alpha, limits=[np.atleast_1d(one).tolist() for one in found])


def opened(record: Record) -> Any:
    """The data set of a run as its config describes it; its files need not be there."""
    from omegaconf import OmegaConf

    from medsmall.configs import literal

    return build(OmegaConf.create(literal(record.config["dataset"])))


def reading_of(record: Record, dataset: Any) -> Reading:
    """How the run read its images: that of its data set, at its size."""
    config, files = record.config, dataset.files
    looks = record.seen or {}
    coloured = looks.get("coloured")
    channels = None
    if coloured is not None and len(coloured):
        channels = 3 if coloured.all() else None if coloured.any() else 1
    return Reading(
        side=int(config["image_size_px"]),
        resize=str(config["resize"]),
        grey=getattr(files, "grey", None),
        span=getattr(files, "span", None),
        frame=getattr(files, "frame", None),
        channels=channels,
        modality=str(dataset.modality),
    )


def _familiar(record: Record) -> Any:
    looks = record.seen or {}
    if "looks" not in looks:
        return None  # of an older version
    return familiar(looks["looks"], looks["look_patients"])


def calibration_of(
    record: Record, targets: Targets, method: str, population: np.ndarray
) -> tuple[Calibration | None, str]:
    """Fitted on the units of validation, for a population (K,); and why there is none.

    "auto" is Platt's scaling where validation allows it, else temperature. MedsmallError where
    another `method` was asked for and cannot be had.
    """
    if method == NONE or targets.task is Task.REGRESSION:
        return None, ""
    table = validation(record, targets)
    if table is None and method != AUTO:
        raise MedsmallError(f"calibration={method}: {record.folder} has no val_predictions.csv.")
    if table is None:
        return None, "the record has no predictions of validation (an older version made it)"
    y, prob, patient = table
    exclusive = targets.task is Task.MULTICLASS
    found: Calibration | str = ""
    for asked in ("platt", "temperature") if method == AUTO else (method,):
        found = fit(y, prob, patient, asked, exclusive, targets.names)
        if isinstance(found, Calibration):
            return found.for_population(np.nanmean(y, axis=0), population), ""
    if method == AUTO:
        return None, str(found)
    raise MedsmallError(f"calibration={method} cannot be fitted: {found}.")


def _population(
    record: Record, targets: Targets, stated: float | dict[str, float] | None
) -> np.ndarray:
    """The shares (K,) that are stated, else those that the run says; NaN where it says nothing."""
    if stated is not None:
        return population(targets.names, targets.task, np.empty((0, len(targets.names))), stated)
    found = shares_of(record, targets).population
    return np.where((found > 0) & (found < 1), found, np.nan)


def shares_of(record: Record, targets: Targets) -> Shares:
    """Those that the run was fitted to, and those of its population; NaN where it says nothing."""
    told = record.metrics.get("prevalence") or {}
    fit, whole = (
        np.array([told.get(of, {}).get(name) for name in targets.names], dtype=float)
        for of in ("fit", "population")
    )
    return Shares(fit, whole)


def validation(
    record: Record, targets: Targets
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Labels and probabilities (U, K) of the units of validation, and the patient (U,) of each."""
    file = record.folder / "val_predictions.csv"
    if not file.is_file():
        return None
    table = record.val_predictions
    unit = str(record.metrics["unit"])
    of_unit = table[unit].astype("str").to_numpy()
    columns = [f"{targets.prefix}_{name}" for name in targets.names]
    y, prob = targets.per_unit(
        table[targets.names].to_numpy(float), table[columns].to_numpy(float), of_unit
    )
    names = pd.Series(table["patient"].to_numpy()).groupby(of_unit).first()
    return y, prob, np.unique(names.to_numpy(str), return_inverse=True)[1]
