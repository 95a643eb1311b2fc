"""A final model after a sweep: ``python -m medsmall.finalize SELECTION``."""

from medsmall.command import by_words
from medsmall.errors import MedsmallError
from medsmall.terminal import console, say

HELP = """\
The model to hand on, after a sweep has shown how well it does.

  python -m medsmall.finalize SELECTION [how=refit|ensemble]

SELECTION is as in medsmall.predict: `best dataset=mine` takes the arm that is best in validation,
with all of its runs; or a key, or words that leave the runs of one arm.

    how=refit       (default) learn once more, from every labelled image: train, validation and test
    how=ensemble    keep the runs (folds, repeats) together; they answer with their mean
    output_root=outputs

The score of the final model is not known: all images are used up. It carries that of the runs
before it, with their interval. What it learnt from is in it, so medsmall.evaluate refuses to score
it on those patients.

  python -m medsmall.finalize best dataset=chest_xray"""


def finalize(given: list[str]) -> None:
    """Make the final model that the words ask for, and say what it is."""
    from medsmall.finalize.before import before, sentence
    from medsmall.finalize.kept import MEMBERS, keep
    from medsmall.finalize.refit import refit
    from medsmall.predict.words import Words

    words = Words.of(given, ("how",))
    if words.rest:
        raise MedsmallError(f"{words.rest[0]} names no run: --help shows how to select.")
    how = words.one_of("how", ("refit", "ensemble"))
    records, which = words.records()
    if any("final" in record.metrics or MEMBERS in record.folder.parts for record in records):
        raise MedsmallError(f"{records[0].folder} is a final model already, or a part of one.")
    of = before(records, words.roots)
    say(f"The final model of {which}.")
    root = words.roots[0]
    record = refit(of, root) if how == "refit" else keep(of, root)
    console.print(f"{sentence(of.score)}.", soft_wrap=True, highlight=False)
    if how == "refit":
        learnt = record.metrics["labels_used"]
        say(
            f"The final model learnt from all {learnt:,} labelled images. No image is left to test "
            "it: this score is that of models that learnt from fewer. Its threshold and "
            "calibration come from their validation images."
        )
    console.print(f"Final model: {record.folder}", soft_wrap=True, highlight=False)
    say(f"Next: python -m medsmall.predict {record.key} IMAGE...")


def main() -> None:
    """The command."""
    by_words(finalize, HELP)


if __name__ == "__main__":
    main()
