"""Reads every image of a draw once, resized, before anything trains.

An unreadable file is so named at once rather than after an hour, and the epochs never wait for a
decoder. Memory: side² bytes an image for grey, three times that for colour.
"""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
import numpy as np
import pandas as pd
import torch
from torch import Tensor

from medsmall.dataset import Dataset
from medsmall.errors import MedsmallError
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

    stacked: np.ndarray | None = None
    with progress_bar() as bar, ThreadPoolExecutor(os.cpu_count()) as pool:
        try:
            done = pool.map(read, images)
            for i, pixels in enumerate(
                bar.track(done, total=len(images), description="Reading images")
            ):
                if stacked is None or stacked.ndim < pixels.ndim + 1:
                    stacked = _room(stacked, len(images), pixels.shape)
                in_colour = stacked.ndim == 4 and pixels.ndim == 2
                stacked[i] = pixels[..., None] if in_colour else pixels
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    assert stacked is not None, "a draw has images"
    return torch.from_numpy(stacked if stacked.ndim == 4 else stacked[..., None])


def _room(grey: np.ndarray | None, images: int, shape: tuple[int, ...]) -> np.ndarray:
    """Room for all images in the shape of one, with the grey ones read so far."""
    room = np.zeros((images, *shape), dtype=np.uint8)
    if grey is not None:
        room[:] = grey[..., None]
    return room


def sample_of_pixels(dataset: Dataset, draw: pd.DataFrame) -> str:
    """SHA-256 of sixteen images spread over the draw: another release has another one.

    Labels alone do not tell the 224 px files of a data set from the 1024 px ones.
    """
    images = sorted(draw["image"].unique())
    digest = hashlib.sha256()
    for i in np.linspace(0, len(images) - 1, 16).astype(int):
        pixels = dataset.read(images[i])
        digest.update(str(pixels.shape).encode())
        digest.update(pixels.tobytes())
    return digest.hexdigest()


def augmented_side(augmentation: Any, side: int) -> int:
    """Side in px of what the augmentation makes of images of `side`; tries both its pipelines."""
    image = np.zeros((side, side, 1), dtype=np.uint8)
    try:
        sides = {
            pipeline(image=image)["image"].shape[:2]
            for pipeline in (augmentation.plain(), augmentation.training())
        }
    except Exception as error:  # albumentations has its own classes for what does not fit
        raise MedsmallError(f"augmentation cannot take {side} x {side} px: {error}") from error
    ((height, _),) = sides
    return int(height)
