"""The cells of a sweep, from what is written on its command line."""

import itertools
from collections.abc import Sequence

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override

from medsmall.errors import MedsmallError

Words = tuple[str, ...]  # the overrides of a cell


def expand(params: Sequence[str], written: Sequence[str], parser: OverridesParser) -> list[Words]:
    """The overrides of each cell; the last key varies fastest.

    `params` are what an experiment sweeps, `written` what the command line says, which replaces
    them. MedsmallError for a key that is swept twice, or over no values.
    """
    chosen: dict[str, Override] = {}
    for override in parser.parse_overrides(list(params)):
        chosen[_place(override)] = override
    given: dict[str, Override] = {}
    for override in parser.parse_overrides(list(written)):
        earlier = given.setdefault(_place(override), override)
        if earlier is not override and (
            earlier.is_sweep_override() or override.is_sweep_override()
        ):
            raise MedsmallError(
                f"{override.key_or_group} is given twice ({earlier.input_line} and "
                f"{override.input_line}): write all its values in one list."
            )
        given[_place(override)] = override
    return list(itertools.product(*map(_values, (chosen | given).values())))


def _place(override: Override) -> str:
    """What it sets: an added experiment and a changed one are the same."""
    return str(override.get_key_element()).lstrip("+")


def _values(override: Override) -> list[str]:
    key = override.get_key_element()
    if not override.is_sweep_override():
        return [f"{key}={override.get_value_element_as_str()}"]
    if not override.is_discrete_sweep():
        raise MedsmallError(
            f"{override.input_line} is for a search (hydra/sweeper=optuna): give a grid a list of "
            "values."
        )
    values = list(dict.fromkeys(f"{key}={value}" for value in override.sweep_string_iterator()))
    if not values:
        raise MedsmallError(f"{override.input_line} has no value to sweep over: give one.")
    return values


def varied(cells: Sequence[Words]) -> set[str]:
    """The overrides that not all cells have."""
    every = set(cells[0]).intersection(*cells[1:]) if cells else set()
    return {word for cell in cells for word in cell} - every
