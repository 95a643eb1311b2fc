"""How well learning curves hold for new test patients: prints a table of docs/statistics.md.

python scripts/simulate_curves.py [sweeps per setting; 300]

Two arms whose true AUROC follows a known curve of the number of images; the first is where the
other is with twice as many. Repeats and patients are as in `simulate_verdicts`: a smaller draw is a
part of its larger one, and all runs are scored on the same patients, whose images resemble each
other. Nothing is trained.
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from typing import NamedTuple

import numpy as np
from scipy.stats import norm

from medsmall.evaluation.comparison import over_repeats
from medsmall.evaluation.influence import Score
from medsmall.evaluation.scored import of_finding
from medsmall.report.cells import Cell
from medsmall.report.curves import ArmCurve, curve_of, equal_to

SIZES = np.array([50, 84, 141, 238, 400])
WITHIN, BEYOND = (84, 141, 238, 400), (800, 1200)
SHARES = (0.4, 0.2, 0.4)  # of the noise: of all models, of an arm, of one model


class Setting(NamedTuple):
    """Test patients of both classes, images of each; repeats; the AUROC at 50 images."""

    positives: int
    negatives: int
    images: int
    repeats: int
    area: float


def true_area(n: float, of: Setting, ahead: float = 1.0) -> float:
    """Of the second arm; the first is `ahead` by a factor of images."""
    loss = 1 - of.area
    return 1 - loss * (0.3 + 0.7 * (n * ahead / 50) ** -0.6)


def arm(of: Setting, ahead: float, shared: list[np.ndarray], rng: np.random.Generator) -> ArmCurve:
    """Its learning curve, from cells of simulated scores."""
    patients = of.positives + of.negatives
    patient = np.repeat(np.arange(patients), of.images)
    y = (patient < of.positives).astype(float)
    every, own, one = np.sqrt(SHARES)
    by_arm, cells = _noise(patient, rng), []
    walks = rng.normal(size=(of.repeats, SIZES[-1])).cumsum(1)[:, SIZES - 1] / SIZES
    for i, n in enumerate(SIZES):
        scores = {}
        for r in range(of.repeats):
            area = true_area(n, of, ahead) + 0.6 * (1 - of.area) * walks[r, i]
            shift = np.sqrt(2) * norm.ppf(np.clip(area, 0.5, 0.9995))
            prob = every * shared[0] + own * by_arm + one * _noise(patient, rng) + shift * y
            score = of_finding("auroc", y, prob, None, patient, patients)
            assert score is not None
            scores[str(r)] = score
        cells.append(_cell(int(n), scores))
    return curve_of(("arm",), cells, "auroc")


def _noise(patient: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    of_patient, of_image = rng.standard_normal(patient.max() + 1), rng.standard_normal(len(patient))
    return np.sqrt(0.5) * (of_patient[patient] + of_image)


def _cell(n: int, scores: dict[str, Score]) -> Cell:
    found = over_repeats(list(scores.values()))
    return Cell(("arm",), n, n, len(scores), found.value, scores, found, None, "", None)


def sweep(of: Setting, rng: np.random.Generator) -> dict[str, tuple[bool, bool]]:
    """Of each statement whether it holds, and whether it was made."""
    patient = np.repeat(np.arange(of.positives + of.negatives), of.images)
    shared = [_noise(patient, rng)]
    better, other = arm(of, 2.0, shared, rng), arm(of, 1.0, shared, rng)
    told = {"forecast": (other.tested.held, True)}
    for name, sizes in (("within", WITHIN), ("beyond", BEYOND)):
        for n in sizes:
            at, area = other.score(n), true_area(n, of)
            told[f"{name} {n}"] = (at.low <= area <= at.high, other.tested.held)
    reached = other.needed(true_area(141, of))
    told["reach"] = (reached.low <= 141 <= reached.high, bool(np.isfinite(reached.high)))
    equal = equal_to(better.cells[1], other)
    told["saved"] = (equal.low <= 168 <= equal.high, bool(np.isfinite(equal.high)))
    return told


def row(of: Setting, sweeps: int, seed: int) -> str:
    """The share of statements that hold."""
    rng = np.random.default_rng(seed)
    told = [sweep(of, rng) for _ in range(sweeps)]

    def held(*names: str) -> str:
        shares = [np.mean([one[n][0] for one in told]) for one_name in names for n in told[0]
                  if n.startswith(one_name)]  # fmt: skip
        low, high = min(shares), max(shares)
        return f"{low:.0%}" if low == high else f"{low:.0%} to {high:.0%}"

    settings = f"{of.positives} + {of.negatives} | {of.images} | {of.repeats} | {of.area}"
    closed = [f"{np.mean([one[n][1] for one in told]):.0%}" for n in ("reach", "saved")]
    return (
        f"| {settings} | {held('within')} | {held('beyond')} | {held('reach')} ({closed[0]}) | "
        f"{held('saved')} ({closed[1]}) | {held('forecast')} |"
    )


def main() -> None:
    """A row per setting."""
    sweeps = int(sys.argv[1]) if sys.argv[1:] else 300
    tests = ((15, 60, 1), (30, 120, 4), (100, 400, 1))
    grid = [Setting(*test, repeats, area)
            for test, repeats, area in product(tests, (3, 5), (0.7, 0.85, 0.95))]  # fmt: skip
    print(
        "| patients | images each | repeats | at 50 | within | beyond | reach | saved | forecasts |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    with ProcessPoolExecutor() as pool:
        for line in pool.map(row, grid, [sweeps] * len(grid), range(len(grid))):
            print(line, flush=True)


if __name__ == "__main__":
    main()
