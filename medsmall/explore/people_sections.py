"""The sections of the page about patients and about the columns that are no target."""

from collections.abc import Iterator

import pandas as pd

from medsmall.dataset import Dataset
from medsmall.dataset.patients import not_checked, unknown
from medsmall.explore import bar_charts, charts, labels, people
from medsmall.explore.page import Drawing, Section, Table, file_name
from medsmall.explore.table_sections import MOST_BARS, SHARES
from medsmall.task import Task


def patients(dataset: Dataset, table: pd.DataFrame) -> Iterator[Section]:
    """Images per patient, age and sex by target, bars per value of the other columns."""
    yield _per_patient(dataset, table)
    yield _age_and_sex(dataset, table)
    names = people.categorical(table, [*dataset.labels, dataset.unit])
    published = labels.named_parts(table["split"])
    for k, name in enumerate(names, start=1):
        yield _category(dataset, table, name, published, file_name("by", f"{k:02d}", name))
    section = Section("columns", "Columns")
    columns = people.columns(table, dataset.labels)
    section.tables.append(Table("columns", "What the other columns hold", columns))
    yield section


def _per_patient(dataset: Dataset, table: pd.DataFrame) -> Section:
    section = Section("patients", "Images per patient")
    sizes = table["patient"].value_counts()
    if unchecked := not_checked(len(table), unknown(dataset, table)):
        section.text.append(f"{unchecked}. If patients repeat, test scores will be inflated.")
    if len(sizes) == len(table):
        section.text += [] if unchecked else ["Each patient has one image."]
        return section
    section.text.append(
        f"{len(sizes):,} patients with {len(table):,} images; the one with the most has "
        f"{sizes.iloc[0]:,}. Images of one patient resemble each other: splits keep them together."
    )
    counts = people.per_patient(table)
    alt = "Bars of the number of patients with one, two, three and more images; see the table."
    section.drawings.append(
        Drawing("images_per_patient", "Patients by their number of images",
                bar_charts.patients(counts), alt)
    )  # fmt: skip
    section.tables.append(Table("images_per_patient", "Counts", counts, SHARES, folded=True))
    return section


def _age_and_sex(dataset: Dataset, table: pd.DataFrame) -> Section:
    section = Section("people", "Age and sex by target")
    ages = int(people.known(people.column(table, "age")).sum())
    sexes = int(people.column(table, "sex").isin(["F", "M"]).sum())
    if not ages and not sexes:
        section.text.append("The table says nothing about age or sex.")
        return section
    section.text.append(
        f"Counted by image. The age is known for {ages:,} of {len(table):,} images, the sex for "
        f"{sexes:,}. A target that goes with age or sex can be guessed without looking at it."
    )
    if dataset.task is Task.REGRESSION:
        groups = labels.quintiles(table[dataset.targets[0]], dataset.targets[0])
        everyone = {labels.WHOLE: pd.Series(True, index=table.index)}
        summary = people.age_and_sex(table, everyone | groups)
    else:
        groups = people.positives_and_negatives(table, dataset.targets)
        summary = people.age_and_sex(table, groups)
        positives = {target: int((table[target] == 1).sum()) for target in dataset.targets}
        most = sorted(positives, key=lambda target: -positives[target])[:MOST_BARS]
        shown = [target for target in dataset.targets if target in most]
        alt = (
            "Median age with quartiles, and the share of women, of positive and negative images "
            "per target; numbers in the table."
        )
        section.drawings.append(
            Drawing("age_and_sex", "Positive and negative images",
                    charts.ages_and_sexes(summary, shown), alt)
        )  # fmt: skip
    section.tables.append(Table("age_and_sex", "Numbers", summary, SHARES, folded=True))
    return section


def _category(
    dataset: Dataset, table: pd.DataFrame, name: str, published: pd.Series, own: str
) -> Section:
    counts = people.by_category(table, name, published, dataset.targets, dataset.task)
    section = Section(own, f"By {name.replace('_', ' ')}")
    alt = f"Bars of the number of images per {name}, one panel per published part; see the table."
    shares = dataset.task is not Task.REGRESSION
    percent = tuple(f"mean {t}" for t in dataset.targets) if shares else ()
    section.drawings.append(
        Drawing(own, f"Images per {name.replace('_', ' ')}", bar_charts.categories(counts), alt)
    )
    section.tables.append(Table(own, "Numbers", counts, percent, folded=True))
    return section
