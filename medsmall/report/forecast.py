"""What the learning curves say: of larger draws, of a wished score, of images saved."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from medsmall.evaluation.learning_curve import FARTHEST, Forecast
from medsmall.report.arms import Study
from medsmall.report.cells import Arm, Cell
from medsmall.report.curves import ArmCurve, equal_to
from medsmall.report.sentences import in_words
from medsmall.report.verdicts import Comparison

STEPS = 25  # of a curve in the files


def forecasts(study: Study, curves: Sequence[ArmCurve], metric: str) -> Iterator[str]:
    """One sentence per arm: the score far out, and how well smaller sizes forecast the largest."""
    for one in curves:
        name, tested, last = study.name(one.arm), one.tested, one.cells[-1]
        sizes = f"the sizes up to {one.cells[tested.shown - 1].size:,}"
        told = f"{_ranged(one.as_score(tested.forecast))} for {last.size:,}"
        if not tested.held:
            yield (
                f"{name}: no forecast, as it follows no usual learning curve: {sizes} forecast "
                f"{told}, but {last.mean:.3f} was measured."
            )
            continue
        yield (
            f"{name}: with {_farthest(one)}, {in_words(metric)} is expected at "
            f"{_ranged(one.score(one.farthest))}. As a test, {sizes} forecast {told}; "
            f"{last.mean:.3f} was measured."
        )


def reached(study: Study, curves: Sequence[ArmCurve], metric: str, wish: float) -> Iterator[str]:
    """One sentence per arm: the labelled images that a wished score takes."""
    for one in curves:
        name, what = study.name(one.arm), f"{in_words(metric)} {wish:g}"
        needed = one.needed(wish)
        if np.isinf(needed.median):
            best = f" At best, {_images(needed.low)} reach it." if needed.low < np.inf else ""
            yield (
                f"{name}: for {what}, {_farthest(one)} are probably not enough: "
                f"{_ranged(one.score(one.farthest))} is expected there.{best}"
            )
        elif needed.high <= one.cells[0].labels:
            fewest = f"{one.cells[0].labels:,} labelled images"
            yield f"{name}: for {what}, {fewest} are enough, the fewest here."
        else:
            yield f"{name}: for {what}, {_span(needed, one)} labelled images."


def saved(
    study: Study,
    cells: Sequence[Cell],
    curves: Sequence[ArmCurve],
    comparisons: Sequence[Comparison],
) -> Iterator[str]:
    """One sentence per arm and size that is better: the images that the other arm takes for it.

    Where that is beyond the farthest size, only the smallest size of the two arms says so.
    """
    of_arm = {one.arm: one for one in curves}
    beyond = set()
    for better, other, cell in _better(cells, comparisons):
        if (curve := of_arm.get(other)) is None or (better, other) in beyond:
            continue
        equal = equal_to(cell, curve)
        with_images = f"{study.name(better)} with {cell.labels:,} labelled images"
        if np.isinf(equal.median):
            beyond.add((better, other))
            yield (
                f"{study.name(other)} probably takes more than "
                f"{_images(curve.labels(curve.farthest))} labelled images to equal {with_images}."
            )
        else:
            yield f"{with_images} equals {study.name(other)} with {_span(equal, curve)}."


def _better(
    cells: Sequence[Cell], comparisons: Sequence[Comparison]
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
    how = f"{FARTHEST:.0f} times the most" if of.tested.held else "the most here; no forecast"
    return f"{_images(of.labels(of.farthest))} labelled images ({how})"


def _ranged(of: Forecast) -> str:
    return f"{of.median:.3f} [{of.low:.3f}, {of.high:.3f}]"


def _span(of: Forecast, curve: ArmCurve) -> str:
    fewest, most = curve.cells[0].labels, curve.labels(curve.farthest)
    low = f"fewer than {fewest:,}" if of.low <= fewest else _images(of.low)
    high = f"more than {_images(most)}" if np.isinf(of.high) else _images(of.high)
    median = f"fewer than {fewest:,}" if of.median <= fewest else f"about {_images(of.median)}"
    return f"{median} [{low}, {high}]"


def _images(number: float) -> str:
    """Two digits: more would promise too much."""
    digits = max(len(str(round(number))) - 2, 0)
    return f"{round(number, -digits):,.0f}"
