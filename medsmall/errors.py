"""The one exception of medsmall for mistakes that a user can correct."""

import difflib
from collections.abc import Iterable

LONG = 400  # characters that a list of names may have in a sentence


class MedsmallError(Exception):
    """Bad input: one sentence that says what is wrong, where, and the remedy.

    The commands print it alone, without a traceback, and exit with status 2.

    Attributes:
        fact: for the rules of a sweep (conf/sweep/grid.yaml), what was found out; mostly "".
    """

    fact = ""


class AbsentDataError(MedsmallError):
    """A data set, or a file of it, is not on this machine."""

    fact = "data_absent"


class AbsentWeightsError(MedsmallError):
    """Initial weights are not on this machine, and cannot be fetched."""

    fact = "weights_absent"


class BeyondPoolError(MedsmallError):
    """More images are asked for than there are."""

    fact = "size_beyond_pool"


class SawTestError(MedsmallError):
    """Initial weights have seen test patients."""

    fact = "upstream_saw_test"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The nearest of the `known` names as a ready phrase: ``" (did you mean 'Hernia'?)"``.

    If no name is near, all names are listed, or of many the nearest.
    """
    names = sorted(known)
    folded = {name.casefold(): name for name in names}
    near = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    if near:
        return f" (did you mean '{folded[near[0]]}'?)"
    ends = [name for name in names if name.casefold().endswith(f".{word.casefold()}")]
    if ends:  # a key without its group
        return f" (did you mean '{ends[0]}'?)"
    listed = ", ".join(names)
    if len(listed) <= LONG:
        return f" (there are: {listed})"
    nearest = difflib.get_close_matches(word.casefold(), folded, n=5, cutoff=0.0)
    return f" (of {len(names)}, the nearest are: {', '.join(folded[name] for name in nearest)})"
