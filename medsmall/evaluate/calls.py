"""The section of thresholds: what each way to choose one gives, and what a call then means."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from omegaconf import OmegaConf

from medsmall.configs import literal
from medsmall.contract import made
from medsmall.evaluate import questions
from medsmall.evaluate.judged import Test
from medsmall.evaluate.questions import row, shown
from medsmall.evaluation.measured import Measured
from medsmall.evaluation.predictive_values import Calls, of_calls
from medsmall.page.sections import Section, Table
from medsmall.predict.facts import shares_of, targets_of_record, validation
from medsmall.record import Record
from medsmall.task import Task
from medsmall.threshold import Threshold
from medsmall.threshold.at_least import Sensitivity, Specificity
from medsmall.threshold.f1 import F1
from medsmall.threshold.youden import Youden

USUAL: tuple[Threshold, ...] = (Youden(), Sensitivity(0.95), Specificity(0.95), F1())


def section(
    test: Test, records: Sequence[Record], prevalence: dict[str, float] | None
) -> Section | None:
    """None for classes and numbers, which have no threshold."""
    if test.targets.task not in (Task.BINARY, Task.MULTILABEL):
        return None
    one = Section("thresholds", "Thresholds, and what a call means")
    one.text.append(
        f"Each threshold was chosen on validation{_unchosen(test)}, so what it aims at holds here "
        "only roughly. LR+ "
        "is by how much a positive call raises the odds of the finding, LR- by how much a negative "
        "one lowers them. PPV is the share of positive calls that are right, NPV of negative ones: "
        "both depend on how common the finding is."
    )
    rows, told = [], []
    for of in questions.of(test):
        stated = None if prevalence is None else prevalence[of.name]
        for aim, threshold, own in _thresholds(records, of.name):
            if threshold is None:
                continue
            found = of_calls(of.y, of.prob >= threshold, of.patient, stated)
            if isinstance(found, str):
                continue
            aim = f"{aim} (the run's own)" if own else aim
            rows.append({"target": of.name, "aim": aim, "threshold": threshold, **_row(found)})
            if own:
                told.append(sentence(of.name, found))
    one.text += [line for line in told if line]
    data = pd.DataFrame(rows)
    if not len(data):
        one.text.append("No threshold can be judged: the test lacks patients of a class.")
        return one
    whole = shown(data)
    worth = [name for name in whole if str(name).startswith(("PPV", "NPV", "positives"))]
    who = ["target", "aim", "threshold"]
    first = whole.drop(columns=worth)
    one.tables.append(Table("thresholds", "By threshold", first, decimals=3, data=data))
    meant = whole[[*who[:2], *worth]]
    one.tables.append(
        Table("predictive_values", "How often a call is right", meant, decimals=3,
              data=data[[*who, *(c for c in data if str(c).startswith(("PPV", "NPV", "posit")))]])
    )  # fmt: skip
    return one


def _unchosen(test: Test) -> str:
    lacking = [name for name, limit in test.thresholds.items() if limit is None]
    few = f"; {', '.join(lacking[:3])} has none" if lacking else ""
    return f" (or is the share of positives in training, where validation has too few{few})"


def _thresholds(records: Sequence[Record], target: str) -> list[tuple[str, float | None, bool]]:
    """The aim, its threshold (the mean over runs), and whether it is the one of the run."""
    own = made(OmegaConf.create(literal(records[0].config["threshold"])), Threshold)
    others = [rule for rule in USUAL if rule.aim != own.aim]
    found = []
    for rule in (own, *others):
        each = [_chosen(record, target, rule, rule is own) for record in records]
        known = [one for one in each if one is not None]
        value = float(np.mean(known)) if len(known) == len(each) else None
        found.append((rule.aim, value, rule is own))
    return found


def _chosen(record: Record, target: str, rule: Threshold, own: bool) -> float | None:
    """The recorded one of the run's own rule, else the one that validation gives; None of few."""
    if own:
        value = record.metrics["test"]["targets"][target].get("threshold")
        return None if value is None else float(value)
    targets = targets_of_record(record)
    if (units := validation(record, targets)) is None:
        return None
    chosen = targets.thresholds(*units[:2], rule, shares_of(record, targets))[target]
    return chosen.value if chosen and chosen.source == "validation" else None


def _row(of: Calls) -> dict[str, float | str | None]:
    found = {
        **row("sensitivity", of.sensitivity), **row("specificity", of.specificity),
        **row("LR+", of.lr_positive), **row("LR-", of.lr_negative),
        "positives here": of.in_test.prevalence,
        **row("PPV here", of.in_test.ppv), **row("NPV here", of.in_test.npv),
    }  # fmt: skip
    if of.stated:
        at = f"at {of.stated.prevalence:.3g}"
        found |= {**row(f"PPV {at}", of.stated.ppv), **row(f"NPV {at}", of.stated.npv)}
    return found


def sentence(target: str, of: Calls) -> str:
    """What a positive call is worth, here and where the finding is as common as is stated."""
    here = of.in_test
    if here.ppv.value is None:
        return f"{target} is never called at the threshold of the run."
    said = (
        f"{target}: {here.prevalence:.1%} of these images have it, and {_share(here.ppv)} of the "
        "positive calls are right."
    )
    if of.stated is None or of.overstated is None or of.stated.ppv.value is None:
        return said + " State prevalence=... to see what that is where it is rarer or commoner."
    over = of.overstated.value or 0.0
    word = "overstates" if over > 0 else "understates"
    return (
        f"{said} Where {of.stated.prevalence:.2%} have it, {_share(of.stated.ppv)} are: this test "
        f"{word} the PPV by {abs(over):.2f}. There, {_share(of.stated.npv)} of the negative calls "
        "are right."
    )


def _share(of: Measured) -> str:
    if of.value is None:
        return "an unknown share"
    ends = f" [{of.interval.low:.1%}, {of.interval.high:.1%}]" if of.interval else ""
    return f"{of.value:.1%}{ends}"
