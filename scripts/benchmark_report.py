"""Seconds of a report of many records, of opening its page, and of intervals beside resampling.

python scripts/benchmark_report.py [records; 1200]

The records are generated. A browser opens the page if chromium is installed. The resampling draws
patients 200 times of the 2,000 that one would take, and scores each draw with scikit-learn; its
time is given for 2,000.
"""

import contextlib
import io
import re
import shutil
import subprocess
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

LOADED = """addEventListener("load", () => {
  document.body.getBoundingClientRect();
  document.body.dataset.loaded = performance.now();
});"""
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
        page = root / "report" / "report.html"
        told = f"page of {page.stat().st_size / 1e6:.1f} MB, opened in {opened(page)}"
        sweep(root, {"none": 0.2}, (60,), 1, test=600)
        more = seconds(root)
        print(f"{there} records: {first:.1f} s; again {again:.1f} s; one more {more:.1f} s; {told}")


def opened(page: Path) -> str:
    """Seconds from asking for a page until it is loaded and laid out, the median of five."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        return "? s (no chromium)"
    timed = page.with_name("timed.html")
    timed.write_text(f"{page.read_text('utf-8')}<script>{LOADED}</script>", encoding="utf-8")
    found = []
    for _ in range(5):
        with tempfile.TemporaryDirectory() as profile:
            shown = subprocess.run(
                [browser, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1280,900",
                 f"--user-data-dir={profile}", "--dump-dom", timed.as_uri()],
                capture_output=True, text=True, check=True,
            ).stdout  # fmt: skip
        found.append(float(re.search(r'data-loaded="([\d.]+)"', shown)[1]) / 1000)
    timed.unlink()
    return f"{np.median(found):.2f} s (at most {max(found):.2f} s)"


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
