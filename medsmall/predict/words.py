"""The words of the command lines that begin with RUN."""

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from medsmall.errors import MedsmallError, did_you_mean
from medsmall.predict.runs import chosen, is_run, nearest
from medsmall.record import Record


@dataclass
class Words:
    """What a command line says.

    Attributes:
        run: the word that names runs; "" where the selection does.
        selection: words such as dataset=mine that select runs.
        options: the options of the command that were given.
        rest: all other words, such as images.
        roots: the output folders.
    """

    run: str = ""
    selection: dict[str, list[str]] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    rest: list[str] = field(default_factory=list)
    roots: list[Path] = field(default_factory=list)

    @classmethod
    def of(cls, given: Sequence[str], options: Collection[str]) -> "Words":
        """MedsmallError for an unknown option, or where nothing names a run."""
        found = cls()
        plain = [word for word in given if "=" not in word or Path(word).exists()]
        roots = [word for word in given if word.startswith("output_root=")]
        where = (
            roots[-1].partition("=")[2] if roots else os.environ.get("MEDSMALL_OUTPUT", "outputs")
        )
        found.roots = [Path(where).expanduser().absolute()]
        for word in (one for one in given if one not in plain and one not in roots):
            key, _, value = word.partition("=")
            if not value:
                raise MedsmallError(f"{word} has no value: give one, or leave it out.")
            if key in options:
                found.options[key] = value
            else:
                found.selection[key] = value.split(",")
        for word in plain:
            if word.startswith("-"):
                raise MedsmallError(f"There is no option {word}: --help shows what there is.")
            if not found.run and is_run(word, found.roots):
                found.run = word
            else:
                found.rest.append(word)
        if not found.run and not found.selection:
            word = given[0] if given else "Nothing"
            near = f" ({nearest(word, found.roots)})" if given and not Path(word).exists() else ""
            raise MedsmallError(
                f"{word} names no run{near}: begin with a key, a folder of "
                "outputs/runs, last, or a selection such as best dataset=mine."
            )
        return found

    def records(self) -> tuple[list[Record], str]:
        """The runs, and a sentence that says which; see `medsmall.predict.runs`."""
        return chosen(self.run, self.selection, self.roots)

    def one_of(self, key: str, known: Sequence[str]) -> str:
        """An option, by default the first of the `known` values."""
        value = self.options.get(key, known[0])
        if value not in known:
            raise MedsmallError(f"{key}={value} is unknown{did_you_mean(value, known)}.")
        return value

    def shares(self, key: str) -> float | dict[str, float] | None:
        """An option that is a share, or one for each target: "{mel: 0.02, nv: 0.98}"."""
        if key not in self.options:
            return None
        try:
            value = yaml.safe_load(self.options[key])
            if isinstance(value, dict):
                return {str(name): float(share) for name, share in value.items()}
            if 0 < float(value) < 1:
                return float(value)
        except (TypeError, ValueError, yaml.YAMLError):
            pass
        raise MedsmallError(
            f"{key}={self.options[key]} must be a share between 0 and 1, or one for each target: "
            f"'{key}={{a: 0.02, b: 0.1}}'."
        )

    def share(self, key: str) -> float | None:
        """An option that is one share."""
        value = self.shares(key)
        if isinstance(value, dict):
            raise MedsmallError(f"{key}={self.options[key]} must be one number between 0 and 1.")
        return value
