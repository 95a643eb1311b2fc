"""Batches of a draw: the order of the images and their augmentation, repeatable anywhere.

Order and augmentation are functions of (seed, epoch, image) alone, so that they are the same
for any number of workers and of processes, and after a resume.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from medsmall.cache import Prepared
from medsmall.errors import MedsmallError

TRIES = 10  # of an augmentation, before anything is trained
PLAIN = 0  # the view without chance; views 1, 2, ... are augmented


class TrainOrder(Sampler[list[tuple[int, int]]]):
    """Batches of (image, view) for one process: each image once an epoch, in a new order.

    The batches are cut from one order for all processes and then dealt out, so that together they
    are the batches of a single process. A last batch of less than half the size joins the one
    before: BatchNorm has no statistics of one image and poor ones of two (the paper's code ended
    an epoch of 50 with such a batch), and there must be an image for each process.
    """

    def __init__(self, images: int, batch_size: int, seed: int, rank: int, processes: int) -> None:
        self.images, self.batch_size, self.seed = images, batch_size, seed
        self.rank, self.processes = rank, processes
        self.epoch = 0
        smallest = max(2, batch_size // 2)
        if min(images, batch_size) < 2 or processes > min(images, smallest):
            raise MedsmallError(
                f"Batches of {batch_size} from {images} training images cannot be dealt out to "
                f"{processes} processes: set batch_size to at least {2 * processes} and have as "
                f"many images, or set fewer trainer.devices."
            )
        full, rest = divmod(images, batch_size)
        self.batches = full + (rest >= smallest or full == 0)

    def set_epoch(self, epoch: int) -> None:
        """Lightning calls it before each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.batches

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        order = np.random.default_rng([self.seed, self.epoch]).permutation(self.images)
        for i in range(self.batches):
            end = None if i == self.batches - 1 else (i + 1) * self.batch_size
            batch = order[i * self.batch_size : end]
            mine = batch[self.rank :: self.processes]
            yield [(int(image), 1 + self.epoch) for image in mine]


class Images(Dataset[tuple[Tensor, Tensor]]):
    """Batches by lists of (image, view): view 0 is plain, any other an augmentation of its own.

    Args:
        prepared: the images of the draw.
        rows: (N,) the row in `prepared` of each image; an image drawn twice stands there twice.
        labels: float32 (N, K), NaN for unknown.
        augmentation: as medsmall.augmentation describes.
        seed: of the augmentations.
    """

    def __init__(
        self, prepared: Prepared, rows: np.ndarray, labels: Tensor, augmentation: Any, seed: int
    ) -> None:
        self.prepared, self.rows, self.labels, self.seed = prepared, rows, labels, seed
        self.plain, self.augmented = augmentation.plain(), augmentation.training()

    def __getitem__(self, batch: list[tuple[int, int]]) -> tuple[Tensor, Tensor]:
        """uint8 (B, C, H, W) and float32 (B, K)."""
        views = [self._view(image, view).transpose(2, 0, 1) for image, view in batch]
        return torch.from_numpy(np.stack(views)), self.labels[[image for image, _ in batch]]

    def _view(self, image: int, view: int) -> np.ndarray:
        pipeline = self.plain if view == PLAIN else self.augmented
        if view != PLAIN:
            pipeline.begin(self.seed, view, image)
        return pipeline(image=self.prepared.pixels(self.rows[image]))["image"]

    def __len__(self) -> int:
        return len(self.rows)


class DataModule(pl.LightningDataModule):
    """Loaders of a draw.

    Args:
        draw: columns `image`, `part` ("train", "val", "test") and the targets.
        prepared: the different images of the draw, in any order.
        targets, augmentation, batch_size, seed, num_workers: as in the config.
    """

    def __init__(
        self,
        draw: pd.DataFrame,
        prepared: Prepared,
        targets: list[str],
        augmentation: Any,
        batch_size: int,
        seed: int,
        num_workers: int,
    ) -> None:
        super().__init__()
        labels = torch.tensor(draw[targets].to_numpy(), dtype=torch.float32)
        rows = pd.Index(prepared.images).get_indexer(pd.Index(draw["image"]))
        assert (rows >= 0).all(), "every drawn image is prepared"
        self.images = {
            part: Images(prepared, rows[of_part], labels[of_part], augmentation, seed)
            for part in ("train", "val", "test")
            if len(of_part := np.flatnonzero(draw["part"] == part))
        }
        self.batch_size, self.seed, self.num_workers = batch_size, seed, num_workers
        self.views = 1 + augmentation.tta_views

    def train_dataloader(self) -> DataLoader:
        """Augmented views; this process's share of every batch."""
        assert self.trainer is not None
        order = TrainOrder(
            len(self.images["train"]),
            self.batch_size,
            self.seed,
            self.trainer.global_rank,
            self.trainer.world_size,
        )
        return self._loader("train", order)

    def val_dataloader(self) -> DataLoader:
        """Plain views; all of them in every process, so that each sees the same metrics."""
        return self._loader("val", self._plain_order("val"))

    def scoring_dataloader(self, part: str) -> DataLoader:
        """All views of each image of `part`, image after image: batches of whole images."""
        images = len(self.images[part])
        step = max(1, 4 * self.batch_size // self.views)
        order = [
            [(i, view) for i in range(start, min(start + step, images)) for view in self._views()]
            for start in range(0, images, step)
        ]
        return self._loader(part, order)

    def _views(self) -> list[int]:
        return list(range(self.views))

    def _plain_order(self, part: str) -> list[list[tuple[int, int]]]:
        images, step = len(self.images[part]), 4 * self.batch_size
        return [
            [(i, PLAIN) for i in range(start, min(start + step, images))]
            for start in range(0, images, step)
        ]

    def _loader(self, part: str, order: Any) -> DataLoader:
        return DataLoader(
            self.images[part],
            sampler=order,
            batch_size=None,  # the sampler gives whole batches
            num_workers=self.num_workers,
            persistent_workers=self.num_workers > 0,
            pin_memory=torch.cuda.is_available(),
        )


def augmented_side(augmentation: Any, side: int, channels: int) -> int:
    """Side in px of what the augmentation makes of images of `side` px and `channels` channels.

    Tries both its pipelines, several times: MedsmallError where they refuse the images, or give
    views that differ in size or are no uint8 images of as many channels.
    """
    image = np.random.default_rng(0).integers(0, 256, (side, side, channels), dtype=np.uint8)
    pipelines = (augmentation.plain(), augmentation.training())
    views = []
    try:
        for key in range(TRIES):
            for pipeline in pipelines:
                pipeline.begin(key)
                views.append(pipeline(image=image)["image"])
    except Exception as error:  # albumentations has its own classes for what does not fit
        raise MedsmallError(f"augmentation cannot take {side} x {side} px: {error}") from error
    shapes = sorted({view.shape for view in views})
    for view in views:
        if view.dtype != np.uint8 or view.shape[2:] != (channels,):
            raise MedsmallError(
                f"augmentation makes {view.dtype} views of shape {view.shape} out of uint8 "
                f"{image.shape}: leave out what changes the type or the channels, such as "
                "Normalize, ToFloat and ToRGB; medsmall normalises after it."
            )
    if len(shapes) > 1 or shapes[0][0] != shapes[0][1]:
        named = " and ".join(f"{height} x {width} px" for height, width, _ in shapes)
        raise MedsmallError(
            f"augmentation makes views of {named}: those of training and of validation must all be "
            "the same square."
        )
    return int(shapes[0][0])
