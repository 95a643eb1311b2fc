"""Classes that are spelt in several ways, and the proposed merge."""

from collections import Counter
from collections.abc import Mapping

import pandas as pd

from medsmall.dataset.own.classes import folded


def merged(names: pd.Series, merge: Mapping[str, str] | None) -> pd.Series:
    """`names` (str) with the spellings in `merge` replaced by their class."""
    return names.replace(dict(merge)).astype("str") if merge else names


def proposed(names: pd.Series) -> dict[str, str]:
    """Spelling -> class, of `names` that differ only by case, blanks or the encoding of accents.

    The class is the commonest spelling; in a tie, the first that is not all capitals. "" is not a
    class.
    """
    counts = Counter(names[names != ""].tolist())
    alike: dict[str, list[str]] = {}
    for name in counts:
        alike.setdefault(folded(name), []).append(name)
    merge: dict[str, str] = {}
    for group in alike.values():
        best = min(group, key=lambda name: (-counts[name], name.isupper(), name))
        merge |= {name: best for name in group if name != best}
    return dict(sorted(merge.items()))


def clash(merge: Mapping[str, str]) -> str:
    """The end of the sentence about spellings of one class, with the proposed `merge`."""
    groups = {name: [name] for name in merge.values()}
    for spelling, name in merge.items():
        groups[name].append(spelling)
    alike = (" and ".join(f"'{name}'" for name in sorted(group)) for group in groups.values())
    told = ", ".join(f"{names} are one class" for names in alike)
    into = ", ".join(f"'{name}'" for name in groups)
    return (
        f"{told}; use one spelling each, or merge them into {into} (python -m medsmall.init "
        "--merge writes this into dataset.merge)"
    )
