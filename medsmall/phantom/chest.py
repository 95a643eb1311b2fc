"""Generated chest films: anatomy, a patient's own style, and findings."""

from collections.abc import Iterable

import numpy as np

from medsmall.phantom.chest_findings import SHAPES
from medsmall.phantom.drawing import Array, cloud, disc, edge, expose, grid
from medsmall.phantom.thorax import Build, film


def chest(
    body: Build,
    findings: Iterable[str],
    rng: np.random.Generator,
    lesions: int,
    shape: tuple[int, int] = (128, 128),
) -> tuple[Array, dict[str, tuple[int, int, int, int]]]:
    """One frontal film, uint8 of `shape`, and the box (left, top, width, height) of its findings.

    A finding that does not show has no box. `lesions` seeds the place and form of the patient's
    lesions, the same on each follow-up; `rng` is the film's own (posture, grain).
    """
    findings = sorted(findings)
    canvas, boxes = film(body, findings, rng, shape), {}
    for finding in findings:
        if finding in SHAPES:
            before = canvas.attenuation.copy()
            order = list(SHAPES).index(finding)
            SHAPES[finding](canvas, np.random.default_rng([lesions, order]))
            change = np.abs(canvas.attenuation - before)
            if change.any():  # a little fluid may lie below the lungs of this body
                boxes[finding] = box(change)
    return expose(canvas.attenuation, body.exposure, rng), boxes


def box(change: Array) -> tuple[int, int, int, int]:
    """Left, top, width, height in px of where the change is above a third of its maximum."""
    rows, columns = np.nonzero(change > change.max() / 3)
    left, top = int(columns.min()), int(rows.min())
    return left, top, int(columns.max()) - left + 1, int(rows.max()) - top + 1


def lateral(body: Build, rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """A film from the side, uint8 of `shape`: one lung field, spine behind, heart in front."""
    x, y = grid(*shape)
    film_ = 0.04 + 0.6 * edge(body.body * 0.85 + 0.1 * y - np.abs(x), 0.12)
    lung = edge(disc(x, y, (0.05, -0.05), (body.lung_width * 1.7, body.lung_height)), 0.25)
    lung = lung * edge(body.diaphragm + 0.3 * x - y, 0.05)
    film_ = film_ - 0.36 * lung + 0.24 * edge(0.1 - np.abs(x - 0.5 - 0.15 * y * y), 0.08)
    film_ = film_ + 0.2 * lung * edge(disc(x, y, (-0.25, 0.2), (body.heart, body.heart)), 0.3)
    return expose(film_ + 0.03 * lung * cloud(rng, shape, 18), body.exposure, rng)
