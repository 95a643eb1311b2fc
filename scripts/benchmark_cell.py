"""What a cell (one run, its images cached, its weights at hand) costs beside its arithmetic.

    python scripts/benchmark_cell.py [--rounds 5] [--data shared/data]
    python scripts/benchmark_cell.py --gpu      # see benchmark_gpu.py: it has not been run yet

Each ratio alternates its two sides in one run and takes medians, so that a machine that slows down
slows both; on one thread of a CPU. Measured are a cell beside a bare PyTorch loop; the shares of a
cell; the scoring of five views beside that of 64 views at once by the network as it is; and, if
`pip install -e ".[benchmark]"` has brought fastai and Kermany's films are in --data, fastai's
`fine_tune`. Without the films, generated ones are used. Exit status 1 if a promise does not hold.
"""

import argparse
import cProfile
import itertools
import os
import pstats
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import torch
from bare_cell import bare

from medsmall.configs import compose
from medsmall.inference import for_scoring, predictions
from medsmall.initial import initial_model
from medsmall.once import Once
from medsmall.pixels import open_images
from medsmall.quiet import quieten
from medsmall.record import Record
from medsmall.resolve import resolve
from medsmall.terminal import messages
from medsmall.train import execute

Row = tuple[str, float, float, float]  # what, seconds of ours and theirs, promised ratio
BACKBONES = ("efficientnet_lite0", "densenet121", "resnet50", "tiny")
STAGES = {  # by the function that does them; the rest is the record
    "cache and leakage gate": ("medsmall/pixels.py", "open_images"),
    "training and validation": ("learner/network.py", "fit"),
    "validation": ("learner/lightning/classifier.py", "validation_step"),
    "scoring": ("learner/model.py", "predict"),
}
repeats = itertools.count()  # each cell is another one, as in a sweep


def alternated(rounds: int, ours: Callable[[], Any], theirs: Callable[[], Any]) -> list[float]:
    """Medians of the seconds of both, taken in turns."""
    taken: list[list[float]] = [[], []]
    for _ in range(rounds):
        for work, seconds in zip((ours, theirs), taken, strict=True):
            started = time.perf_counter()
            work()
            seconds.append(time.perf_counter() - started)
    return [statistics.median(seconds) for seconds in taken]


class Cells:
    """Cells of one sweep."""

    def __init__(self, base: list[str]) -> None:
        self.base, self.once = base, Once()

    def overrides(self, more: list[str]) -> list[str]:
        """Of a new cell."""
        return [*self.base, *more, f"sample_size.repeat={next(repeats)}"]

    def case(self, more: list[str]) -> Any:
        """A new cell, identified."""
        return resolve(compose(self.overrides(more)), self.once)

    def run(self, more: list[str]) -> None:
        """A whole new cell."""
        execute(self.case(more))

    def command(self, more: list[str]) -> None:
        """The same in a process of its own."""
        command = [sys.executable, "-m", "medsmall.train", *self.overrides(more)]
        subprocess.run(command, check=True, capture_output=True)


def beside_bare(
    cells: Cells, rounds: int, promised: float, n: int, side: int, epochs: int, tta: int
) -> Row:
    """A cell beside the same in plain PyTorch."""
    more = [f"sample_size.n={n}", f"image_size_px={side}", f"trainer.max_epochs={epochs}",
            f"augmentation.tta_views={tta}", "strategy=finetune_all"]  # fmt: skip
    cells.run(["trainer.max_epochs=1", *more[:2]])  # decodes the images
    case = cells.case(more)
    data, _ = open_images(case)
    seconds = alternated(rounds, lambda: cells.run(more), lambda: bare(case, data))
    what = f"bare PyTorch: n = {n}, {side} px, {epochs} epochs, {1 + tta} test view(s)"
    return (what, *seconds, promised)


def shares(cells: Cells, more: list[str]) -> list[tuple[str, float]]:
    """The shares of the stages in a command that runs one cell."""
    started = time.perf_counter()
    cells.command(more)
    whole = time.perf_counter() - started
    case, profile = cells.case(more), cProfile.Profile()
    done = max(case.record.folder.parent.glob("*/DONE"), key=lambda file: file.stat().st_mtime)
    seconds = Record.open(done.parent).environment["seconds"]  # of the command, once it had started
    profile.runcall(execute, case)
    stats: Any = pstats.Stats(profile)
    cumulated = {(file, name): of[3] for (file, _, name), of in stats.stats.items()}
    took = {
        stage: next(s for (file, f), s in cumulated.items() if f == name and file.endswith(end))
        for stage, (end, name) in STAGES.items()
    }
    took["training"] = took.pop("training and validation") - took["validation"]
    took["record"] = stats.total_tt - sum(took.values())
    shares = {stage: took[stage] / stats.total_tt * seconds / whole for stage in took}
    return [("start, imports, identification", 1 - seconds / whole), *shares.items()]


def scoring(cells: Cells, rounds: int, backbone: str) -> tuple[Row, float]:
    """Test scoring of 24 films beside that of the network as it is, and how they differ."""
    case = cells.case(["sample_size.n=50", f"backbone={backbone}", "pretraining=none"])
    data, _ = open_images(case)
    _, model, _ = initial_model(case)
    loader = [batch for _, batch in zip(range(2), data.scoring("test"), strict=False)]
    cpu = torch.device("cpu")
    found: dict[str, np.ndarray] = {}

    def ours() -> None:
        found["ours"] = predictions(
            for_scoring(model, cpu, "32-true"), loader, data.views, cpu, "32-true"
        )

    @torch.inference_mode()
    def theirs() -> None:
        model.eval()
        outputs = [model(batch.images).view(-1, data.views, 1).mean(1) for batch in loader]
        found["theirs"] = model.predictions(torch.cat(outputs))

    seconds = alternated(rounds, ours, theirs)
    side = case.cfg.image_size_px
    what = f"scoring 64 views at once, BatchNorm as it is: {backbone}, {side} px"
    return (what, *seconds, 1.0), float(np.abs(found["ours"] - found["theirs"]).max())


def beside_fastai(cells: Cells, rounds: int, folder: Path) -> list[Row]:
    """Kermany's films, 50 labels: a cell within a sweep, and with the start of a process."""
    from fastai_cell import cell

    more = ["sample_size.n=50", "augmentation.tta_views=0"]
    case = cells.case(more)
    draw = case.draw.assign(
        file=[str(case.dataset.files.file(image)) for image in case.draw["image"]],
        label=case.draw[case.dataset.targets[0]].astype(int),
    )
    epochs, side = case.cfg.trainer.max_epochs, case.cfg.image_size_px
    table = folder / "draw.csv"
    draw.to_csv(table, index=False)
    script = Path(__file__).with_name("fastai_cell.py")
    command = [sys.executable, str(script), str(table), str(epochs), str(side)]
    within = alternated(rounds, lambda: cells.run(more), lambda: cell(draw, epochs, side))
    alone = alternated(
        rounds,
        lambda: cells.command(more),
        lambda: subprocess.run(command, check=True, capture_output=True),
    )
    what = f"fastai's fine_tune: n = 50, {side} px, {epochs} epochs, 1 test view"
    return [(f"{what}, in a sweep", *within, 0.8), (f"{what}, as a command", *alone, 1.0)]


def told(row: Row) -> bool:
    """Print a row of the table; whether its promise holds."""
    what, ours, theirs, promised = row
    ratio = ours / theirs
    print(f"| {what} | {ours:.2f} | {theirs:.2f} | {ratio:.2f} | {promised} |", flush=True)
    return ratio <= promised


def main() -> None:
    """Measure, print, and end with 1 if a promise does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("MEDSMALL_DATA", "data")))
    parser.add_argument("--gpu", action="store_true")
    options = parser.parse_args()
    quieten()
    messages.quiet = True
    if options.gpu:
        from benchmark_gpu import measure

        return measure(options)
    real, rounds = (options.data / "chest_xray").is_dir(), options.rounds
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as temporary:
        films = [f"data_root={options.data.absolute()}"] if real else ["phantom=true"]
        cells = Cells(["dataset=chest_xray", *films, "image_size_px=128", "trainer=cpu",
                       "trainer.max_epochs=12", f"output_root={temporary}"])  # fmt: skip
        print("| against | medsmall, s | it, s | ratio | promised |\n|---|---|---|---|---|")
        kept = []
        if real and find_spec("fastai"):
            kept += [told(row) for row in beside_fastai(cells, rounds, Path(temporary))]
        for promised, *of in (
            (1.05, 50, 128, 12, 4), (1.05, 400, 128, 6, 4),
            (1.10, 50, 64, 8, 4), (1.10, 400, 64, 4, 4),  # little arithmetic: what is beside shows
        ):  # fmt: skip
            kept.append(told(beside_bare(cells, rounds, promised, *of)))
        for backbone in BACKBONES:
            row, difference = scoring(cells, rounds, backbone)
            kept += [told(row), difference < 1e-5]
            print(f"(the largest difference of a prediction is {difference:.0e})", flush=True)
        parts = shares(cells, ["sample_size.n=50"])
    print("Shares of a command:", "; ".join(f"{stage} {share:.0%}" for stage, share in parts))
    if not all(kept):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
