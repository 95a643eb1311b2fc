"""The roles of the columns of the user's table, by their names and values."""

from collections.abc import Callable, Mapping
from pathlib import Path

from medsmall.dataset.guess.column_names import (
    AGE,
    LABEL,
    NO_AGE,
    NO_LABEL,
    SEX,
    VIEW,
    like,
)
from medsmall.dataset.guess.patient_column import patient_of
from medsmall.dataset.own import people
from medsmall.dataset.own.classes import PARTS, RESERVED
from medsmall.dataset.own.column import Column
from medsmall.dataset.own.labels import CODES, MANY
from medsmall.errors import MedsmallError

Free = Mapping[str, Column]
Chosen = tuple[str, str] | None  # a column, and why


def split_of(free: Free) -> Chosen:
    """The column whose cells all name parts, train among them."""
    for name, column in free.items():
        parts = {PARTS.get(cell.lower()) for cell in column.cells.unique()}
        if None not in parts and len(parts) > 1 and {"train", "train_val"} & parts:
            return name, "its values are " + ", ".join(sorted(column.cells.unique()))
    return None


def age_of(free: Free) -> Chosen:
    """A column named like an age, with ages in most cells."""
    for name, column in free.items():
        if like(AGE, name) and not like(NO_AGE, name):
            years = people.years_of(column)
            if years[column.known.index].notna().mean() > 0.5:
                return name, f"its name; {years.min():.0f} to {years.max():.0f} years"
    return None


def sex_of(free: Free) -> Chosen:
    """A column named like a sex, with sexes or codes in most cells; else one like `male`.

    Codes count as unknown, with a notice, when the table is read; they are not labels.
    """
    for name, column in free.items():
        named = like(SEX, name)
        codes = column.kind in ("yes or no", "numbers") and column.known.nunique() <= CODES
        if not (named or codes):
            continue
        sexes = people.sexes_of(column)
        understood = (sexes[column.known.index] != "").mean() > 0.5
        if understood or (named and codes):
            return name, f"its name; {(sexes == 'F').sum():,} F, {(sexes == 'M').sum():,} M"
    return None


def view_of(free: Free) -> Chosen:
    """A column named like a view."""
    for name, column in free.items():
        if like(VIEW, name) and column.cells.nunique() <= MANY:
            return name, "its name"
    return None


# In this order: "patient_age" is an age before it is a patient.
ROLES: dict[str, Callable[[Free], Chosen]] = {
    "split": split_of, "age": age_of, "sex": sex_of, "view": view_of, "patient": patient_of,
}  # fmt: skip


def labels(free: Free, path: Path) -> tuple[str | None, list[str], str]:
    """The column of classes or of a number, or else the columns of 0 and 1, and why.

    A name like label, class, diagnosis or score goes first; then 0 and 1; then text of few
    values; then the only column of numbers. MedsmallError lists the columns where none will do.
    """
    able = {
        name: c for name, c in free.items() if name not in RESERVED and not like(NO_LABEL, name)
    }
    kinds = {name: column.kind for name, column in able.items()}
    yes_no = [name for name, kind in kinds.items() if kind == "yes or no"]
    classes = [name for name, column in able.items() if _is_of_classes(column)]
    numbers = [name for name, kind in kinds.items() if kind == "numbers" and name not in classes]
    for names, what in ((classes, "classes"), (numbers, "numbers")):
        for name in names:
            if like(LABEL, name):
                return name, [], f"its name; {able[name].known.nunique():,} different {what}"
    called = [name for name in yes_no if like(LABEL, name)]
    if called:
        return None, called, "the name, and 0 and 1 in it"
    if yes_no:
        return None, yes_no, "0 and 1 in the column" + "s" * (len(yes_no) > 1)
    text = [name for name in classes if kinds[name] == "text"]
    if text:
        others = f" (or is it {', '.join(text[1:])}?)" if len(text) > 1 else ""
        return text[0], [], f"{able[text[0]].known.nunique():,} different names in it{others}"
    if len(numbers) == 1 and not any(like(LABEL, name) for name in able):
        return numbers[0], [], "the only column of numbers"
    held = ", ".join(f"{name} ({column.kind})" for name, column in free.items()) or "none"
    raise MedsmallError(
        f"{path.absolute()} has no column that looks like a label (0 and 1, up to {MANY} classes, "
        f"or a number); the columns left are {held}: name it with --label (and --task regression "
        "for a number), or add one; several labels need a column of 0 and 1 each."
    )


def _is_of_classes(column: Column) -> bool:
    """Text, or whole numbers, of 2 to MANY values, fewer than half of the rows."""
    known = column.known
    count = known.nunique()
    few = 2 <= count <= min(MANY, max(2, len(known) // 2))
    if column.kind == "numbers":
        return few and count <= CODES and bool((column.parsed % 1 == 0).all())
    return few and column.kind == "text"
