"""What the learning curves say: of larger draws, of a wished score, of images saved."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from medsmall.evaluation.learning_curve import FARTHEST, Foretold
from medsmall.report.arms import Study
from medsmall.report.cells import Arm, Cell
from medsmall.report.curves import ArmCurve, equal_to
from medsmall.report.sentences import in_words
from medsmall.report.verdicts import Comparison

STEPS = 25  # of a curve in files and in the figure


def forecasts(study: Study, curves: Sequence[ArmCurve], metric: str) -> Iterator[str]:
    """One sentence per arm: the score far out, and how well smaller sizes foretold the largest."""
    for one in curves:
        tried, name = one.tested, study.name(one.arm)
        shown = f"the sizes up to {tried.shown:,}"
        told = f"{_ranged(tried.foretold)} for {tried.size:,}"
        if not tried.held:
            yield (
                f"{name}: no forecast, as it follows no usual learning curve: {shown} foretold "
                f"{told}, but {tried.measured:.3f} was measured."
            )
            continue
        yield (
            f"{name}: with {_farthest(one)}, {in_words(metric)} is expected at "
            f"{_ranged(one.score(one.farthest))}. As a test, {shown} foretold {told}; "
            f"{tried.measured:.3f} was measured."
        )


def reached(study: Study, curves: Sequence[ArmCurve], metric: str, wish: float) -> Iterator[str]:
    """One sentence per arm: the labelled images that a wished score takes."""
    for one in curves:
        start = f"{study.name(one.arm)}: for {in_words(metric)} {wish:g}"
        needed = one.needed(wish)
        if not one.tested.held:
            yield f"{start}, no number of images, as there is no forecast."
        elif np.isinf(needed.median):
            best = f" At best, {_images(needed.low)} reach it." if needed.low < np.inf else ""
            yield (
                f"{start}, {_farthest(one)} are probably not enough: "
                f"{_ranged(one.score(one.farthest))} is expected there.{best}"
            )
        elif needed.high <= one.cells[0].labels:
            yield f"{start}, {_images(needed.high)} labelled images are enough, the fewest here."
        else:
            yield f"{start}, about {_span(needed, one)} labelled images."


def saved(
    study: Study,
    cells: Sequence[Cell],
    curves: Sequence[ArmCurve],
    comparisons: Sequence[Comparison],
    metric: str,
) -> Iterator[str]:
    """One sentence per arm and size that is better: the images that the other arm takes for it."""
    of_arm = {one.arm: one for one in curves}
    for better, other, cell in _better(cells, comparisons, metric):
        if (curve := of_arm.get(other)) is None or not curve.tested.held:
            continue
        equal = equal_to(cell, curve, metric)
        with_images = f"{study.name(better)} with {cell.labels:,} labelled images"
        if np.isinf(equal.median):
            yield (
                f"{study.name(other)} takes more than {_images(curve.labels(curve.farthest))} "
                f"labelled images for the score of {with_images}."
            )
        else:
            yield f"{with_images} equals {study.name(other)} with about {_span(equal, curve)}."


def _better(
    cells: Sequence[Cell], comparisons: Sequence[Comparison], metric: str
) -> Iterator[tuple[Arm, Arm, Cell]]:
    """The better arm of each decided comparison, the other one, and the cell of the better."""
    places = {(cell.arm, cell.size): cell for cell in cells}
    for one in comparisons:
        if one.verdict and one.verdict.word in ("better", "worse"):
            a_is_better = one.verdict.word == "better"
            arms = (one.a, one.b) if a_is_better else (one.b, one.a)
            yield *arms, places[arms[0], one.size]


def curve_rows(study: Study, curves: Sequence[ArmCurve]) -> list[dict[str, Any]]:
    """The curves as rows of a table, from the smallest size to the farthest."""
    return [
        {
            **dict(zip(study.factors, one.arm, strict=True)),
            "train_images": round(float(n)), "labels": round(one.labels(float(n))),
            **one.score(float(n))._asdict(),
        }
        for one in curves
        for n in np.geomspace(one.cells[0].size, one.farthest, STEPS)
    ]  # fmt: skip


def _farthest(of: ArmCurve) -> str:
    return f"{_images(of.labels(of.farthest))} labelled images ({FARTHEST:.0f} times the most)"


def _ranged(of: Foretold) -> str:
    return f"{of.median:.3f} [{of.low:.3f}, {of.high:.3f}]"


def _span(of: Foretold, curve: ArmCurve) -> str:
    fewest, most = curve.cells[0].labels, curve.labels(curve.farthest)
    low = f"fewer than {fewest:,}" if of.low <= fewest else _images(of.low)
    high = f"more than {_images(most)}" if np.isinf(of.high) else _images(of.high)
    return f"{_images(of.median)} [{low}, {high}]"


def _images(number: float) -> str:
    """Two digits: more would promise too much."""
    digits = max(len(str(round(number))) - 2, 0)
    return f"{round(number, -digits):,.0f}"
