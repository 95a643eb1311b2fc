"""Views of the images of one part: as they are, or augmented."""

import hashlib

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from medsmall.augmentation import Augmentation
from medsmall.augmentation.identity import identity
from medsmall.batches.batch import Batch
from medsmall.batches.order import PLAIN
from medsmall.cache import Prepared
from medsmall.errors import MedsmallError

TRIES = 10  # of an augmentation, before training


class Views(Dataset[Batch]):
    """Batches by lists of (image, view): view 0 is plain, every other view is augmented.

    A view depends on the augmentation's seed, its own number, the pixels of the image and, for an
    image drawn several times, on the count of the repeat; never on the rest of the draw.

    Args:
        prepared: the images of the draw.
        rows: (N,) the row in `prepared` of each image; an image drawn twice stands there twice.
        labels: float32 (N, K), NaN for unknown.
        labelled: bool (N,).
        augmentation: of all views but the plain one.
    """

    def __init__(
        self,
        prepared: Prepared,
        rows: np.ndarray,
        labels: Tensor,
        labelled: Tensor,
        augmentation: Augmentation,
    ) -> None:
        self.prepared, self.rows = prepared, rows
        self.labels, self.labelled = labels, labelled
        self.occurrence = _occurrence(rows)
        self.seed = augmentation.seed
        self.plain, self.augmented = augmentation.plain(), augmentation.training()
        self.identity = identity(augmentation)

    def __getitem__(self, batch: list[tuple[int, int]]) -> Batch:
        """The views of a batch, in its order."""
        images = [image for image, _ in batch]
        views = [self._view(image, view).transpose(2, 0, 1) for image, view in batch]
        return Batch(
            torch.from_numpy(np.stack(views)),
            self.labels[images],
            torch.tensor([view for _, view in batch]),
            self.labelled[images],
        )

    def name(self, image: int, view: int) -> bytes | None:
        """16 bytes that tell how a view is made; None if that cannot be told.

        Two views of one name have the same pixels.
        """
        if self.identity is None:
            return None
        row = self.rows[image]
        of = [self.identity, view, self.prepared.digests[row].tobytes().hex()]
        if view != PLAIN:
            of.append(int(self.occurrence[image]))
        return hashlib.blake2b(repr(of).encode(), digest_size=16).digest()

    def _view(self, image: int, view: int) -> np.ndarray:
        row = self.rows[image]
        pixels = self.prepared.pixels(row)
        if view == PLAIN:
            return self.plain(image=pixels)["image"]
        digest = self.prepared.digests[row].tobytes().hex()
        self.augmented.begin(self.seed, view, digest, int(self.occurrence[image]))
        return self.augmented(image=pixels)["image"]

    def __len__(self) -> int:
        return len(self.rows)


def _occurrence(rows: np.ndarray) -> np.ndarray:
    """How often each row occurred before: int64 (N,)."""
    order = np.argsort(rows, kind="stable")
    _, first, counts = np.unique(rows[order], return_index=True, return_counts=True)
    before = np.empty(len(rows), dtype=np.int64)
    before[order] = np.arange(len(rows)) - np.repeat(first, counts)
    return before


def augmented_side(augmentation: Augmentation, side: int, channels: int) -> int:
    """Side in px of augmented images from `side` px and `channels` channels.

    Tries both pipelines several times: MedsmallError if they refuse the images, or give views that
    differ in size, dtype (uint8) or number of channels.
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
                f"augmentation turns uint8 {image.shape} into {view.dtype} {view.shape}: leave out "
                "transforms that change the type or the channels, such as Normalize, ToFloat and "
                "ToRGB; medsmall normalises afterwards."
            )
    if len(shapes) > 1 or shapes[0][0] != shapes[0][1]:
        named = " and ".join(f"{height} x {width} px" for height, width, _ in shapes)
        raise MedsmallError(
            f"augmentation makes views of {named}: those of training and of validation must all be "
            "the same square."
        )
    return int(shapes[0][0])
