"""Look at a data set: ``python -m medsmall.explore dataset=mura`` writes one page about it."""

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from medsmall.auto import settled
from medsmall.command import as_command
from medsmall.contract import build
from medsmall.dataset.opening import open_dataset
from medsmall.schema import check

if TYPE_CHECKING:
    import pandas as pd

    from medsmall.augmentation import Augmentation
    from medsmall.dataset import Dataset
    from medsmall.page.sections import Section


EXAMPLES = """\
python -m medsmall.explore dataset=mura
python -m medsmall.explore dataset=pneumoniamnist phantom=true augmentation=chest_safe"""


def explore(cfg: DictConfig) -> Path:
    """Write the page about the data set of `cfg` and return it.

    It is <output_root>/explore/<dataset>/index.html and replaces an earlier page.

    Figures show the existing images. If none exists, the page shows only the table; if some are
    absent, set ``dataset.missing_images=drop``, as for training. Raises MedsmallError for mistakes
    that the user can correct; an earlier page is kept then.
    """
    check(cfg)

    from medsmall.dataset.files import absent_files, present_only
    from medsmall.explore import people_sections, table_sections
    from medsmall.explore.summary import summary
    from medsmall.page import writing
    from medsmall.terminal import say

    if cfg.choices.augmentation != "auto":
        build(cfg.augmentation)  # before the images: it may be refused
    dataset = open_dataset(cfg)
    listed = dataset.table()
    none_there = bool(absent_files(dataset, listed["image"]).all())
    table = listed if none_there else present_only(dataset, listed)
    if none_there:
        say(f"{dataset.name}: none of the images is there. The page shows the table alone.")
    cfg = settled(cfg, dataset, table, "split", "augmentation")
    augmentation = build(cfg.augmentation)
    split = configured_split(cfg, dataset, table)
    sections = list(table_sections.targets(dataset, table, listed, split))
    sections += people_sections.patients(dataset, table)
    if not none_there:
        sections += of_pixels(cfg, augmentation, dataset, table)
    whole = summary(cfg, dataset, table, listed, none_there, sections)
    # The option and, where the data have another name (a table of one's own), that name too.
    names = dict.fromkeys([str(cfg.choices.dataset), dataset.name])
    names |= {"phantom": None} if cfg.phantom else {}  # never over the page of the real data
    folder = Path(cfg.output_root).expanduser().absolute() / "explore"
    return writing.write(whole, folder / re.sub(r"[^\w.-]+", "_", "-".join(names)))


def configured_split(
    cfg: DictConfig, dataset: "Dataset", table: "pd.DataFrame"
) -> "pd.Series | str":
    """The part of each row in a run, or the sentence that says why there is no split."""
    from medsmall.errors import MedsmallError

    try:
        return build(cfg.split).assign(table, dataset.targets)
    except MedsmallError as error:
        return str(error)


def of_pixels(
    cfg: DictConfig, augmentation: "Augmentation", dataset: "Dataset", table: "pd.DataFrame"
) -> "list[Section]":
    """Contact sheets, what the augmentation does, sizes and grey levels, what cannot be read."""
    from medsmall.explore import augmentation_section, image_sections, labels, pixels

    drawn = image_sections.chosen(dataset, table, cfg.seed)
    sampled = pixels.sample(list(table["image"]), pixels.SAMPLE, cfg.seed)
    on_sheets = [image for rows in drawn.values() for image in rows["image"]]
    looks, failed = pixels.read_all(dataset, [*sampled, *on_sheets])
    films = augmentation_section.chosen(drawn, set(looks)) or list(looks)[:1]
    classes = len(labels.classes(table, dataset.targets, dataset.task))
    return [
        image_sections.contact_sheets(dataset, drawn, looks, classes),
        *augmentation_section.augmentation(
            dataset, films, augmentation, cfg.choices.augmentation, cfg.image_size_px, cfg.resize
        ),
        *image_sections.measured(dataset, table, looks, sampled),
        *image_sections.unreadable(failed),
    ]


def work(cfg: DictConfig) -> None:
    """One cell of the command line."""
    page = explore(cfg)
    given = [  # a shell's quotes around Hydra's: "dataset.modality='chest x-ray'"
        f'"{one}"' if "'" in one and not {*one} & {*'"$`\\!'} else shlex.quote(one)
        for one in HydraConfig.get().overrides.task
    ]
    print(f"Open {page} in a browser. Each figure is beside it as PNG, each table as CSV.")
    print(" ".join(["Next: python -m medsmall.train", *given]))


def main() -> None:
    """The command."""
    as_command(work, str(__doc__), EXAMPLES)()


if __name__ == "__main__":
    main()
