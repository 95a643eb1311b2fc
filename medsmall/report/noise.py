"""Draws that were each trained with the same seeds: what one run's score varies with."""

from collections.abc import Iterator

import numpy as np

from medsmall.evaluation.crossed import Components, components
from medsmall.report.cells import Cell, grid
from medsmall.report.sentences import in_words

EXACT = 5  # draws and seeds: fewer show the order of magnitude
ADVICE = {
    "draw": "which images were drawn matters most: more repeats will help.",
    "seed": "the training's seed matters most: more seeds will help, or a steadier training, such "
    "as learner=probe or a lower strategy.lr.",
    "residual": "what neither draw nor seed explains alone varies most: more repeats will help.",
    "patients": "the test patients matter most: more repeats will hardly help, more test patients "
    "will.",
}


def of_crossed(cells: list[Cell]) -> tuple[Components, int, int] | None:
    """The mean variances over all cells that cross draws and seeds, and the fewest of both."""
    tables = [table for cell in cells if (table := grid(cell.scores)[0])]
    if not tables:
        return None
    parts = np.maximum(np.mean([components(table) for table in tables], axis=0), 0.0)
    draws, seeds = min(map(len, tables)), min(len(table[0]) for table in tables)
    return Components(*map(float, parts)), draws, seeds


def sentences(cells: list[Cell], metric: str) -> Iterator[str]:
    """Where the noise comes from, and what would help."""
    if not (found := of_crossed(cells)):
        return
    parts, draws, seeds = found
    draw, seed, residual, patients = np.sqrt(parts)
    roughly = "; so few show the order of magnitude" if min(draws, seeds) < EXACT else ""
    yield (
        f"The {in_words(metric)} of one run varies by {draw:.3f} with the draw, {seed:.3f} with "
        f"the training's seed, {residual:.3f} with neither alone and {patients:.3f} with the test "
        f"patients (standard deviations from {draws} draws x {seeds} seeds, on average over arms "
        f"and sizes{roughly})."
    )
    most = max(parts._fields, key=lambda name: getattr(parts, name))
    yield f"For the score of one run, {ADVICE[most]}"
