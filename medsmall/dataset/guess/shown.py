"""The findings about the user's data in the terminal."""

from rich.table import Table as Lines

from medsmall.dataset import MODALITIES
from medsmall.dataset.guess.inferred import Inferred
from medsmall.task import Task
from medsmall.terminal import console, say


def show(found: Inferred, name: str) -> None:
    """Print each setting with its reason, each target with its counts, and the warnings."""
    data, table = found.data, found.rows
    lines = Lines(title=f"{name}: {len(table):,} images", title_justify="left")
    for heading in ("setting", "value", "why"):
        lines.add_column(heading, overflow="fold")
    for key, reason in found.reasons.items():
        lines.add_row(key, in_words(found.settings[key]), reason, style=None)
    lines.add_section()
    for target in data.targets:
        known = table[target].dropna()
        if data.task is Task.REGRESSION:
            told = f"{known.min():g} to {known.max():g}, mean {known.mean():.3g}"
        else:
            told = f"{int((known == 1).sum()):,} of {len(known):,}"
        blank = len(table) - len(known)
        lines.add_row(target, told, f"{blank:,} unknown" if blank else "")
    console.print(lines, markup=False)
    for warning in found.warnings:
        say(f"Note: {warning}")
    if "modality" not in found.settings:
        say(
            "Note: modality is 'other', so unsafe augmentations and inverted films are not "
            f"detected: add --modality with one of {', '.join(MODALITIES)}."
        )


def in_words(value: object) -> str:
    """A value of a setting: a list with commas, a mapping with arrows, None as none."""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(f"{old} -> {new}" for old, new in value.items())
    return "none" if value is None else str(value)
