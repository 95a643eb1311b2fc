"""The generated stand-in for somebody's own table: its columns, its pictures, its layout."""

from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from medsmall.dataset.images import DICOM_SUFFIXES
from medsmall.dataset.own.layout import Layout
from medsmall.dataset.phantoms.folder import file_name
from medsmall.phantom import shapes
from medsmall.phantom.files import save
from medsmall.task import Task

FINDING = "finding"  # the label column where none is named
CLASSES = 3  # where none are named


def write(layout: Layout, root: Path, patients: int, seed: int) -> None:
    """Write pictures in the layout's folder (else in `images/`) and the table with its columns.

    1 to 3 pictures of 96 px per patient where patients are known, else one. The table
    is CSV, or Parquet by its name. Classes that are not named are `class_0`, `class_1`, ...
    """
    suffix = layout.suffix or ".png"
    below = layout.folder or "images"
    (root / below).mkdir(parents=True, exist_ok=True)
    rows = []
    kinds = len(_classes(layout)) if layout.label else len(layout.targets or [FINDING])
    for patient in range(patients):
        rng = np.random.default_rng([seed, 41, patient])
        there = {role: name for role, name in layout.columns.items() if name}
        last = patient >= patients - max(1, patients // 4)
        split = "test" if last else ["train", "train", "val"][patient // kinds % 3]
        known = {"patient": f"P{patient + 1:04d}", "split": split, "age": rng.integers(20, 90),
                 "sex": rng.choice(["F", "M"]), "view": rng.choice(["A", "B"])}  # fmt: skip
        several = "patient" in there or layout.pattern
        for number in range(1 + rng.integers(3) if several else 1):
            name = file_name(layout.pattern, patient + 1, number, "dataset.patient_pattern")
            labels, pixels = _image(layout, patient + number, seed + patient, rng)
            file = root / below / f"{name}{suffix}"
            file.parent.mkdir(parents=True, exist_ok=True)
            _save(pixels, file)
            cell = name if layout.suffix else f"{name}{suffix}"
            cell = cell if layout.folder else f"images/{cell}"
            rows.append({layout.image: cell, **{there[r]: known[r] for r in there}, **labels})
    path = root / Path(layout.file).name  # wherever the real one is
    table = pd.DataFrame(rows)
    if path.suffix.lower() in (".parquet", ".pq"):
        table.to_parquet(path, index=False)
    else:
        text = table.to_csv(index=False, lineterminator="\n")
        path.write_text(text, encoding="utf-8", newline="\n")


def _save(pixels: np.ndarray, path: Path) -> None:
    """As DICOM or as what the suffix says; where that is no format of images, as PNG."""
    if path.suffix.lower() in DICOM_SUFFIXES:
        from medsmall.phantom.dicom import save_dicom

        save_dicom(pixels, path)
    elif path.suffix.lower() in Image.registered_extensions():
        save(pixels, path)
    else:
        Image.fromarray(pixels).save(path, "PNG")


def _image(
    layout: Layout, turn: int, patient: int, rng: np.random.Generator
) -> tuple[dict[str, object], np.ndarray]:
    """The label cells of one image, and its pixels; `turn` goes through the classes."""
    columns = [layout.label] if layout.label else layout.targets or [FINDING]
    if layout.task is Task.REGRESSION:
        values = rng.uniform(0.2, 1, len(columns))
        cells: dict[str, object]
        cells = {name: round(float(v) * 100, 1) for name, v in zip(columns, values, strict=True)}
        return cells, shapes.picture([], 1, values[0], patient, rng)
    if layout.label:
        classes = _classes(layout)
        kind = turn % len(classes)
        shown = [kind - 1] if kind else []
        pixels = shapes.picture(shown, len(classes), 0, patient, rng)
        return {layout.label: classes[kind]}, pixels
    if layout.task is Task.MULTICLASS:
        shown = [turn % len(columns)]
    else:
        shown = [i for i in range(len(columns)) if rng.random() < 0.4]
    pixels = shapes.picture(shown, len(columns), 0, patient, rng)
    return {name: int(i in shown) for i, name in enumerate(columns)}, pixels


def _classes(layout: Layout) -> list[str]:
    """The classes in `label`, the first of them without anything to see."""
    named = layout.targets or ([layout.positive] if layout.positive else [])
    if layout.task is Task.BINARY or len(named) == 1:
        return ["normal", *(named or ["abnormal"])][:2]
    return named or [f"class_{i}" for i in range(CLASSES)]
