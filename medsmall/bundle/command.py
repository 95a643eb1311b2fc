"""The command of a bundle: ``python BUNDLE IMAGE... [to=answers.csv]``."""

import sys
from pathlib import Path

from medsmall.answer.files import images_of
from medsmall.answer.sentences import names, sentence
from medsmall.answer.written import kind_of, rows, text
from medsmall.bundle.bundle import Bundle
from medsmall.errors import MedsmallError

HELP = """\
Answers of an exported model about new images.

    python {bundle} IMAGE... [to=answers.csv]

IMAGE is a file, a folder or a pattern: PNG, JPEG, TIFF, with pydicom DICOM. Images of one folder
are one study where the model answers by study. to=FILE.csv or to=FILE.json has every number. What
is no such image is refused by name, and the others are answered; the exit status is then 1.
MODEL_CARD.md tells what the model is for, and how well it was tested."""


def main(folder: Path) -> None:
    """Answer, or say in one sentence why not."""
    given = sys.argv[1:]
    if not given or {"-h", "--help"} & {*given}:
        print(HELP.format(bundle=folder))
        return
    try:
        status = answer(folder, given)
    except MedsmallError as error:
        print(error, file=sys.stderr)
        status = 2
    sys.exit(status)


def answer(folder: Path, given: list[str]) -> int:
    """Do what the words ask for; gives the exit status."""
    to = [Path(word[3:]).expanduser() for word in given if word.startswith("to=")]
    kind = kind_of(to[-1]) if to else ""
    words = [word for word in given if not word.startswith("to=")]
    for word in words:
        if word.startswith("-"):
            raise MedsmallError(f"There is no option {word}: --help shows what there is.")
    images = images_of(words)
    bundle = Bundle(folder)
    answers = bundle.answers(images)
    if to:
        write(to[-1], text(rows(answers, bundle.members), kind))
    else:
        for one, name in zip(answers, names(answers), strict=True):
            print(sentence(one, bundle.members, name))
    refused = sum(bool(one.refused) for one in answers)
    if refused:
        print(f"{refused} of {len(answers)} could not be answered.", file=sys.stderr)
    return 0 if not refused else 2 if refused == len(answers) else 1


def write(path: Path, content: str) -> None:
    """A file, in folders that are made; MedsmallError where that cannot be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    except OSError as error:
        raise MedsmallError(f"{path} cannot be written: {error.strerror}.") from None
