"""The generated stand-in of HAM10000."""

from pathlib import Path

import numpy as np

from medsmall.phantom import skin
from medsmall.phantom.files import save, write_lines

PARTS = ("HAM10000_images_part_1", "HAM10000_images_part_2")
LAST_OF_PART_1 = "ISIC_0029305"
FIRST_NUMBER, NUMBERS = 24_306, 10_015  # of the images' names
# Diagnoses of each 20 lesions; the release has far more nevi.
DECK = ["nv"] * 8 + ["akiec", "bcc", "bkl", "df", "mel", "vasc"] * 2


def write(root: Path, patients: int, seed: int) -> None:
    """Write images of 96 x 128 px of `patients` lesions, and the metadata, as in Dataverse.

    Nevi are 2 in 5; a quarter of the lesions has 2 or 3 images; some ages are blank and some
    sexes unknown. Images are numbered at random over both parts, as in the release.
    """
    for part in PARTS:
        (root / part).mkdir(parents=True)
    order = np.random.default_rng([seed, 9])
    numbers = iter(FIRST_NUMBER + order.permutation(max(NUMBERS, 3 * patients)))
    deck = [dx for _ in range(-(-patients // len(DECK))) for dx in order.permutation(DECK)]
    lines = ["lesion_id,image_id,dx,dx_type,age,sex,localization"]
    for lesion in range(patients):
        rng = np.random.default_rng([seed, 9, lesion])
        dx, body = str(deck[lesion]), skin.skin(rng)
        age = "" if lesion == 1 or rng.random() < 0.03 else f"{rng.integers(5, 18) * 5}.0"
        sex = "unknown" if lesion == 1 else rng.choice(["female", "male"])
        how = rng.choice(["histo", "consensus"] + ["follow_up"] * (dx == "nv"))
        place = rng.choice(["back", "lower extremity", "trunk", "face", "unknown"])
        for _ in range(rng.choice([1, 2, 3], p=[0.75, 0.18, 0.07])):
            name = f"ISIC_{next(numbers):07d}"
            pixels = skin.dermoscopy(dx, body, seed + lesion, rng)
            folder = PARTS[name > LAST_OF_PART_1]
            save(pixels, root / folder / f"{name}.jpg")
            lines.append(f"HAM_{lesion:07d},{name},{dx},{how},{age},{sex},{place}")
    write_lines(root / "HAM10000_metadata.csv", lines)
