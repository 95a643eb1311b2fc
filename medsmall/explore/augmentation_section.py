"""The sections of the page about what the augmentation does to the images."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from medsmall.augmentation import Augmentation
from medsmall.augmentation.reasons import reasons
from medsmall.augmentation.safety import check
from medsmall.cache.resize import Resize, square
from medsmall.dataset import Dataset
from medsmall.errors import MedsmallError
from medsmall.explore import extremes
from medsmall.page.sections import Section, Table, file_name
from medsmall.page.thumbnails import Sheet, Thumbnail, shrunk

FILMS = 3  # images that go through the pipeline
VIEWS = 7  # random views of each
FARTHEST = 4  # more views, chosen to differ
TRIED = 100  # random views that these are chosen from
SIDE_PX = 144
READERS = {  # the expert for the images of a modality, if not a radiologist
    "skin": "A dermatologist",
    "cells": "A microscopist",
    "histology": "A pathologist",
    "retina": "An ophthalmologist",
    "oct": "An ophthalmologist",
    "other": "An expert",
}


def chosen(drawn: dict[str, pd.DataFrame], readable: set[str]) -> list[str]:
    """Up to three readable images, of different classes where there are some."""
    first: list[str] = []
    for rank in range(FILMS):
        for images in drawn.values():
            names = [image for image in images["image"] if image in readable]
            if rank < len(names) and names[rank] not in first:
                first.append(names[rank])
    return first[:FILMS]


def augmentation(
    dataset: Dataset,
    images: list[str],
    augmentation: Augmentation,
    name: str,
    side: int,
    resize: Resize,
) -> Iterator[Section]:
    """The images plain and in random views; the first after each transform at its extremes.

    `augmentation` is of conf/augmentation, `name` the option's, `side` the px of the square that
    a run resizes images to, by `resize`. What is unsafe for such images is said. Raises
    MedsmallError where the pipeline does not take them.
    """
    section = Section("augmentation", f"Augmentation “{name}”")
    section.warnings += check(augmentation, dataset.modality)
    films = [(image, square(dataset.files.read(image), side, resize)) for image in images]
    training, plain = augmentation.training(), augmentation.plain()
    transforms = list(extremes.transforms(training))
    try:
        for k, (image, film) in enumerate(films, start=1):
            unchanged = plain(image=film)["image"]
            made = extremes.views(training, film, range(TRIED if transforms else 0))
            section.sheets.append(_views(k, image, unchanged, made))
    except Exception as error:  # albumentations has its own classes for what does not fit
        raise MedsmallError(
            f"augmentation={name} cannot take images of {side} x {side} px: {error}"
        ) from error
    section.text.append(
        f"The images at {side} × {side} px ({resize}), as a network sees them: plain in validation "
        "and test, in a new random view at each pass of training."
    )
    if not transforms:
        section.text.append("This augmentation changes nothing.")
        yield section
        return
    section.text.append(
        f"Extreme views: of {TRIED} random ones, those that differ most from the plain image and "
        "from each other."
    )
    why = [
        {"key": key, "value": f"{getattr(augmentation, key)}", "reason": reason}
        for key, reason in reasons(name).items()
        if hasattr(augmentation, key)
    ]
    if why:
        table = Table("augmentation_reasons", "Why these settings", pd.DataFrame(why), folded=True)
        section.tables.append(table)
    yield section
    yield _alone(transforms, *films[0], READERS.get(dataset.modality, "A radiologist"))


def _views(k: int, image: str, unchanged: np.ndarray, made: list[np.ndarray]) -> Sheet:
    """One image plain, in random views, and in those farthest from it and from each other."""
    few = {"plain": unchanged}
    few |= {f"random {i}": view for i, view in enumerate(made[:VIEWS], start=1)}
    far = extremes.farthest(unchanged, made, FARTHEST)
    few |= {f"extreme {rank}": made[i] for rank, i in enumerate(far, start=1)}
    return Sheet(f"augmentation_image_{k}", image, _captioned(image, few))


def _captioned(image: str, views: dict[str, np.ndarray]) -> list[Thumbnail]:
    return [
        Thumbnail(shrunk(pixels, SIDE_PX), f"{image}, {caption}", caption)
        for caption, pixels in views.items()
    ]


def _alone(
    transforms: list[tuple[Any, float]], image: str, film: np.ndarray, reader: str
) -> Section:
    """One image after each transform at its extremes, a sheet per transform."""
    section = Section("extremes", "Transforms at their extremes")
    section.text.append(
        f"Each transform alone, at its extremes. {reader} should find these plausible. "
        f"The image is {image}."
    )
    for number, (transform, share) in enumerate(transforms, start=1):
        name = type(transform).__name__
        views = {view.setting: view.pixels for view in extremes.at_extremes(transform, film)}
        if views:
            few = _captioned(f"{image}, {name}", {"before": film} | views)
            note = f"applied to {share:.0%} of the images"
            own = file_name("augmentation", f"{number:02d}", name)
            section.sheets.append(Sheet(own, name, few, note))
    return section
