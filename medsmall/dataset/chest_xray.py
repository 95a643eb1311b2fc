"""Kermany's chest films: 5,856 of children of one to five years, normal or with pneumonia."""

import re
import shutil
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from medsmall.dataset import images, tables
from medsmall.errors import MedsmallError
from medsmall.task import Task

CLASSES = {"pneumonia": ["pneumonia"], "bacterial_viral": ["normal", "bacterial", "viral"]}
PARTS = ("train", "val", "test")
NESTED = "chest_xray/"
# Kaggle's names, then Mendeley's: NORMAL2-IM-0381-0001, person12_bacteria_46, VIRUS-8937-0002.
NAME = re.compile(
    r"(?:NORMAL2-)?(?P<normal>IM-\d+)(?:-\d+){1,2}"
    r"|(?P<person>person\d+)_(?P<germ>bacteria|virus)_\d+"
    r"|(?P<kind>NORMAL|BACTERIA|VIRUS)-(?P<number>\d+)-\d+"
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
    documented. Those seen in both parts have bacteria in one and a virus in the other, so the two
    may be counted apart, and so may `IM-0115` and `NORMAL2-IM-0115`; but two children wrongly
    held to be one cost little, and one held to be two would flatter the test, so a number is one
    patient here.
    """

    name = "chest_xray"
    modality = "chest x-ray"
    variant = reading = ""
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
        self.root = Path(root).expanduser()
        self.labels = CLASSES[tables.one_of(classes, list(CLASSES), "dataset.classes")]
        self.classes = classes
        self.targets = tables.chosen(targets, self.labels, self)
        self.task = Task.of_classes(self.targets)
        tables.one_of(missing_images, ["error", "drop"], "dataset.missing_images")
        self.missing_images = missing_images
        self.phantom_patients = phantom_patients

    def table(self) -> pd.DataFrame:
        """One row per film in the order train, val, test, NORMAL, PNEUMONIA, name.

        `kind` is "normal", "bacterial" or "viral". Age, sex and view are not in the release: NaN
        and "".
        """
        rows = self._rows("") or self._rows(NESTED)
        if not rows:
            raise tables.not_here(self, "train/NORMAL/*.jpeg")
        image, patient, split, kind = zip(*rows, strict=True)
        if "val" not in split:
            split = tuple("train_val" if part == "train" else part for part in split)
        classes = kind
        if self.classes == "pneumonia":
            classes = tuple("" if word == "normal" else "pneumonia" for word in kind)
        frame = {
            "image": image,
            "patient": patient,
            "split": split,
            **tables.one_hot(classes, self.labels, self.targets),
            "age": np.nan,
            "sex": "",
            "view": "",
            "kind": kind,
        }
        text = ["image", "patient", "split", "sex", "view", "kind"]
        return pd.DataFrame(frame).astype(dict.fromkeys(text, "str"))

    def _rows(self, prefix: str) -> list[tuple[str, str, str, str]]:
        """Path, patient, part and kind of each film below one of the two places."""
        rows = []
        for part in PARTS:
            for folder in ("NORMAL", "PNEUMONIA"):
                place = f"{prefix}{part}/{folder}"
                for name in sorted(images.names_in(self.root / place)):
                    # Hidden files are left behind by an operating system (.DS_Store, ._IM-...).
                    if not name.startswith(".") and name.lower().endswith(IMAGE_TYPES):
                        patient, kind = self._told_by(f"{place}/{name}")
                        rows.append((f"{place}/{name}", patient, part, kind))
        return rows

    def _told_by(self, image: str) -> tuple[str, str]:
        """Patient and kind from a film's name, which must agree with its folder."""
        _, folder, name = image.rsplit("/", 2)
        match = NAME.fullmatch(name.rpartition(".")[0])
        if not match:
            raise MedsmallError(
                f"{(self.root / image).absolute()} is not named as the release names films "
                "(IM-0115-0001, NORMAL2-IM-0381-0001, person12_bacteria_46): get it again, or "
                "delete the file."
            )
        word = (match["germ"] or match["kind"] or "normal").lower()
        kind = {"bacteria": "bacterial", "virus": "viral"}.get(word, word)
        if (kind == "normal") != (folder == "NORMAL"):
            raise MedsmallError(
                f"{(self.root / image).absolute()} is {kind} by its name, but lies in {folder}: "
                "get the release again, or delete the file."
            )
        return match["normal"] or match["person"] or match["number"], kind

    def file(self, image: str) -> Path:
        """The file that holds the image of one row."""
        return self.root / image

    def read(self, image: str) -> np.ndarray:
        """Grey (H, W) uint8 of varied size, 400 to 2,900 px; the release mixes grey and RGB."""
        return images.decode(self.root / image, grey=True)

    def write_phantom(self, root: Path, patients: int, seed: int) -> None:
        """Write generated films of 96 to 136 px: of four patients two bacterial, one viral.

        1 to 3 films per patient. Of the patients a sixth is test and a twelfth val. As in the
        release, a person's number stands in train (bacteria) and in test (virus), a film is
        there twice, some files are RGB, and some are none of the release's.
        """
        from medsmall.phantom import drawing, pneumonia, thorax

        parts = ["train"] * patients
        parts[patients - patients // 12 - max(1, patients // 6) :] = ["val"] * (patients // 12)
        parts += ["test"] * (patients - len(parts))
        for folder in ("NORMAL", "PNEUMONIA"):
            for part in PARTS:
                (root / part / folder).mkdir(parents=True)
            (root / "train" / folder / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
        films = 0
        for patient, part in enumerate(parts):
            rng = np.random.default_rng([seed, 6, patient])
            body = thorax.build(rng)
            germ = ("bacteria", "", "virus", "bacteria")[patient % 4]
            for film in range(rng.integers(1, 4)):
                films += 1
                shape = int(rng.integers(96, 129)), int(rng.integers(104, 137))
                pixels = pneumonia.chest(body, germ, rng, seed + patient, shape)
                if rng.random() < 0.1:
                    pixels = np.dstack([pixels] * 3)
                drawing.save(pixels, root / part / _name(patient, germ, film, films))
        twin = root / "train" / _name(0, "bacteria", 0, 1)
        shutil.copyfile(twin, root / "train" / _name(0, "bacteria", 0, films + 1))
        rng = np.random.default_rng([seed, 6, 0])
        body = thorax.build(rng)
        pixels = pneumonia.chest(body, "virus", rng, seed, (112, 120))
        drawing.save(pixels, root / "test" / _name(0, "virus", 0, films + 2))


def _name(patient: int, germ: str, film: int, films: int) -> str:
    """A film's path in its part, as Kaggle has it; `films` counts all so far."""
    if germ:
        return f"PNEUMONIA/person{patient + 1}_{germ}_{films}.jpeg"
    series = "NORMAL2-" if patient % 8 == 1 else ""
    again = f"-{film:04d}" if film else ""
    return f"NORMAL/{series}IM-{patient + 1:04d}-0001{again}.jpeg"
