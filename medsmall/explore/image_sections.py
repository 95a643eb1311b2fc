"""The sections of the page about pixels: contact sheets, sizes, grey levels, unreadable files."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from medsmall.dataset import Dataset
from medsmall.explore import charts, labels, pixels
from medsmall.page.sections import Drawing, Section, Table, file_name
from medsmall.page.thumbnails import Sheet, Thumbnail
from medsmall.task import Task

PER_CLASS = 12
MOST_CLASSES = 24  # contact sheets of one page: it stays a few MB


def chosen(dataset: Dataset, table: pd.DataFrame, seed: int) -> dict[str, pd.DataFrame]:
    """Per class up to 12 rows of the table, drawn with `seed`, of as many patients as possible.

    The most frequent 24 classes where there are more.
    """
    groups = labels.classes(table, dataset.targets, dataset.task)
    if len(groups) > MOST_CLASSES:
        frequent = sorted(groups, key=lambda name: -int(groups[name].sum()))[:MOST_CLASSES]
        groups = {name: inside for name, inside in groups.items() if name in frequent}
    drawn = {}
    for k, (name, inside) in enumerate(groups.items()):
        rows = table[inside]
        order = np.random.default_rng([seed, k]).permutation(len(rows))
        rows = rows.iloc[order]
        again = rows["patient"].duplicated()
        drawn[name] = pd.concat([rows[~again], rows[again]]).head(PER_CLASS)
    return drawn


def contact_sheets(
    dataset: Dataset, drawn: dict[str, pd.DataFrame], looks: dict[str, pixels.Look], classes: int
) -> Section:
    """A sheet per class of the images `chosen`; `classes` is how many classes there are."""
    section = Section("sheets", "Contact sheets")
    section.text.append(
        f"Up to {PER_CLASS} random images per class, of different patients where possible. Point "
        "at an image to see its name."
    )
    if classes > len(drawn):
        section.text.append(f"The {len(drawn)} most frequent of {classes} classes are shown.")
    numbers = dataset.task is Task.REGRESSION
    rows = []
    for k, (name, images) in enumerate(drawn.items(), start=1):
        seen = images[images["image"].isin(list(looks))]
        if seen.empty:
            why = "no image drawn can be read" if len(images) else "no image"
            section.text.append(f"{name}: {why}.")
            continue
        thumbnails = [
            Thumbnail(looks[image].thumbnail, f"{name}: {image}", f"{value:g}" if numbers else "")
            for image, value in zip(seen["image"], seen[dataset.targets[0]], strict=True)
        ]
        section.sheets.append(Sheet(file_name("sheet", f"{k:02d}", name), name, thumbnails))
        rows.append(seen.assign(**{"class": name})[["class", "image", "patient"]])
    if rows:
        names = Table("contact_sheets", "Names of these images", pd.concat(rows), folded=True)
        section.tables.append(names)
    return section


def measured(
    dataset: Dataset, table: pd.DataFrame, looks: dict[str, pixels.Look], sampled: list[str]
) -> Iterator[Section]:
    """Sizes, files and grey levels of the images `sampled` that could be read."""
    section = Section("pixels", "Image sizes and grey levels")
    measures = pixels.measures(looks, sampled)
    if measures.empty:
        section.text.append("No image could be read.")
        yield section
        return
    section.text.append(
        f"Measured on {len(measures):,} random images of {len(table):,}."
        if len(measures) < len(table)
        else f"Measured on all {len(measures):,} images."
    )
    sizes, files = pixels.sizes(measures), pixels.files(measures)
    if len(sizes) == 1:
        section.text.append(f"All are {sizes['width'][0]} × {sizes['height'][0]} px.")
    else:
        section.drawings.append(Drawing("image_sizes", "Sizes", charts.sizes(sizes)))
    if measures["channels"].nunique() > 1:
        grey = int((measures["channels"] == 1).sum())
        section.text.append(f"{grey:,} are grey, {len(measures) - grey:,} in colour.")
    flat = int((measures["sd"] == 0).sum())
    if flat:
        section.text.append(f"{flat:,} have the same grey level everywhere.")
    read = [looks[image] for image in measures["image"]]
    levels = pixels.grey_levels(read)
    drawing = charts.grey_levels(levels)
    section.drawings.append(Drawing("grey_levels", "Grey levels", drawing))
    groups = labels.classes(table, dataset.targets, dataset.task)
    bright = pixels.brightness(
        measures, {name: pd.Index(table["image"][inside]) for name, inside in groups.items()}
    )
    if len(files):
        section.tables.append(Table("files", "Files", files))
    if len(sizes) > 1:
        section.tables.append(Table("image_sizes", "Sizes", sizes, folded=True))
    if len(bright):
        section.text.append(
            "If one class is brighter or larger than the others, a network may learn that instead "
            "of the finding."
        )
        section.tables.append(
            Table("brightness", "Grey levels and sizes per class", bright, folded=True)
        )
    section.tables += [
        Table("grey_levels", "Mean histogram", levels,
              tuple(str(name) for name in levels if name != "level"), folded=True),
        Table("image_measures", "Measures of each image", measures, folded=True),
    ]  # fmt: skip
    yield section


def unreadable(failed: dict[str, str]) -> Iterator[Section]:
    """The images that could not be read, if any."""
    if failed:
        section = Section("unreadable", "Unreadable images")
        section.text.append(
            f"{len(failed):,} of the images sampled cannot be read and are left out above."
        )
        rows = pd.DataFrame({"image": list(failed), "reason": list(failed.values())})
        section.tables.append(Table("unreadable", "Files and reasons", rows))
        yield section
