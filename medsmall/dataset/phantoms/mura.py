"""The generated stand-in of MURA."""

from pathlib import Path

import numpy as np

from medsmall.phantom import bone
from medsmall.phantom.files import save, write_lines


def write(root: Path, patients: int, seed: int) -> None:
    """Write generated films of 96 to 144 px, grey and RGB mixed, and the four tables.

    1 to 3 films per study; a fifth of the patients has a second body part, some a second
    study of the same. The last sixth of the patients is `valid`.
    """
    kinds, parts = list(bone.INJURIES), list(bone.BONES)
    lines: dict[str, list[str]] = {}
    for patient in range(patients):
        rng = np.random.default_rng([seed, 7, patient])
        split = "valid" if patient >= patients - max(1, patients // 6) else "train"
        build = bone.limb(rng)
        chosen = rng.choice(parts, size=rng.choice([1, 2], p=[0.8, 0.2]), replace=False)
        for part in chosen:
            for study in range(1, 1 + rng.choice([1, 2], p=[0.85, 0.15])):
                injury = rng.choice(kinds) if rng.random() < 0.45 else ""
                word = "positive" if injury else "negative"
                folder = f"{split}/XR_{part}/patient{patient + 1:05d}/study{study}_{word}"
                (root / folder).mkdir(parents=True)
                # The release ends study paths in a slash and has no header.
                study_line = f"MURA-v1.1/{folder}/,{int(bool(injury))}"
                lines.setdefault(f"{split}_labeled_studies", []).append(study_line)
                for number in range(1, 1 + rng.integers(1, 4)):
                    shape = int(rng.integers(112, 145)), int(rng.integers(96, 129))
                    pixels = bone.bone(part, build, injury, rng, shape)
                    if rng.random() < 0.3:
                        pixels = np.dstack([pixels] * 3)
                    file = f"{folder}/image{number}.png"
                    save(pixels, root / file)
                    lines.setdefault(f"{split}_image_paths", []).append(f"MURA-v1.1/{file}")
    for name, rows in lines.items():
        write_lines(root / f"{name}.csv", rows)
