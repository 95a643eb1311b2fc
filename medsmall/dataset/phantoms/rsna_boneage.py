"""The generated stand-in of RSNA bone age."""

from pathlib import Path

import numpy as np

from medsmall.phantom import hand
from medsmall.phantom.files import save, write_lines

FOLDER = "boneage-training-dataset"
MONTHS = 1, 228  # youngest and oldest of the release


def write(root: Path, patients: int, seed: int) -> None:
    """Write one generated film of 128 to 160 px high per patient, and the table.

    Bone ages are spread evenly over 1 to 228 months, wider than in the release (127 on
    average, standard deviation 41).
    """
    (root / FOLDER).mkdir(parents=True)
    lines = ["id,boneage,male"]
    for patient in range(patients):
        rng = np.random.default_rng([seed, 228, patient])
        number = 1377 + patient + patient // 9  # the release skips some numbers
        months, male = int(rng.integers(MONTHS[0], MONTHS[1] + 1)), bool(rng.random() < 0.54)
        shape = int(rng.integers(128, 161)), int(rng.integers(104, 129))
        patient_hand = hand.build(rng)
        pixels = hand.hand(patient_hand, months, "M" if male else "F", rng, shape)
        save(pixels, root / FOLDER / f"{number}.png")
        lines.append(f"{number},{months},{male}")
    write_lines(root / f"{FOLDER}.csv", lines)
