"""The generated stand-in of CheXpert."""

from pathlib import Path

import numpy as np

from medsmall.phantom import chest, thorax
from medsmall.phantom.files import save, write_lines

LABELS = [
    "No Finding", "Enlarged Cardiomediastinum", "Cardiomegaly", "Lung Opacity", "Lung Lesion",
    "Edema", "Consolidation", "Pneumonia", "Atelectasis", "Pneumothorax", "Pleural Effusion",
    "Pleural Other", "Fracture", "Support Devices",
]  # fmt: skip
# Share of patients per finding, and what counts as Lung Opacity.
PREVALENCE = {
    "Enlarged Cardiomediastinum": 0.08, "Cardiomegaly": 0.18, "Lung Lesion": 0.10, "Edema": 0.20,
    "Consolidation": 0.20, "Pneumonia": 0.08, "Atelectasis": 0.22, "Pneumothorax": 0.08,
    "Pleural Effusion": 0.28, "Pleural Other": 0.05, "Fracture": 0.06, "Support Devices": 0.25,
}  # fmt: skip
OPACITIES = {"Lung Lesion", "Edema", "Consolidation", "Pneumonia", "Atelectasis"}


def write(root: Path, patients: int, seed: int) -> None:
    """Write generated films of 156 x 128 px and tables in the layout of `-small`.

    1 or 2 studies per patient, some with a lateral or a second frontal film; the last seventh
    of the patients is `valid`, whose labels are complete.
    """
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
                save(pixels, root / file)
                row = [f"CheXpert-v1.0-small/{file}", sex, age + study - 1, view.title(), side]
                lines[part].append(",".join(map(str, [*row, *cells])))
    for part in lines:
        write_lines(root / f"{part}.csv", lines[part])


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
