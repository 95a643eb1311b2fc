"""The images and labels of a draw, as a learner gets them."""

import numpy as np
import pandas as pd
import torch
from torch.utils.data import DataLoader

from medsmall.augmentation import Augmentation
from medsmall.batches.order import PLAIN, Order, PlainOrder, TrainOrder, all_views
from medsmall.batches.views import Views
from medsmall.cache import Prepared
from medsmall.sample_size import LABELLED

AT_ONCE = 4  # times the training batch: scoring needs no gradients


class DrawnImages:
    """Loaders of each part of a draw.

    Attributes:
        parts: the views of each part, by its name.
        prepared: the images, as given.
        views: how many views of an image are scored.
        shown_rows: int64 (N,), the train rows of the draw as often as training shows them, in the
            order of ``plain("train")``.
        shown_labels: float64 (N, K), their labels; NaN unknown.

    Args:
        draw: columns `image`, `part` ("train", "val", "test", "unlabelled") and the targets.
            Labels of unlabelled images are withheld.
        prepared: the images of the draw without repeats, in any order.
        targets: names of the label columns.
        augmentation: of the training and test views.
        batch_size: of training, over all processes.
        workers: processes that load; 0: this process itself.
        shown_rows: see above; None: each once.
    """

    def __init__(
        self,
        draw: pd.DataFrame,
        prepared: Prepared,
        targets: list[str],
        augmentation: Augmentation,
        batch_size: int,
        workers: int,
        shown_rows: np.ndarray | None = None,
    ) -> None:
        known = draw["part"].isin([*LABELLED, "test"])
        labels = draw[targets].where(known)
        rows = pd.Index(prepared.images).get_indexer(pd.Index(draw["image"]))
        assert (rows >= 0).all(), "every drawn image is prepared"
        train = np.flatnonzero(draw["part"] == "train")
        self.shown_rows = np.arange(len(train)) if shown_rows is None else shown_rows
        of_parts = {str(part): np.flatnonzero(draw["part"] == part) for part in set(draw["part"])}
        of_parts["train"] = train[self.shown_rows]
        self.parts = {
            part: Views(
                prepared,
                rows[of_part],
                torch.tensor(labels.to_numpy()[of_part], dtype=torch.float32),
                torch.tensor(known.to_numpy()[of_part]),
                augmentation,
            )
            for part, of_part in of_parts.items()
            if len(of_part)
        }
        self.shown_labels = torch.tensor(labels.to_numpy(np.float64)[of_parts["train"]])
        self.prepared = prepared
        self.batch_size, self.workers = batch_size, workers
        self.views = 1 + augmentation.tta_views

    def training(self, seed: int, processes: int = 1) -> DataLoader:
        """Augmented views of the train part; this process's share of every batch."""
        order = TrainOrder(len(self.parts["train"]), self.batch_size, seed, processes)
        return self._loader("train", order)

    def plain(self, part: str, processes: int = 1) -> DataLoader:
        """Plain views of a part; this process's share of it."""
        images = len(self.parts[part])
        return self._loader(part, PlainOrder(images, AT_ONCE * self.batch_size, processes))

    def evenly(self, part: str) -> DataLoader:
        """Plain views of a part, in batches of nearly the same size, for statistics over them."""
        images = len(self.parts[part])
        batches = -(-images // (AT_ONCE * self.batch_size))
        shares = np.array_split(np.arange(images), batches)
        return self._loader(part, [[(int(image), PLAIN) for image in some] for some in shares])

    def scoring(self, part: str) -> DataLoader:
        """All `views` views of each image of a part, image after image."""
        return self.shown(part, self.views)

    def shown(self, part: str, views: int) -> DataLoader:
        """The plain view of each image of a part and its next `views` - 1, image after image.

        View k is the one that training shows in epoch k.
        """
        images = len(self.parts[part])
        return self._loader(part, all_views(images, views, AT_ONCE * self.batch_size))

    def _loader(self, part: str, order: TrainOrder | PlainOrder | Order) -> DataLoader:
        return DataLoader(
            self.parts[part],
            sampler=order,
            batch_size=None,  # the sampler gives whole batches
            num_workers=self.workers,
            persistent_workers=self.workers > 0,
            pin_memory=torch.cuda.is_available(),
        )
