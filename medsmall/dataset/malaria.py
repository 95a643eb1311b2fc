"""Malaria cells: 27,558 red blood cells of 201 slides, parasitized or not."""

from pathlib import Path
from typing import Literal

import pandas as pd

from medsmall.dataset.arguments import chosen
from medsmall.dataset.files import ImageFiles, not_here
from medsmall.dataset.sample_table import sample_table
from medsmall.errors import MedsmallError
from medsmall.task import Task

LABELS = ["parasitized"]
FOLDERS = {"Parasitized": 1.0, "Uninfected": 0.0}


class Malaria:
    """The release of the NLM: `cell_images/Parasitized/` and `cell_images/Uninfected/`.

    Args:
        root: the folder that holds `cell_images/`, or `cell_images/` itself. A second copy in
            `cell_images/cell_images/`, as some downloads have it, is not read.
        targets: only "parasitized" is there.
        missing_images: without effect, as the release has no list of its images.
        phantom_patients: number of slides of the generated stand-in.

    `patient` is the slide, the text of the file name before `_IMG`, which the NLM's own lists call
    patient ID: the cells of a slide share stain, microscope and person. Two slides of one person
    could be in different parts; by their names this concerns only C47P8, whose 144 cells were taken
    with two microscopes (see the column `donor`). 151 slides have cells of both classes. There is
    no official split.

    Cells are RGB on black, about 50 to 380 px.
    """

    name = "malaria"
    modality = "cells"
    variant = ""
    unit = "image"
    labels = LABELS
    citation = (
        "Rajaraman et al., Pre-trained convolutional neural networks as feature extractors toward "
        "improved malaria parasite detection in thin blood smear images, PeerJ 2018"
    )
    licence = "public domain (US National Library of Medicine)"
    url = "https://lhncbc.nlm.nih.gov/LHC-research/LHC-projects/image-processing/malaria-datasheet.html"

    def __init__(
        self,
        root: str,
        targets: list[str] | None = None,
        missing_images: Literal["error", "drop"] = "error",
        phantom_patients: int = 60,
    ) -> None:
        self.files = ImageFiles(root, missing_images)
        self.targets = chosen(targets, LABELS, self)
        self.task = Task.of_findings(self.targets)
        self.phantom_patients = phantom_patients

    def table(self) -> pd.DataFrame:
        """One row per cell, sorted by path; `slide` as in the name, `donor` its `C39P4` part.

        Age, sex and view are not in the release: NaN and "".
        """
        itself = all((self.files.root / folder).is_dir() for folder in FOLDERS)
        prefix = "" if itself else "cell_images/"
        files = []
        for folder in FOLDERS:
            # Thumbs.db of Windows and ._ files of macOS lie among the images of some copies.
            names = self.files.names_in(f"{prefix}{folder}")
            cells = {name for name in names if name.endswith(".png") and not name.startswith(".")}
            if not cells:
                raise not_here(self.name, self.files.root, f"{prefix}{folder}/*.png", self.url)
            files += [f"{prefix}{folder}/{name}" for name in sorted(cells)]
        image = pd.Series(files, dtype="str")
        name = image.str.rpartition("/")[2]
        slide = name.str.extract(r"^(.+?)_IMG")[0]
        if slide.isna().any():
            raise MedsmallError(
                f"{self.files.file(image[slide.isna()].iloc[0]).absolute()} is not named as in the "
                "release (<slide>_IMG...png), so its slide is unknown: remove it."
            )
        parasitized = image.str.split("/").str[-2].map(FOLDERS)
        others = {"slide": slide, "donor": _donor(slide)}
        return sample_table(image, slide, {"parasitized": parasitized}, others=others)

    def write_phantom(self, root: Path, patients: int, seed: int) -> None:
        """Write the cells of `patients` slides: about 5 a class and slide, of 80 to 140 px."""
        from medsmall.dataset.phantoms import malaria

        malaria.write(root, patients, seed)


def _donor(slide: pd.Series) -> pd.Series:
    """`C39P4` of `C39P4thinF_original`, `C5` of the uninfected `C5NThinF`, else the slide."""
    return slide.str.extract(r"^(C\d+(?:[A-Z]?P\d+)?)")[0].fillna(slide)
