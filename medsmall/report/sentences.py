"""The answer in words: what can be said, and what these runs cannot tell."""

from collections.abc import Iterator

import numpy as np

from medsmall.record.tested import LOWER_IS_BETTER
from medsmall.report.answers import Cell, Comparison
from medsmall.report.arms import Study

WORDS = {
    "auroc": "AUROC", "average_precision": "AP", "balanced_accuracy": "balanced accuracy",
    "cohen_kappa": "kappa", "macro_f1": "macro F1", "f1": "F1", "mae": "MAE", "rmse": "RMSE",
    "r2": "R²", "mean_error": "mean error",
}  # fmt: skip
MOSTLY = 0.7


def in_words(metric: str) -> str:
    """A metric as it is written."""
    return WORDS.get(metric, metric)


def verdicts(study: Study, metric: str, comparisons: list[Comparison]) -> Iterator[str]:
    """One sentence per comparison, then how to read them."""
    for one in comparisons:
        yield _verdict(study, metric, one)
    told = [one for one in comparisons if one.verdict]
    if not told:
        return
    together = f"all {len(told)} comparisons together" if len(told) > 1 else "this comparison"
    yield (
        f"In brackets: 95% intervals, for {together}. They hold for these images to draw from and "
        "these pretrained weights."
    )
    if any(one.verdict and one.verdict.word == "undecided" for one in told):
        yield "Undecided does not mean equal: these runs cannot tell."
    yield from _advice(told)


def _verdict(study: Study, metric: str, one: Comparison) -> str:
    a, b, at = study.name(one.a), study.name(one.b), f"At {one.size:,} training images"
    if one.verdict is None or one.found is None:
        return f"{at}, no verdict on {a} and {b}: {one.reason}."
    low, high = one.verdict.low, one.verdict.high
    by = f"{abs(one.found.value):.3f} {_limits(low, high, one.found.value < 0)}"
    word = one.verdict.word
    if word in ("better", "worse"):
        better, other = (a, b) if word == "better" else (b, a)
        return f"{at}, {better} is better than {other}: {in_words(metric)} differs by {by}."
    if word == "equivalent":
        return f"{at}, {a} and {b} are equivalent: {in_words(metric)} differs by {by}."
    half = (high - low) / 2
    return (
        f"{at}, undecided between {a} and {b} ({in_words(metric)} differs by {by}): "
        f"{one.found.repeats} repeats and {one.found.patients} test patients of the rarer class "
        f"cannot show a difference below {half:.3f}."
    )


def _limits(low: float, high: float, turned: bool) -> str:
    low, high = (-high, -low) if turned else (low, high)
    return f"[{low:.3f}, {high:.3f}]"


def _advice(told: list[Comparison]) -> Iterator[str]:
    """Whether repeats or test patients are the limit."""
    parts = [one.found for one in told if one.found and one.found.error > 0]
    if not parts or any(of.tested == 0 for of in parts):
        return
    share = float(np.mean([of.tested / (of.tested + of.drawn) for of in parts]))
    if share >= MOSTLY:
        yield (
            f"The test patients make {share:.0%} of the uncertainty: more repeats will hardly "
            "help, more test patients will."
        )
    elif share <= 1 - MOSTLY:
        yield (
            f"The draws and seeds make {1 - share:.0%} of the uncertainty: more repeats will help."
        )


def best(study: Study, metric: str, cells: list[Cell]) -> Iterator[str]:
    """The arm that validation would choose at the largest size, beside the best on the test."""
    last = [cell for cell in cells if cell.size == study.sizes[-1] and cell.validation is not None]
    if len(last) < 2:
        return
    sign = -1 if metric in LOWER_IS_BETTER else 1
    chosen = max(last, key=lambda cell: sign * (cell.validation or 0.0))
    oracle = max(last, key=lambda cell: sign * cell.mean)
    yield (
        f"At {study.sizes[-1]:,} training images validation chooses {study.name(chosen.arm)} "
        f"(test {in_words(metric)} {chosen.mean:.3f})"
        + (
            "."
            if oracle is chosen
            else f"; the best on the test, {study.name(oracle.arm)} ({oracle.mean:.3f}), is known "
            "only in hindsight."
        )
    )


def looks(runs: int) -> str:
    """How often the test images were looked at."""
    return (
        f"{runs:,} recorded runs were scored on these test images: the best of many looks better "
        "than it is."
        if runs > 1
        else "One recorded run was scored on these test images."
    )
