"""The images of each batch."""

from collections.abc import Iterator

import numpy as np
import torch.distributed as dist
from torch.utils.data import Sampler

from medsmall.errors import MedsmallError

PLAIN = 0  # the deterministic view; views 1, 2, ... are augmented
Order = list[list[tuple[int, int]]]


class TrainOrder(Sampler[list[tuple[int, int]]]):
    """Batches of (image, view) for this process: each image once an epoch, in a new order.

    The batches are cut from one order for all processes and then shared among them, so together
    they equal the batches of a single process. A last batch of less than half the size joins the
    batch before: BatchNorm has no statistics of one image and poor ones of two (the paper's code
    ended an epoch of 50 with such a batch), and each process needs an image.
    """

    def __init__(self, images: int, batch_size: int, seed: int, processes: int = 1) -> None:
        self.images, self.batch_size, self.seed = images, batch_size, seed
        self.processes = processes
        self.epoch = 0
        smallest = max(2, batch_size // 2)
        if min(images, batch_size) < 2 or processes > min(images, smallest):
            raise MedsmallError(
                f"Batches of {batch_size} from {images} training images cannot be shared among "
                f"{processes} processes: set batch_size to at least {2 * processes} and draw as "
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
        rank = process() if self.processes > 1 else 0
        for i in range(self.batches):
            end = None if i == self.batches - 1 else (i + 1) * self.batch_size
            batch = order[i * self.batch_size : end]
            mine = batch[rank :: self.processes]
            yield [(int(image), 1 + self.epoch) for image in mine]


class PlainOrder(Sampler[list[tuple[int, int]]]):
    """The plain view of each image once, in the order of the draw, shared among the processes."""

    def __init__(self, images: int, batch_size: int, processes: int = 1) -> None:
        self.images, self.batch_size = images, batch_size
        self.processes = processes
        if processes > images:
            raise MedsmallError(
                f"The {images} images cannot be shared among {processes} processes: draw a larger "
                "validation part, or set fewer trainer.devices."
            )

    def _mine(self) -> range:
        return range(process() if self.processes > 1 else 0, self.images, self.processes)

    def __len__(self) -> int:
        return -(-len(self._mine()) // self.batch_size)

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        mine = self._mine()
        for start in range(0, len(mine), self.batch_size):
            yield [(image, PLAIN) for image in mine[start : start + self.batch_size]]


def all_views(images: int, views: int, batch_size: int) -> Order:
    """Views 0 to `views` - 1 of each image, image after image: batches of whole images."""
    step = max(1, batch_size // views)
    return [
        [(i, view) for i in range(start, min(start + step, images)) for view in range(views)]
        for start in range(0, images, step)
    ]


def process() -> int:
    """The number (rank) of this process in the training."""
    return dist.get_rank() if dist.is_available() and dist.is_initialized() else 0
