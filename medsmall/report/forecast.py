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
    """One sentence per arm: the score far out, and how well smaller sizes predicted the largest."""
    for one in curves:
        name, last = study.name(one.arm), one.cells[-1]
        check = (
            f"As a check, {_ranged(one.as_score(one.tested.forecast))} was predicted for "
            f"{last.labels:,} labelled images from the sizes up to "
            f"{one.cells[one.tested.shown - 1].labels:,}, {'and' if one.tested.held else 'but'} "
            f"{last.mean:.3f} was measured"
        )
        if one.tested.held:
            yield (
                f"{name}: with {_farthest(one)}, {in_words(metric)} is expected at "
                f"{_ranged(one.score(one.farthest))}. {check}: it fits."
            )
        else:
            yield f"{name}: no forecast. {check}: its scores follow no usual learning curve."


def reached(study: Study, curves: Sequence[ArmCurve], metric: str, wish: float) -> Iterator[str]:
    """One sentence per arm: the labelled images that a wished score takes."""
    for one in curves:
        name, what = study.name(one.arm), f"{in_words(metric)} {wish:g}"
        if not one.tested.held:
            last = one.cells[-1]
            yield (
                f"{name}: {in_words(metric)} {last.mean:.3f} was measured with {last.labels:,} "
                f"labelled images. The images that {what} takes cannot be told, as there is no "
                "forecast."
            )
            continue
        needed = one.needed(wish)
        if np.isinf(needed.median):
            best = ""
            if needed.low < np.inf:
                best = f" In the best plausible case, {_images(needed.low)} are enough."
            yield (
                f"{name}: for {what}, {_farthest(one)} are probably not enough: "
                f"{_ranged(one.score(one.farthest))} is expected there.{best}"
            )
        elif needed.high <= one.cells[0].labels:
            fewest = f"{one.cells[0].labels:,} labelled images"
            yield f"{name}: for {what}, {fewest} are enough, the fewest here."
        else:
            yield f"{name}: for {what}, {_span(needed, one)}."


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
        takes = f"To equal {study.name(better)} with {cell.labels:,} labelled images, "
        takes += f"{study.name(other)} takes "
        if np.isinf(equal.median):
            beyond.add((better, other))
            yield f"{takes}probably more than {_images(curve.labels(curve.farthest))}."
        else:
            yield f"{takes}{_span(equal, curve)}."
    if of_arm and not any(_better(cells, comparisons)):
        yield "Images saved: no answer, as no verdict names a better arm."
    elif of_arm:
        yield "Labelled images are those of training and validation."


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
    times = f"{FARTHEST:.0f} times its largest size"
    return f"{_images(of.labels(of.farthest))} labelled images ({times})"


def _ranged(of: Forecast) -> str:
    return f"{of.median:.3f} [{of.low:.3f}, {of.high:.3f}]"


def _span(of: Forecast, curve: ArmCurve) -> str:
    """A number of images with its range, as a part of a sentence."""
    fewest = curve.cells[0].labels
    if of.median <= fewest:
        if np.isinf(of.high):
            return f"fewer than {fewest:,}, but these runs cannot tell"
        return f"fewer than {fewest:,}, plausibly up to {_images(of.high)}"
    low = f"fewer than {fewest:,}" if of.low <= fewest else _images(of.low)
    if not np.isinf(of.high):
        return f"about {_images(of.median)}, plausibly {low} to {_images(of.high)}"
    if of.low <= fewest:
        return f"about {_images(of.median)}, but these runs cannot tell"
    return f"about {_images(of.median)}, plausibly {low} or more: no upper end can be told"


def _images(number: float) -> str:
    """Two digits: more would promise too much."""
    digits = max(len(str(round(number))) - 2, 0)
    return f"{round(number, -digits):,.0f}"
