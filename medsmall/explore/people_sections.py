"""The sections of the page about patients and about the columns that are no target."""

from collections.abc import Iterator

import pandas as pd

from medsmall.dataset import Dataset
from medsmall.dataset.patients import not_checked, unknown
from medsmall.explore import bar_charts, charts, labels, people
from medsmall.explore.table_sections import MOST_BARS, SHARES, frequent
from medsmall.page.sections import Drawing, Section, Table, file_name
from medsmall.task import Task

IF_REPEATED = "If patients repeat, test scores will be inflated."


def patients(dataset: Dataset, table: pd.DataFrame) -> Iterator[Section]:
    """Images per patient, age and sex by target, and what the other columns hold."""
    yield _per_patient(dataset, table)
    if any(people.known(people.column(table, name)).any() for name in ("age", "sex")):
        yield _age_and_sex(dataset, table)
    yield _columns(dataset, table)


def _per_patient(dataset: Dataset, table: pd.DataFrame) -> Section:
    section = Section("patients", "Images per patient")
    sizes = table["patient"].value_counts()
    if unchecked := not_checked(len(table), unknown(dataset, table)):
        section.text.append(f"{unchecked}. {IF_REPEATED}")
    if len(sizes) == len(table):
        if not unchecked:
            section.text.append(f"No patient has two images, by what the table says. {IF_REPEATED}")
        return section
    section.text.append(
        f"{len(sizes):,} patients have {len(table):,} images, up to {sizes.iloc[0]:,} each. Images "
        "of one patient resemble each other, so a split keeps them together."
    )
    counts = people.per_patient(table)
    title, bars = "Patients by their number of images", bar_charts.patients(counts)
    section.drawings.append(Drawing("images_per_patient", title, bars))
    section.tables.append(Table("images_per_patient", "Counts", counts, SHARES, folded=True))
    return section


def _age_and_sex(dataset: Dataset, table: pd.DataFrame) -> Section:
    section = Section("people", "Age and sex by target")
    ages = int(people.known(people.column(table, "age")).sum())
    sexes = int(people.column(table, "sex").isin(["F", "M"]).sum())
    section.text.append(
        f"Of {len(table):,} images, the age is known for {ages:,} and the sex for {sexes:,}. Where "
        "a target goes with age or sex, a network may learn these instead."
    )
    if dataset.task is Task.REGRESSION:
        groups = labels.quintiles(table[dataset.targets[0]], dataset.targets[0])
        everyone = {labels.WHOLE: pd.Series(True, index=table.index)}
        summary = people.age_and_sex(table, everyone | groups)
    else:
        groups = people.positives_and_negatives(table, dataset.targets)
        summary = people.age_and_sex(table, groups)
        shown = frequent(table, dataset.targets, MOST_BARS)
        drawing = charts.ages_and_sexes(summary, shown)
        section.drawings.append(Drawing("age_and_sex", "Positive and negative images", drawing))
    folded = bool(section.drawings)
    section.tables.append(Table("age_and_sex", "Numbers", summary, SHARES, folded))
    return section


def _columns(dataset: Dataset, table: pd.DataFrame) -> Section:
    """What each column holds, with bars and numbers per value where these are few."""
    section = Section("columns", "Other columns")
    table = people.with_numbers(table, [*dataset.labels, dataset.unit])
    columns = people.columns(table, dataset.labels)
    section.tables.append(Table("columns", "Columns of the sample table", columns))
    published = labels.parts_or_whole(labels.named_parts(table["split"]))
    shares = dataset.task is not Task.REGRESSION
    percent = tuple(f"mean {t}" for t in dataset.targets) if shares else ()
    names = people.categorical(table, [*dataset.labels, dataset.unit])
    for k, name in enumerate(names, start=1):
        counts = people.by_category(table, name, published, dataset.targets, dataset.task)
        own, title = file_name("by", f"{k:02d}", name), f"Images by {name.replace('_', ' ')}"
        section.drawings.append(Drawing(own, title, bar_charts.categories(counts)))
        section.tables.append(Table(own, title, counts, percent, folded=True))
    return section
