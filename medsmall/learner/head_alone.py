"""A head that trains on kept features: the body is run once for each view, not in each epoch.

This is so where a strategy trains the last layer alone and every epoch shows the same views. The
result is that of training through the frozen body, except for rounding.
"""

import copy
from typing import cast

import numpy as np
import torch
from omegaconf import DictConfig
from torch import Tensor, nn
from torch.utils.data import Dataset

from medsmall.batches.batch import Batch
from medsmall.batches.drawn import DrawnImages
from medsmall.batches.views import Views
from medsmall.errors import MedsmallError
from medsmall.features.body import refuse_other_ends
from medsmall.features.frozen import Frozen, last_layer
from medsmall.learner.lightning.classifier import Classifier
from medsmall.model import Model


def shortened(
    classifier: Classifier, data: DrawnImages, cfg: DictConfig
) -> tuple[DrawnImages, Frozen | None]:
    """What a `classifier` trains on: features with the network they are of, else the images."""
    model, kept = classifier.model, None
    if trains_alone(model, classifier, data):
        kept = Frozen(model, cfg)
        data, classifier.model = on_features(data, kept), OnFeatures(model)
    model.train()  # the checks above, and features, leave it in eval mode
    return data, kept


def trains_alone(model: Model, classifier: Classifier, data: DrawnImages) -> bool:
    """Whether nothing but the linear end of a `model` moves, and its inputs are always the same."""
    stages = classifier.stages
    if not (classifier.objective.takes_features and isinstance(last_layer(model), nn.Linear)):
        return False
    named = {id(p): name for name, p in model.module.named_parameters()}
    head = {named[id(p)] for p in last_layer(model).parameters()}
    if any(not stage.trained <= head for stage in stages.stages) or stages.reestimates:
        return False
    train = data.parts["train"]
    if train.augmented.transforms or getattr(model.module, "drop_rate", 0) > 0:
        return False
    try:
        refuse_other_ends(model, train[[(0, 0)]].images.shape[-1], "")
    except MedsmallError:
        return False
    return True


class OnFeatures(Model):
    """The last layer of a `model`, which it shares; takes features (B, F) for images."""

    def __init__(self, model: Model) -> None:
        mean, std = (one.flatten().tolist() for one in (model.mean, model.std))
        super().__init__(
            model.module, model.architecture, model.targets, mean, std, model.arguments
        )
        self.offset, self.scale = model.offset, model.scale

    def forward(self, features: Tensor) -> Tensor:
        """Outputs (B, K) of features float32 (B, F)."""
        outputs: Tensor = last_layer(self)(features)
        return outputs


def on_features(data: DrawnImages, frozen: Frozen) -> DrawnImages:
    """The same draw whose train and val views are features of the plain view."""
    shown = copy.copy(data)
    shown.parts = {
        part: cast(Views, FeatureViews(data.parts[part], frozen.features(data.plain(part))))
        for part in ("train", "val")
    }
    return shown


class FeatureViews(Dataset[Batch]):
    """As the `views` of one part, but with `features` float32 (N, F) instead of pixels."""

    def __init__(self, views: Views, features: np.ndarray) -> None:
        self.views, self.features = views, torch.from_numpy(features)

    def __getitem__(self, batch: list[tuple[int, int]]) -> Batch:
        """The features of the images of a batch, whichever view is asked for."""
        images = [image for image, _ in batch]
        return Batch(
            self.features[images],
            self.views.labels[images],
            torch.tensor([view for _, view in batch]),
            self.views.labelled[images],
        )

    def __len__(self) -> int:
        return len(self.features)
