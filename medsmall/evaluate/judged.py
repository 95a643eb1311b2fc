"""The units that a model is judged by: labels, predictions, patients, and what else is known."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from medsmall.answer.facts import Facts
from medsmall.answer.joined import calibrated_of, calls_of, limits_of
from medsmall.errors import MedsmallError
from medsmall.evaluation.influence import Codes, Floats
from medsmall.predict.facts import opened
from medsmall.record import Record
from medsmall.record.predicted import Predicted
from medsmall.targets import Targets


@dataclass(frozen=True, eq=False)
class Test:
    """What one model said about U units, and what is true.

    Attributes:
        title: what is judged by what, for people.
        targets: K of them.
        members: what is known of the model, or of each that answers with others.
        y: (U, K), NaN unknown.
        outputs: (M, U, K), probabilities or numbers of each member.
        patient: (U,), whole numbers below `patients`.
        about: a row for each unit: its name, and columns to break scores down by.
        is_own: whether these are the test images of the run.
        phantom: whether they are generated.
        people: whose images they are: "patients", or "lesions".
        data: the name of the data set.
        strange: the share of images that look unlike the training's; None if unknown.
    """

    __test__ = False  # for pytest

    title: str
    targets: Targets
    members: Sequence[Facts]
    y: Floats
    outputs: Floats
    patient: Codes
    patients: int
    about: pd.DataFrame = field(repr=False)
    is_own: bool = True
    phantom: bool = False
    people: str = "patients"
    data: str = ""
    strange: float | None = None

    @cached_property
    def prob(self) -> Floats:
        """(U, K): the mean over members; probabilities or numbers."""
        mean: Floats = self.outputs.mean(0)
        return mean

    @property
    def calibrated(self) -> Floats | None:
        """(U, K) calibrated probabilities, NaN of targets that have none; None without any."""
        return self.calibrated_by(self.members)

    def calibrated_by(self, members: Sequence[Facts]) -> Floats | None:
        """The same by other calibrations, such as those for another population."""
        found = calibrated_of(members, self.outputs)
        return None if found is None else found[0]

    @cached_property
    def called(self) -> Floats | None:
        """(U, K): 1 where it is called, else 0, NaN without a threshold; None of numbers."""
        return calls_of(self.members, self.outputs)

    @property
    def thresholds(self) -> dict[str, float | None]:
        """Of each finding: the mean over the members."""
        return limits_of(self.members)


def own_test(
    records: Sequence[Record], members: Sequence[Facts], table: pd.DataFrame | None
) -> Test:
    """The test that runs recorded; `table` is the sample table of their data set, if it is here.

    Several runs are judged together where they were tested on the same units. MedsmallError else,
    and for a final model, which has no test.
    """
    for record in records:
        if "final" in record.metrics:
            raise MedsmallError(
                f"{record.folder} is a final model: it learnt from all labelled images, so none is "
                "left to judge it by. Name the runs before it, or other data: on dataset=..."
            )
    tests = [Predicted.of(record) for record in records]
    of = tests[0]
    if len({one.identity for one in tests}) > 1:
        raise MedsmallError(
            f"These {len(records)} runs were tested on different images, and medsmall.report has "
            "their mean: name one of them, or judge them together on other data (on dataset=...)."
        )
    unit, rows = str(of.metrics["unit"]), records[0].predictions
    names = rows["patient"].groupby(rows[unit].astype("str").to_numpy()).first().index
    about = pd.DataFrame({unit: names})
    if table is not None:
        own = table.assign(**{unit: table[unit].astype("str")})
        own = own.drop_duplicates(unit).set_index(unit)
        columns = breakable(table, of.targets.names)
        about[columns] = own[columns].reindex(names).to_numpy()
    people = of.patients[of.patient]
    name = str(of.metrics["name"]) if len(records) == 1 else f"{len(records)} runs together"
    return Test(
        f"{name} on {'its' if len(records) == 1 else 'their'} own test images", of.targets,
        members, of.y, np.stack([one.predicted for one in tests]), of.patient, len(of.patients),
        about.assign(patient=people), phantom=bool(of.metrics.get("phantom")),
        people=people_of(opened(records[0])), data=members[0].dataset,
    )  # fmt: skip


def people_of(dataset: Any) -> str:
    """What its images are grouped by, in the plural."""
    return f"{getattr(dataset, 'grouped_by', 'patient')}s"


def breakable(table: pd.DataFrame, targets: Sequence[str]) -> list[str]:
    """The columns of a sample table that may tell subgroups: few words, or age."""
    away = {"image", "patient", "split", "study", "part", *targets}
    found = []
    for name in table.columns:
        values = table[name].replace("", np.nan).dropna()
        if name in away or not len(values):
            continue
        is_number = pd.api.types.is_numeric_dtype(table[name])
        if name == "age" or (not is_number and 2 <= values.nunique() <= 20):
            found.append(str(name))
    return found
