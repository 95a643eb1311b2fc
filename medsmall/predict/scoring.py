"""The predictions of one recorded run for squares, as `medsmall.learner.Fitted` made them.

A run left a network with its head, or a head beside a network, beside texture, or beside nothing.
"""

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
import torch
from omegaconf import OmegaConf
from safetensors.numpy import load_file
from torch import Tensor

from medsmall.augmentation import Augmentation
from medsmall.batches.drawn import AT_ONCE
from medsmall.batches.order import all_views
from medsmall.batches.views import Views
from medsmall.cache import Prepared
from medsmall.configs import literal
from medsmall.contract import made
from medsmall.errors import MedsmallError
from medsmall.inference import autocast, for_scoring, outputs
from medsmall.learner.heads.fitted import Head, LinearHead
from medsmall.learner.heads.neighbours import Neighbours
from medsmall.learner.heads.trees import Trees
from medsmall.model import Model
from medsmall.predict.squares import Squares
from medsmall.record import Record
from medsmall.targets import Targets

Scorer = Callable[[Sequence[np.ndarray]], np.ndarray]  # squares -> predictions (N, K)


class Shown:
    """The views of new images that a run is shown, in the order of its test.

    With `plain`, the plain view alone.
    """

    def __init__(self, record: Record, targets: Targets, plain: bool = False) -> None:
        cfg = OmegaConf.create(literal(record.config))
        self.augmentation = made(cfg.augmentation, Augmentation)
        self.views = 1 if plain else 1 + self.augmentation.tta_views
        self.batch_size, self.targets = int(cfg.batch_size), len(targets.names)
        self.channels = int(record.metrics.get("channels", 0))

    def batches(self, squares: Sequence[np.ndarray]) -> Any:
        """Batches of whole images, as the scoring loader of `DrawnImages` gives them."""
        count = len(squares)
        channels = self.channels or max(one.shape[2] for one in squares)  # of older records
        views = Views(
            cast(Prepared, Squares(squares, channels)),
            np.arange(count),
            torch.full((count, self.targets), torch.nan),
            torch.zeros(count, dtype=torch.bool),
            self.augmentation,
        )
        return (views[one] for one in all_views(count, self.views, AT_ONCE * self.batch_size))


def scorer_of(
    record: Record, targets: Targets, device: torch.device, plain: bool = False
) -> Scorer:
    """That of a finished run; MedsmallError where its files do not suffice for an image."""
    shown = Shown(record, targets, plain)
    head = head_of(record, targets)
    if isinstance(head, np.ndarray):
        answer = head
        return lambda squares: np.tile(answer, (len(squares), 1))
    if head is None:
        record.check("model.safetensors")
        model = for_scoring(Model.load(record.model), device, "32-true")
        return lambda squares: model.predictions(
            outputs(model, shown.batches(squares), shown.views, device, "32-true")
        )
    features = features_of(record, targets, device)
    return lambda squares: _averaged(
        head, np.concatenate([features(b.images) for b in shown.batches(squares)]), shown.views
    )


def _averaged(head: Head, features: np.ndarray, views: int) -> np.ndarray:
    def mean(rows: np.ndarray) -> np.ndarray:
        found: np.ndarray = rows.reshape(-1, views, rows.shape[1]).mean(1)
        return found

    return head.predict(mean(features)) if head.linear else mean(head.predict(features))


def head_of(record: Record, targets: Targets) -> Head | np.ndarray | None:
    """What predicts beside the network: a head, one answer (K,) for all images, or nothing."""
    folder = record.folder
    if (folder / "prior.safetensors").is_file():
        record.check("prior.safetensors")
        return load_file(folder / "prior.safetensors")["answer"]
    for name, load in (
        ("head.safetensors", lambda path: LinearHead.load(path, targets)),
        ("neighbours.safetensors", Neighbours.load),
        ("trees.skops", Trees.load),
    ):
        if (folder / name).is_file():
            record.check(name)
            return cast(Head, load(folder / name))
    return None


def features_of(
    record: Record, targets: Targets, device: torch.device
) -> Callable[[Tensor], np.ndarray]:
    """What gives the features (B, F) of images uint8 (B, C, H, W), on the scale of the head."""
    from medsmall.features import Features
    from medsmall.features.texture import Texture, grey

    cfg = OmegaConf.create(literal(record.config))
    kind: Any = made(cfg.features, Features) if "features" in cfg else None
    scaling = record.folder / "scaling.safetensors"
    if kind is None or kind.network:
        return Body(record, device)
    if not isinstance(kind, Texture):
        raise MedsmallError(
            f"The run {record.key} was fitted to columns of a table "
            f"(features={cfg.choices.features}): it cannot answer about an image alone."
        )
    record.check(scaling.name)
    scale = load_file(scaling)

    def features(images: Tensor) -> np.ndarray:
        rows = [kind.computed(grey(image)) for image in images.numpy()]
        found: np.ndarray = (np.array(rows, np.float32) - scale["mean"]) / scale["scale"]
        return found

    return features


class Body:
    """A recorded network without a head: images uint8 (B, C, H, W) to features float32 (B, F)."""

    def __init__(self, record: Record, device: torch.device) -> None:
        record.check("model.safetensors")
        self.model = for_scoring(Model.load_body(record.model), device, "32-true")
        self.device = device

    @torch.inference_mode()
    def __call__(self, images: Tensor) -> np.ndarray:
        """In batches of the size best for the device."""
        with autocast(self.device, "32-true"):
            found = self.model.to(self.device).eval().outputs(images)
        return found.flatten(1).cpu().numpy()
