"""The last layer of a network, for learners that solve it instead of training it."""

from dataclasses import dataclass

import numpy as np
import torch

from medsmall.features.frozen import Frozen, last_layer
from medsmall.learner.heads.linear import Linear
from medsmall.learner.model import FittedModel
from medsmall.model import Model


@torch.no_grad()
def set_last_layer(model: Model, solved: Linear) -> None:
    """Put the `solved` weight and bias into it."""
    layer = last_layer(model)
    layer.weight.copy_(torch.from_numpy(solved.weight))
    layer.bias.copy_(torch.from_numpy(solved.bias))


@dataclass(kw_only=True)
class FittedLayer(FittedModel):
    """A fitted last layer on a `frozen` body."""

    frozen: Frozen

    def predict(self, part: str) -> np.ndarray:
        """Predictions of a part, averaged over all views of each image."""
        outputs = self.frozen.outputs(self.data.scoring(part), self.data.views)
        return self.model.predictions(outputs)
