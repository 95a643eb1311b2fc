"""CheXpert: 223,414 chest films of 64,540 patients with 14 findings read from the reports."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from medsmall.dataset.arguments import chosen, one_of
from medsmall.dataset.csv_files import read_csv
from medsmall.dataset.files import ImageFiles, find
from medsmall.dataset.sample_table import (
    age_in_years,
    below_release,
    check_images,
    sample_table,
    sex_of,
)
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
HOLDS = ["train.csv", "valid.csv"]
SPLIT = {"train": "train_val", "valid": "test"}


class CheXpert:
    """The release of Stanford, original (`CheXpert-v1.0`) or down-sampled (`-small`).

    Args:
        root: the folder that holds `train.csv` and `valid.csv` (or `.csv.gz`), or the folder below
            or above that one. The tables begin each path with the release's own folder name; that
            part is removed.
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

    Films are grey; those of the small release are about 320 x 390 px.
    """

    name = "chexpert"
    modality = "chest x-ray"
    variant = ""
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
        self.files = ImageFiles(root, missing_images, grey=True, holds=HOLDS)
        self.targets = chosen(targets, COMPETITION, self)
        self.task = Task.of_findings(self.targets)
        self.uncertain = _policy_per_label(uncertain)
        one_of(blank, ["zeros", "ignore"], "dataset.blank")
        self.blank = blank
        one_of(views, ["frontal", "lateral", "both"], "dataset.views")
        self.views = views
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
        path = find(self, f"{part}.csv", f"{part}.csv.gz")
        text = ["Path", "Sex", "Age", "Frontal/Lateral", "AP/PA"]
        films = read_csv(path, text, LABELS, full=["Path"])
        foreign = ~films["Frontal/Lateral"].isin(["Frontal", "Lateral"])
        if foreign.any():
            raise MedsmallError(
                f"{path.absolute()} does not say whether {films['Path'][foreign].iloc[0]} is "
                "Frontal or Lateral (column Frontal/Lateral): correct the table."
            )
        check_images(films["Path"], path)
        if self.views != "both":
            wanted = films["Frontal/Lateral"] == self.views.title()
            films = films[wanted].reset_index(drop=True)
        image = below_release(films["Path"], path, depth=4)
        side = films["AP/PA"].fillna("")
        lateral = (films["Frontal/Lateral"] == "Lateral") & ~side.isin(["LL", "RL"])
        return sample_table(
            image=image,
            patient=[path.split("/")[1] for path in image],  # .str.split takes far longer
            labels={label: self._known(films[label], label) for label in LABELS},
            split=SPLIT[part],
            age=age_in_years(films["Age"]),
            sex=sex_of(films["Sex"]),
            view=side.mask(lateral, "lateral"),
            others={"study": [path.rpartition("/")[0] for path in image]},
        )

    def _known(self, column: pd.Series, label: str) -> pd.Series:
        # Blank first: "ignore" turns uncertain cells into NaN too, and these must stay NaN.
        column = column.fillna(0.0) if self.blank == "zeros" else column
        return column.mask(column == UNCERTAIN, MEANING[self.uncertain[label]])

    def write_phantom(self, root: Path, patients: int, seed: int) -> None:
        """Write generated films of 156 x 128 px and tables in the layout of `-small`."""
        from medsmall.dataset.phantoms import chexpert

        chexpert.write(root, patients, seed)


def _policy_per_label(uncertain: str | Mapping[str, str]) -> dict[str, str]:
    key = "dataset.uncertain"
    if isinstance(uncertain, str):
        one_of(uncertain, list(MEANING), key)
        return dict.fromkeys(LABELS, uncertain)
    for label, policy in uncertain.items():
        if label not in [*LABELS, "default"]:
            raise MedsmallError(f"{key} names no label '{label}'{did_you_mean(label, LABELS)}.")
        one_of(policy, list(MEANING), f"{key}.{label}")
    return {label: uncertain.get(label, uncertain.get("default", "ignore")) for label in LABELS}
