"""The generated stand-in of IDC."""

from pathlib import Path

import numpy as np

from medsmall.phantom import histology
from medsmall.phantom.files import save


def write(root: Path, patients: int, seed: int) -> None:
    """Write 12 to 24 generated patches per patient, some of them smaller than 50 px.

    Each patient has a slide of 6 patches in a row, on which the tumour is one side; three in
    ten patches of all have it, as in the release. Every patient has a patch of both classes.
    """
    for patient in range(patients):
        rng = np.random.default_rng([seed, 5, patient])
        number = 8863 + 3 * patient
        slide = histology.slide(rng)
        rows, border = int(rng.integers(2, 5)), rng.uniform(0.2, 3.2)
        for label in (0, 1):
            (root / str(number) / str(label)).mkdir(parents=True)
        for row, column in np.ndindex(rows, 6):
            ragged = border + rng.uniform(-0.4, 0.4)
            label = int(column < ragged) if 0 < column < 5 else int(column == 0)
            # The last row and column may be cut off by the edge of the slide.
            height = int(rng.integers(20, 50)) if row == 3 else 50
            width = int(rng.integers(20, 50)) if column == 5 and patient % 4 == 0 else 50
            pixels = histology.patch(slide, bool(label), rng, (height, width))
            name = f"{number}_idx5_x{51 + 50 * column}_y{51 + 50 * row}_class{label}.png"
            save(pixels, root / str(number) / str(label) / name)
