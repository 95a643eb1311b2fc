"""Spellings of one class in the user's data, merged."""

from collections.abc import Callable

import pandas as pd

from medsmall.dataset.guess.inferred import Inferred
from medsmall.dataset.guess.said import AS_SAID, AS_WRITTEN, Said
from medsmall.dataset.own import spellings


def find(found: Inferred, names: Callable[[], pd.Series], said: Said) -> None:
    """Merge spellings of one class among `names`; an edited merge is kept, and may grow."""
    merge = spellings.proposed(names()) if said.merge else {}
    if said.spellings is not None:
        edited = said.spellings
        there = {*edited, *edited.values()}
        merge = {old: edited.get(new, new) for old, new in merge.items() if old not in there}
        found.set("merge", {**merge, **edited} or None, AS_SAID if said.merge else AS_WRITTEN)
    elif merge:
        found.set("merge", merge, "they differ by case, blanks or accents alone")
        pairs = ", ".join(f"'{spelling}' as '{name}'" for spelling, name in merge.items())
        several = f"{len(merge)} spellings are" if len(merge) > 1 else "One spelling is"
        found.warnings.append(f"{several} read as another: {pairs}.")
