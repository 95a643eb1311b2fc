"""The section of the page about what the augmentation does to the images."""

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
from medsmall.explore.page import Section, Table, file_name
from medsmall.explore.pixels import thumbnail
from medsmall.explore.thumbnails import Sheet, Thumbnail

FILMS = 3  # images that go through the pipeline
VIEWS = 7  # random views of each
TRIED = 100  # random views among which the farthest are looked for
SIDE_PX = 144


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
) -> Section:
    """The same images plain, in random views, and after each transform at its extremes.

    `augmentation` is of conf/augmentation, `name` the option's, `side` the px of the square that
    a run resizes images to, by `resize`. What is unsafe for such images is said. Raises
    MedsmallError where the pipeline does not take them.
    """
    section = Section("augmentation", f"What the augmentation “{name}” does")
    section.text.append(
        f"The same images, resized to {side} × {side} px ({resize}) as a run does, in the pipeline "
        "of training. “Plain” is how validation and test see them."
    )
    section.warnings += check(augmentation, dataset.modality)
    films = {image: square(dataset.files.read(image), side, resize) for image in images}
    training, plain = augmentation.training(), augmentation.plain()
    transforms = list(extremes.transforms(training))
    try:
        for k, (image, film) in enumerate(films.items()):
            unchanged = plain(image=film)["image"]
            made = extremes.views(training, film, range(TRIED if transforms else 0))
            section.sheets.append(_views(k, image, unchanged, made))
    except Exception as error:  # albumentations has its own classes for what does not fit
        raise MedsmallError(
            f"augmentation={name} cannot take images of {side} x {side} px: {error}"
        ) from error
    if not transforms:
        section.text.append("It changes nothing.")
        return section
    section.text.append(
        "Below, each transform is applied alone and surely, at the low and the high end of each of "
        "its ranges with everything else in the middle: these are the strongest changes that "
        "training will see of it. Whoever reads such images should find them believable."
    )
    rows: list[dict[str, Any]] = []
    for number, (transform, share) in enumerate(transforms, start=1):
        sheet = _extremes(number, transform, share, films, rows)
        if sheet is not None:
            section.sheets.append(sheet)
    section.tables.append(
        Table("augmentation", "Transforms at their extremes", pd.DataFrame(rows), ("applied_to",))
    )
    why = [
        {"key": key, "value": f"{getattr(augmentation, key)}", "reason": reason}
        for key, reason in reasons(name).items()
        if hasattr(augmentation, key)
    ]
    if why:
        section.tables.append(Table("augmentation_reasons", "Why", pd.DataFrame(why), folded=True))
    return section


def _views(k: int, image: str, unchanged: np.ndarray, made: list[np.ndarray]) -> Sheet:
    """One image plain, in random views, and in those that differ most from the plain one."""
    few = [Thumbnail(thumbnail(unchanged, SIDE_PX), f"{image}, plain", "plain")]
    few += [
        Thumbnail(thumbnail(view, SIDE_PX), f"{image}, random view {i}", f"random view {i}")
        for i, view in enumerate(made[:VIEWS], start=1)
    ]
    for rank, i in enumerate(extremes.farthest(unchanged, made, 4)):
        words = ["most", "second most", "third most", "fourth most"][rank] + " changed"
        few.append(Thumbnail(thumbnail(made[i], SIDE_PX), f"{image}, {words} of {TRIED}", words))
    note = f"most changed: of {TRIED} random views" if made else ""
    return Sheet(f"augmentation_image_{k + 1}", image, few, note)


def _extremes(
    number: int,
    transform: Any,
    share: float,
    films: dict[str, np.ndarray],
    rows: list[dict[str, Any]],
) -> Sheet | None:
    """One transform on the first two images; adds what it did to `rows`."""
    name = type(transform).__name__
    few: list[Thumbnail] = []
    for k, (image, film) in enumerate(list(films.items())[:2]):
        few.append(Thumbnail(thumbnail(film, SIDE_PX), f"{image}, before", "before"))
        for view in extremes.at_extremes(transform, film):
            alt = f"{image} after {name}, {view.setting}"
            few.append(Thumbnail(thumbnail(view.pixels, SIDE_PX), alt, view.setting))
            if k == 0:
                same = view.pixels.shape == film.shape
                change = np.abs(view.pixels.astype("float64") - film).mean() if same else np.nan
                rows.append(
                    {
                        "transform": name,
                        "applied_to": share,
                        "setting": view.setting,
                        "mean_change_of_grey_level": change,
                    }
                )
    if not rows or rows[-1]["transform"] != name:
        return None
    note = f"applied to {share:.0%} of the images"
    return Sheet(file_name("augmentation", f"{number:02d}", name), name, few, note)
