"""Draws that were each trained with the same seeds: what one run's score varies with."""

from collections.abc import Iterator

import numpy as np

from medsmall.evaluation.crossed import Noise, noise
from medsmall.report.cells import Cell, grid
from medsmall.report.sentences import in_words

FEW = 5  # draws or seeds: fewer tell the order of magnitude
ADVICE = {
    "draw": "Which images were drawn matters most: more repeats will help.",
    "seed": "The training's seed matters most: more seeds will help, or a steadier training, such "
    "as learner=probe or a lower strategy.lr.",
    "rest": "Draw and seed matter only together: more repeats will help.",
    "patients": "The test patients matter most: more repeats will hardly help, more test patients "
    "will.",
}


def of_crossed(cells: list[Cell]) -> tuple[Noise, int, int] | None:
    """The mean variances over all cells that cross draws and seeds, and how many of both."""
    tables = [table for cell in cells if (table := grid(cell.scores)[0])]
    if not tables:
        return None
    parts = np.mean([noise(table) for table in tables], axis=0)
    return Noise(*map(float, parts)), len(tables[0]), len(tables[0][0])


def sentences(cells: list[Cell], metric: str) -> Iterator[str]:
    """Where the noise comes from, and what would help."""
    if not (found := of_crossed(cells)):
        return
    parts, draws, seeds = found
    draw, seed, rest, patients = np.sqrt(parts)
    roughly = "; so few show the order of magnitude" if min(draws, seeds) < FEW else ""
    yield (
        f"The {in_words(metric)} of one run varies by {draw:.3f} with the draw, {seed:.3f} with "
        f"the training's seed, {rest:.3f} with both together and {patients:.3f} with the test "
        "patients "
        f"(standard deviations from {draws} draws x {seeds} seeds{roughly})."
    )
    yield ADVICE[max(parts._fields, key=lambda name: getattr(parts, name))]
