"""Answers about new images: ``python -m medsmall.predict RUN IMAGE...``."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from medsmall.command import by_words
from medsmall.errors import MedsmallError
from medsmall.terminal import console, say

if TYPE_CHECKING:
    from medsmall.answer.answers import Answer
    from medsmall.bundle.bundle import Bundle
    from medsmall.predict.predictor import Predictor
    from medsmall.predict.words import Words

MOST = 20  # sentences in the terminal where a file has all
HELP = """\
Answers of a trained model about new images.

  python -m medsmall.predict RUN IMAGE... [to=answers.csv] [option=value...]

RUN     a key (or its beginning), the folder of a run, several keys with commas between, last, or a
        selection: dataset=mine backbone=resnet18. `best dataset=mine` takes the arm that is best in
        validation. Several runs answer together, with the mean and the spread between them.
        Also the folder of a bundle (medsmall.export).
IMAGE   files, folders, patterns; PNG, JPEG, TIFF, DICOM. Images of one folder are one study where
        the data set scores by study (MURA).

    to=FILE.csv, to=FILE.json   every answer as a row, with its probabilities
    calibration=auto            temperature, platt, isotonic or none; fitted on validation
    prevalence=0.02             the share of positives where the model is used (several targets:
                                'prevalence={mel: 0.02, ...}'), for calibrated probabilities
    sets=0.1                    sets of classes that miss the truth in at most 10% of new patients
                                like those of the test
    output_root=outputs         where the runs lie

A file that is no such image is refused by name, and the others are answered; the exit status is
then 1.

  python -m medsmall.predict last films/
  python -m medsmall.predict best dataset=chest_xray new/*.png to=answers.csv"""
OPTIONS = ("to", "calibration", "prevalence", "sets")


def predict(given: list[str]) -> int:
    """Do what the words of the command line ask for; gives the exit status."""
    from medsmall.answer.sentences import names, sentence
    from medsmall.answer.written import kind_of, rows, text
    from medsmall.atomic import write_whole
    from medsmall.predict.facts import AUTO, NONE
    from medsmall.predict.words import Words

    words = Words.of(given, OPTIONS)
    to = Path(words.options["to"]).expanduser() if "to" in words.options else None
    kind = kind_of(to) if to else ""
    if to:
        _refuse_unwritable(to)
    method = words.one_of("calibration", (AUTO, "temperature", "platt", "isotonic", NONE))
    if not words.rest:
        raise MedsmallError("There is no image to answer about: name files, folders or patterns.")
    from medsmall.answer.files import images_of

    images = images_of(words.rest)
    predictor = _predictor(words, method)
    answers = predictor.answers(images)
    said = [
        sentence(one, predictor.members, name)
        for one, name in zip(answers, names(answers), strict=True)
    ]
    for line in said if to is None else said[:MOST]:
        console.print(line, soft_wrap=True, highlight=False, markup=False)
    if to:
        content = text(rows(answers, predictor.members), kind)
        encoded = content.encode("utf-8", "backslashreplace")  # a file name may be no UTF-8
        write_whole(to, lambda file: file.write_bytes(encoded))
        say(f"{len(answers):,} answers in {to}.")
    return _ended(answers)


def _refuse_unwritable(to: Path) -> None:
    """Before anything is computed."""
    if to.is_dir():
        raise MedsmallError(f"to={to} is a folder: name a file in it.")
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=to.parent).close()
    except OSError as error:
        raise MedsmallError(f"to={to} cannot be written ({error.strerror}).") from None


def _predictor(words: "Words", method: str) -> "Predictor | Bundle":
    from medsmall.bundle.bundle import Bundle, is_bundle
    from medsmall.predict.predictor import Predictor

    if words.run and is_bundle(words.run):
        for key in [*words.selection, *({"calibration", "prevalence"} & {*words.options})]:
            raise MedsmallError(f"{words.run} is a bundle, which {key} cannot change: export anew.")
        return Bundle(words.run)
    stated = words.shares("prevalence")
    records, which = words.records()
    say(f"Answered by {which}.")
    predictor = Predictor(records, method, stated, words.share("sets"))
    if any(bool(record.metrics.get("phantom")) for record in records):
        say("It learnt from generated images (phantom=true): its answers mean nothing.")
    if why := next((one.uncalibrated for one in predictor.members if one.uncalibrated), ""):
        say(f"The probabilities are not calibrated: {why}.")
    return predictor


def _ended(answers: "list[Answer]") -> int:
    """0 where all are answered, 2 where none is, else 1; says how many are not."""
    refused = sum(bool(one.refused) for one in answers)
    strange = sum(bool(one.unfamiliar) for one in answers)
    if strange:
        say(f"{strange:,} of {len(answers):,} look unlike the training images.")
    if learnt := sum(bool(one.learnt) for one in answers):
        say(f"The model has learnt from {learnt:,} of {len(answers):,}: that is no test of it.")
    if refused:
        say(f"{refused:,} of {len(answers):,} could not be answered.")
    return 0 if not refused else 2 if refused == len(answers) else 1


def main() -> None:
    """The command."""
    by_words(predict, HELP)


if __name__ == "__main__":
    main()
