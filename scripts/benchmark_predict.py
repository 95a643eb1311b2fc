"""How fast files are answered, beside the network alone on pixels in memory.

Trains a small run on real films (EfficientNet-Lite0, a linear probe, one view), then alternates:
`medsmall.predict` on files, decoding included, and the forward passes of the same network on the
same squares. Images per second, medians of `--rounds`; exit status 1 where predict is below .9 of
the network.

    python scripts/benchmark_predict.py --data shared/data [--images 1000] [--px 224] [--rounds 3]
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import torch

from medsmall.answer.files import images_of
from medsmall.answer.reading import square_of
from medsmall.api import train
from medsmall.cache.resize import square
from medsmall.model import Model
from medsmall.predict.predictor import Predictor

LEAST = 0.9


def main() -> None:
    """Print both rates, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="shared/data")
    for name, default in (("images", 1000), ("px", 224), ("rounds", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    data = Path(asked.data).absolute()
    with tempfile.TemporaryDirectory() as folder:
        words = [
            f"data_root={data}", f"output_root={folder}", "dataset=chest_xray", "sample_size.n=50",
            f"image_size_px={asked.px}", "learner=probe", "augmentation.tta_views=0",
        ]  # fmt: skip
        predictor = Predictor([train(words)], "none")
        files = images_of([data / "chest_xray"])[: asked.images]
        reading = predictor.members[0].reading
        squares = [square_of(file, reading, square) for file in files]
        model = Model.load(predictor.records[0].model)
        batches = torch.stack(
            [torch.from_numpy(one).permute(2, 0, 1) for one in squares]
        ).split(64)  # fmt: skip
        found: dict[str, list[float]] = {"predict": [], "network": [], "folded": []}
        for _ in range(asked.rounds):
            for name, work in (
                ("predict", lambda: predictor.answers(files)),
                ("network", lambda: [model.outputs(batch) for batch in batches]),
                ("folded", lambda: predictor.outputs(squares)),
            ):
                began = time.monotonic()
                work()
                found[name].append(len(files) / (time.monotonic() - began))
    rates = {name: statistics.median(each) for name, each in found.items()}
    print(f"{len(files):,} films, {asked.px} px, {torch.get_num_threads()} threads")
    print(f"files answered by predict      {rates['predict']:8.1f} images/s")
    print(f"the network as it was trained  {rates['network']:8.1f} images/s")
    print(f"the network as predict runs it {rates['folded']:8.1f} images/s (BatchNorm folded)")
    ratio = rates["predict"] / rates["network"]
    print(f"ratio {ratio:.2f} (promised: {LEAST})")
    sys.exit(ratio < LEAST)


if __name__ == "__main__":
    main()
