"""Seconds of a report of many records, and of intervals beside resampling.

python scripts/benchmark_report.py [records; 1200]

The records are generated. The resampling draws patients 200 times of the 2,000 that one would take,
and scores each draw with scikit-learn; its time is given for 2,000.
"""

import contextlib
import io
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from medsmall.evaluation.influence import covariance
from medsmall.evaluation.scored import of_finding
from medsmall.report.__main__ import report
from medsmall.report.asked import Asked

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

IMAGES, PATIENTS, TARGETS, DRAWS = 25_596, 2_797, 14, 200  # as the test part of ChestX-ray14


def seconds(root: Path) -> float:
    """Of one report, without the start of Python."""
    started = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        report(Asked.of([str(root)]))
    return time.perf_counter() - started


def of_records(count: int) -> None:
    """The first report, the same again, and with one more."""
    from made_records import sweep

    with tempfile.TemporaryDirectory() as folder:
        root, arms = Path(folder), {"none": 0.2, "imagenet": 0.6, "mura": 0.7, "chexpert": 0.8}
        sizes = (50, 75, 100, 150, 200, 250, 300, 400, 500, 700, 1000, 1400)
        sweep(root, arms, sizes, count // (len(arms) * len(sizes)), test=600)
        there = len(list((root / "runs").iterdir()))
        first, again = seconds(root), seconds(root)
        sweep(root, {"none": 0.2}, (60,), 1, test=600)
        print(
            f"{there} records: {first:.1f} s; again {again:.1f} s; one more {seconds(root):.1f} s"
        )


def of_intervals() -> None:
    """Standard errors of 14 AUROCs by influences and by resampling patients."""
    rng = np.random.default_rng(0)
    patient = np.sort(rng.integers(0, PATIENTS, IMAGES))
    ys = (rng.random((TARGETS, IMAGES)) < rng.uniform(0.01, 0.2, (TARGETS, 1))).astype(float)
    probs = rng.normal(size=(TARGETS, PATIENTS))[:, patient] + rng.normal(size=ys.shape) + 1.5 * ys
    started = time.perf_counter()
    scores = [
        of_finding("auroc", y, p, None, patient, PATIENTS) for y, p in zip(ys, probs, strict=True)
    ]
    errors = np.sqrt(np.diag(covariance(np.stack([s.influence for s in scores if s]))))
    ours = time.perf_counter() - started
    started = time.perf_counter()
    drawn = []
    for _ in range(DRAWS):
        weight = np.bincount(rng.integers(0, PATIENTS, PATIENTS), minlength=PATIENTS)[patient]
        drawn.append(
            [roc_auc_score(y, p, sample_weight=weight) for y, p in zip(ys, probs, strict=True)]
        )
    theirs = (time.perf_counter() - started) * 2000 / DRAWS
    ratio = errors / np.std(drawn, axis=0, ddof=1)
    print(f"{TARGETS} AUROCs of {IMAGES:,} images: {ours:.2f} s; 2,000 resamples {theirs:.0f} s, 1/"
          f"{theirs / ours:,.0f}; errors agree within {abs(ratio - 1).max():.1%}")  # fmt: skip


if __name__ == "__main__":
    of_intervals()
    of_records(int(sys.argv[1]) if sys.argv[1:] else 1200)
