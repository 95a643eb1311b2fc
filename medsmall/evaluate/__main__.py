"""How good a recorded run is: ``python -m medsmall.evaluate RUN [on dataset=...]``."""

from pathlib import Path
from typing import TYPE_CHECKING

from medsmall.command import by_words
from medsmall.errors import MedsmallError
from medsmall.terminal import console, say, say_once

if TYPE_CHECKING:
    from medsmall.evaluate.judged import Test
    from medsmall.predict.words import Words
    from medsmall.record import Record

ON = "on"
HELP = """\
How good a recorded run is, on its own test images or on other data.

  python -m medsmall.evaluate RUN [option=value...]
  python -m medsmall.evaluate RUN on dataset=other [labels.target=label...] [option=value...]

RUN is as in medsmall.predict. Behind `on` stand the words that describe other data, as for
medsmall.train; behind a key, a folder or `last` they need no `on`. Patients whom the model has
learnt from are refused. Labels of the same name are taken; others are named:
labels.pneumonia=Pneumonia.

It writes one page (scores, calibration before and after, thresholds, predictive values, decision
curves, subgroups, selective prediction, conformal sets), and every table as CSV.

    prevalence=0.02         the share of positives where the model is to be used
    calibration=auto        temperature, platt, isotonic or none; fitted on validation
    sets=0.1                conformal sets that miss the truth in 10%
    overlap=drop            leave out patients whom the model has learnt from
    to=FOLDER               instead of <output_root>/evaluations/...
    output_root=outputs     where the runs lie

  python -m medsmall.evaluate last prevalence=0.02
  python -m medsmall.evaluate last on dataset=chestxray14 labels.pneumonia=Pneumonia"""
OPTIONS = ("prevalence", "calibration", "sets", "overlap", "to")


def evaluate(given: list[str]) -> None:
    """Judge the run that the words name, write the page, and say the most important."""
    from medsmall.evaluate.whole import lead, page_of
    from medsmall.page.writing import write
    from medsmall.predict.facts import AUTO, NONE, facts_of
    from medsmall.predict.words import Words

    before, data = _parted(given)
    words = Words.of(before, OPTIONS)
    if words.rest:
        raise MedsmallError(f"{words.rest[0]} is no word of this command: --help shows them.")
    method = words.one_of("calibration", (AUTO, "temperature", "platt", "isotonic", NONE))
    overlap = words.one_of("overlap", ("refuse", "drop"))
    alpha = words.share("sets") or 0.1
    stated = words.shares("prevalence")
    records, which = words.records()
    folder = _folder(words, records, data)
    say(f"Judged: {which}.")
    test = _external(records, method, data, overlap) if data else _own(records, method)
    prevalence = _by_target(stated, test)
    there = prevalence or _observed(test)
    members = [facts_of(record, method, there) for record in records]
    page = page_of(test, records, members, prevalence, alpha)
    for line in [*lead(test), *page.warnings]:
        console.print(line, soft_wrap=True, highlight=False, markup=False)
    file = write(page, folder)
    say(f"Page and tables: {file}")


def _parted(given: list[str]) -> tuple[list[str], list[str]]:
    """The words before and behind `on`; options of this command may stand on either side.

    Where a key, a folder or `last` names the run, all words behind it describe data, also without
    `on`: nothing is left to select.
    """
    from medsmall.predict.runs import BEST

    at = given.index(ON) if ON in given else None
    if at is None and given[0] != BEST and "=" not in given[0] and len(given) > 1:
        at = 0 if any(word.startswith("dataset=") for word in given) else None
    if at is None:
        return given, []
    before, behind = given[: at + (given[at] != ON)], given[at + 1 :]
    own = [word for word in behind if word.partition("=")[0] in OPTIONS]
    roots = [word for word in given if word.startswith("output_root=")]
    data = [word for word in behind if word not in own and word not in roots]
    if not any(word.startswith("dataset=") for word in data):
        raise MedsmallError("Behind on stands no data set: write on dataset=...")
    return [*dict.fromkeys([*before, *own, *roots])], [*data, *roots[-1:]]


def _external(records: "list[Record]", method: str, data: list[str], overlap: str) -> "Test":
    from medsmall.evaluate.external import external
    from medsmall.predict.predictor import Predictor

    labels = [word for word in data if word.startswith("labels.")]
    given = dict(word.removeprefix("labels.").partition("=")[::2] for word in labels)
    overrides = [word for word in data if word not in labels]
    return external(Predictor(records, method), overrides, given, overlap)


def _own(records: "list[Record]", method: str) -> "Test":
    from omegaconf import OmegaConf

    from medsmall.configs import literal
    from medsmall.dataset.opening import open_table
    from medsmall.evaluate.judged import own_test
    from medsmall.predict.facts import facts_of

    members = [facts_of(record, method) for record in records]
    table = None
    try:
        _, table = open_table(OmegaConf.create(literal(records[0].config)))
    except MedsmallError:
        say_once("The data set is not here: scores are not broken down by its columns.")
    return own_test(records, members, table)


def _observed(test: "Test") -> dict[str, float] | None:
    """The share of positives in the test, of each target: where decisions are judged there."""
    import numpy as np

    from medsmall.task import Task

    if test.targets.task is Task.REGRESSION:
        return None
    n = np.maximum((~np.isnan(test.y)).sum(0), 1)
    shares = np.clip(np.nansum(test.y, axis=0) / n, 0.5 / (n + 1), 1 - 0.5 / (n + 1))
    if test.targets.task is Task.MULTICLASS:
        shares = shares / shares.sum()
    return dict(zip(test.targets.names, shares.tolist(), strict=True))


def _by_target(stated: "float | dict[str, float] | None", test: "Test") -> dict[str, float] | None:
    import numpy as np

    from medsmall.targets.population import population

    if stated is None:
        return None
    names = test.targets.names
    shares = population(names, test.targets.task, np.empty((0, len(names))), stated)
    return dict(zip(names, shares.tolist(), strict=True))


def _folder(words: "Words", records: "list[Record]", data: list[str]) -> Path:
    """Where the page goes; MedsmallError for a folder that holds something else."""
    name = "-".join(record.key[:8] for record in records[:3]) + ("-..." * (len(records) > 3))
    for word in data:
        if word.startswith("dataset="):
            name += f"-on-{word.partition('=')[2]}"
    given = words.options.get("to")
    folder = Path(given).expanduser() if given else words.roots[0] / "evaluations" / name
    folder = folder.absolute()
    if folder.exists() and not _is_evaluation(folder):
        raise MedsmallError(f"{folder} holds something else: name another folder in to=.")
    return folder


def _is_evaluation(folder: Path) -> bool:
    """Whether a folder is empty, or holds nothing but the page of an evaluation."""
    here = Path.cwd().resolve()
    if not folder.is_dir() or folder.resolve() in (here, *here.parents):
        return False
    inside = list(folder.iterdir())
    if any(one.is_dir() or one.suffix not in (".html", ".csv", ".png") for one in inside):
        return False
    page = folder / "index.html"
    return not inside or (page.is_file() and "Made by medsmall" in page.read_text("utf-8"))


def main() -> None:
    """The command."""
    by_words(evaluate, HELP)


if __name__ == "__main__":
    main()
