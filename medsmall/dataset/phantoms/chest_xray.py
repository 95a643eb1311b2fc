"""The generated stand-in of Kermany's chest films."""

import shutil
from pathlib import Path

import numpy as np

from medsmall.phantom import pneumonia, thorax
from medsmall.phantom.files import save

PARTS = ("train", "val", "test")


def write(root: Path, patients: int, seed: int) -> None:
    """Write generated films of 96 to 136 px: of four patients two bacterial, one viral.

    1 to 3 films per patient. Of the patients a sixth is test and a twelfth val. As in the
    release, a person's number stands in train (bacteria) and in test (virus), a film is
    there twice, some files are RGB, and some are none of the release's.
    """
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
            save(pixels, root / part / _name(patient, germ, film, films))
    twin = root / "train" / _name(0, "bacteria", 0, 1)
    shutil.copyfile(twin, root / "train" / _name(0, "bacteria", 0, films + 1))
    rng = np.random.default_rng([seed, 6, 0])
    body = thorax.build(rng)
    pixels = pneumonia.chest(body, "virus", rng, seed, (112, 120))
    save(pixels, root / "test" / _name(0, "virus", 0, films + 2))


def _name(patient: int, germ: str, film: int, films: int) -> str:
    """A film's path in its part, as Kaggle has it; `films` counts all so far."""
    if germ:
        return f"PNEUMONIA/person{patient + 1}_{germ}_{films}.jpeg"
    series = "NORMAL2-" if patient % 8 == 1 else ""
    again = f"-{film:04d}" if film else ""
    return f"NORMAL/{series}IM-{patient + 1:04d}-0001{again}.jpeg"
