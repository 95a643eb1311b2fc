"""The generated stand-in of the malaria cells."""

from pathlib import Path

import numpy as np

from medsmall.phantom import cells
from medsmall.phantom.files import save

FOLDERS = {"Parasitized": 1.0, "Uninfected": 0.0}


def write(root: Path, patients: int, seed: int) -> None:
    """Write the cells of `patients` slides: about 5 a class and slide, of 80 to 140 px.

    A quarter of the slides is of uninfected persons. A `Thumbs.db` lies in each folder.
    """
    for folder in FOLDERS:
        (root / "cell_images" / folder).mkdir(parents=True)
        (root / "cell_images" / folder / "Thumbs.db").write_bytes(b"not an image")
    for slide in range(patients):
        rng = np.random.default_rng([seed, 13, slide])
        stain = cells.stain(rng)
        healthy = slide % 4 == 3
        name = f"C{slide + 33}NThinF" if healthy else f"C{slide + 33}P{slide + 1}thinF_original"
        for folder, parasitized in FOLDERS.items():
            for number in range(0 if healthy and parasitized else rng.integers(3, 8)):
                pixels = cells.cell(bool(parasitized), stain, rng)
                file = f"{name}_IMG_20150622_{slide:06d}_cell_{number + 1}.png"
                save(pixels, root / "cell_images" / folder / file)
