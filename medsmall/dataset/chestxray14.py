"""ChestX-ray14: 112,120 frontal chest films of 30,805 patients with 14 findings (NIH, 2017)."""

from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from medsmall.dataset import images, tables
from medsmall.errors import MedsmallError
from medsmall.task import Task

LABELS = [
    "Atelectasis", "Cardiomegaly", "Effusion", "Infiltration", "Mass", "Nodule", "Pneumonia",
    "Pneumothorax", "Consolidation", "Edema", "Emphysema", "Fibrosis", "Pleural_Thickening",
    "Hernia",
]  # fmt: skip
NO_FINDING = "No Finding"

# For the phantom: share of patients per finding (Hernia apart), and the tables as of 2017, whose
# headers have commas inside brackets.
PREVALENCE = dict(zip(LABELS[:-1], [
    0.10, 0.08, 0.12, 0.12, 0.06, 0.07, 0.06, 0.06, 0.06, 0.05, 0.06, 0.05, 0.05,
], strict=True))  # fmt: skip
ENTRY_HEADER = (
    "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,"
    "OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y],"
)
BOX_HEADER = "Image Index,Finding Label,Bbox [x,y,w,h],,,"
BOXED = {"Atelectasis", "Effusion", "Infiltration", "Mass", "Nodule", "Pneumonia", "Pneumothorax"}


class ChestXray14:
    """The release of the NIH Clinical Center: `images/`, an entry table and two split lists.

    Args:
        root: the folder of the release. Images lie in `images/`, or, as Kaggle serves them, in
            `images_001/images/` to `images_012/images/`.
        targets: findings to learn, by default all 14; an image with none of them is a negative.
        missing_images: what to do about listed images that are not there: "error" or "drop".
        phantom_patients: number of patients of the generated stand-in.

    The official split leaves validation to the user: parts are "train_val" and "test". A row in
    neither list gets "" (the release has none); a list may name images that the table lacks, so
    that a shortened table works.
    """

    name = "chestxray14"
    modality = "chest x-ray"
    variant = reading = ""
    unit = "image"
    labels = LABELS
    citation = (
        "Wang et al., ChestX-ray8: hospital-scale chest X-ray database and benchmarks on "
        "weakly-supervised classification and localization of common thorax diseases, CVPR 2017"
    )
    licence = "NIH Clinical Center: free use, attribution required"
    url = "https://nihcc.app.box.com/v/ChestXray-NIHCC"

    def __init__(
        self,
        root: str,
        targets: list[str] | None = None,
        missing_images: Literal["error", "drop"] = "error",
        phantom_patients: int = 1100,
    ) -> None:
        self.root = Path(root).expanduser()
        self.targets = tables.chosen(targets, LABELS, self)
        self.task = Task.of_findings(self.targets)
        tables.one_of(missing_images, ["error", "drop"], "dataset.missing_images")
        self.missing_images = missing_images
        self.phantom_patients = phantom_patients

    def table(self) -> pd.DataFrame:
        """One row per image of the entry table (v2020 where both are there), 14 label columns.

        `view` is "PA", "AP" or "" (anything else). Ages are in years, also where the table says
        `060Y`, `013M` or `001D`; NaN above 120.
        """
        path = tables.find(self, "Data_Entry_2017_v2020.csv", "Data_Entry_2017.csv")
        entries = tables.read_csv(
            path,
            ["Image Index", "Finding Labels", "Patient ID", "Patient Age", "Patient Gender",
             "View Position"],
            full=["Image Index", "Patient ID"],
        )  # fmt: skip
        name = tables.check_images(entries["Image Index"].str.strip(), path)
        view = entries["View Position"].str.strip().str.upper()
        frame = {
            "image": self._located(name),
            "patient": entries["Patient ID"].str.strip().str.zfill(8),
            "split": self._official_split(name),
            **_findings(entries["Finding Labels"], path),
            "age": tables.age_in_years(entries["Patient Age"]),
            "sex": tables.sex_of(entries["Patient Gender"]),
            "view": view.where(view.isin(["PA", "AP"]), ""),
        }
        return pd.DataFrame(frame)

    def _located(self, names: pd.Series) -> pd.Series:
        """`images/<name>`, except for the names that lie in one of Kaggle's twelve folders."""
        folder = {}
        for kaggle in sorted(self.root.glob("images_*/images")):
            prefix = f"{kaggle.parent.name}/images/"
            folder.update(dict.fromkeys(images.names_in(kaggle), prefix))
        return pd.Series([folder.get(name, "images/") + name for name in names], dtype="str")

    def _official_split(self, names: pd.Series) -> pd.Series:
        lists = {
            part: set(tables.read_names(tables.find(self, f"{part}_list.txt")))
            for part in ("train_val", "test")
        }
        both = lists["train_val"] & lists["test"]
        if both:
            raise MedsmallError(
                f"{len(both):,} images stand in both train_val_list.txt and test_list.txt under "
                f"{self.root.absolute()}, such as {min(both)}: get the lists again."
            )
        split = pd.Series("", index=names.index, dtype="str")
        for part, listed in lists.items():
            split[names.isin(listed)] = part
        if len(split) and (split == "").all():
            raise MedsmallError(
                f"None of the {len(names):,} images of the entry table stands in "
                f"train_val_list.txt or test_list.txt under {self.root.absolute()}: table and "
                "lists are of different releases, get them again."
            )
        return split

    def file(self, image: str) -> Path:
        """The file that holds the image of one row."""
        return self.root / image

    def read(self, image: str) -> np.ndarray:
        """Grey (H, W) uint8; the release is 1024 x 1024, some files of it RGBA."""
        return images.decode(self.root / image, grey=True)

    def write_phantom(self, root: Path, patients: int, seed: int) -> None:
        """Write generated films and tables in the layout, and with the quirks, of 2017.

        1 to 3 films of 128 x 128 px per patient, a quarter of the patients in the test list. The
        findings are far more frequent than in the release: a hernia in 16 % of the patients.
        """
        from medsmall.phantom import chest, drawing, thorax

        (root / "images").mkdir(parents=True)
        rng = np.random.default_rng([seed, 14])
        order = rng.permutation(patients)
        parts = {"test": order[: max(1, patients // 4)], "train_val": order[patients // 4 :]}
        hernia = {i for part in parts.values() for i in part[: max(1, round(0.16 * len(part)))]}
        entries, boxes = [ENTRY_HEADER], [BOX_HEADER]
        lists: dict[str, list[str]] = {"test": [], "train_val": []}
        for patient in range(patients):
            rng = np.random.default_rng([seed, 14, patient])
            body, sex, age = thorax.build(rng), rng.choice(["F", "M"]), rng.integers(18, 90)
            lasting = [label for label, share in PREVALENCE.items() if rng.random() < share]
            for follow_up in range(rng.choice([1, 2, 3], p=[0.45, 0.3, 0.25])):
                name = f"{patient + 1:08d}_{follow_up:03d}.png"
                seen = [label for label in lasting if rng.random() < 0.85]
                seen += ["Hernia"] if patient in hernia else []
                pixels, found = chest.chest(body, seen, rng, lesions=seed + patient)
                if rng.random() < 0.02:  # the release has some RGBA files
                    pixels = np.dstack([pixels] * 3 + [np.full_like(pixels, 255)])
                drawing.save(pixels, root / "images" / name)
                years = 414 if len(entries) == 1 else age + follow_up
                written = f"{years:03d}Y" if patient % 10 == 9 else str(years)
                entries.append(
                    f"{name},{'|'.join(seen) or NO_FINDING},{follow_up},{patient + 1},{written},"
                    f"{sex},{rng.choice(['PA', 'AP'], p=[0.6, 0.4])},128,128,2.7,2.7,"
                )
                for label in sorted(set(found) & BOXED) if rng.random() < 0.1 else []:
                    # The box table, unlike the entry table, writes Infiltrate.
                    short = label.replace("Infiltration", "Infiltrate")
                    boxes.append(f"{name},{short}," + ",".join(f"{v:.1f}" for v in found[label]))
                lists["test" if patient in parts["test"] else "train_val"].append(name)
        tables.write_lines(root / "Data_Entry_2017.csv", entries)
        tables.write_lines(root / "BBox_List_2017.csv", boxes)
        for part, names in lists.items():
            tables.write_lines(root / f"{part}_list.txt", names)


def _findings(column: pd.Series, path: Path) -> dict[str, np.ndarray]:
    """One float64 column per label from `A|B` strings; a blank cell is unknown in all."""
    codes, texts = pd.factorize(column)  # 112,120 rows hold only 836 different strings
    rows = np.zeros((len(texts) + 1, len(LABELS)))
    rows[-1] = np.nan  # factorize codes a blank cell as -1
    for row, text in zip(rows, texts, strict=False):
        for finding in text.split("|"):
            if finding in LABELS:
                row[LABELS.index(finding)] = 1
            elif finding != NO_FINDING:
                raise MedsmallError(
                    f"{path.absolute()} has a finding '{finding}' that the release does not know"
                    f"{tables.did_you_mean(finding, LABELS)}."
                )
    return dict(zip(LABELS, rows[codes].T, strict=True))
