"""Times the 79 numbers of texture beside scikit-image's co-occurrence matrices.

python scripts/benchmark_texture.py [--data shared/data] [--films 200]

Kermany's films (generated ones without them) at 250 px, one thread; the two sides take turns, film
by film. Promised: 50 films/s on one core. Exit status 1 if that does not hold.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
from skimage.feature import graycomatrix, graycoprops

from medsmall.configs import compose
from medsmall.pixels import open_images
from medsmall.quiet import quieten
from medsmall.resolve import resolve
from medsmall.terminal import messages
from medsmall.texture.glcm import ANGLES, DISTANCES, PROPERTIES, glcm
from medsmall.texture.moments import moments

PROMISED = 50  # films/s


def ours(film: np.ndarray) -> np.ndarray:
    """The 79 numbers."""
    return np.concatenate([glcm(film), moments(film)])


def theirs(film: np.ndarray) -> np.ndarray:
    """The 72 of co-occurrence."""
    matrix = graycomatrix(film, DISTANCES, ANGLES, 256)
    return np.concatenate([graycoprops(matrix, one).ravel() for one in PROPERTIES])


def main() -> None:
    """Prints films/s of both, and the largest relative difference."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("MEDSMALL_DATA", "data")))
    parser.add_argument("--films", type=int, default=200)
    options = parser.parse_args()
    quieten()
    messages.quiet = True
    real = (options.data / "chest_xray").is_dir()
    source = [f"data_root={options.data.absolute()}"] if real else ["phantom=true"]
    seconds, worst = np.zeros(2), 0.0
    with tempfile.TemporaryDirectory() as folder:
        words = ["dataset=chest_xray", "learner=prior", "image_size_px=250", "augmentation=none"]
        case = resolve(compose([*words, *source, f"output_root={folder}"]))
        views = open_images(case)[0].parts["train"]
        films = [
            views[[(k, 0)]].images[0, 0].numpy() for k in range(min(options.films, len(views)))
        ]
        for film in films:
            found = []
            for side, of in enumerate((ours, theirs)):
                started = time.perf_counter()
                found.append(of(film))
                seconds[side] += time.perf_counter() - started
            worst = max(worst, float(np.abs(found[0][:72] / found[1] - 1).max()))
    rates = len(films) / seconds
    print(f"79 numbers: {rates[0]:.0f} films/s (promised: {PROMISED})")
    print(f"scikit-image, 72 of them: {rates[1]:.0f} films/s; largest difference {worst:.1g}")
    if rates[0] < PROMISED:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
