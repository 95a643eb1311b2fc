"""The user's data set with the reason for each of its arguments."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from medsmall.dataset.files import present_only
from medsmall.dataset.folder import Folder
from medsmall.dataset.own.table_file import TableFile
from medsmall.dataset.table import Table


@dataclass
class Inferred:
    """A data set with the reason for each argument that is not its default.

    `kind` is Table or Folder, `settings` are its arguments, `warnings` are for the user, `read` is
    a table that has been read already.
    """

    kind: type[Table] | type[Folder]
    settings: dict[str, Any]
    reasons: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    read: TableFile | None = None

    def set(self, argument: str, value: object, reason: str) -> None:
        """Give an argument with its reason."""
        self.settings[argument] = value
        self.reasons[argument] = reason
        for kept in ("data", "rows"):
            self.__dict__.pop(kept, None)

    @cached_property
    def data(self) -> Table | Folder:
        """The data set with the settings so far."""
        data = self.kind(**self.settings)
        if isinstance(data, Table) and self.read is not None:
            data.use(self.read)
        return data

    @cached_property
    def rows(self) -> pd.DataFrame:
        """Its sample table, of the images that are there."""
        return present_only(self.data, self.data.table())
