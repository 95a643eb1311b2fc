"""The user's options about the data, which override any guess."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from medsmall.errors import MedsmallError, did_you_mean

AS_SAID, AS_WRITTEN = "as you said", "as you wrote"  # reasons of a setting
NONE = "none"  # instead of a column name: there is no such column


@dataclass(frozen=True)
class Said:
    """The options of medsmall.init about the data; None or absent ones are guessed.

    `columns` are those of patient, age, sex and split; `NONE` means that there is none. `merge`
    merges spellings that seem to be one class; unless it was `typed`, a merge that was edited in
    the YAML goes before it. `spellings` is that edited merge, None if it was not edited.
    """

    label: str | None = None
    task: str | None = None
    modality: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    id_pattern: str | None = None
    merge: bool = False
    typed: bool = True
    spellings: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        if self.id_pattern == "":
            raise MedsmallError(
                "The expression for patients (--id-pattern) is empty: write one with a group, such "
                "as ^(person\\d+), or leave it out."
            )

    def check(self, path: Path, there: Collection[str]) -> None:
        """MedsmallError if a column is not `there` in the table `path`."""
        named = {role: name for role, name in self.columns.items() if name != NONE}
        if self.id_pattern is not None and "patient" in named:
            raise MedsmallError("--patient and --id-pattern both define the patient: keep one.")
        for role, name in {"label": self.label, **named}.items():
            if name is not None and name not in there:
                raise MedsmallError(
                    f"{path.absolute()} has no column '{name}' for --{role}"
                    f"{did_you_mean(name, there)}."
                )
        names = [name for name in [self.label, *named.values()] if name is not None]
        for name in names:
            if names.count(name) > 1:
                raise MedsmallError(f"Two options name the column '{name}': correct one.")

    def refuse_columns(self, path: Path) -> None:
        """MedsmallError if a column is given for a folder of images, which has none."""
        named = {"label": self.label, **self.columns}
        for role, name in named.items():
            if name not in (None, NONE):
                hint = "; for patients in file names, give --id-pattern" * (role == "patient")
                raise MedsmallError(
                    f"--{role} {name} names a column, but {path.absolute()} is read as class "
                    f"folders: leave it out, or name a table{hint}."
                )


NOTHING = Said()
