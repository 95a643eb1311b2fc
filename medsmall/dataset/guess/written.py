"""The YAML of the user's data set from an earlier call, and its update.

A key whose value differs from the guess was edited since, or given as an option: it is kept.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from medsmall.dataset.guess.inferred import Inferred
from medsmall.dataset.guess.said import AS_SAID, AS_WRITTEN, NONE, Said
from medsmall.dataset.guess.shown import in_words
from medsmall.dataset.guess.yaml_text import GUESSED, guesses_line, lines_of, loaded, replaced
from medsmall.errors import MedsmallError

# Keys that belong together: if one was edited, all are kept.
OF_LABEL, OF_PATIENT = ("label", "targets", "positive", "task"), ("patient", "patient_pattern")


@dataclass(frozen=True)
class Written:
    """The present YAML in `file`: its `text`, its `values`, and the earlier `guesses`."""

    file: Path
    text: str
    values: Mapping[str, Any]
    guesses: Mapping[str, Any]

    @classmethod
    def read(cls, file: Path) -> "Written":
        """MedsmallError if the file was not written by medsmall.init, or is damaged."""
        try:
            text = file.read_text(encoding="utf-8")
            kept = [line for line in text.splitlines() if line.startswith(GUESSED)]
            guesses = json.loads(kept[-1].removeprefix(GUESSED))
            return cls(file, text, loaded(text), dict(guesses))
        except (OSError, ValueError, TypeError, IndexError, yaml.YAMLError):
            raise MedsmallError(
                f"{file} exists already, and your edits in it cannot be recognised: add --force to "
                "overwrite it, or choose another --name."
            ) from None

    @cached_property
    def edits(self) -> dict[str, Any]:
        """The present values of keys that differ from their guess, and of related keys."""
        keys = {
            key
            for key, value in self.values.items()
            if key not in self.guesses or self.guesses[key] != value
        }
        for group in (OF_LABEL, OF_PATIENT):
            keys |= {*group} & self.values.keys() if keys & {*group} else set()
        return {key: value for key, value in self.values.items() if key in keys}

    def said(self, now: Said) -> Said:
        """The user's options, given `now` or earlier by an edit."""
        edits, columns, pattern = self.edits, dict(now.columns), now.id_pattern
        if "patient" in edits and "patient" not in columns and pattern is None:
            of_table = "patient_pattern" in self.values
            pattern = edits["patient_pattern" if of_table else "patient"]
            if pattern is None:
                columns["patient"] = edits["patient"] or NONE
        for role in ("age", "sex", "split"):
            if role in edits:
                columns.setdefault(role, edits[role] or NONE)
        label, task = now.label or edits.get("label"), now.task
        if edits.get("label") and not now.label:
            task = task or edits.get("task")
        merge = now.merge or bool(edits.get("merge"))
        return replace(
            now, columns=columns, id_pattern=pattern, label=label, task=task, merge=merge
        )

    def kept(self, now: Said) -> dict[str, Any]:
        """The edits to keep, whatever is guessed: all but those overridden by options `now`."""
        said = {*now.columns, *(["modality"] if now.modality else [])}
        said |= {"merge"} if now.merge else set()
        said |= {*OF_LABEL} if now.label or now.task else set()
        said |= {*OF_PATIENT} if now.id_pattern or "patient" in said else set()
        return {key: value for key, value in self.edits.items() if key not in said}

    def keep(self, found: Inferred, now: Said) -> None:
        """Put the kept edits into `found`, so that it agrees with the file.

        MedsmallError if a table has become class folders, or the reverse.
        """
        target = f"{found.kind.__module__}.{found.kind.__name__}"
        if self.values.get("_target_") != target:
            raise MedsmallError(
                f"{self.file} describes a {self.values.get('_target_')}, but the data are now a "
                f"{target}: add --force to overwrite it, or choose another --name."
            )
        for key, value in self.kept(now).items():
            if "${" not in json.dumps(
                value
            ):  # values that refer to other keys stay in the file only
                found.set(key, value, AS_WRITTEN)
        if now.merge and self.edits.get("merge"):
            found.set("merge", {**found.settings.get("merge", {}), **self.edits["merge"]}, AS_SAID)

    def updated(self, found: Inferred, now: Said) -> tuple[str, list[str]]:
        """The text with the settings of `found` in its lines, and what changed: `key: old -> new`.

        All else in the text stays. MedsmallError if a changed key has more than one line.
        """
        lines, kept = lines_of(found), self.kept(now)
        fresh = loaded("\n".join(lines.values()))
        wanted = {**self.values, **fresh, **kept}
        text, changes = self.text, []
        for key in [key for key in lines if self.values.get(key, self) != wanted[key]]:
            if key in self.values:
                text = replaced(text, rf"{key}:", lines[key])
                changes.append(f"{key}: {in_words(self.values[key])} -> {in_words(wanted[key])}")
            else:
                text = text.replace(GUESSED, f"{lines[key]}\n{GUESSED}", 1)
                changes.append(f"{key}: {in_words(wanted[key])} (new)")
        guesses = {key: value for key, value in fresh.items() if key not in kept}
        guesses |= {key: self.guesses[key] for key in kept if key in self.guesses}
        text = replaced(text, re.escape(GUESSED), guesses_line(guesses, found))
        try:
            right = loaded(text) == wanted
        except (ValueError, yaml.YAMLError):
            right = False
        if not right:
            raise MedsmallError(
                f"{self.file} cannot be updated ({'; '.join(changes)}), because a key spans "
                "several lines: write each key in one line, or add --force to overwrite it."
            )
        return text, changes
