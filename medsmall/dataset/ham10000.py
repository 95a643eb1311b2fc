"""HAM10000: 10,015 dermoscopic images of 7,470 pigmented skin lesions in seven classes."""

import sys
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from medsmall.dataset import images, tables
from medsmall.errors import MedsmallError
from medsmall.task import Task

LABELS = ["akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"]
METADATA = "HAM10000_metadata.csv"
PARTS = ("HAM10000_images_part_1", "HAM10000_images_part_2")
LAST_OF_PART_1 = "ISIC_0029305"
ISIC = "ISIC2018_Task3_Training_"
FIRST_NUMBER, NUMBERS = 24_306, 10_015  # of the images' names

# For the phantom: diagnoses of each 20 lesions; the release has far more nevi.
DECK = ["nv"] * 8 + [label for label in LABELS if label != "nv"] * 2


class Ham10000:
    """The release of Harvard Dataverse, or the same images as ISIC 2018 (task 3, training).

    Args:
        root: the folder that holds either `HAM10000_metadata.csv`, `HAM10000_images_part_1/` and
            `HAM10000_images_part_2/`, or `ISIC2018_Task3_Training_GroundTruth.csv` (or that in a
            folder of its name), `ISIC2018_Task3_Training_LesionGroupings.csv` and
            `ISIC2018_Task3_Training_Input/`. The first table is read where both are there.
        targets: diagnoses to learn, any of akiec (actinic keratosis, Bowen's disease), bcc (basal
            cell carcinoma), bkl (benign keratosis), df (dermatofibroma), mel (melanoma), nv
            (nevus), vasc (vascular lesion); by default all. Of several but not all, images of
            other diagnoses are left out; one is learnt against all the rest.
        missing_images: what to do about listed images that are not there: "error" or "drop".
        phantom_patients: number of lesions of the generated stand-in.

    There are no patient numbers: `patient` is the lesion, of which a quarter has several images,
    so that a split keeps these together (lesions of one person may still be apart). There is no
    official split: the challenge's test images are not in the release. Without the groupings
    file each image of the ISIC layout counts as a lesion of its own, which a line on stderr says.
    """

    name = "ham10000"
    modality = "skin"
    variant = reading = ""
    unit = "image"
    labels = LABELS
    citation = (
        "Tschandl et al., The HAM10000 dataset, a large collection of multi-source dermatoscopic "
        "images of common pigmented skin lesions, Scientific Data 2018"
    )
    licence = "CC BY-NC 4.0"
    url = "https://doi.org/10.7910/DVN/DBW86T"

    def __init__(
        self,
        root: str,
        targets: list[str] | None = None,
        missing_images: Literal["error", "drop"] = "error",
        phantom_patients: int = 480,
    ) -> None:
        self.root = Path(root).expanduser()
        self.targets = tables.chosen(targets, LABELS, self)
        self.task = Task.of_classes(self.targets)
        tables.one_of(missing_images, ["error", "drop"], "dataset.missing_images")
        self.missing_images = missing_images
        self.phantom_patients = phantom_patients

    def table(self) -> pd.DataFrame:
        """One row per image; `lesion`, `dx_type` (how it was diagnosed) and `localization` beside.

        Age is in steps of 5 years. All of these but the lesion are NaN or "" in the ISIC layout.
        """
        isic = [f"{ISIC}GroundTruth.csv", f"{ISIC}GroundTruth/{ISIC}GroundTruth.csv"]
        path = tables.find(self, METADATA, f"{METADATA}.gz", *isic)
        rows = self._of_isic(path) if path.name == isic[0] else self._of_metadata(path)
        name = tables.check_images(rows["image"], path)
        lesion = rows["lesion"].fillna(name)
        frame = {
            "image": self._folder_of(name, path) + "/" + name + ".jpg",
            "patient": lesion,
            "split": "",
            **tables.one_hot(rows["dx"], LABELS, self.targets),
            "age": tables.age_in_years(rows["age"]),
            "sex": tables.sex_of(rows["sex"]),
            "view": "",
            "lesion": lesion,
            "dx_type": rows["dx_type"].fillna(""),
            "localization": rows["localization"].fillna(""),
        }
        text = ["image", "patient", "split", "sex", "view", "lesion", "dx_type", "localization"]
        return pd.DataFrame(frame).astype(dict.fromkeys(text, "str"))

    def _of_metadata(self, path: Path) -> pd.DataFrame:
        columns = ["image_id", "lesion_id", "dx", "dx_type", "age", "sex", "localization"]
        rows = tables.read_csv(path, columns, full=["image_id"])
        unknown = ~rows["dx"].isin(LABELS)
        if unknown.any():
            raise MedsmallError(
                f"{path.absolute()} gives {rows['image_id'][unknown].iloc[0]} the diagnosis "
                f"'{rows['dx'][unknown].iloc[0]}', which is none of {', '.join(LABELS)}."
            )
        return rows.rename(columns={"image_id": "image", "lesion_id": "lesion"})

    def _of_isic(self, path: Path) -> pd.DataFrame:
        upper = [label.upper() for label in LABELS]
        truth = tables.read_csv(path, ["image"], upper, full=["image"])
        ones = truth[upper] == 1
        wrong = (ones.sum(axis=1) != 1) | ~truth[upper].isin([0, 1]).all(axis=1)
        if wrong.any():
            raise MedsmallError(
                f"{path.absolute()} does not give {truth['image'][wrong].iloc[0]} exactly one "
                "diagnosis, a 1 among zeros: get it again."
            )
        dx = np.array(LABELS)[ones.to_numpy().argmax(axis=1)]
        rows = truth[["image"]].assign(dx=dx, dx_type=None, age=None, sex=None, localization=None)
        groupings = self.root / f"{ISIC}LesionGroupings.csv"
        if not groupings.is_file():
            print(
                f"{self.name}: without {groupings.absolute()} each image counts as a lesion of "
                "its own, so images of one lesion may be both learnt from and tested on.",
                file=sys.stderr,
            )
            return rows.assign(lesion=None)
        known = tables.read_csv(groupings, ["image", "lesion_id"]).drop_duplicates("image")
        lesion = known.set_index("image")["lesion_id"]
        return rows.assign(lesion=rows["image"].map(lesion))

    def _folder_of(self, name: pd.Series, table: Path) -> pd.Series:
        """Where each image is, or where the release has it if it is in none of the folders."""
        listed: dict[str, str] = {}
        for folder in (*PARTS, f"{ISIC}Input"):
            for file in images.names_in(self.root / folder):
                listed.setdefault(file.removesuffix(".jpg"), folder)
        if table.name.startswith(ISIC):
            usual = name.map(lambda _: f"{ISIC}Input")
        else:
            usual = name.map(lambda image: PARTS[image > LAST_OF_PART_1])
        return name.map(listed).fillna(usual)

    def file(self, image: str) -> Path:
        """The file that holds the image of one row."""
        return self.root / image

    def read(self, image: str) -> np.ndarray:
        """RGB (H, W, 3) uint8, 450 x 600 as released."""
        return images.decode(self.root / image)

    def write_phantom(self, root: Path, patients: int, seed: int) -> None:
        """Write images of 96 x 128 px of `patients` lesions, and the metadata, as in Dataverse.

        Nevi are 2 in 5; a quarter of the lesions has 2 or 3 images; some ages are blank and some
        sexes unknown. Images are numbered at random over both parts, as in the release.
        """
        from medsmall.phantom import drawing, skin

        for part in PARTS:
            (root / part).mkdir(parents=True)
        order = np.random.default_rng([seed, 9])
        numbers = iter(FIRST_NUMBER + order.permutation(max(NUMBERS, 3 * patients)))
        deck = [dx for _ in range(-(-patients // len(DECK))) for dx in order.permutation(DECK)]
        lines = ["lesion_id,image_id,dx,dx_type,age,sex,localization"]
        for lesion in range(patients):
            rng = np.random.default_rng([seed, 9, lesion])
            dx, body = str(deck[lesion]), skin.skin(rng)
            age = "" if lesion == 1 or rng.random() < 0.03 else f"{rng.integers(5, 18) * 5}.0"
            sex = "unknown" if lesion == 1 else rng.choice(["female", "male"])
            how = rng.choice(["histo", "consensus"] + ["follow_up"] * (dx == "nv"))
            place = rng.choice(["back", "lower extremity", "trunk", "face", "unknown"])
            for _ in range(rng.choice([1, 2, 3], p=[0.75, 0.18, 0.07])):
                name = f"ISIC_{next(numbers):07d}"
                pixels = skin.dermoscopy(dx, body, seed + lesion, rng)
                folder = PARTS[name > LAST_OF_PART_1]
                drawing.save(pixels, root / folder / f"{name}.jpg")
                lines.append(f"HAM_{lesion:07d},{name},{dx},{how},{age},{sex},{place}")
        tables.write_lines(root / METADATA, lines)
