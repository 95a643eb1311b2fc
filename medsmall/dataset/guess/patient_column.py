"""The column of patients in the user's table, by its name and values."""

from collections.abc import Mapping

from medsmall.dataset.guess.column_names import (
    NO_PATIENT,
    PATIENTS,
    has_identifier,
    identifies,
    like,
    names_patients,
)
from medsmall.dataset.own import listed
from medsmall.dataset.own.cell_words import UNKNOWN
from medsmall.dataset.own.column import Column
from medsmall.dataset.own.labels import MANY


def patient_of(free: Mapping[str, Column]) -> tuple[str, str] | None:
    """A column named like patients or other groups that stay together; not one of measures.

    One whose values repeat goes first, since one that differs in every row keeps nothing together;
    then one named like an identifier alone; then the order of `PATIENTS`.

    MedsmallError if the only such column has blank cells: without it, the images of one patient
    would count as different patients.
    """
    ranks = {name: _rank(column) for name, column in free.items()}
    ranked = sorted((rank, name) for name, rank in ranks.items() if rank)
    if not ranked:
        return None
    for rank, name in ranked:
        column = free[name]
        if rank == ranked[0][0] and not column.cells.str.lower().isin(UNKNOWN).any():
            count, rows = column.cells.nunique(), len(column.cells)
            if count < rows:
                return name, f"its name; {count:,} different ones in {rows:,} rows"
            return name, (
                f"its name; another one in each of the {rows:,} rows: if these number images "
                "rather than patients, give --patient none"
            )
    raise listed.names_no_patient(
        free[ranked[0][1]], "give --patient none: each image then counts as its own patient"
    )


def _rank(column: Column) -> tuple[bool, bool, int] | None:
    """How likely a column holds patients, the likeliest first; None if it does not.

    Whether its values never repeat, whether its name says more than an identifier, and the place
    of its word in `PATIENTS`.
    """
    name, known = column.name, column.known
    if like(NO_PATIENT, name) or not _may_be_patients(column):
        return None
    count = known.nunique()
    few = count <= MANY and len(known) >= 10 * count  # as the names of classes are
    for kind in range(len(PATIENTS)):
        if identifies(name, kind):
            if kind and few and not has_identifier(name) and _are_words(column):
                return None  # `lesion` of melanoma, nevus and keratosis
            return count == len(known), False, kind
    if few or count == len(known):
        return None
    for kind in range(len(PATIENTS)):
        if names_patients(name, kind) and (kind == 0 or has_identifier(name)):
            return False, True, kind
    return None


def _are_words(column: Column) -> bool:
    return bool((~column.known.str.contains(r"\d") & (column.known.str.len() > 1)).all())


def not_told_apart(free: Mapping[str, Column]) -> str:
    """A warning about a column named like patients that holds one or two values, else ""."""
    for name, column in free.items():
        values = column.cells.unique()
        if len(values) < 3 and names_patients(name, 0):
            held = " and ".join(f"'{value}'" for value in values)
            return (
                f"the column '{name}' holds only {held} in all {len(column.cells):,} rows, so "
                "patients are unknown and every image counts as its own patient: leakage between "
                "patients was NOT checked."
            )
    return ""


def _may_be_patients(column: Column) -> bool:
    """Whether it has more than two values, and no measures."""
    measured = column.kind == "numbers" and bool((column.parsed % 1 > 0).any())
    return column.known.nunique() > 2 and not measured
