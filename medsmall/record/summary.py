"""The results of a run, as a table for the terminal."""

import shlex
from typing import Any, NamedTuple

import numpy as np
from omegaconf import DictConfig
from rich.table import Table

from medsmall.evaluation.intervals import interval
from medsmall.evaluation.prior_shift import Shares
from medsmall.record.predicted import MEAN, Predicted, score
from medsmall.record.record import Record
from medsmall.targets import targets_of
from medsmall.task import Task
from medsmall.terminal import console

UNITS = {"image": "images", "study": "studies"}


def show(record: Record) -> None:
    """Print the test metrics with their numbers of positives, and the place of the record.

    MedsmallError if metrics.json has other contents.
    """
    try:
        lines = _lines(record.metrics, Predicted.of(record))
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        what = f"does not hold what a run writes ({type(error).__name__})"
        raise record.damaged("metrics.json", what) from error
    for line in [*lines, f"Record: {record.folder}"]:
        console.print(line, soft_wrap=True, highlight=False, markup=False)


class Headline(NamedTuple):
    """The headline metric as tables name it, its value in validation, and whether it rises."""

    metric: str
    value: float | None
    rises: bool


def headline(record: Record) -> Headline:
    """By what runs are told apart before their test; KeyError if metrics.json has no such entry."""
    metrics = record.metrics
    targets = targets_of(list(metrics["test"]["targets"]), Task(metrics["task"]))
    value = metrics["val"]["mean"].get(targets.headline)
    named = {**targets.overall, **targets.headings}.get(targets.headline, targets.headline)
    return Headline(named, value, targets.rises)


def more_draws(words: list[str], cfg: DictConfig) -> str:
    """The command for more draws of the run of `cfg`, which `words` describe.

    All images can be drawn in one way only: there, folds have other test images.
    """
    size = cfg.sample_size
    if cfg.choices.split == "kfold" or (size.get("n") is None and size.get("fraction") is None):
        more = ["split=kfold", "split.fold=0,1,2,3,4"]
    else:
        more = ["sample_size.repeat=0,1,2"]
    dropped = tuple(f"{word.partition('=')[0]}=" for word in more)
    kept = [word for word in words if not word.startswith(dropped)]
    return f"python -m medsmall.train -m {shlex.join([*kept, *more])}"


def _lines(metrics: dict[str, Any], tested: Predicted) -> list[str | Table]:
    test = metrics["test"]
    targets = targets_of(list(test["targets"]), Task(metrics["task"]))
    lines = [
        metrics["name"],
        f"Test on {test['n']:,} {UNITS[metrics['unit']]} of {metrics['dataset']}"
        f"{' (phantom)' if metrics['phantom'] else ''}, after {_labels(metrics)}, from "
        f"{metrics['pretraining']}.",
        *([_overall(test, tested)] if targets.overall else []),
        _table(test, tested),
        _about_intervals(tested),
        *targets.notes(test),
        *_corrected(metrics),
    ]
    reasons = {r for target in test["targets"].values() for r in target["reasons"].values()}
    reasons |= set(test["reasons"].values())
    return [*lines, *(f"–: undefined, {reason}." for reason in sorted(reasons))]


def _corrected(metrics: dict[str, Any]) -> list[str]:
    """A sentence, in a list, if the probabilities are not for the population as they are."""
    after = metrics["test"].get("corrected_loss")
    if after is None:
        return []
    fit, population = metrics["prevalence"]["fit"], metrics["prevalence"]["population"]
    sentence = (
        f"The probabilities prob_... are for {_shares(fit)}, as the fit saw them. Those for the "
        f"population ({_shares(population)}) are in the columns corrected_... of predictions.csv"
    )
    tested = {n: of["n_positive"] / max(1, of["n"]) for n, of in metrics["test"]["targets"].items()}
    if any(Shares(np.array([tested[n]]), np.array([population[n] or np.nan])).differ for n in fit):
        return [f"{sentence}."]  # the test images are no such population
    return [f"{sentence}; their log loss is {after:.3f} instead of {metrics['test']['loss']:.3f}."]


def _shares(of: dict[str, float | None]) -> str:
    """ "50% positives", or the shares of the first targets by name."""
    told = ["?" if share is None else f"{100 * share:.2g}%" for share in of.values()]
    if len(of) == 1:
        return f"{told[0]} positives"
    named = [f"{share} {name}" for share, name in zip(told, of, strict=True)]
    return ", ".join(named[:3]) + (", ..." if len(of) > 3 else "")


def _labels(metrics: dict[str, Any]) -> str:
    """The label budget: "50 + 13 labelled images (train + validation)"."""
    train, val = metrics["n_train"], metrics["n_val"]
    return f"{train:,} + {val:,} labelled images (train + validation)"


def _overall(test: dict[str, Any], tested: Predicted) -> Table:
    """The metrics of all targets together, beside those of the majority class."""
    targets, table = tested.targets, Table()
    for heading in ("", *targets.overall.values()):
        table.add_column(heading, justify="right" if heading else "left")
    for name, values in (
        ("this run", test),
        (f"always {test['majority']['class']}", test["majority"]),
    ):
        limits = [_limits(tested, m) if values is test else "" for m in targets.overall]
        numbers = [_number(values[m]) for m in targets.overall]
        table.add_row(name, *(a + b for a, b in zip(numbers, limits, strict=True)))
    return table


def _table(test: dict[str, Any], tested: Predicted) -> Table:
    targets, table = tested.targets, Table()
    table.add_column("target")
    for heading in (*targets.counts.values(), *targets.headings.values()):
        table.add_column(heading, justify="right")
    for name, of_target in test["targets"].items():
        counted = (f"{of_target[count]:,}" for count in targets.counts)
        few = not of_target.get("reliable", True)
        numbers = (_number(of_target[m], few) + _limits(tested, m, name) for m in targets.headings)
        table.add_row(name, *counted, *numbers)
    if len(test["targets"]) > 1:
        table.add_section()
        means = {"mean of": test["mean"]}
        if test["mean_trained"] != test["mean"]:
            means["mean of the learnt"] = test["mean_trained"]
        for what, mean in means.items():
            over, few = mean[f"{targets.headline}_over"], bool(mean.get("unreliable"))
            values = [_number(mean[m], few) + _over(mean, m, over) for m in targets.headings]
            table.add_row(f"{what} {over}", *[""] * len(targets.counts), *values)
    return table


def _over(mean: dict[str, Any], metric: str, usual: int) -> str:
    """The number of targets in a mean, if smaller than for the headline metric."""
    over = mean[f"{metric}_over"]
    return "" if over in (0, usual) else f" ({over})"


def _number(value: float | None, few: bool = False) -> str:
    return "–" if value is None else f"{value:.3f}{'?' * few}"


def _about_intervals(tested: Predicted) -> str:
    metrics = [*tested.targets.overall, *tested.targets.headings]
    if any(_limits(tested, m, t) for m in metrics for t in tested.targets.names):
        return "Below each score: its 95% interval over patients, where it rests on 10 or more."
    return "No 95% intervals: each score rests on fewer than 10 patients."


def _limits(tested: Predicted, metric: str, target: str = MEAN) -> str:
    """The 95% interval of a score as a line of its own; none where patients are too few."""
    found = score(tested, metric, target)
    limits = interval(metric, found) if found else None
    return f"\n{_short(limits.low)}–{_short(limits.high)}" if limits else ""


def _short(value: float) -> str:
    """Two decimals without the zero before them; three digits of what may be larger than 1."""
    if abs(value) >= 9.995:
        return f"{value:.3g}"
    return f"{value:.2f}".replace("-0.", "-.") if value < 0 else f"{value:.2f}".removeprefix("0")
