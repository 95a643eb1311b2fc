"""How fast and how lean the images come, as ratios measured side by side in one run.

    python scripts/benchmark_data.py [--images 1024] [--png FOLDER]

Without --png, chest phantoms of 1024 px are drawn and saved as PNG, a few different ones under many
names. Each ratio alternates its two sides and takes medians, so that a machine that slows down
slows both. Exit status 1 if a promise does not hold.
"""

import argparse
import os
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # it would ask the network at import
os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import numpy as np
import pandas as pd
import torch
from PIL import Image
from rich.console import Console
from rich.table import Table
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

from medsmall.augmentation.paper import Paper
from medsmall.batches.drawn import DrawnImages
from medsmall.cache import prepare
from medsmall.configs.machine import cores
from medsmall.dataset.files import ImageFiles
from medsmall.phantom import chest, thorax

SIDE, PNG_SIDE, DIFFERENT, ROUNDS, BATCH = 250, 1024, 16, 5, 32


class Films:
    """The PNG files of a folder as a data set."""

    name = "films"

    def __init__(self, root: Path) -> None:
        self.files = ImageFiles(root, "error", grey=True)
        self.images = sorted(str(path.relative_to(root)) for path in root.rglob("*.png"))


def draw_films(folder: Path, images: int) -> None:
    """`images` names for a few generated films of 1024 px, in the layout of ImageFolder."""
    (folder / "films").mkdir()
    for number in range(DIFFERENT):
        rng = np.random.default_rng(number)
        shape = (PNG_SIDE, PNG_SIDE)
        pixels, _ = chest.chest(thorax.build(rng), [], rng, number, shape)
        Image.fromarray(pixels).save(folder / "films" / f"{number:05d}.png")
    for number in range(DIFFERENT, images):
        os.link(
            folder / "films" / f"{number % DIFFERENT:05d}.png",
            folder / "films" / f"{number:05d}.png",
        )


def alternated(first: Callable[[], float], second: Callable[[], float]) -> tuple[float, float]:
    """Medians of both, taken in turns."""
    pairs = [(first(), second()) for _ in range(ROUNDS)]
    a, b = (statistics.median(side) for side in zip(*pairs, strict=True))
    return a, b


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def prepare_against_decoder(data: Films, images: list[str], folder: Path) -> tuple[float, float]:
    """Images per second that are prepared, and that the decoder alone decodes, on all cores."""
    fresh = iter(range(1000))

    def decoder() -> float:
        with ThreadPoolExecutor(cores()) as pool:
            return len(images) / seconds(
                lambda: list(pool.map(lambda i: data.files.read(i) is None, images))
            )

    def preparing() -> float:
        cache = folder / f"cache-{next(fresh)}"
        return len(images) / seconds(lambda: prepare(data, images, SIDE, cache))

    return alternated(preparing, decoder)


def loader_of(
    data: Films, images: list[str], folder: Path, workers: int
) -> tuple[DrawnImages, Paper]:
    """Our training loader over prepared images, with the paper's augmentation."""
    rows = len(images)
    draw = pd.DataFrame({"image": images, "part": "train", "target": np.arange(rows) % 2.0})
    augmentation = Paper(SIDE, rotation_deg=10.0, flip=0.5, crop=0.936, tta_views=0)
    prepared = prepare(data, images, SIDE, folder / "cache")
    drawn = DrawnImages(draw, prepared, ["target"], augmentation, BATCH, workers)
    return drawn, augmentation


def epoch_against_image_folder(data: Films, images: list[str], folder: Path) -> tuple[float, float]:
    """Images per second of an epoch from the cache, and of ImageFolder, in one process each.

    Both end in the same augmentation; ImageFolder decodes and resizes each image anew.
    """
    drawn, augmentation = loader_of(data, images, folder, 0)
    pipeline = augmentation.training()
    resize = transforms.Resize((SIDE, SIDE))

    def augmented(image: Image.Image) -> torch.Tensor:
        return torch.from_numpy(pipeline(image=np.asarray(resize(image)))["image"]).permute(2, 0, 1)

    few = max(BATCH, len(images) // 8)  # it is slow, and each image costs the same
    plain = ImageFolder(str(data.files.root), augmented)
    plain.samples = plain.samples[:few]
    ours = drawn.training(seed=0)
    theirs = DataLoader(plain, batch_size=BATCH, shuffle=True)
    return alternated(
        lambda: len(images) / seconds(lambda: [None for _ in ours]),
        lambda: few / seconds(lambda: [None for _ in theirs]),
    )


def loader_against_augmentation(
    data: Films, images: list[str], folder: Path
) -> tuple[float, float]:
    """Images per second of the loader, and of the bare augmentation call, in one process each."""
    drawn, augmentation = loader_of(data, images, folder, 0)
    loader, prepared = drawn.training(seed=0), drawn.prepared
    pipeline = augmentation.training()
    pixels = [np.array(prepared.pixels(row)) for row in range(min(len(prepared), 256))]

    def bare() -> float:
        return len(images) / seconds(
            lambda: [pipeline(image=pixels[row % len(pixels)]) for row in range(len(images))]
        )

    return alternated(lambda: len(images) / seconds(lambda: [None for _ in loader]), bare)


def private_mib(pids: list[int]) -> float:
    """Memory of processes that is theirs alone, in MiB."""
    kib = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Private_"):
                kib += int(line.split()[1])
    return kib / 1024


def memory(data: Films, images: list[str], folder: Path) -> list[tuple[int, int, float]]:
    """(workers, epoch, private MiB of all processes together) over three epochs each."""
    found = []
    warnings.filterwarnings("ignore", message="This DataLoader will create")  # on purpose
    for workers in (1, 2, 4):
        drawn, _ = loader_of(data, images, folder, workers)
        loader = drawn.training(seed=0)
        for epoch in (1, 2, 3):
            for _ in loader:
                pass
            pids = [os.getpid(), *(worker.pid for worker in loader._iterator._workers)]
            found.append((workers, epoch, private_mib(pids)))
        del loader
    return found


def main() -> None:
    """Measure, print, and end with 1 if a promise does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=1024)
    parser.add_argument("--png", type=Path, help="folder of folders of PNG files")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    console = Console()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        root = options.png or folder / "png"
        if not options.png:
            root.mkdir()
            draw_films(root, options.images)
        data = Films(root)
        images = data.images[: options.images]
        few = images
        rows = [
            (
                "prepare : decoder alone, all cores",
                0.9,
                *prepare_against_decoder(data, few, folder),
            ),
            (
                "epoch from the cache : ImageFolder",
                20,
                *epoch_against_image_folder(data, images, folder),
            ),
            ("loader : bare augmentation", 0.9, *loader_against_augmentation(data, images, folder)),
        ]
        table = Table(title=f"{len(images)} PNG of {PNG_SIDE} px to {SIDE} px, {cores()} cores")
        for heading in ("what", "images/s", "images/s", "ratio", "promised"):
            table.add_column(heading, justify="left" if heading == "what" else "right")
        for what, promised, ours, theirs in rows:
            table.add_row(
                what, f"{ours:,.0f}", f"{theirs:,.0f}", f"{ours / theirs:.2f}", f"{promised}"
            )
        console.print(table)
        cache = sum(file.stat().st_size for file in (folder / "cache").glob("*.u8")) / 2**20
        used = memory(data, images, folder)
    console.print(f"Private memory of all processes, in MiB, with a cache of {cache:.0f} MiB:")
    for workers in (1, 2, 4):
        epochs = ", ".join(f"{mib:,.0f}" for n, _, mib in used if n == workers)
        console.print(f"  {workers} workers: {epochs} after epochs 1, 2, 3")
    by_workers = {n: [mib for workers, _, mib in used if workers == n] for n in (1, 2, 4)}
    grown = max(mib[-1] - mib[0] for mib in by_workers.values())
    each = (max(by_workers[4]) - max(by_workers[1])) / 3
    lean = grown < cache / 4 and each < cache / 4  # a copy would add all of it
    if not lean or any(ours / theirs < promised for _, promised, ours, theirs in rows):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
