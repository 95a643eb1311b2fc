"""Releases that reuse the images of another release under other image and patient names.

Only their sources tell that they share patients: a smaller size, a crop and new numbers may hide
it from every other check.
"""

MEDMNIST = "Yang et al., MedMNIST v2, Scientific Data 2023"

SHIH = "Shih et al., Radiology: Artificial Intelligence 2019"
MAJKOWSKA = "Majkowska et al., Radiology 2020"

# release -> the release it reuses, and the source of this
DERIVED = {
    "chestmnist": ("chestxray14", MEDMNIST),
    "pneumoniamnist": ("chest_xray", MEDMNIST),
    "dermamnist": ("ham10000", MEDMNIST),
    # new labels for some of its films
    "rsna_pneumonia": ("chestxray14", SHIH),
    "nih_google": ("chestxray14", MAJKOWSKA),
    # slices of the same CT volumes, in three directions
    "organamnist": ("lits", MEDMNIST),
    "organcmnist": ("lits", MEDMNIST),
    "organsmnist": ("lits", MEDMNIST),
}


def common_source(one: str, other: str) -> str:
    """Why two data sets of different names share patients, as a clause; "" if they do not.

    "pneumoniamnist is made of chest_xray (Yang et al. ...)".
    """
    sources = {name: DERIVED.get(name, (name, ""))[0] for name in (one, other)}
    if one == other or len(set(sources.values())) > 1:
        return ""
    derived = [name for name in (one, other) if name in DERIVED]
    made = " and ".join(f"{name} is made of {DERIVED[name][0]}" for name in derived)
    told_by = dict.fromkeys(DERIVED[name][1] for name in derived)
    return f"{made} ({'; '.join(told_by)})"


def folded(name: str) -> str:
    """The name of a data set without case, blanks and signs."""
    return "".join(character for character in name.casefold() if character.isalnum())
