"""The answer in words: what can be said, and what these runs cannot tell."""

from collections.abc import Iterator

import numpy as np

from medsmall.record.predicted import LOWER_IS_BETTER
from medsmall.report.arms import Study
from medsmall.report.cells import Cell
from medsmall.report.verdicts import Comparison

WORDS = {
    "auroc": "AUROC", "average_precision": "AP", "balanced_accuracy": "balanced accuracy",
    "cohen_kappa": "kappa", "macro_f1": "macro F1", "f1": "F1", "mae": "MAE", "rmse": "RMSE",
    "r2": "R²", "mean_error": "mean error",
}  # fmt: skip
ONE_CLASS = ("accuracy", "cohen_kappa", "mae", "rmse", "r2", "sensitivity", "specificity", "recall")
MOSTLY = 0.7
MUCH = 0.1  # of the pool in one draw


def in_words(metric: str) -> str:
    """A metric as it is written."""
    return WORDS.get(metric, metric)


def verdicts(
    study: Study, metric: str, comparisons: list[Comparison], family: int
) -> Iterator[str]:
    """One sentence per comparison, then how to read them; `family` comparisons hold together."""
    for one in comparisons:
        yield _verdict(study, metric, one)
    told = [one for one in comparisons if one.verdict]
    if not told:
        return
    if any(one.verdict and one.verdict.word == "undecided" for one in told):
        yield "Undecided does not mean equal: these runs cannot tell."
    together = (
        f"all {family} comparisons of the sweep together" if family > 1 else "this comparison"
    )
    yield (
        f"These ranges are 95% intervals for {together}; do not judge by whether the table's "
        "intervals overlap. They are about these images and these pretrained weights, and by "
        "themselves about no other hospital."
    )
    if not study.is_kfold:
        yield from _of_another_pool(study, told)
        yield from _advice(told)
    if study.same_draws:
        yield (
            "All repeats have the same training images: their scatter is that of the training's "
            "seed alone, and says nothing of other draws."
        )


def _verdict(study: Study, metric: str, one: Comparison) -> str:
    a, b, at = study.name(one.a), study.name(one.b), f"At {one.size:,} training images"
    if one.verdict is None or one.found is None:
        return f"{at}, no verdict on {a} and {b}: {one.reason}."
    difference, low, high = one.found.value, one.verdict.low, one.verdict.high
    if difference < 0:
        a, b, difference, low, high = b, a, -difference, -high, -low
    least = f"{-low:.3f} lower" if low < 0 else f"{abs(low):.3f}"  # -0.0 reads as lower
    more = f"{difference:.3f} higher with {a} than with {b}, plausibly {least} to {high:.3f} higher"
    word = one.verdict.word
    if word in ("better", "worse"):
        better, other = (a, b) if metric not in LOWER_IS_BETTER else (b, a)
        return f"{at}, {better} is better than {other}: {in_words(metric)} is {more}."
    if word == "equivalent":
        return f"{at}, {a} and {b} are equivalent: {in_words(metric)} is {more}."
    rarer = "" if metric in ONE_CLASS else " of the rarer class"
    return (
        f"{at}, undecided: {in_words(metric)} is {more}. Differences below about "
        f"{(high - low) / 2:.3f} are mostly missed here ({one.found.repeats} "
        f"{'folds' if study.is_kfold else 'repeats'}, {one.found.patients} test patients{rarer})."
    )


def _of_another_pool(study: Study, told: list[Comparison]) -> Iterator[str]:
    """What the overlap of the draws hides, where they hold much of the pool."""
    for one in told:
        if one.share is None or one.share < MUCH:
            continue
        start = (
            f"At {one.size:,}, each draw holds {one.share:.0%} of the pool, so draws resemble each "
            f"other. For another pool, {study.name(one.a)} less {study.name(one.b)} "
        )
        if one.new_pool is None:
            yield start + "cannot be told."
        else:
            low, high = one.new_pool.low, one.new_pool.high
            yield start + f"lies between about {low:+.3f} and {high:+.3f}."


def _advice(told: list[Comparison]) -> Iterator[str]:
    """Whether repeats or test patients are the limit."""
    parts = [one.found for one in told if one.found and one.found.error > 0]
    if not parts:
        return
    share = float(np.mean([of.tested / (of.tested + of.drawn) for of in parts]))
    if share >= MOSTLY:
        yield (
            f"{share:.0%} of the uncertainty comes from the test patients: more repeats will "
            "hardly help, more test patients will."
        )
    elif share <= 1 - MOSTLY:
        yield (
            f"{1 - share:.0%} of the uncertainty comes from which images were drawn and from the "
            "training's seed: more repeats will help."
        )


def best(study: Study, metric: str, cells: list[Cell]) -> Iterator[str]:
    """The arm that validation would choose at the largest size, beside the best on the test."""
    last = [cell for cell in cells if cell.size == study.sizes[-1] and cell.validation is not None]
    if len(last) < 2 or metric == "mean_error":
        return
    sign = -1 if metric in LOWER_IS_BETTER else 1
    chosen = max(last, key=lambda cell: sign * (cell.validation or 0.0))
    oracle = max(last, key=lambda cell: sign * cell.mean)
    hindsight = f" The best on the test is {study.name(oracle.arm)} ({oracle.mean:.3f})."
    yield (
        f"To pick one at {study.sizes[-1]:,} training images: {study.name(chosen.arm)}, by "
        f"validation (test {in_words(metric)} {chosen.mean:.3f}). This does not show that it is "
        "better." + ("" if oracle is chosen else hindsight)
    )


def looks(runs: int) -> str:
    """How often the test images were looked at."""
    return (
        f"{runs:,} recorded runs were scored on these test images: quote means, not the best run."
        if runs > 1
        else "One recorded run was scored on these test images."
    )
