"""What the images of a data set say: each is read once, measured, and kept as a thumbnail."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from medsmall.configs.machine import cores
from medsmall.dataset import Dataset
from medsmall.errors import MedsmallError
from medsmall.page.thumbnails import shrunk
from medsmall.terminal import progress_bar

SAMPLE = 500  # images measured: the mean grey level is then known to a few per cent
LEVELS = 64  # bins of a histogram of the 256 grey levels


@dataclass(frozen=True)
class Look:
    """One image that was read.

    `measures`: height and width in px, channels, mean, sd, darkest and brightest grey level (0 to
    255), and of a file of its own its size in bytes, format and mode. `histogram`: (channels, 64)
    shares of the pixels per four grey levels. `thumbnail`: uint8, at most 144 px a side.
    """

    measures: dict[str, Any]
    histogram: np.ndarray
    thumbnail: np.ndarray


def sample(images: Sequence[str], size: int, seed: int) -> list[str]:
    """Up to `size` of the images, without replacement, in their order; `seed` decides which."""
    chosen = np.random.default_rng(seed).permutation(len(images))[:size]
    return [images[i] for i in np.sort(chosen)]


def read_all(dataset: Dataset, images: Iterable[str]) -> tuple[dict[str, Look], dict[str, str]]:
    """Each image once: what was read, and one sentence for each that cannot be.

    A progress bar stands on stderr meanwhile; images are decoded in several threads.
    """

    def read(image: str) -> Look | str:
        try:
            return look(dataset, image)
        except (MedsmallError, OSError) as error:
            return str(error)

    names = list(dict.fromkeys(images))
    with progress_bar() as bar, ThreadPoolExecutor(cores()) as pool:
        task = bar.add_task("Reading images", total=len(names), note="")
        read_ones = bar.track(pool.map(read, names), total=len(names), task_id=task)
        results = dict(zip(names, read_ones, strict=True))
    looks = {name: r for name, r in results.items() if isinstance(r, Look)}
    return looks, {name: r for name, r in results.items() if isinstance(r, str)}


def look(dataset: Dataset, image: str) -> Look:
    """Read and measure one image; raises what `dataset.files.read` does."""
    pixels = dataset.files.read(image)
    height, width = pixels.shape[:2]
    channels = pixels.reshape(height * width, -1).T
    if (channels == channels[0]).all():  # a grey image in a colour file
        channels = channels[:1]
    histogram = np.stack([np.bincount(c >> 2, minlength=LEVELS) for c in channels])
    measures = {
        "image": image,
        "height": height,
        "width": width,
        "channels": len(channels),
        "mean": float(pixels.mean()),
        "sd": float(pixels.std()),
        "darkest": int(pixels.min()),
        "brightest": int(pixels.max()),
        **header(dataset, image),
    }
    return Look(measures, histogram / channels.shape[1], shrunk(pixels))


def header(dataset: Dataset, image: str) -> dict[str, Any]:
    """`bytes`, `format` and `mode` of the image's file; nothing where the file is no picture."""
    file = dataset.files.file(image)
    try:
        with Image.open(file) as opened:
            return {
                "bytes": file.stat().st_size,
                "format": str(opened.format),
                "mode": opened.mode,
            }
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return {}  # an archive of many images, or a format of which Pillow knows nothing


def measures(looks: dict[str, Look], images: Iterable[str]) -> pd.DataFrame:
    """One row per image of `images` that could be read."""
    return pd.DataFrame([looks[image].measures for image in images if image in looks])


def sizes(measured: pd.DataFrame) -> pd.DataFrame:
    """The sizes that occur, most frequent first: `width`, `height`, `images`."""
    counts = measured.groupby(["width", "height"]).size()
    counts = counts.sort_values(ascending=False, kind="stable")
    return counts.rename("images").reset_index()


def files(measured: pd.DataFrame) -> pd.DataFrame:
    """The kinds of files that occur: `format`, `mode`, `images`, median and largest `kilobytes`."""
    if "format" not in measured:
        return pd.DataFrame()
    kinds = measured.groupby(["format", "mode"])["bytes"]
    table = kinds.agg(images="size", median_kilobytes="median", largest_kilobytes="max")
    kilobytes = ["median_kilobytes", "largest_kilobytes"]
    table[kilobytes] = table[kilobytes] / 1000
    return table.reset_index().sort_values("images", ascending=False, ignore_index=True)


def grey_levels(looks: Iterable[Look]) -> pd.DataFrame:
    """The mean histogram: `level` (start of four), then the mean share of the pixels.

    Grey images give `grey` with `grey_low` and `grey_high`, the tenth and ninetieth percentile
    over the images; colour images `red`, `green` and `blue`.
    """
    columns: dict[str, np.ndarray] = {"level": np.arange(LEVELS) * 4}
    of_all = list(looks)
    grey = [one.histogram[0] for one in of_all if len(one.histogram) == 1]
    colour = [one.histogram[:3] for one in of_all if len(one.histogram) >= 3]
    if grey:
        stacked = np.stack(grey)
        columns["grey"] = stacked.mean(axis=0)
        columns["grey_low"], columns["grey_high"] = np.quantile(stacked, [0.1, 0.9], axis=0)
    if colour:
        columns |= dict(zip(["red", "green", "blue"], np.stack(colour).mean(axis=0), strict=True))
    return pd.DataFrame(columns)


def brightness(measured: pd.DataFrame, groups: dict[str, pd.Index]) -> pd.DataFrame:
    """Mean and contrast (sd) of the grey levels per group of images (name -> image names).

    A class that is brighter or larger than the others can be told by that alone.
    """
    columns = {
        "images": ("image", "size"),
        "mean_level": ("mean", "mean"),
        "sd_of_means": ("mean", "std"),
        "contrast": ("sd", "mean"),
        "median_width": ("width", "median"),
        "median_height": ("height", "median"),
    }
    found = {name: measured[measured["image"].isin(images)] for name, images in groups.items()}
    each = pd.concat(found, names=["group"]) if found else pd.DataFrame()
    return each.groupby("group", sort=False).agg(**columns).reset_index() if len(each) else each
