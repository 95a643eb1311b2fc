"""Classes that people name themselves: the positive one of two, and names that are refused."""

import re
import unicodedata
from collections.abc import Sequence

import pandas as pd

from medsmall.errors import MedsmallError, did_you_mean

RESERVED = ("image", "patient", "split", "age", "sex", "view")  # of the sample table
RECORDED = ("part", "predicted", "correct")  # of draw.csv and predictions.csv
# Characters that break a line of a message or YAML: control characters, line separators.
CONTROL = "[\\x00-\\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]"
NEGATIVE = {
    "0", "absent", "benign", "control", "controls", "false", "healthy", "negative", "no", "none",
    "nofinding", "normal", "unaffected", "uninfected", "nontumor", "notumor",
    "benigne", "benigno", "benin", "falsch", "gesund", "gutartig", "negatief", "negatif", "negativ",
    "negativo", "normaal", "normale", "o.b.", "sain", "sano", "unauffallig",
    "controle", "controles", "controlli", "controllo", "gesunde", "gezond", "healthycontrol",
    "healthycontrols", "kontrolle", "kontrollen", "saine", "sains", "sana", "sani", "saudavel",
}  # fmt: skip
NOT = {"no", "non", "not", "geen", "kein", "keine", "nao", "nee", "nein", "ohne", "sans", "senza"}
PARTS = {
    "train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val",
    "dev": "val", "test": "test", "testing": "test", "train_val": "train_val",
    "trainval": "train_val", "validierung": "val", "entraînement": "train",
    "entrainement": "train", "apprentissage": "train", "entrenamiento": "train",
    "validación": "val", "validacion": "val", "prueba": "test", "treinamento": "train",
    "treino": "train", "validação": "val", "validacao": "val", "teste": "test",
    "addestramento": "train", "validazione": "val", "validatie": "val",
}  # fmt: skip


def is_negative(name: str) -> bool:
    """Whether the name of a class means an absence: normal, gesund, no_tumour, ..."""
    words = re.split(r"[\s_-]+", plain_letters(name.strip()))
    return words[0] in NOT or "".join(words) in NEGATIVE


def why_positive(classes: Sequence[str]) -> str:
    """Why `positive_of` chooses one of two `classes`, in words."""
    if sum(map(is_negative, classes)) == 1:
        return "of the two classes; the other is the negative"
    return "by the alphabet: neither name says which is the finding; set positive"


def positive_of(classes: Sequence[str], positive: str | None) -> str:
    """Which of two `classes` is the positive one.

    `positive` if given; else, if exactly one class is named like an absence, the other; else the
    second by sorted name. Raises MedsmallError if `positive` is not a class.
    """
    if positive is not None:
        if positive not in classes:
            raise MedsmallError(
                f"dataset.positive: no class '{positive}'{did_you_mean(positive, classes)}."
            )
        return positive
    findings = [name for name in sorted(classes) if not is_negative(name)]
    return findings[0] if len(findings) == 1 else sorted(classes)[-1]


def label_names(classes: Sequence[str], positive: str | None) -> list[str]:
    """The label columns of sorted `classes`: the positive one of two, else all of them."""
    names = [positive_of(classes, positive)] if len(classes) == 2 else list(classes)
    check_names(names)
    return names


def check_names(names: Sequence[str]) -> None:
    """MedsmallError if a label has the name of another column, or contains a line break."""
    for name in names:
        if name in RESERVED + RECORDED:
            where = "every sample table" if name in RESERVED else "the records of runs"
            raise MedsmallError(
                f"A label cannot be called '{name}', which is already a column of {where}: rename "
                "it in your data."
            )
        if not (name.strip() and is_plain(name)):
            raise MedsmallError(
                f"A label cannot be called {name!r}, which is blank or contains a line break or "
                "control character: rename it in your data."
            )
    there = set(names)
    for prefix in ("prob", "pred"):
        for name in names:
            if f"{prefix}_{name}" in there:
                raise MedsmallError(
                    f"Labels cannot be called '{name}' and '{prefix}_{name}' at once, since the "
                    f"predictions of '{name}' are recorded under the latter: rename one in your "
                    "data, or leave it out of dataset.targets."
                )


def is_plain(text: str) -> bool:
    """Whether a text fits a sentence and YAML: no control characters, no invalid bytes."""
    return not re.search(CONTROL, text) and text.encode("utf-8", "ignore").decode() == text


def folded(name: str) -> str:
    """The name of a class without case, blanks and the encoding of its accents."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def plain_letters(text: str) -> str:
    """`text` in lower case without accents: `Größe` is `grosse`."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def data_name(name: str) -> str:
    """`name`, which becomes part of file names; MedsmallError if it cannot."""
    if not re.fullmatch(r"\w[\w.-]{0,99}", name):
        raise MedsmallError(
            f"dataset.name cannot be '{name[:120]}': use up to 100 letters, digits, _, - and dots."
        )
    return name


def parts_to_learn(split: pd.Series) -> pd.Series:
    """Official parts; "train" becomes "train_val" if there is a test but no val part.

    Validation is then taken from it, by patient (split=official).
    """
    there = set(split)
    if "test" in there and not {"val", "train_val"} & there:
        return split.replace("train", "train_val")
    return split
