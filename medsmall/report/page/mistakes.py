"""The section of the worst and the most uncertain mistakes of the arm that validation chose.

Patients have a pseudonym, a number in an order that nothing on the page tells; images appear only
when they were asked for.
"""

import hashlib
from collections.abc import Iterator

import pandas as pd
from omegaconf import OmegaConf

from medsmall.dataset.opening import open_dataset
from medsmall.errors import MedsmallError
from medsmall.page.sections import Section, Table
from medsmall.page.thumbnails import Sheet, Thumbnail, shrunk
from medsmall.report.page.arms_drawn import DrawnArms
from medsmall.report.page.judged import judged

MOST = 12


def section(drawn_arms: DrawnArms, images: bool) -> Section:
    """Tables, and with `images` thumbnails."""
    arm = drawn_arms.arms[0]
    one = Section("mistakes", "Mistakes to look at")
    one.text.append(
        f"Of {drawn_arms.name(arm)}, each prediction the mean over its repeats. Worst: furthest "
        "from the truth. Most uncertain: nearly called otherwise (not of numbers)."
    )
    units = judged(list(drawn_arms.tests[arm].values()))
    people = drawn_arms.study.people.removesuffix("s")
    units[people] = _pseudonyms(units["patient"], drawn_arms.first.identity, people)
    wrong = units[units["is_wrong"]]
    if wrong.empty:
        one.text.append("There is no mistake.")
        return one
    worst = wrong.sort_values(["distance", "unit"], ascending=[False, True]).head(MOST)
    unsure = wrong.dropna(subset="margin").sort_values(["margin", "unit"]).head(MOST)
    tables = [("worst", "Worst mistakes", worst)]
    if len(unsure):
        tables.append(("uncertain", "Most uncertain mistakes", unsure))
    for name, title, rows in tables:
        if images:
            one.sheets += _sheet(drawn_arms, name, title, rows.assign(whose=rows[people]))
        shown = [people, "target", "actual", "predicted"]
        one.tables.append(Table(f"mistakes_{name}", title, rows[shown], folded=images))
    if images and not one.sheets:
        one.text.append("There are no thumbnails, as the images cannot be read where they were.")
    if not images:
        one.text.append("Add images=true for thumbnails, where those who read may see them.")
    return one


def _pseudonyms(patients: pd.Series, identity: str, what: str) -> list[str]:
    """`what` they are and a number, in an order that only the test set as a whole gives."""
    hashed = {one: hashlib.sha256(f"{identity}{one}".encode()).digest() for one in {*patients}}
    numbers = {one: k for k, one in enumerate(sorted(hashed, key=hashed.__getitem__), start=1)}
    return [f"{what} {numbers[one]}" for one in patients]


def _sheet(drawn_arms: DrawnArms, name: str, title: str, rows: pd.DataFrame) -> Iterator[Sheet]:
    """The first image of each unit; nothing where the data set cannot be opened."""
    config = {**drawn_arms.first.record.config, "output_root": str(_root(drawn_arms))}
    try:
        dataset = open_dataset(OmegaConf.create(config))
    except MedsmallError:
        return
    thumbnails = []
    for row in rows.itertuples():
        told = f"{row.whose}: {row.actual}, predicted {row.predicted}"
        try:
            pixels = shrunk(dataset.files.read(str(row.image)))
        except (MedsmallError, OSError):
            continue
        thumbnails.append(Thumbnail(pixels, told, told))
    if thumbnails:
        yield Sheet(f"sheet_{name}", title, thumbnails)


def _root(drawn_arms: DrawnArms) -> object:
    """The output folder of the runs: generated images lie there."""
    return drawn_arms.first.record.folder.parents[1]
