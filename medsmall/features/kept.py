"""Features of views that are computed once and kept: looked up, or computed."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from omegaconf import DictConfig
from torch import Tensor
from torch.utils.data import DataLoader

from medsmall.features.store import Store
from medsmall.features.views import Asked


class Kept:
    """What `computed` gives for images, in a file of the cache.

    Args:
        cfg: says where the cache lies.
        name: of the file, by all that decides the features but the pixels.
        computed: features float32 (B, F) of images uint8 (B, C, H, W).
    """

    def __init__(
        self, cfg: DictConfig, name: str, computed: Callable[[Tensor], np.ndarray]
    ) -> None:
        folder = Path(cfg.cache_root).expanduser().absolute() / "features"
        self.store, self.pixels = Store(folder / f"{name}.sqlite"), Store(folder / "views.sqlite")
        self.computed = computed

    def features(self, loader: DataLoader) -> np.ndarray:
        """float32 (N, F) of all views of a loader of `DrawnImages`, in its order.

        Views whose features are known are not made.
        """
        asked = Asked(loader, self.pixels)
        known = self.store.read(asked.digests())
        if asked.without(known):
            with self.store.filling():
                known = self.store.read(asked.digests())  # others may have been faster
                for digests, images in asked.made(asked.without(known)):
                    known |= self._of_batch(digests, images)
        return np.stack([np.frombuffer(known[digest], np.float32) for digest in asked.digests()])

    def _of_batch(self, digests: list[bytes], images: Tensor) -> dict[bytes, bytes]:
        """The features of views by their digests; what was not known is computed and kept."""
        known = self.store.read(digests)
        lacking = {digest: i for i, digest in enumerate(digests) if digest not in known}
        if lacking:
            computed = self.computed(images[list(lacking.values())])
            new = {d: row.tobytes() for d, row in zip(lacking, computed, strict=True)}
            self.store.add(new)
            known |= new
        return known
