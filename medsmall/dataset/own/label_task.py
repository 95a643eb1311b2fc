"""Which task the label columns of somebody's table are."""

from collections.abc import Sequence

import pandas as pd

from medsmall.dataset.own.column import Column
from medsmall.errors import MedsmallError
from medsmall.task import Task


def task_of(columns: Sequence[Column]) -> Task:
    """The task of label columns; MedsmallError where they are of text, of two kinds, or blank."""
    kinds = {column.name: column.kind for column in columns}
    for column in columns:
        if kinds[column.name] == "mixed":
            raise column.odd_cell()
        if kinds[column.name] == "text":
            raise MedsmallError(
                f"{column.path.absolute()}, column '{column.name}', holds text, such as "
                f"'{column.known.iloc[0]}': for names of classes set dataset.label={column.name} "
                "in place of dataset.targets."
            )
    if all(kind == "blank" for kind in kinds.values()):
        names = ", ".join(kinds)
        raise MedsmallError(f"{columns[0].path.absolute()} has no label in {names}: all are blank.")
    numbers = [name for name, kind in kinds.items() if kind == "numbers"]
    if not numbers:
        several = len(columns) > 1 and _one_in_each_row(columns)
        return Task.MULTICLASS if several else Task.of_findings(list(kinds))
    answers = [name for name, kind in kinds.items() if kind == "yes or no"]
    if answers:
        raise MedsmallError(
            f"{columns[0].path.absolute()}: '{answers[0]}' holds 0 and 1 but '{numbers[0]}' other "
            "numbers, which are two tasks: name columns of one kind in dataset.targets."
        )
    return Task.REGRESSION


def _one_in_each_row(columns: Sequence[Column]) -> bool:
    """Whether each row has one 1 and no blank, or is blank throughout."""
    answers = pd.concat([column.yes_no() for column in columns], axis=1)
    known = answers.dropna(how="all")
    return bool((known.sum(axis=1, skipna=False) == 1).all())


def _ones(columns: Sequence[Column]) -> pd.Series:
    """How many 1 each row has, NaN where a cell is unknown."""
    return pd.concat([column.yes_no() for column in columns], axis=1).sum(axis=1, skipna=False)


def refuse_several(columns: Sequence[Column]) -> None:
    """MedsmallError where a row of columns of 0 and 1 has not exactly one 1."""
    if columns:
        ones = _ones(columns).dropna()
        for row in ones.index[ones != 1][:1]:
            raise MedsmallError(
                f"{columns[0].path.absolute()}, row {row}, has {ones[row]:g} classes where "
                "multiclass has one: correct it, or set dataset.task=multilabel."
            )
