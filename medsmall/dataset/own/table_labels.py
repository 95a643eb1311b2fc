"""The labels of a user's table: their names, task and columns."""

from functools import cached_property

import numpy as np
import pandas as pd

from medsmall.dataset.own.classes import check_names
from medsmall.dataset.own.column import Column
from medsmall.dataset.own.labels import (
    class_labels,
    names_classes,
    refuse_other_number,
    refuse_several,
    task_of,
)
from medsmall.dataset.own.layout import Layout
from medsmall.dataset.own.table_file import TableFile
from medsmall.dataset.sample_table import one_hot
from medsmall.errors import MedsmallError
from medsmall.task import Task


class TableLabels:
    """What the columns of `file` that `layout` names for it say about each image."""

    def __init__(self, file: TableFile, layout: Layout) -> None:
        self.file, self.layout = file, layout

    @cached_property
    def names(self) -> list[str]:
        """The label columns of the sample table; MedsmallError where there is none."""
        label = self.layout.label
        if label is not None and self.by_class:
            return class_labels(self.file.column(label), self.layout.positive, self.layout.merge)
        names = [label] if label else self.layout.targets or self._columns_of_0_and_1()
        check_names(names)
        return list(names)

    @cached_property
    def by_class(self) -> bool:
        """Whether `label` names classes."""
        label = self.layout.label
        asked = self.layout.positive is not None or bool(self.layout.merge)
        if label is None:
            return False
        found = names_classes(self.file.column(label), self.layout.task, asked)
        if asked and not found:
            raise MedsmallError(
                f"The column '{label}' holds numbers, for which dataset.positive and dataset.merge "
                "have no effect: leave them out."
            )
        return found

    @property
    def sources(self) -> list[str]:
        """The columns of the file that hold the labels."""
        return [self.layout.label] if self.layout.label else self.names

    def task(self, targets: list[str]) -> Task:
        """The task, given or inferred; MedsmallError if it does not fit `targets`."""
        columns = [] if self.by_class else self._columns(targets)
        if self.layout.task:
            found = self.layout.task
            if found is Task.MULTILABEL and len(targets) == 1:  # one finding of several
                found = Task.BINARY
        elif self.by_class:
            found = Task.of_classes(targets)
        else:
            found = task_of(columns)
        refuse_other_number(found, targets)
        if found is Task.MULTICLASS:
            refuse_several(columns)
        return found

    def values(self, targets: list[str], task: Task) -> dict[str, np.ndarray | pd.Series]:
        """One float64 column per label, NaN if unknown."""
        if self.layout.label is not None and self.by_class:
            classes = (
                self.file.column(self.layout.label).classes(self.layout.merge).replace("", None)
            )
            return dict(one_hot(classes, self.names, targets))
        number = task is Task.REGRESSION
        return {c.name: c.numbers() if number else c.yes_no() for c in self._columns(self.names)}

    def _columns(self, names: list[str]) -> list[Column]:
        return [self.file.column(name) for name in names]

    def _columns_of_0_and_1(self) -> list[str]:
        free = [name for name in self.file.cells.columns if name not in self.layout.used]
        names = [name for name in free if self.file.column(name).kind == "yes or no"]
        if not names:
            raise MedsmallError(
                f"{self.file.path.absolute()} has no column of 0 and 1 that could be a label: name "
                f"labels in dataset.targets or dataset.label, of {', '.join(free) or 'none'}."
            )
        return names
