"""Reads every image of a draw once, resized, before anything trains.

An unreadable file is so named at once rather than after an hour, and the epochs never wait for a
decoder. Memory: side² bytes an image for grey, three times that for colour.
"""

import os
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import torch
from torch import Tensor

from medsmall.dataset import Dataset
from medsmall.run.progress import progress_bar


def preload(dataset: Dataset, images: list[str], side: int) -> Tensor:
    """The images as uint8 (N, side, side, C): C is 1 if all are grey, else 3.

    Every image is squeezed to the square, as the paper did: its height and width need not agree.
    Raises MedsmallError with the name of the first that cannot be read.
    """

    def read(image: str) -> np.ndarray:
        pixels = dataset.read(image)
        smaller = pixels.shape[0] * pixels.shape[1] > side * side
        how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        return cv2.resize(pixels, (side, side), interpolation=how)

    resized = []
    with (
        progress_bar() as bar,
        ThreadPoolExecutor(os.cpu_count()) as pool,
    ):
        try:
            for pixels in bar.track(
                pool.map(read, images), total=len(images), description="Reading images"
            ):
                resized.append(pixels)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    if any(pixels.ndim == 3 for pixels in resized):
        resized = [p if p.ndim == 3 else cv2.cvtColor(p, cv2.COLOR_GRAY2RGB) for p in resized]
    stacked = np.stack(resized)
    return torch.from_numpy(stacked if stacked.ndim == 4 else stacked[..., None])
