"""Times how long it takes to identify the 1,000 cells of a grid that nobody has trained yet.

python scripts/benchmark_resolve.py [--cells 1000]

5 sizes x 10 repeats x 4 sources of weights x 5 learning rates on generated chest films; two of the
sources are upstreams that do not exist. Images are decoded before the clock starts. Beside it, what
Hydra takes to compose some of the configs. Promised: 30 s for 1,000 cells, composing included.
"""

import argparse
import itertools
import tempfile
import time

from medsmall.configs import compose
from medsmall.once import Once
from medsmall.quiet import quieten

BASE = ["dataset=chestxray14", "dataset.targets=[Hernia]", "sample_size=balanced", "phantom=true",
        "backbone=efficientnet_lite0", "image_size_px=64"]  # fmt: skip
COMPOSED = 20  # configs that are composed for comparison
GRID = {
    "strategy.lr": ("1e-4", "3e-4", "1e-3", "3e-3", "1e-2"),
    "sample_size.n": (50, 75, 100, 150, 200),
    "sample_size.repeat": range(10),
    "pretraining": ("none", "imagenet", "mura", "chexpert"),
}


def main() -> None:
    """Prints seconds for all cells."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=1000)
    cells = parser.parse_args().cells
    quieten()

    from medsmall.grid.identify import Identifier
    from medsmall.grid.rules import Rules
    from medsmall.resolve import resolve

    with tempfile.TemporaryDirectory() as folder:
        base = [*BASE, f"output_root={folder}"]
        for source in GRID["pretraining"]:
            resolve(compose([*base, "sample_size=all", f"pretraining={source}"]))
        values = itertools.islice(itertools.product(*GRID.values()), cells)
        words = [(*base, *(f"{k}={v}" for k, v in zip(GRID, cell, strict=True))) for cell in values]
        started = time.perf_counter()
        for cell in words[:: len(words) // COMPOSED]:
            compose(list(cell))
        composed = (time.perf_counter() - started) / COMPOSED * len(words)
        started = time.perf_counter()
        grid = Identifier(Rules({}), Once()).identify(words)
        identified = time.perf_counter() - started
    keys = {cell.key for cell in grid.cells}
    print(f"{len(words):,} cells, {len(keys):,} different keys")
    print(f"  identifying:                  {identified:6.1f} s (promised: 30 s for 1,000)")
    print(f"  Hydra's composing alone:      {composed:6.1f} s (of {COMPOSED}, extrapolated)")


if __name__ == "__main__":
    main()
