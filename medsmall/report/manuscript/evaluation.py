"""Statements on scores, their intervals, the comparisons, and what came out."""

from collections import Counter

from medsmall.evaluation.intervals import LEVEL
from medsmall.evaluation.scales import LOWER_IS_BETTER
from medsmall.evaluation.threshold import FEW
from medsmall.report.cells import Cell, grid
from medsmall.report.manuscript.facts import Facts, listed, span, to_fill_in
from medsmall.report.manuscript.phrases import phrase
from medsmall.report.manuscript.tables import number, places
from medsmall.report.run import Run
from medsmall.report.sentences import in_words, whose
from medsmall.task import Task

LONG = {
    "auroc": "the area under the receiver operating characteristic curve (AUROC)",
    "average_precision": "the average precision (AP)",
    "mae": "the mean absolute error (MAE)",
    "rmse": "the root mean squared error (RMSE)",
}
DECIDED = {
    "better": "showed a difference", "worse": "showed a difference",
    "equivalent": "showed equivalence", "undecided": "stayed undecided",
}  # fmt: skip
PERCENT = f"{LEVEL:.0%}"


def measure(facts: Facts) -> str:
    """The metric, and the targets of its mean."""
    metric, names = facts.found.metric, facts.found.targets
    told = LONG.get(metric, in_words(metric))
    every = facts.runs[0].names
    if not names:
        return f"The score was {told} of all classes together, on the test part."
    if len(every) == 1:
        return f"The score was {told} for {names[0]}, on the test part."
    of = "each class against the rest" if facts.metrics.get("task") == Task.MULTICLASS else "each"
    if len(names) == 1:
        return f"The score was {told} for {names[0]} alone, on the test part."
    what = "classes" if facts.metrics.get("task") == Task.MULTICLASS else "targets"
    which = f"all {len(names)} {what}"
    if len(names) < len(every):
        which = (
            f"{len(names)} of {len(every)} {what} ({listed(names, 30)}), those that had a score "
            f"in every run, as far as possible on {FEW} test {facts.people} or more"
        )
    return f"The score was {told} of {of}, averaged over {which}, on the test part."


def threshold(facts: Facts) -> str:
    """From which probability on a finding is called, where any score asks for it."""
    task = str(facts.metrics.get("task"))
    if task == Task.REGRESSION:
        return ""
    if task == Task.MULTICLASS:
        return "The class of an image was the most probable one."
    return facts.each("The threshold", _threshold)


def _threshold(run: Run) -> str:
    of = run.metrics["test"]["targets"].values()
    sources = {str(one["threshold_from"]) for one in of if one.get("threshold_from")}
    usual = phrase(run, "threshold") if "validation" in sources else ""
    few = "at the share of positives in training" if "prevalence" in sources else ""
    if not sources:
        return ""
    if usual and few:
        few += f" for targets with fewer than {FEW} positives or negatives in the tuning part"
    same = "at 0.5, as the answer was the same for all images" if "constant" in sources else ""
    told = [one for one in (usual, few, same) if one]
    return f"predictions were called positive {listed(told)}"


def intervals(facts: Facts) -> str:
    """How the intervals were made, by what the cells hold."""
    found = facts.found
    kinds = Counter(_kind(facts, cell) for cell in found.cells if cell.interval)
    if not kinds:
        return f"No {PERCENT} intervals could be given."
    together = "" if facts.people == "images" else ", whose images count together,"
    patients = f"test {facts.people}{together} by the influence of each on the score"
    said = [
        f"{PERCENT} intervals of single runs rest on the variance over {patients}."
        * bool(kinds["single"]),
        f"{PERCENT} intervals of means over repeats add the variance over repeats and that over "
        f"{patients} (as of readers and cases: Obuchowski and Rockette 1995), each with its own "
        "Student quantile (Howe 1974)." * bool(kinds["repeats"]),
        f"{PERCENT} intervals of means over draws crossed with seeds rest on the variance of a "
        f"two-way table and that over {patients}." * bool(kinds["crossed"]),
        f"{PERCENT} intervals of means over folds rest on the variance of the folds, times 1/K + "
        "1/(K - 1) since folds share training images (by analogy with Nadeau and Bengio 2003); "
        "repeats of a fold were averaged first." * bool(kinds["folds"]),
        _scale(found.metric, facts.people.removesuffix("s")),
        f"Scores that rest on fewer than {FEW} test {facts.people} have no interval.",
    ]
    return " ".join(one for one in said if one)


def _kind(facts: Facts, cell: Cell) -> str:
    if cell.found is None:
        return "single"
    if grid(cell.scores)[0]:
        return "crossed"
    return "folds" if facts.study.is_kfold else "repeats"


def _scale(metric: str, one: str) -> str:
    if metric == "mean_error":
        return ""
    if metric in (*LOWER_IS_BETTER, "r2"):
        return "They were made on the logarithmic scale of the error."
    return f"They were made on the logit scale, with half a {one} of chance results added."


def comparisons(facts: Facts) -> str:
    """How arms were compared, and over how many comparisons the verdicts hold."""
    found = facts.found
    told = [one for one in found.comparisons if one.verdict]
    if not told:
        return "No two arms were compared by a test."
    how = "fold by fold" if facts.study.is_kfold else "repeat by repeat"
    margin = ""
    if any(one.verdict and one.verdict.word == "equivalent" for one in told):
        margin = (
            f" Arms were called equivalent where the whole range lay within ±{found.margin:g} "
            f"{to_fill_in('whether that was set before the results were seen')}."
        )
    return (
        f"Arms were compared {how} on the same test {facts.people}, by the difference of their "
        "mean scores and the same variances. p values are two-sided, adjusted by Holm's method for "
        f"all {found.family:,} comparison{'s' * (found.family > 1)} of the study, and differences "
        f"are given with simultaneous {PERCENT} ranges (Bonferroni); a difference was taken as "
        f"shown below an adjusted p of {1 - LEVEL:.2f}.{margin}"
    )


def looks(facts: Facts) -> str:
    """How often test images were scored."""
    read = whose(facts.found.looks, facts.found.of_sweep)
    other = f" {to_fill_in('by how many runs before it')}" if facts.found.of_sweep else ""
    return (
        "Each run was scored on its test part once; a test image was scored by up to "
        f"{read}{other}."
    )


def results(facts: Facts) -> str:
    """The best and the worst mean, and where all are."""
    found, cells = facts.found, facts.found.cells
    digits = places([cell.mean for cell in cells])
    order = sorted(cells, key=lambda cell: cell.mean)
    told = []
    for cell in dict.fromkeys((0, len(order) - 1)):
        one = order[cell]
        name = f"{facts.study.name(one.arm)}, {facts.study.at(one.size)}"
        told.append(f"{number(one.mean, one.interval, digits)} ({name})")
    runs = span([cell.repeats for cell in cells])
    return (
        f"Mean test {in_words(found.metric)} [{PERCENT} interval] of {runs} runs: "
        f"{' to '.join(told)}; all are in tables/scores."
    )


def verdicts(facts: Facts) -> str:
    """How many comparisons came out which way."""
    words = Counter(
        DECIDED.get(one.verdict.word, one.verdict.word)
        for one in facts.found.comparisons
        if one.verdict
    )
    if not words:
        return ""
    told = listed([f"{count:,} {word}" for word, count in sorted(words.items())])
    return f"Of {sum(words.values()):,} comparisons, {told} (tables/verdicts)."


def errors(facts: Facts) -> str:
    """What the records hold of wrong answers."""
    matrix = " and metrics.json a confusion matrix" * ("confusion" in facts.metrics["test"])
    return f"The record of each run holds the prediction for every test image{matrix}."


def calibration(facts: Facts) -> str:
    """Whether probabilities were corrected for the population."""

    def corrected(run: Run) -> str:
        if run.metrics["test"].get("corrected_loss") is None:
            return ""
        return (
            "probabilities corrected for the prevalence of the population were recorded beside "
            "those of the model"
        )

    return facts.each("Correction for prevalence", corrected)
