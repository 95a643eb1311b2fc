"""The section of subgroups: scores by sex, age, view and any other column of few words."""

from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from medsmall.evaluate.judged import Test
from medsmall.evaluate.questions import row, shown
from medsmall.evaluate.scores import score_of
from medsmall.evaluation.comparison import holm
from medsmall.evaluation.influence import Score
from medsmall.evaluation.scored import of_classes
from medsmall.evaluation.subgroups import Subgroup, subgroups
from medsmall.evaluation.threshold import FEW
from medsmall.page.sections import Section, Table
from medsmall.task import Task

AGES = ((0, 18), (18, 40), (40, 65), (65, np.inf))  # years, the upper end not included
CHANCE, LONGEST = 0.05, 40  # characters of a word that names a group


def section(test: Test) -> Section:
    """A table of groups, and which differ from the rest by more than chance."""
    one = Section("subgroups", "Subgroups")
    groups = groups_of(test.about)
    if not groups:
        one.text.append(
            "Nothing is known of these images that could make groups: a table with age, sex, view "
            "or other columns of few words would."
        )
        one.tables.append(Table("subgroups", "By group", pd.DataFrame({"group": []})))
        return one
    exclusive = test.targets.task is Task.MULTICLASS
    metric = "accuracy" if exclusive else test.targets.headline  # AUROC would rest on the rarest
    found: dict[str, Subgroup] = {}
    for name, k in [("", 0)] if exclusive else [(n, k) for k, n in enumerate(test.targets.names)]:
        labels = _known(test) if exclusive else test.y[:, k]
        score = partial(_accuracy, test) if exclusive else partial(_of_target, test, metric, k)
        of = subgroups(metric, score, groups, labels, test.patient)
        before = f"{name}, " if len(test.targets.names) > 1 and name else ""
        found |= {f"{before}{group}": one_group for group, one_group in of.items()}
    found = holm_over(found)
    named = {**test.targets.headings, **test.targets.overall}.get(metric, metric)
    one.text.append(
        f"{named[0].upper()}{named[1:]} in each group, and its difference from all "
        "images outside the group. p is Holm's, over all rows of this table: below 0.05 a "
        "difference is more than chance. It is no cause: groups may differ in how hard they are. "
        "Without a decision a group may still differ: small groups tell little."
    )
    one.text += told(found)
    data = pd.DataFrame(
        [
            {
                "group": name, "images": of.images, "positive": of.positive,
                "patients": of.patients, **row("score", of.score),
                **row("difference", of.difference), "p": of.p, "p (Holm)": of.holm,
                "note": of.score.reason or of.difference.reason,
            }
            for name, of in found.items()
        ]
    )  # fmt: skip
    data = data.drop(columns="positive") if exclusive else data
    one.tables.append(Table("subgroups", "By group", shown(data), decimals=3, data=data))
    return one


def told(found: dict[str, Subgroup]) -> list[str]:
    """A sentence for each group that differs, or that none does."""
    sure = {name: of for name, of in found.items() if of.holm is not None and of.holm < CHANCE}
    asked = sum(of.holm is not None for of in found.values())
    if not asked:
        return ["No group has enough patients to compare."]
    if not sure:
        return [f"None of the {asked} groups that can be compared differs by more than chance."]
    said = []
    for name, of in sure.items():
        assert of.difference.value is not None
        word = "higher" if of.difference.value > 0 else "lower"
        said.append(
            f"{name}: {abs(of.difference.value):.3f} {word} than elsewhere (p = {of.holm:.2g}, "
            f"{of.patients} patients)."
        )
    return said


def holm_over(found: dict[str, Subgroup]) -> dict[str, Subgroup]:
    """The p values of all groups and targets adjusted as one family."""
    ps = {name: of.p for name, of in found.items() if of.p is not None and of.holm is not None}
    whole = dict(zip(ps, holm(np.array(list(ps.values())), len(ps)).tolist(), strict=True))
    return {
        name: of._replace(holm=max(whole[name], of.holm or 0.0)) if name in whole else of
        for name, of in found.items()
    }


def _known(test: Test) -> NDArray[np.float64]:
    """0 where the class is known (U,), else NaN: classes have no positives."""
    return np.where(np.isnan(test.y).any(axis=1), np.nan, 0.0)


def _of_target(test: Test, metric: str, k: int, rows: NDArray[np.bool_]) -> Score | None:
    return score_of(test, metric, k, rows)


def _accuracy(test: Test, rows: NDArray[np.bool_]) -> Score | None:
    """The share of rows whose class is called; None without a known one."""
    known = rows & ~np.isnan(test.y).any(axis=1)
    if not known.any():
        return None
    true, called = test.y[known].argmax(axis=1), test.prob[known].argmax(axis=1)
    k = len(test.targets.names)
    return of_classes("accuracy", true, called, k, test.patient[known], test.patients)


def groups_of(about: pd.DataFrame) -> dict[str, NDArray[np.bool_]]:
    """Rows (U,) by the name of their group, "sex F", "age 40 to 64 years".

    Of words that FEW patients have at least: others might name a patient.
    """
    found: dict[str, NDArray[np.bool_]] = {}
    for column in about.columns[1:]:
        if column == "patient":
            continue
        values = about[column]
        if column == "age":
            years = pd.to_numeric(values, errors="coerce").to_numpy(float)
            found |= {
                f"age {_band(low, high)}": (years >= low) & (years < high) for low, high in AGES
            }
            continue
        words = values.astype("str").where(values.notna(), "").to_numpy()
        for word in sorted({*words} - {""}):
            # words of a few patients may be names or numbers of them, and tell nothing
            if about.loc[words == word, "patient"].nunique() >= FEW and len(word) <= LONGEST:
                found[f"{column} {word}"] = words == word
    inside = {name: rows for name, rows in found.items() if rows.any() and not rows.all()}
    return inside


def _band(low: float, high: float) -> str:
    return f"{low:g} to {high - 1:g} years" if np.isfinite(high) else f"{low:g} years and over"
