"""Times a grid on frozen features beside the same cells that run the backbone themselves.

python scripts/benchmark_grid.py [--data shared/data] [--every 6]

12 sizes x 5 repeats x 2 sources of weights, `learner=probe`, EfficientNet-Lite0, Kermany's films
(generated ones without them) at 128 px, five views of each test image. Some of the cells are also
run in a cache without features, right after the cell itself; one thread of a CPU. Promised: a tenth
of the time. Exit status 1 if that does not hold.
"""

import argparse
import itertools
import os
import tempfile
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import torch

from medsmall.configs import compose
from medsmall.once import Once
from medsmall.quiet import quieten
from medsmall.resolve import resolve
from medsmall.terminal import messages
from medsmall.train import execute

SIZES = (10, 15, 20, 30, 40, 50, 75, 100, 150, 200, 300, 400)
REPEATS, SOURCES = 5, ("imagenet", "none")
PROMISED = 0.1


def main() -> None:
    """Prints seconds of both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("MEDSMALL_DATA", "data")))
    parser.add_argument("--every", type=int, default=6)
    options = parser.parse_args()
    quieten()
    messages.quiet = True
    torch.set_num_threads(1)
    real = (options.data / "chest_xray").is_dir()
    films = [f"data_root={options.data.absolute()}"] if real else ["phantom=true"]
    grid = list(itertools.product(SIZES, range(REPEATS), SOURCES))
    kept = alone = 0.0
    with tempfile.TemporaryDirectory() as folder:
        base = ["dataset=chest_xray", *films, "learner=probe", "backbone=efficientnet_lite0",
                "image_size_px=128", "trainer=cpu", "augmentation.tta_views=4",
                "seed=0"]  # fmt: skip
        once = Once()

        def seconds(root: str, n: int, repeat: int, source: str) -> float:
            cell = [f"sample_size.n={n}", f"sample_size.repeat={repeat}", f"pretraining={source}"]
            started = time.perf_counter()
            execute(resolve(compose([*base, *cell, f"output_root={folder}/{root}"]), once))
            return time.perf_counter() - started

        for root in ("kept", "alone"):
            seconds(root, 400, REPEATS, "imagenet")  # decodes the images
            for file in Path(folder, root).rglob("features/*"):
                file.unlink()
        for number, cell in enumerate(grid):
            kept += seconds("kept", *cell)
            if number % options.every == 0:
                alone += seconds("alone", *cell)
                for file in Path(folder, "alone").rglob("features/*"):
                    file.unlink()
    cells = len(range(0, len(grid), options.every))
    ratio = (kept / len(grid)) / (alone / cells)
    print(f"{len(grid)} cells on kept features: {kept:.0f} s, {kept / len(grid):.2f} s each")
    print(f"{cells} of them by the backbone:   {alone:.0f} s, {alone / cells:.2f} s each")
    print(f"ratio {ratio:.3f} (promised: {PROMISED})")
    if ratio > PROMISED:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
