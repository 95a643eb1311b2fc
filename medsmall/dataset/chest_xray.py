"""Kermany's chest films: 5,856 of children of one to five years, normal or with pneumonia."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pandas as pd

from medsmall.dataset.arguments import chosen, one_of
from medsmall.dataset.files import ImageFiles, not_here
from medsmall.dataset.sample_table import one_hot, sample_table
from medsmall.errors import MedsmallError
from medsmall.task import Task
from medsmall.terminal import say_once

CLASSES = {"pneumonia": ["pneumonia"], "bacterial_viral": ["normal", "bacterial", "viral"]}
PARTS = ("train", "val", "test")
NESTED = "chest_xray/"
# Kaggle's names, then Mendeley's: NORMAL2-IM-0381-0001, person12_bacteria_46, VIRUS-8937-0002.
NAME = re.compile(
    r"(?:NORMAL2-)?(?P<normal>IM-\d+)(?:-\d+){1,2}"
    r"|(?P<person>person\d+)_(?P<germ>bacteria|virus)_\d+"
    r"|(?P<kind>NORMAL|BACTERIA|VIRUS)-(?P<number>\d+)-\d+"
)
# An unusual name, such as person447_virus_921_1, shows these at its beginning.
BEGINS = re.compile(
    r"(?:NORMAL2-)?(?P<normal>IM-\d+)(?!\d)"
    r"|(?P<person>person\d+)(?:_(?P<germ>bacteria|virus))?(?![A-Za-z\d])"
    r"|(?P<kind>NORMAL|BACTERIA|VIRUS)-(?P<number>\d+)(?!\d)"
)
IMAGE_TYPES = (".jpeg", ".jpg", ".png")


class ChestXray:
    """The release on Mendeley and Kaggle: `{train,val,test}/{NORMAL,PNEUMONIA}/*.jpeg`.

    Args:
        root: the folder that holds `train/` and `test/`. `val/` is only in Kaggle's version; its
            second copy in `chest_xray/` is read only where it is the only one.
        classes: what the labels are: "pneumonia" (1 or 0), or "bacterial_viral" (exactly one of
            normal, bacterial, viral).
        targets: labels to learn, by default all; one of several classes is that against the rest,
            and with [bacterial, viral] normal films are left out.
        missing_images: without effect, as the files are the table.
        phantom_patients: number of patients of the generated stand-in.

    `split` is the folder; `train` is "train_val" where there is no `val/`. On Kaggle, 170 of the
    numbers `person<N>` stand in both train and test, so the official split is refused: use
    split=by_patient or stratified, which keep a number together. What a number means is not
    documented. Numbers in both parts have bacteria in one and a virus in the other, so bacteria and
    virus may be numbered separately, and so may `IM-0115` and `NORMAL2-IM-0115`. But two children
    counted as one cost little, and one child counted as two would inflate the test scores, so a
    number is one patient here. A film with an unusual name is kept: the beginning of its name gives
    the patient, else it is its own patient; a notice gives their number.

    Films are grey, 400 to 2,900 px; the release mixes grey and RGB files.
    """

    name = "chest_xray"
    modality = "chest x-ray"
    variant = ""
    unit = "image"
    labels = CLASSES["pneumonia"]
    citation = (
        "Kermany et al., Identifying medical diagnoses and treatable diseases by image-based deep "
        "learning, Cell 2018, 172(5):1122-1131, doi 10.1016/j.cell.2018.02.010"
    )
    licence = "CC BY 4.0"
    url = "https://data.mendeley.com/datasets/rscbjbr9sj/3"

    def __init__(
        self,
        root: str,
        classes: Literal["pneumonia", "bacterial_viral"] = "pneumonia",
        targets: list[str] | None = None,
        missing_images: Literal["error", "drop"] = "error",
        phantom_patients: int = 400,
    ) -> None:
        self.files = ImageFiles(root, missing_images, grey=True)
        self.labels = CLASSES[one_of(classes, list(CLASSES), "dataset.classes")]
        self.classes = classes
        self.targets = chosen(targets, self.labels, self)
        self.task = Task.of_classes(self.targets)
        self.phantom_patients = phantom_patients

    def table(self) -> pd.DataFrame:
        """One row per film in the order train, val, test, NORMAL, PNEUMONIA, name.

        `kind` is "normal", "bacterial", "viral", or "" if the name does not give the germ. Age,
        sex and view are not in the release: NaN and "".
        """
        rows = self._rows("") or self._rows(NESTED)
        if not rows:
            raise not_here(self.name, self.files.root, "train/NORMAL/*.jpeg", self.url)
        image, patient, split, kind = zip(*rows, strict=True)
        if "val" not in split:
            split = tuple("train_val" if part == "train" else part for part in split)
        self._tell_odd_names(image)
        classes = pd.Series(kind).replace("", None)
        if self.classes == "pneumonia":
            classes = pd.Series(["" if word == "normal" else "pneumonia" for word in kind])
        labels = one_hot(classes, self.labels, self.targets)
        return sample_table(image, patient, labels, split, others={"kind": kind})

    def _rows(self, prefix: str) -> list[tuple[str, str, str, str]]:
        """Path, patient, part and kind of each film below one of the two places."""
        rows = []
        for part in PARTS:
            for folder in ("NORMAL", "PNEUMONIA"):
                place = f"{prefix}{part}/{folder}"
                for name in sorted(self.files.names_in(place)):
                    # Hidden files are left behind by an operating system (.DS_Store, ._IM-...).
                    if not name.startswith(".") and name.lower().endswith(IMAGE_TYPES):
                        patient, kind = self._told_by(f"{place}/{name}")
                        rows.append((f"{place}/{name}", patient, part, kind))
        return rows

    def _told_by(self, image: str) -> tuple[str, str]:
        """Patient and kind from a film's name, which must agree with its folder."""
        _, folder, name = image.rsplit("/", 2)
        match = BEGINS.match(name)
        patient = match and (match["normal"] or match["person"] or match["number"])
        word = match and (match["germ"] or match["kind"] or (match["normal"] and "normal"))
        if not (match and word):  # the folder alone tells
            return patient or image, "normal" if folder == "NORMAL" else ""
        kind = {"bacteria": "bacterial", "virus": "viral"}.get(word.lower(), word.lower())
        if (kind == "normal") != (folder == "NORMAL"):
            raise MedsmallError(
                f"{self.files.file(image).absolute()} is {kind} by its name, but lies in "
                f"{folder}: get the release again, or delete the file."
            )
        return patient or image, kind

    def _tell_odd_names(self, images: Sequence[str]) -> None:
        """Count on stderr the films that are not named as the release names them."""
        names = {image: image.rpartition("/")[2] for image in images}
        odd = [i for i, name in names.items() if not NAME.fullmatch(name.rpartition(".")[0])]
        if not odd:
            return
        lost = [image for image in odd if not BEGINS.match(names[image])]
        alone = f"; {len(lost):,} of these name no patient and count as one each" if lost else ""
        say_once(
            f"{self.name}: {len(odd):,} of {len(names):,} films have unusual names, such as "
            f"{(lost or odd)[0]}: their patient is read from the beginning of the name{alone}."
        )

    def write_phantom(self, root: Path, patients: int, seed: int) -> None:
        """Write generated films of 96 to 136 px: of four patients two bacterial, one viral."""
        from medsmall.dataset.phantoms import chest_xray

        chest_xray.write(root, patients, seed)
