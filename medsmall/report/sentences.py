"""The answer in words: what can be said, and what these runs cannot tell."""

from collections.abc import Iterator

import numpy as np

from medsmall.evaluation.comparison import Estimate
from medsmall.evaluation.intervals import LEVEL
from medsmall.evaluation.scales import LOWER_IS_BETTER
from medsmall.report.arms import Study
from medsmall.report.cells import Arm, Cell, favoured, goodness
from medsmall.report.verdicts import Comparison

WORDS = {
    "auroc": "AUROC", "average_precision": "AP", "balanced_accuracy": "balanced accuracy",
    "cohen_kappa": "kappa", "macro_f1": "macro F1", "f1": "F1", "mae": "MAE", "rmse": "RMSE",
    "r2": "R²", "mean_error": "mean error",
}  # fmt: skip
ONE_CLASS = ("accuracy", "cohen_kappa", "mae", "rmse", "r2", "sensitivity", "specificity", "recall",
             "precision")  # fmt: skip
RECORDED = ("recorded run", "recorded runs")
MORE, WORTH = 3, 0.85  # times the repeats; a width that is worth them
MOST = 4  # sentences of one kind
MUCH = 0.1  # of the pool in one draw


def in_words(metric: str) -> str:
    """A metric as it is written."""
    return WORDS.get(metric, metric)


def verdicts(
    study: Study, metric: str, comparisons: list[Comparison], family: int
) -> Iterator[str]:
    """The decided comparisons first, then the others, then how to read them.

    `family` comparisons hold together. Of more than MOST that are undecided, the MOST with the
    largest difference are told; of reasons why there is no verdict, each once.
    """
    told = [one for one in comparisons if one.verdict]
    open_ones = [one for one in told if one.verdict and one.verdict.word == "undecided"]
    yield from (_verdict(study, metric, one) for one in told if one not in open_ones)
    if len(open_ones) > MOST:
        open_ones.sort(key=lambda one: -abs(one.found.value) if one.found else 0.0)
    yield from (_verdict(study, metric, one) for one in open_ones[:MOST])
    if (more := len(open_ones) - MOST) > 0:
        them = "comparison is" if more == 1 else "comparisons are"
        yield f"{more} more {them} undecided: see verdicts.csv or report.html."
    yield from _without(study, metric, [one for one in comparisons if not one.verdict])
    if not told:
        return
    together = "this range holds"
    if family > 1:
        together = f"all {family} plausible ranges of the sweep hold at once"
    yield (
        f"You can be 95% sure that {together}: go by that, not by whether the intervals of the "
        "table overlap. It is about these images and these pretrained weights, and says nothing "
        "about another hospital."
    )
    if any(one.verdict and one.verdict.word == "undecided" for one in told):
        yield "Undecided does not mean equal: these runs cannot tell."
    if not study.is_kfold:
        yield from _advice(told, family)
        if not study.same_draws:
            yield from _of_another_pool(study, metric, told)
    if study.same_draws:
        yield (
            "All repeats have the same training images: their scatter is that of the training's "
            "seed alone, and says nothing of other draws."
        )


def _without(study: Study, metric: str, comparisons: list[Comparison]) -> Iterator[str]:
    """Comparisons without a verdict; one for each reason, with how many more have the same."""
    by_reason: dict[str, list[Comparison]] = {}
    for one in comparisons:
        by_reason.setdefault(one.reason, []).append(one)
    for of in by_reason.values():
        if len(of) <= MOST:
            yield from (_verdict(study, metric, one) for one in of)
        else:
            told = _verdict(study, metric, of[0]).removesuffix(".")
            yield f"{told}; the same holds for {len(of) - 1} more comparisons."


def _verdict(study: Study, metric: str, one: Comparison) -> str:
    at = f"At {study.at(one.size)}"
    if one.partial and one.found:
        runs = "folds" if study.is_kfold else "repeats"
        at += f" (over the {one.found.repeats} {runs} that both have)"
    if one.verdict is None or one.found is None:
        return f"{at}, no verdict on {study.name(one.a)} and {study.name(one.b)}: {one.reason}."
    low, high = one.verdict.low, one.verdict.high
    more = _higher(study, metric, one, low, high)
    top, bottom = map(study.name, top_first(one))
    word = one.verdict.word
    if word in ("better", "worse"):
        better, other = (top, bottom) if metric not in LOWER_IS_BETTER else (bottom, top)
        return f"{at}, {better} is better than {other}: {more}."
    if word == "equivalent":
        within = f" (within ±{one.margin:g})" if one.margin is not None else ""
        return f"{at}, {top} and {bottom} are equivalent{within}: {more}."
    runs = f"{one.found.repeats} {'folds' if study.is_kfold else 'repeats'}"
    return (
        f"{at}, undecided: on average {more}. With {runs} and "
        f"{test_patients(study, metric, one.found.patients)}, a true difference below about "
        f"{(high - low) / 2:.3f} is mostly missed."
    )


def top_first(one: Comparison) -> tuple[Arm, Arm]:
    """Its arms, that with the higher score first."""
    return (one.b, one.a) if one.found and one.found.value < 0 else (one.a, one.b)


def _higher(study: Study, metric: str, one: Comparison, low: float, high: float) -> str:
    """How much higher one arm scores than the other, with a range of a - b."""
    assert one.found is not None
    top, bottom = map(study.name, top_first(one))
    least, most = _range(one, low, high)
    return (
        f"{in_words(metric)} is {abs(one.found.value):.3f} higher with {top} than with {bottom}, "
        f"plausibly {least} to {most}"
    )


def _range(one: Comparison, low: float, high: float) -> tuple[str, str]:
    """The ends of a range of a - b, as of the higher arm less the lower one."""
    assert one.found is not None
    if one.found.value < 0:
        low, high = -high, -low
    least = f"{-low:.3f} lower" if low < 0 else f"{abs(low):.3f}"  # -0.0 reads as lower
    return least, f"{high:.3f} higher"


def test_patients(study: Study, metric: str, number: int) -> str:
    """So many patients of the test, and which: a score of two classes rests on the rarer."""
    return f"{number} test {study.people}{'' if metric in ONE_CLASS else ' of the rarer class'}"


def _of_another_pool(study: Study, metric: str, told: list[Comparison]) -> Iterator[str]:
    """What the overlap of the draws hides, where they hold much of the pool."""
    by_size: dict[int, list[Comparison]] = {}
    for one in told:
        if one.share is not None and one.share >= MUCH:
            by_size.setdefault(one.size, []).append(one)
    for size, of_size in by_size.items():
        start = (
            f"At {study.at(size)}, each repeat used {of_size[0].share:.0%} of the training images "
            "there are"
        )
        known = [one for one in of_size if one.new_pool]
        if not known:
            yield f"{start}: what other images like these would give cannot be told."
            continue
        ranges = "; ".join(_elsewhere(study, one) for one in known)
        yield (
            f"{start}, so repeats resemble each other. With other images like these, "
            f"{in_words(metric)} is plausibly {ranges}."
        )


def _elsewhere(study: Study, one: Comparison) -> str:
    """The range for another pool, and whether it takes a verdict back."""
    assert one.new_pool is not None
    assert one.verdict is not None
    least, most = _range(one, *one.new_pool)
    top, bottom = map(study.name, top_first(one))
    within = one.new_pool.low <= 0 <= one.new_pool.high
    but = (
        ": undecided, with other images"
        if within and one.verdict.word in ("better", "worse")
        else ""
    )
    return f"{least} to {most} with {top} than with {bottom}{but}"


def _advice(told: list[Comparison], family: int) -> Iterator[str]:
    """Whether more repeats would narrow the ranges, or only more test patients."""
    parts = [one.found for one in told if one.found and one.found.error > 0]
    if not parts or any(one.crossed for one in told):  # `noise` says what helps there
        return
    if max(of.repeats for of in parts) == 2:
        yield "Two repeats say next to nothing about how far draws scatter: take five or more."
        return
    level = 1 - (1 - LEVEL) / max(family, 1)
    left = float(np.median([_width(of.repeated(MORE), level) / _width(of, level) for of in parts]))
    repeats = MORE * max(of.repeats for of in parts)
    if left < WORTH:
        yield f"With {repeats} repeats these ranges would be about {left:.0%} as wide: add repeats."
    else:
        yield (
            f"Even with {repeats} repeats these ranges would be about {left:.0%} as wide: add test "
            "patients instead."
        )


def _width(of: Estimate, level: float) -> float:
    low, high = of.interval(level)
    return high - low


def best(study: Study, metric: str, cells: list[Cell]) -> Iterator[str]:
    """The arm that validation would choose at the largest size, beside the best on the test."""
    ranked = favoured(cells, metric)
    if len(ranked) < 2:
        return
    chosen, oracle = ranked[0], max(ranked, key=lambda cell: goodness(metric, cell.mean))
    hindsight = f" The best on the test is {study.name(oracle.arm)} ({oracle.mean:.3f})."
    yield (
        f"If you must pick one at {study.at(chosen.size)}: {study.name(chosen.arm)}, the best "
        f"on validation (test {in_words(metric)} {chosen.mean:.3f}). The pick is no proof that it "
        "is better; the verdicts are." + ("" if oracle is chosen else hindsight)
    )


def whose(runs: int, of_sweep: bool) -> str:
    """So many runs, those that were read."""
    one, many = ("run of this sweep", "runs of this sweep") if of_sweep else RECORDED
    return f"{runs:,} {one if runs == 1 else many}"


def looks(study: Study, runs: int, of_sweep: bool) -> str:
    """How often a test image was looked at, by the runs that were read."""
    read = whose(runs, of_sweep)
    if study.is_kfold:
        return f"Each test image was scored by up to {read}: quote means, not the best fold."
    if runs == 1:
        return f"{read[:1].upper()}{read[1:]} was scored on these test images."
    return (
        f"Quote the means of the table: {read} were scored on these test images, so the "
        "best one is partly luck."
    )
