"""Checks of the arguments of data sets: a misspelling becomes one clear sentence."""

from collections.abc import Sequence

from medsmall.dataset import Dataset
from medsmall.errors import MedsmallError, did_you_mean


def chosen(targets: Sequence[str] | None, default: Sequence[str], data: Dataset) -> list[str]:
    """The targets to learn: `targets` in the order given, or `default` where it is None.

    Raises MedsmallError for an unknown, repeated or no target.
    """
    if targets is None:
        return list(default)
    return some_of(targets, data.labels, "dataset.targets", f"{data.name} has no target")


def some_of(names: Sequence[str], known: Sequence[str], key: str, refusal: str) -> list[str]:
    """The `names` that the configuration's `key` lists, in the order given.

    Raises MedsmallError for none, a repeated one, and one that is not `known`, which begins with
    `refusal` ("mura has no body part").
    """
    if isinstance(names, str):
        raise MedsmallError(f"{key} is a list: write {key}=[{names}].")
    names = list(names)
    if not names:
        raise MedsmallError(f"{key} is empty: name some of {', '.join(known)}.")
    for name in names:
        if name not in known:
            raise MedsmallError(f"{refusal} '{name}'{did_you_mean(str(name), known)}.")
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise MedsmallError(f"{key} names {', '.join(repeated)} more than once.")
    return names


def one_of(value: str, allowed: Sequence[str], key: str) -> str:
    """`value`, or MedsmallError naming the configuration's `key` and the nearest allowed value."""
    if value not in allowed:
        raise MedsmallError(f"{key} cannot be '{value}'{did_you_mean(str(value), allowed)}.")
    return value
