"""A run as a bundle that answers without torch: ``python -m medsmall.export RUN``."""

from pathlib import Path
from typing import TYPE_CHECKING

from medsmall.command import by_words
from medsmall.errors import MedsmallError
from medsmall.terminal import console, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from medsmall.export.bundled import Member
    from medsmall.record import Record

HELP = """\
A trained model as a folder that answers with numpy, Pillow and onnxruntime alone.

  python -m medsmall.export RUN [to=FOLDER] [option=value...]

RUN     as in medsmall.predict: a key (or its beginning), the folder of a run, several keys with
        commas between, last, or a selection such as best dataset=mine. Several runs are one bundle
        that answers with their mean.

    to=FOLDER            where the bundle goes; by default output_root/bundles/KEY
    calibration=auto     temperature, platt, isotonic or none; fitted on validation
    prevalence=0.02      the share of positives where the model is used (several targets:
                         'prevalence={mel: 0.02, ...}'), for calibrated probabilities
    sets=0.1             sets of classes that miss the truth in at most 10% of new patients like
                         those of the test
    int8=false           true: a quarter of the size; what it costs is measured and told
    output_root=outputs  where the runs lie

The bundle has the network as ONNX (checked against PyTorch), thresholds, calibration, the config
and MODEL_CARD.md. Then anywhere: pip install numpy pillow onnxruntime, and

    python FOLDER film.png films/ to=answers.csv"""
OPTIONS = ("to", "calibration", "prevalence", "sets", "int8")


def export(given: list[str]) -> Path:
    """Do what the words of the command line ask for; gives the folder."""
    from medsmall.export.folder import refuse_foreign, written
    from medsmall.predict.facts import AUTO, NONE, facts_of
    from medsmall.predict.words import Words

    words = Words.of(given, OPTIONS)
    if words.rest:
        raise MedsmallError(f"{words.rest[0]} names no run: --help shows how to name one.")
    method = words.one_of("calibration", (AUTO, "temperature", "platt", "isotonic", NONE))
    int8 = words.one_of("int8", ("false", "true")) == "true"
    prevalence = words.shares("prevalence")
    sets = words.share("sets")
    records, which = words.records()
    if sets is not None and len(records) > 1:
        raise MedsmallError(f"sets={sets:g} needs the test of one run: name a single run.")
    to = Path(words.options["to"]).expanduser() if "to" in words.options else _place(records)
    refuse_foreign(to)

    from medsmall.export.bundled import files_of, member
    from medsmall.predict.predictor import refuse_unlike

    say(f"Exporting {which}.")
    refuse_unlike(records, [facts_of(one, method, prevalence) for one in records])
    members = [member(record, method, prevalence, sets, int8) for record in records]
    files = files_of(members)
    written(files, to)
    _tell(members)
    size = sum(map(len, files.values()))
    console.print(f"Bundle: {to} ({size / 1e6:.1f} MB)", soft_wrap=True, highlight=False)
    say(f"Next: read {to / 'MODEL_CARD.md'}; python {to} IMAGE...")
    return to


def _place(records: "Sequence[Record]") -> Path:
    """Beside the folder of runs: bundles/KEY."""
    many = f"_and_{len(records) - 1}" if len(records) > 1 else ""
    first = records[0].folder
    root = next((one.parent for one in first.parents if one.name in ("runs", "finals")), first)
    return root / "bundles" / f"{records[0].key}{many}"


def _tell(members: "Sequence[Member]") -> None:
    """What a user should know of what was exported."""
    from medsmall.export.int8 import is_dear
    from medsmall.export.scores import tested
    from medsmall.export.told import cost_of, score_in_words

    first = members[0]
    apart = max(one.about["difference"] for one in members)
    on = "its own images" if first.about["checked_on"] == "images" else "made-up images"
    say(f"The ONNX network gives what PyTorch gives, within {apart:.0e}, on {on}.")
    if first.about["rescored"]:
        say("Validation and test were scored anew: the scores are those of the bundle itself.")
    elif first.about["views"] > 1:
        say(
            "Its thresholds were chosen for the mean of several views, and the bundle shows one: "
            "they may lie a little off."
        )
    for line in score_in_words(tested([one.judged for one in members])):
        say(line)
    for one in members:
        if cost := one.about["int8"]:
            say(cost_of(cost))
            if is_dear(cost):
                say("That is much: int8=false costs nothing but size.")
        if why := one.facts.uncalibrated:
            say(f"The probabilities are not calibrated: {why}.")
        if any(run.get("phantom") for run in one.about["trained_on"]):
            say("It learnt from generated images (phantom=true): its answers mean nothing.")


def main() -> None:
    """The command."""
    by_words(export, HELP)


if __name__ == "__main__":
    main()
