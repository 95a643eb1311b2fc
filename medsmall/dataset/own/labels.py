"""The labels of a user's table, and their task."""

from collections.abc import Mapping, Sequence

import pandas as pd

from medsmall.dataset.own.classes import label_names
from medsmall.dataset.own.column import Column
from medsmall.errors import MedsmallError
from medsmall.task import Task

MANY = 20  # the most classes that are guessed
CODES = 10  # whole numbers with more different values are measurements, not classes


def check_arguments(
    targets: Sequence[str] | None,
    label: str | None,
    positive: str | None,
    merge: Mapping[str, str] | None,
    task: Task | None,
) -> None:
    """MedsmallError if the arguments of a `Table` about labels contradict each other."""
    if isinstance(targets, str):
        raise MedsmallError(f"dataset.targets is a list: write dataset.targets=[{targets}].")
    if targets is not None and not targets:
        raise MedsmallError("dataset.targets is empty: name some columns, or set it to null.")
    repeated = sorted({name for name in targets or [] if list(targets or []).count(name) > 1})
    if repeated:
        raise MedsmallError(f"dataset.targets names {', '.join(repeated)} more than once.")
    for name, given in {"positive": positive, "merge": merge}.items():
        if given is not None and label is None:
            raise MedsmallError(
                f"dataset.{name} has no effect without dataset.label: leave it out."
            )
    if label is not None and task is Task.MULTILABEL:
        raise MedsmallError(
            "dataset.task=multilabel needs one column per label: name them in dataset.targets, "
            "without dataset.label."
        )


def names_classes(column: Column, task: Task | None, asked: bool = False) -> bool:
    """Whether the cells of a label column name classes, for a given `task` or None.

    Else they are 0 and 1, or numbers. With `asked` (a positive class or a merge is given), yes and
    no, too, are names of classes. MedsmallError if the column is blank or mixed.
    """
    if task is Task.REGRESSION:
        return False
    kind = column.kind
    if asked and kind == "yes or no":
        return True
    if kind == "blank":
        raise MedsmallError(f"{column.path.absolute()}, column '{column.name}', is blank.")
    if kind == "mixed" and task is None:
        raise column.odd_cell()
    if kind == "numbers" and task is None:
        values = column.numbers().dropna()
        return bool((values % 1 == 0).all() and values.nunique() <= CODES)
    return kind != "yes or no"


def class_labels(
    column: Column, positive: str | None, merge: Mapping[str, str] | None
) -> list[str]:
    """The labels in a column of classes; MedsmallError for one class, or very many."""
    found = column.classes(merge)
    classes = sorted(set(found) - {""})
    where = f"{column.path.absolute()}, column '{column.name}',"
    if len(classes) < 2:
        raise MedsmallError(
            f"{where} holds one class only ({', '.join(classes)}): classification needs two."
        )
    if positive is not None and len(classes) != 2:
        raise MedsmallError(
            f"{where} has {len(classes)} classes ({', '.join(classes[:6])}"
            f"{', ...' if len(classes) > 6 else ''}), but dataset.positive chooses one of two: "
            "leave it out, or let dataset.merge read a word as another class or as '' (unknown)."
        )
    if len(classes) > max(MANY, len(found) // 2):
        raise MedsmallError(
            f"{where} has {len(classes):,} different values in {len(found):,} rows, too many for "
            "classes: choose another column, or set dataset.task=regression for numbers."
        )
    return label_names(classes, positive)


def refuse_other_number(task: Task, targets: Sequence[str]) -> None:
    """MedsmallError if a task does not fit the number of targets."""
    if (task is Task.BINARY) != (len(targets) == 1) and task is not Task.REGRESSION:
        raise MedsmallError(
            f"dataset.task={task} does not fit {len(targets)} target(s) "
            f"({', '.join(targets)}): binary has one, multilabel and multiclass several; set "
            "dataset.task=null, and the columns tell it."
        )


def task_of(columns: Sequence[Column]) -> Task:
    """The task of label columns; MedsmallError if they hold text, two kinds, or nothing."""
    kinds = {column.name: column.kind for column in columns}
    for column in columns:
        if kinds[column.name] == "mixed":
            raise column.odd_cell()
        if kinds[column.name] == "text":
            raise MedsmallError(
                f"{column.path.absolute()}, column '{column.name}', holds text, such as "
                f"'{column.known.iloc[0]}': for class names set dataset.label={column.name} "
                "instead of dataset.targets."
            )
    if all(kind == "blank" for kind in kinds.values()):
        names = ", ".join(kinds)
        raise MedsmallError(f"{columns[0].path.absolute()} has no label in {names}: all are blank.")
    numbers = [name for name, kind in kinds.items() if kind == "numbers"]
    if not numbers:
        several = len(columns) > 1 and bool((_ones(columns) == 1).all())
        return Task.MULTICLASS if several else Task.of_findings(list(kinds))
    answers = [name for name, kind in kinds.items() if kind == "yes or no"]
    if answers:
        raise MedsmallError(
            f"{columns[0].path.absolute()}: '{answers[0]}' holds 0 and 1, '{numbers[0]}' other "
            "numbers: these are two tasks, so name columns of one kind in dataset.targets."
        )
    return Task.REGRESSION


def _ones(columns: Sequence[Column]) -> pd.Series:
    """The number of 1s in each row that is not all blank, NaN if one of its cells is."""
    answers = pd.concat([column.yes_no() for column in columns], axis=1)
    return answers.dropna(how="all").sum(axis=1, skipna=False)


def refuse_several(columns: Sequence[Column]) -> None:
    """MedsmallError if a row of columns of 0 and 1 does not have exactly one 1."""
    if columns:
        ones = _ones(columns).dropna()
        for row in ones.index[ones != 1][:1]:
            raise MedsmallError(
                f"{columns[0].path.absolute()}, row {row}, has {ones[row]:g} classes, but "
                "multiclass needs one: correct it, or set dataset.task=multilabel."
            )
