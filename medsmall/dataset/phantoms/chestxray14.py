"""The generated stand-in of ChestX-ray14."""

from pathlib import Path

import numpy as np

from medsmall.phantom import chest, thorax
from medsmall.phantom.files import save, write_lines

# Share of patients per finding; hernias are drawn apart.
PREVALENCE = {
    "Atelectasis": 0.10, "Cardiomegaly": 0.08, "Effusion": 0.12, "Infiltration": 0.12,
    "Mass": 0.06, "Nodule": 0.07, "Pneumonia": 0.06, "Pneumothorax": 0.06, "Consolidation": 0.06,
    "Edema": 0.05, "Emphysema": 0.06, "Fibrosis": 0.05, "Pleural_Thickening": 0.05,
}  # fmt: skip
BOXED = {"Atelectasis", "Effusion", "Infiltration", "Mass", "Nodule", "Pneumonia", "Pneumothorax"}
# The headers of 2017 have commas inside brackets.
ENTRY_HEADER = (
    "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,"
    "OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y],"
)
BOX_HEADER = "Image Index,Finding Label,Bbox [x,y,w,h],,,"


def write(root: Path, patients: int, seed: int) -> None:
    """Write generated films and tables in the layout, and with the quirks, of 2017.

    1 to 3 films of 128 x 128 px per patient, a quarter of the patients in the test list. The
    findings are far more frequent than in the release: a hernia in 16 % of the patients.
    """
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
            save(pixels, root / "images" / name)
            years = 414 if len(entries) == 1 else age + follow_up
            written = f"{years:03d}Y" if patient % 10 == 9 else str(years)
            entries.append(
                f"{name},{'|'.join(seen) or 'No Finding'},{follow_up},{patient + 1},{written},"
                f"{sex},{rng.choice(['PA', 'AP'], p=[0.6, 0.4])},128,128,2.7,2.7,"
            )
            for label in sorted(set(found) & BOXED) if rng.random() < 0.1 else []:
                # The box table, unlike the entry table, writes Infiltrate.
                short = label.replace("Infiltration", "Infiltrate")
                boxes.append(f"{name},{short}," + ",".join(f"{v:.1f}" for v in found[label]))
            lists["test" if patient in parts["test"] else "train_val"].append(name)
    write_lines(root / "Data_Entry_2017.csv", entries)
    write_lines(root / "BBox_List_2017.csv", boxes)
    for part, names in lists.items():
        write_lines(root / f"{part}_list.txt", names)
