"""CheXpert: 223,414 chest films of 64,540 patients with 14 findings read from the reports."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from medsmall.dataset import images, tables
from medsmall.errors import MedsmallError, did_you_mean
from medsmall.task import Task

LABELS = [
    "No Finding", "Enlarged Cardiomediastinum", "Cardiomegaly", "Lung Opacity", "Lung Lesion",
    "Edema", "Consolidation", "Pneumonia", "Atelectasis", "Pneumothorax", "Pleural Effusion",
    "Pleural Other", "Fracture", "Support Devices",
]  # fmt: skip
COMPETITION = ["Atelectasis", "Cardiomegaly", "Consolidation", "Edema", "Pleural Effusion"]
UNCERTAIN = -1
MEANING = {"zeros": 0.0, "ones": 1.0, "ignore": np.nan}
SPLIT = {"train": "train_val", "valid": "test"}

# For the phantom: share of patients per finding, and what counts as Lung Opacity.
PREVALENCE = {
    "Enlarged Cardiomediastinum": 0.08, "Cardiomegaly": 0.18, "Lung Lesion": 0.10, "Edema": 0.20,
    "Consolidation": 0.20, "Pneumonia": 0.08, "Atelectasis": 0.22, "Pneumothorax": 0.08,
    "Pleural Effusion": 0.28, "Pleural Other": 0.05, "Fracture": 0.06, "Support Devices": 0.25,
}  # fmt: skip
OPACITIES = {"Lung Lesion", "Edema", "Consolidation", "Pneumonia", "Atelectasis"}


class CheXpert:
    """The release of Stanford, original (`CheXpert-v1.0`) or down-sampled (`-small`).

    Args:
        root: the folder that holds `train.csv` and `valid.csv` (or `.csv.gz`). The tables begin
            each path with the release's own folder name; that part is cut off, whatever it is.
        targets: findings to learn, any of the 14, by default the 5 of the competition.
        uncertain: what -1 ("uncertain" in the report) becomes: "zeros" = 0, "ones" = 1,
            "ignore" = NaN. A dict sets it per label; labels it does not name get its `default`,
            or "ignore" where it has none.
        blank: what an empty cell ("not mentioned") becomes: "zeros" = 0 or "ignore" = NaN. In
            CheXpert most negatives are blank: with "ignore" few negatives remain.
        views: which films: "frontal", "lateral" or "both". Findings are of the study, so a
            lateral film has the labels of the frontal one beside it.
        missing_images: what to do about listed images that are not there: "error" or "drop".
        phantom_patients: number of patients of the generated stand-in.

    `train` is the part "train_val", and `valid` (200 patients, labelled by radiologists) is
    "test": it is the only labelled part held out in the public release.
    """

    name = "chexpert"
    modality = "chest x-ray"
    variant = reading = ""
    unit = "image"
    labels = LABELS
    citation = (
        "Irvin et al., CheXpert: a large chest radiograph dataset with uncertainty labels and "
        "expert comparison, AAAI 2019"
    )
    licence = "Stanford University Dataset Research Use Agreement: research only, no sharing"
    url = "https://stanfordmlgroup.github.io/competitions/chexpert/"

    def __init__(
        self,
        root: str,
        targets: list[str] | None = None,
        uncertain: Literal["zeros", "ones", "ignore"]
        | dict[str, Literal["zeros", "ones", "ignore"]] = "zeros",
        blank: Literal["zeros", "ignore"] = "zeros",
        views: Literal["frontal", "lateral", "both"] = "frontal",
        missing_images: Literal["error", "drop"] = "error",
        phantom_patients: int = 900,
    ) -> None:
        self.root = Path(root).expanduser()
        self.targets = tables.chosen(targets, COMPETITION, self)
        self.task = Task.of_findings(self.targets)
        self.uncertain = _policy_per_label(uncertain)
        tables.one_of(blank, ["zeros", "ignore"], "dataset.blank")
        self.blank = blank
        tables.one_of(views, ["frontal", "lateral", "both"], "dataset.views")
        self.views = views
        tables.one_of(missing_images, ["error", "drop"], "dataset.missing_images")
        self.missing_images = missing_images
        self.phantom_patients = phantom_patients

    def table(self) -> pd.DataFrame:
        """One row per film of train.csv and valid.csv, 14 label columns, then the metadata.

        `view` is "PA", "AP", "LL", "RL" (the release gives these two to 17 frontals), "" (a
        frontal without direction) or "lateral"; `study` is the folder of the study, which may
        hold several films.
        """
        parts = [self._part(part) for part in SPLIT]
        return pd.concat(parts, ignore_index=True)

    def _part(self, part: str) -> pd.DataFrame:
        path = tables.find(self, f"{part}.csv", f"{part}.csv.gz")
        text = ["Path", "Sex", "Age", "Frontal/Lateral", "AP/PA"]
        films = tables.read_csv(path, text, LABELS, full=["Path"])
        foreign = ~films["Frontal/Lateral"].isin(["Frontal", "Lateral"])
        if foreign.any():
            raise MedsmallError(
                f"{path.absolute()} does not say whether {films['Path'][foreign].iloc[0]} is "
                "Frontal or Lateral (column Frontal/Lateral): correct the table."
            )
        tables.check_images(films["Path"], path)
        if self.views != "both":
            chosen = films["Frontal/Lateral"] == self.views.title()
            films = films[chosen].reset_index(drop=True)
        image = tables.below_release(films["Path"], path, depth=4)
        side = films["AP/PA"].fillna("")
        lateral = (films["Frontal/Lateral"] == "Lateral") & ~side.isin(["LL", "RL"])
        frame = {
            "image": image,
            "patient": image.str.split("/").str[1],
            "split": SPLIT[part],
            **{label: self._known(films[label], label) for label in LABELS},
            "age": tables.age_in_years(films["Age"]),
            "sex": tables.sex_of(films["Sex"]),
            "view": side.mask(lateral, "lateral"),
            "study": image.str.rsplit("/", n=1).str[0],
        }
        return pd.DataFrame(frame).astype(dict.fromkeys(["patient", "split"], "str"))

    def _known(self, column: pd.Series, label: str) -> pd.Series:
        # Blank first: "ignore" turns uncertain cells into NaN too, and these must stay NaN.
        column = column.fillna(0.0) if self.blank == "zeros" else column
        return column.mask(column == UNCERTAIN, MEANING[self.uncertain[label]])

    def file(self, image: str) -> Path:
        """The file that holds the image of one row."""
        return self.root / image

    def read(self, image: str) -> np.ndarray:
        """Grey (H, W) uint8; the small release is about 320 x 390."""
        return images.decode(self.root / image, grey=True)

    def write_phantom(self, root: Path, patients: int, seed: int) -> None:
        """Write generated films of 156 x 128 px and tables in the layout of `-small`.

        1 or 2 studies per patient, some with a lateral or a second frontal film; the last seventh
        of the patients is `valid`, whose labels are complete.
        """
        from medsmall.phantom import chest, drawing, thorax

        header = ",".join(["Path", "Sex", "Age", "Frontal/Lateral", "AP/PA", *LABELS])
        lines = {"train": [header], "valid": [header]}
        for patient in range(patients):
            rng = np.random.default_rng([seed, 5, patient])
            part = "valid" if patient >= patients - max(1, patients // 7) else "train"
            body, age = thorax.build(rng), rng.integers(18, 91)
            sex = "Unknown" if patient == 1 else rng.choice(["Female", "Male"])
            lasting = [label for label, share in PREVALENCE.items() if rng.random() < share]
            for study in range(1, 1 + rng.choice([1, 2], p=[0.7, 0.3])):
                seen = {label for label in lasting if rng.random() < 0.9}
                cells = _report(seen, rng, complete=part == "valid")
                folder = f"{part}/patient{patient + 1:05d}/study{study}"
                (root / folder).mkdir(parents=True)
                views = [[], ["lateral"], ["frontal"]][rng.choice(3, p=[0.75, 0.15, 0.1])]
                for number, view in enumerate(["frontal", *views], start=1):
                    if view == "frontal":
                        pixels, _ = chest.chest(body, seen, rng, seed + patient, (128, 156))
                        side = rng.choice(["AP", "PA", "LL", "RL"], p=[0.79, 0.19, 0.01, 0.01])
                    else:
                        pixels, side = chest.lateral(body, rng, (156, 128)), ""
                    file = f"{folder}/view{number}_{view}.jpg"
                    drawing.save(pixels, root / file)
                    row = [f"CheXpert-v1.0-small/{file}", sex, age + study - 1, view.title(), side]
                    lines[part].append(",".join(map(str, [*row, *cells])))
        for part in lines:
            tables.write_lines(root / f"{part}.csv", lines[part])


def _report(seen: set[str], rng: np.random.Generator, complete: bool) -> list[str]:
    """One cell per label as read from a report: 1.0, 0.0, -1.0 or blank; no blank if complete."""
    cells = []
    for label in LABELS:
        if label == "No Finding":
            true = not seen - {"Support Devices"}
        else:
            true = bool(seen & OPACITIES) if label == "Lung Opacity" else label in seen
        if complete:
            cells.append("1.0" if true else "0.0")
        elif label == "No Finding":
            cells.append("1.0" if true else "")
        elif true:
            cells.append(rng.choice(["1.0", "-1.0", ""], p=[0.86, 0.11, 0.03]))
        else:
            cells.append(rng.choice(["", "0.0", "-1.0"], p=[0.72, 0.25, 0.03]))
    return cells


def _policy_per_label(uncertain: str | Mapping[str, str]) -> dict[str, str]:
    key = "dataset.uncertain"
    if isinstance(uncertain, str):
        tables.one_of(uncertain, list(MEANING), key)
        return dict.fromkeys(LABELS, uncertain)
    for label, policy in uncertain.items():
        if label not in [*LABELS, "default"]:
            raise MedsmallError(f"{key} names no label '{label}'{did_you_mean(label, LABELS)}.")
        tables.one_of(policy, list(MEANING), f"{key}.{label}")
    return {label: uncertain.get(label, uncertain.get("default", "ignore")) for label in LABELS}
