"""Malaria cells: 27,558 red blood cells of 201 slides, parasitized or not."""

from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from medsmall.dataset import images, tables
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

    `patient` is the slide, the text of the file name before `_IMG` and what the NLM's own lists
    call patient ID: the cells of a slide share stain, microscope and person. Slides of one person
    would be apart; by their names that is so of C47P8 alone, whose 144 cells were taken with two
    microscopes (the column `donor` tells). 151 slides have cells of both classes. There is no
    official split.
    """

    name = "malaria"
    modality = "cells"
    variant = reading = ""
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
        self.root = Path(root).expanduser()
        self.targets = tables.chosen(targets, LABELS, self)
        self.task = Task.of_findings(self.targets)
        tables.one_of(missing_images, ["error", "drop"], "dataset.missing_images")
        self.missing_images = missing_images
        self.phantom_patients = phantom_patients

    def table(self) -> pd.DataFrame:
        """One row per cell, sorted by path; `slide` as in the name, `donor` its `C39P4` part.

        Age, sex and view are not in the release: NaN and "".
        """
        itself = all((self.root / folder).is_dir() for folder in FOLDERS)
        prefix = "" if itself else "cell_images/"
        files = []
        for folder in FOLDERS:
            # Thumbs.db of Windows and ._ files of macOS lie among the images of some copies.
            names = images.names_in(self.root / f"{prefix}{folder}")
            cells = {name for name in names if name.endswith(".png") and not name.startswith(".")}
            if not cells:
                raise tables.not_here(self, f"{prefix}{folder}/*.png")
            files += [f"{prefix}{folder}/{name}" for name in sorted(cells)]
        image = pd.Series(files, dtype="str")
        name = image.str.rpartition("/")[2]
        slide = name.str.extract(r"^(.+?)_IMG")[0]
        if slide.isna().any():
            raise MedsmallError(
                f"{self.root.absolute() / image[slide.isna()].iloc[0]} is not named as the release "
                "does (<slide>_IMG...png), so its slide is not known: remove it."
            )
        frame = {
            "image": image,
            "patient": slide,
            "split": "",
            "parasitized": image.str.split("/").str[-2].map(FOLDERS),
            "age": np.nan,
            "sex": "",
            "view": "",
            "slide": slide,
            "donor": _donor(slide),
        }
        text = ["image", "patient", "split", "sex", "view", "slide", "donor"]
        return pd.DataFrame(frame).astype(dict.fromkeys(text, "str"))

    def file(self, image: str) -> Path:
        """The file that holds the image of one row."""
        return self.root / image

    def read(self, image: str) -> np.ndarray:
        """RGB (H, W, 3) uint8 on black, of varied size, about 50 to 380 px."""
        return images.decode(self.root / image)

    def write_phantom(self, root: Path, patients: int, seed: int) -> None:
        """Write the cells of `patients` slides: about 5 a class and slide, of 80 to 140 px.

        A quarter of the slides is of uninfected persons. A `Thumbs.db` lies in each folder.
        """
        from medsmall.phantom import cells, drawing

        for folder in FOLDERS:
            (root / "cell_images" / folder).mkdir(parents=True)
            (root / "cell_images" / folder / "Thumbs.db").write_bytes(b"not an image")
        for slide in range(patients):
            rng = np.random.default_rng([seed, 13, slide])
            stain = cells.stain(rng)
            healthy = slide % 4 == 3
            name = f"C{slide + 33}NThinF" if healthy else f"C{slide + 33}P{slide + 1}thinF_original"
            for folder, parasitized in FOLDERS.items():
                for number in range(0 if healthy and parasitized else rng.integers(3, 8)):
                    pixels = cells.cell(bool(parasitized), stain, rng)
                    file = f"{name}_IMG_20150622_{slide:06d}_cell_{number + 1}.png"
                    drawing.save(pixels, root / "cell_images" / folder / file)


def _donor(slide: pd.Series) -> pd.Series:
    """`C39P4` of `C39P4thinF_original`, `C5` of the uninfected `C5NThinF`, else the slide."""
    return slide.str.extract(r"^(C\d+(?:[A-Z]?P\d+)?)")[0].fillna(slide)
