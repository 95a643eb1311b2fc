"""The section of conformal sets: answers that hold the truth as often as is promised."""

import pandas as pd

from medsmall.evaluate.judged import Test
from medsmall.evaluate.questions import row, shown
from medsmall.evaluation.conformal import quantile, quantiles, scores
from medsmall.evaluation.conformal_measured import Coverage, measured
from medsmall.evaluation.influence import Floats
from medsmall.page.sections import Section, Table
from medsmall.task import Task


def section(test: Test, alpha: float) -> Section | None:
    """None for numbers."""
    if test.targets.task is Task.REGRESSION:
        return None
    one = Section("sets", f"Sets that hold the truth in {1 - alpha:.0%}")
    one.text.append(
        "Instead of one class, an answer can be a set of classes: a large one says that the model "
        f"does not know. Such sets hold the true class in at least {1 - alpha:.0%} of new "
        "patients like these, whatever the model (split conformal prediction; Sadinle et al., JASA "
        "2019). Of a finding, that holds among those who have it and among those who do not. Sets "
        "are learnt from test patients: not used for training nor for choosing, unless the run was "
        "picked by its test score. The coverage was measured by halves: the sets of one half of "
        "the patients, judged on the other. It is promised for each finding and over all classes, "
        "not for several findings at once nor for each of several classes. medsmall.predict gives "
        f"them with sets={alpha:g}."
    )
    rows, refused = [], []
    exclusive = test.targets.task is Task.MULTICLASS
    for name, (y, prob, classes) in _questions(test).items():
        q = (
            quantile(scores(y, prob, test.patient), alpha)
            if exclusive
            else quantiles(y, prob, test.patient, alpha)
        )
        if isinstance(q, str):
            refused.append(f"{name}: refused, {q}.")
            continue
        found = measured(y, prob, test.patient, alpha, each=not exclusive)
        if isinstance(found, str):
            refused.append(f"{name}: the coverage cannot be measured, {found}.")
            continue
        rows.append(_row(name, found, classes))
    one.text += refused
    data = pd.DataFrame(rows)
    one.tables.append(Table("sets", "Coverage, measured", shown(data), decimals=3, data=data))
    return one


def _row(name: str, found: Coverage, classes: list[str]) -> dict[str, float | str | None]:
    by_class = {f"among {of}": one.value for of, one in zip(classes, found.by_class, strict=True)}
    return {
        "of": name, **row("coverage", found.coverage), **row("classes in a set", found.size),
        **by_class,
    }  # fmt: skip


def _questions(test: Test) -> dict[str, tuple[Floats, Floats, list[str]]]:
    """Labels and probabilities, (U, K) of classes or (U,) of a finding; names of the classes."""
    names = test.targets.names
    if test.targets.task is Task.MULTICLASS:
        return {"the class": (test.y, test.prob, names)}
    return {
        name: (test.y[:, k], test.prob[:, k], ["absent", "present"]) for k, name in enumerate(names)
    }
