"""The patient in image file names: usual patterns, and the groups each pattern makes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from medsmall.dataset.guess.inferred import Inferred
from medsmall.dataset.own.name_pattern import find_all

# Expressions with one group, the most specific first; one with a / is searched in the path.
WORDS = (
    r"(?i)((?:patient|person|subject|participant|proband|paciente|paziente)[-_ ]?\d+)/",
    r"^(?:NORMAL2-)?(person\d+|IM-\d+)[-_]",  # Kermany's films: person12_virus_3, IM-0117-0001
    r"(?i)((?:patient|person|subject|participant|proband|paciente|paziente)[-_ ]?\d+)",
    r"^(sub-\w+?)_",  # BIDS
    r"^(C\d+(?:P\d+)?)\w*?_IMG",  # of the NLM's cells: C39P4thinF_original_IMG_1
    r"(IM-\d+)-\d+",
    r"^([Pp]\d+)[-_]",
    r"^(TCGA-\w{2}-\w{4})-",  # the first three parts of a barcode
)
NO_DATE = r"(?!(?:19|20)\d{6}[-_]|\d\d?[-_]\d\d?[-_](?:19|20)\d\d)"  # 20190131_, 31-01-2019_
NUMBERS = (
    r"(?i)^((?:case|pat|pt|subj?|id|mrn|fall|cas|caso)[-_ ]?\d+)[-_]",
    rf"^{NO_DATE}(\d{{2,}})[-_]",
    ALL := rf"^{NO_DATE}(\d+)[-_]",
    r"(?i)/((?:case|pat|p|id|mrn|fall|cas|caso)?[-_ ]?\d{3,})/",
)
# If all numbers are such, they are years, days (31012019), or sizes of images (224, 320, 384, 512).
NO_PATIENTS = (
    r"19[89]\d|20[0-3]\d",
    r"(?:[0-2]\d|3[01])(?:0\d|1[0-2])(?:19|20)\d\d",
    "|".join(str(n * 2**i) for n in (7, 5, 3, 1) for i in range(4, 13)),
)
MIN_GROUPS = 3  # two groups are more likely two classes


@dataclass(frozen=True)
class Candidate:
    """An expression that finds `groups` patients in `covered` images: `first` in `image`."""

    pattern: str
    groups: int
    covered: int
    first: str
    image: str

    def __str__(self) -> str:
        return f"{self.groups:,} groups in {self.covered:,} images, such as {self.first}"


def propose(found: Inferred, argument: str, images: Sequence[str]) -> None:
    """Set `argument` to the best expression that fits the paths `images`, and tell of the others.

    Nothing is set if no pattern makes groups: running numbers are not patients.
    """
    fitting = candidates(images)
    if not fitting:
        return
    best, *others = fitting
    found.set(
        argument,
        best.pattern,
        f"{best.groups:,} patients in {best.covered:,} of {len(images):,} file names, such as "
        f"{best.first} in {best.image}",
    )
    if others:
        told = "; ".join(f"{one.pattern} ({one})" for one in others)
        found.warnings.append(
            f"the patient is guessed from the file names by {best.pattern} ({best}); if this is "
            f"wrong, set dataset.{argument} by hand. Other patterns that fit: {told}."
        )


def candidates(images: Sequence[str]) -> list[Candidate]:
    """The expressions that make groups, the one of most images first; each grouping once."""
    paths = pd.Series(list(images), dtype="str")
    fitting: list[Candidate] = []
    groupings: list[pd.Series] = []
    for pattern in (*WORDS, *NUMBERS):
        patients = find_all(re.compile(pattern), paths)
        codes = pd.Series(pd.factorize(patients)[0])
        if pattern == ALL and patients.isna().any():
            continue  # a digit before some names may be anything
        if not _groups(paths, patients, pattern in WORDS) or any(map(codes.equals, groupings)):
            continue
        groupings.append(codes)
        known = patients.dropna()
        name = paths[known.index[0]].rpartition("/")[2]
        fitting.append(Candidate(pattern, known.nunique(), len(known), known.iloc[0], name))
    return sorted(fitting, key=lambda one: -one.covered)


def _groups(paths: pd.Series, patients: pd.Series, word: bool) -> bool:
    """Whether the groups may be patients: in a quarter of the images, some with several images.

    Without a specific `word`, numbers that never repeat within a folder are running numbers, years,
    days and sizes in pixels are no patients, and groups of more than ten images on average may be a
    series or a device.
    """
    known = patients.dropna()
    count, groups = len(known), known.nunique()
    least = MIN_GROUPS if word else max(MIN_GROUPS, count / 10)
    if not (count >= len(paths) / 4 and least <= groups < count):
        return False
    if not word and any(known.str.fullmatch(others).all() for others in NO_PATIENTS):
        return False
    folders = paths.str.rpartition("/")[0]
    return word or bool(pd.DataFrame({"f": folders[known.index], "p": known}).duplicated().any())
