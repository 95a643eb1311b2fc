"""Times how long it takes to identify the 1,000 cells of a grid that nobody has trained yet.

python scripts/benchmark_resolve.py [--cells 1000]

5 sizes x 10 repeats x 4 sources of weights x 5 learning rates on generated chest films; two of the
sources are upstreams that do not exist. Images are decoded before the clock starts. Composing the
configs is Hydra's work and is timed apart. Promised: 30 s for 1,000 cells.
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

    from medsmall.train import resolve

    with tempfile.TemporaryDirectory() as folder:
        base = [*BASE, f"output_root={folder}"]
        for source in GRID["pretraining"]:
            resolve(compose([*base, "sample_size=all", f"pretraining={source}"]))
        values = itertools.islice(itertools.product(*GRID.values()), cells)
        overrides = [[f"{k}={v}" for k, v in zip(GRID, cell, strict=True)] for cell in values]
        started = time.perf_counter()
        configs = [compose([*base, *cell]) for cell in overrides]
        composed = time.perf_counter()
        once = Once()
        keys = {resolve(cfg, once).key for cfg in configs}
        resolved = time.perf_counter()
    print(f"{len(configs):,} cells, {len(keys):,} different keys")
    print(f"  composing (Hydra): {composed - started:6.1f} s")
    print(f"  resolving:         {resolved - composed:6.1f} s (promised: 30 s for 1,000)")


if __name__ == "__main__":
    main()
