"""The mean of every arm at every size, with its interval."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from medsmall.evaluation.comparison import Estimate, over_folds, over_repeats
from medsmall.evaluation.crossed import over_crossed
from medsmall.evaluation.influence import Score
from medsmall.evaluation.intervals import Interval, interval, of_mean, too_few
from medsmall.evaluation.scales import LOWER_IS_BETTER
from medsmall.record.predicted import MEAN, mean_score
from medsmall.report.arms import Study
from medsmall.report.run import Run

Arm = tuple[str, ...]
DRAW = ("sample_size.repeat", "sample_size.seed")  # the others of a repeat are the training's


@dataclass(frozen=True)
class Cell:
    """One arm at one size: the mean over its repeats or folds, or a single run.

    `repeats` are the runs that count: of a closed form, whose runs are alike, one.
    `found` is None where one repeat alone leaves the repeats' part unknown; `reason` says why there
    is no `interval`.
    """

    arm: Arm
    size: int
    labels: int
    repeats: int
    mean: float
    scores: dict[str, Score]
    found: Estimate | None
    interval: Interval | None
    reason: str
    validation: float | None


def cells_of(study: Study, metric: str, target: str) -> list[Cell]:
    """One per arm and size, in their order; those whose score is undefined are left out."""
    names = targets_in(study, metric, target)
    found = []
    for arm in study.arms:
        for size in study.sizes:
            runs = study.cells.get((arm, size), {})
            scores = {
                repeat: one for repeat, run in runs.items() if (one := _score(run, metric, names))
            }
            if scores:
                found.append(_cell(study, arm, size, metric, names, scores))
    return found


def targets_in(study: Study, metric: str, target: str) -> list[str]:
    """The targets of a mean: those with a score in every run that rests on enough patients.

    One set for all runs, whatever was drawn. If none has enough, those with a score in every run.
    [] for a metric of all classes together.
    """
    if target != MEAN:
        return [target]
    if metric in study.runs[0].overall:
        return []
    names = study.runs[0].names
    if len(names) == 1:
        return names
    scores = {name: [run.score(metric, name) for run in study.runs] for name in names}
    defined = [name for name, of in scores.items() if all(of)]
    enough = [name for name in defined if not any(one and too_few(one) for one in scores[name])]
    return enough or defined or names


def _score(run: Run, metric: str, names: list[str]) -> Score | None:
    if not names:
        return run.score(metric)
    return mean_score([run.score(metric, name) for name in names])


def _cell(
    study: Study, arm: Arm, size: int, metric: str, names: list[str], scores: dict[str, Score]
) -> Cell:
    runs = {repeat: study.cells[arm, size][repeat] for repeat in scores}
    alike = len({run.predictions for run in runs.values()}) == 1  # of a closed form
    by_repeat = dict(list(scores.items())[:1]) if alike and not study.is_kfold else scores
    every = list(by_repeat.values())
    mean = mean_of(study, {repeat: one.value for repeat, one in by_repeat.items()})
    chances = [one.chance for one in every if one.chance is not None]
    chance = float(np.mean(chances)) if chances else None
    found, reason = estimate(study, by_repeat)
    whole = every[0]._replace(value=mean, chance=chance)
    limits = None
    if found is not None:
        whole = whole._replace(patients=found.patients)
        drawn, tested = found.parts()
        limits = of_mean(metric, whole, tested, drawn, found.freedom)
    elif not reason:
        limits = interval(metric, every[0])
    reason = reason or too_few(whole, study.people)
    validation = {repeat: _validation(run, metric, names) for repeat, run in runs.items()}
    known = {repeat: value for repeat, value in validation.items() if value is not None}
    labels = round(float(np.mean([run.metrics["labels_used"] for run in runs.values()])))
    return Cell(
        arm, size, labels, len(every), mean, scores, found, limits, reason,
        mean_of(study, known) if known else None,
    )  # fmt: skip


def mean_of(study: Study, values: dict[str, float]) -> float:
    """The mean over repeats; of folds, each fold counts once, however many runs it has."""
    folds: dict[str, list[float]] = {}
    for repeat, value in values.items():
        folds.setdefault(study.fold(repeat) if study.is_kfold else repeat, []).append(value)
    return float(np.mean([np.mean(of) for of in folds.values()]))


def estimate(study: Study, scores: dict[str, Score]) -> tuple[Estimate | None, str]:
    """The mean over repeats or folds, and why there is none; neither for a single run."""
    table, reason = grid(scores)
    if reason:
        return None, reason
    if table:
        return over_crossed(table), ""
    if study.is_kfold:
        folds: dict[str, list[Score]] = {}
        for repeat, one in scores.items():
            folds.setdefault(study.fold(repeat), []).append(one)
        if len(folds) < 2:
            return None, "one fold alone does not say how folds differ"
        values = [float(np.mean([one.value for one in of])) for of in folds.values()]
        return over_folds(values, sum(of[0].patients for of in folds.values())), ""
    return (over_repeats(list(scores.values())) if len(scores) > 1 else None), ""


def grid(scores: dict[str, Score]) -> tuple[list[list[Score]] | None, str]:
    """The scores by draw (rows) and seed (columns) if each draw met each seed, else None.

    The second is why they are no repeats either: some draws or seeds occur more than once.
    """
    places = {}
    for repeat, one in scores.items():
        values = json.loads(repeat)
        if "split.fold" in values:
            return None, ""
        draw = tuple(values.pop(key, None) for key in DRAW)
        places[draw, tuple(values.values())] = one
    draws, seeds = (list(dict.fromkeys(place[k] for place in places)) for k in (0, 1))
    d, s, n = len(draws), len(seeds), len(places)
    if d == 1 or s == 1 or (d == n and s == n):
        return None, ""
    if n < d * s:
        return None, f"{d} draws and {s} seeds are crossed in part: run all {d * s}"
    return [[places[draw, seed] for seed in seeds] for draw in draws], ""


def _validation(run: Run, metric: str, names: list[str]) -> float | None:
    """The validation score of the same targets."""
    if not names:
        return run.metrics["val"].get(metric)
    values = [run.metrics["val"]["targets"][name].get(metric) for name in names]
    return None if None in values else float(np.mean(values))


def goodness(metric: str, value: float) -> float:
    """A score so that larger is better: errors are turned, of mean errors the nearest 0 is best."""
    if metric == "mean_error":
        return -abs(value)
    return -value if metric in LOWER_IS_BETTER else value


def favoured(cells: Sequence[Cell], metric: str) -> list[Cell]:
    """The cells of the largest size that has any and a score in validation, the best there first.

    Those with fewer runs than others there are left out: their draws or folds may be the easy ones.
    [] for a metric that validation has not, and for mean errors, of which none is the best.
    """
    largest = max(cell.size for cell in cells)
    last = [cell for cell in cells if cell.size == largest]
    most = max(len(cell.scores) for cell in last)
    known = [cell for cell in last if len(cell.scores) == most and cell.validation is not None]
    if metric == "mean_error":
        return []
    return sorted(known, key=lambda cell: -goodness(metric, cell.validation or 0.0))


def rows(study: Study, cells: list[Cell]) -> list[dict[str, Any]]:
    """The cells as rows of a table, every number."""
    return [
        {
            **dict(zip(study.factors, cell.arm, strict=True)),
            study.size_column: cell.size, "labels": cell.labels, "repeats": cell.repeats,
            "mean": cell.mean,
            "low": cell.interval.low if cell.interval else None,
            "high": cell.interval.high if cell.interval else None,
            "no_interval": cell.reason,
            "sd_of_repeats": float(np.std([s.value for s in cell.scores.values()], ddof=1))
            if cell.repeats > 1 else None,
            "variance_by_repeats": cell.found.drawn if cell.found else None,
            "variance_by_patients": cell.found.tested if cell.found else None,
            "validation": cell.validation,
        }
        for cell in cells
    ]  # fmt: skip
