"""The views that a loader asks for, and the digests of their pixels where they were made before."""

import hashlib
from collections.abc import Collection, Iterator
from typing import cast

import numpy as np
from torch import Tensor
from torch.utils.data import DataLoader

from medsmall.batches.views import Views
from medsmall.features.store import Store

DIGEST_BYTES = 16  # tell the pixels of a view from all others: views are squares


class Asked:
    """The views of a `loader` of `DrawnImages`.

    What a view looks like follows from the image, the augmentation and the number of the view. So
    the digest of its pixels is kept under a digest of these, and a view whose features are known
    need not be made again.
    """

    def __init__(self, loader: DataLoader, pixels: Store) -> None:
        self.loader, self.pixels = loader, pixels
        self.views = cast(Views, loader.dataset)
        self.batches = list(cast(list[list[tuple[int, int]]], loader.sampler))
        self.names = [self.views.name(*pair) for batch in self.batches for pair in batch]
        of_names = pixels.read([name for name in self.names if name])
        self.known = {i: of_names[n] for i, n in enumerate(self.names) if n in of_names}

    def digests(self) -> list[bytes]:
        """The digests of the views, in order; without those that were never made."""
        return [self.known[i] for i in range(len(self.names)) if i in self.known]

    def without(self, features: Collection[bytes]) -> list[int]:
        """The numbers of the views whose digest is not among those of the `features`."""
        return [i for i in range(len(self.names)) if self.known.get(i) not in features]

    def made(self, numbers: list[int]) -> Iterator[tuple[list[bytes], Tensor]]:
        """Batches of these views, uint8 (B, C, H, W), with their digests, which are kept."""
        pairs = [pair for batch in self.batches for pair in batch]
        size = max(len(batch) for batch in self.batches)
        shares = [numbers[start : start + size] for start in range(0, len(numbers), size)]
        loader = DataLoader(
            self.views,
            sampler=[[pairs[i] for i in share] for share in shares],
            batch_size=None,  # the sampler gives whole batches
            num_workers=self.loader.num_workers,
            pin_memory=self.loader.pin_memory,
        )
        for share, batch in zip(shares, loader, strict=True):
            found = [digest(image) for image in batch.images.numpy()]
            names = [self.names[i] for i in share]
            self.pixels.add({n: d for n, d in zip(names, found, strict=True) if n})
            self.known |= zip(share, found, strict=True)
            yield found, batch.images


def digest(image: np.ndarray) -> bytes:
    """That of the pixels (C, H, W) of a view."""
    return hashlib.blake2b(image.tobytes(), digest_size=DIGEST_BYTES).digest()
