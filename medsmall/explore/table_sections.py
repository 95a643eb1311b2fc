"""The sections of the page that need no pixels."""

from collections.abc import Iterator, Sequence

import pandas as pd

from medsmall.dataset import Dataset
from medsmall.explore import bar_charts, charts, labels, people
from medsmall.page.sections import Drawing, Section, Table, file_name, per_cent
from medsmall.task import Task

MOST_BARS = 30  # targets in one figure; the tables have all of them
MOST_CELLS = 20  # targets of the heat map
SHARES = ("prevalence", "share", "female_share", "largest_imbalance")


def targets(
    dataset: Dataset, table: pd.DataFrame, listed: pd.DataFrame, split: pd.Series | str
) -> Iterator[Section]:
    """Counts per target: in the published parts, in the `split` that a run would use, unknown.

    `listed` is the whole table where images of it are absent from `table`. `split` is a sentence
    where the configured split cannot be made.
    """
    published = labels.named_parts(table["split"])
    if dataset.task is Task.REGRESSION:
        yield _numbers(dataset, table, published)
    else:
        yield _counts(dataset, table, listed, published)
    yield _configured(dataset, table, split)
    if dataset.task is Task.MULTILABEL:
        yield _together(dataset, table)


def _counts(
    dataset: Dataset, table: pd.DataFrame, listed: pd.DataFrame, published: pd.Series
) -> Section:
    section = Section("targets", "Targets")
    counts = labels.count(table, dataset.targets, published)
    shown = frequent(table, dataset.targets, MOST_BARS)
    section.text += _left_out(dataset.targets, MOST_BARS)
    if (published == labels.UNNAMED).all():
        section.text.append("There is no official split.")
    if counts["prevalence"].notna().any():
        drawing = bar_charts.prevalence(counts[counts["target"].isin(shown)])
        section.drawings.append(Drawing("targets", "Prevalence", drawing))
    else:
        section.text.append("No label of these targets is known.")
    whole = counts.drop_duplicates("target")
    if whole["unknown"].any():
        drawing = bar_charts.unknown(whole[whole["target"].isin(shown)])
        section.drawings.append(Drawing("unknown_labels", "Unknown labels", drawing))
    else:
        section.text.append("Every label is known.")
    section.tables.append(Table("targets", "Counts per target and part", counts, SHARES))
    if len(listed) > len(table):
        everything = labels.count(listed, dataset.targets, labels.named_parts(listed["split"]))
        title = f"The same for all {len(listed):,} listed images, absent ones included"
        section.tables.append(Table("targets_listed", title, everything, SHARES, folded=True))
    return section


def _numbers(dataset: Dataset, table: pd.DataFrame, published: pd.Series) -> Section:
    section = Section("targets", "Targets")
    sex = people.column(table, "sex")
    words = {"F": "women or girls", "M": "men or boys"}
    by_sex = sex.map(words).fillna("sex unknown" if sex.isin(list(words)).any() else labels.WHOLE)
    for k, target in enumerate(dataset.targets[:MOST_BARS], start=1):
        if table[target].notna().sum() < 2:
            section.text.append(f"{target}: fewer than two values are known.")
            continue
        for by, groups in (("sex", by_sex), ("part", published)):
            known = dict(list(table[target].dropna().groupby(groups)))
            if by == "part" and len(known) < 2:
                continue
            name = file_name("histogram", f"{k:02d}", target, by)
            title = target if len(known) < 2 else f"{target} by {by}"
            section.drawings.append(Drawing(name, title, charts.histogram(known, target)))
    summary = labels.summarise(table, dataset.targets, published)
    section.tables.append(Table("targets", "Values per target and part", summary))
    return section


def _configured(dataset: Dataset, table: pd.DataFrame, split: pd.Series | str) -> Section:
    section = Section("split", "Split")
    if isinstance(split, str):
        section.text.append(f"No split was made. {split}")
        return section
    if dataset.task is Task.REGRESSION:
        summary = labels.summarise(table, dataset.targets, split)
        section.tables.append(Table("split", "Values per part", summary))
        return section
    counts = labels.count(table, dataset.targets, split)
    across = labels.across(counts)
    section.text.append(
        "Training, validation and test as a run would get them, before the sample size is applied."
    )
    worst = labels.farthest(across)
    if worst is not None:
        target, part, *both = worst
        there, whole = map(per_cent, both)
        if there != whole:
            section.text.append(
                f"Largest imbalance between the splits: {target}, {there} positive in {part}, "
                f"{whole} overall."
            )
    shares = ("whole", *labels.in_order(split), "largest_imbalance")
    section.tables += [
        Table("split_prevalence", "Prevalence per part (imbalance: relative)", across, shares),
        Table("split", "Counts per part", counts, SHARES, folded=True),
    ]
    return section


def _together(dataset: Dataset, table: pd.DataFrame) -> Section:
    section = Section("cooccurrence", "Targets that occur together")
    pairs = labels.cooccur(table, dataset.targets)
    shown = frequent(table, dataset.targets, MOST_CELLS)
    section.text += _left_out(dataset.targets, MOST_CELLS)
    section.text.append(
        "A row shows how many of the images with its target also have the target of the column: "
        "per cent of those where the column's label is known, and number. The diagonal counts all "
        "images with the target."
    )
    within = pairs[pairs["given"].isin(shown) & pairs["target"].isin(shown)]
    others = within[within["given"] != within["target"]]
    if others["share"].notna().any():
        most = others.sort_values("share", ascending=False).iloc[0]
        section.text.append(
            f"Largest share: {per_cent(most['share'])} of the images with "
            f"{most['given']} have {most['target']} too."
        )
    drawing = Drawing(
        "cooccurrence",
        "Images with the row's target that have the column's too",
        charts.cooccurrence(within),
    )
    section.drawings.append(drawing)
    section.tables.append(Table("cooccurrence", "All pairs", pairs, SHARES, folded=True))
    return section


def frequent(table: pd.DataFrame, targets: Sequence[str], most: int) -> list[str]:
    """The targets with the most positives, in their own order."""
    positives = (table[list(targets)] == 1).sum()
    chosen = set(positives.nlargest(most).index)
    return [target for target in targets if target in chosen]


def _left_out(names: list[str], most: int) -> list[str]:
    if len(names) <= most:
        return []
    return [
        f"The figure shows the {most} most frequent of {len(names)} targets; the table has all."
    ]
