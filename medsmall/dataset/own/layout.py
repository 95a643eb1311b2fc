"""The layout of a user's table, from the arguments of `Table`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from medsmall.task import Task


@dataclass(frozen=True)
class Layout:
    """The table's file and its columns; `Table` says what each of them means.

    `columns` are the names of the columns of patient, split, age, sex and view, or None; `pattern`
    finds the patient in the image's path.
    """

    file: str
    image: str
    folder: str
    suffix: str
    columns: Mapping[str, str | None]
    pattern: re.Pattern[str] | None
    label: str | None
    targets: list[str] | None
    positive: str | None
    merge: Mapping[str, str] | None
    task: Task | None

    @property
    def used(self) -> set[str]:
        """The columns that the arguments name for something other than a label."""
        return {self.image, *filter(None, self.columns.values())}
