"""The last layer of a network, for learners that solve it instead of training it."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from medsmall.batches.drawn import DrawnImages
from medsmall.errors import MedsmallError
from medsmall.features.frozen import Frozen, last_layer
from medsmall.learner.linear import Linear
from medsmall.learner.model import FittedModel
from medsmall.model import Model


@torch.no_grad()
def refuse_other_ends(model: Model, side: int, learner: str) -> None:
    """MedsmallError unless the outputs are those of the last layer and it is linear.

    `learner` names the one that needs it; `side` is that of the images, in px.
    """
    layer = last_layer(model)
    end = type(layer).__name__
    if isinstance(layer, nn.Linear):
        taken: list[Tensor] = []
        hook = layer.register_forward_pre_hook(lambda layer, inputs: taken.append(inputs[0]))
        given = model.eval()(torch.zeros(1, 1, side, side, dtype=torch.uint8))
        hook.remove()
        if len(taken) == 1 and taken[0].ndim == 2 and torch.allclose(given, layer(taken[0])):
            return
        end = f"more than its layer of type {end}"
    raise MedsmallError(
        f"The learner {learner} needs a network that ends in one linear layer, but "
        f"{model.architecture} ends in {end}: set another backbone."
    )


@torch.no_grad()
def set_last_layer(model: Model, solved: Linear) -> None:
    """Put the `solved` weight and bias into it."""
    layer = last_layer(model)
    layer.weight.copy_(torch.from_numpy(solved.weight))
    layer.bias.copy_(torch.from_numpy(solved.bias))


def losses(frozen: Frozen, data: DrawnImages, parts: tuple[str, ...]) -> dict[str, float | None]:
    """``<part>_loss``, and on val the headline metric: of the plain views, as when training."""
    model = frozen.model
    scale = model.scale.double().cpu().numpy()
    found: dict[str, float | None] = {}
    for part in parts:
        predicted = model.predictions(frozen.outputs(data.plain(part)))
        y = data.parts[part].labels.double().numpy()
        values = model.targets.validation(y, predicted, scale)
        found[f"{part}_loss"] = values["loss"]
        if part == "val":
            found[f"val_{model.targets.headline}"] = values[model.targets.headline]
    return found


@dataclass(kw_only=True)
class FittedLayer(FittedModel):
    """A fitted last layer on a `frozen` body."""

    frozen: Frozen

    def predict(self, part: str) -> np.ndarray:
        """Predictions of a part, averaged over all views of each image."""
        outputs = self.frozen.outputs(self.data.scoring(part), self.data.views)
        return self.model.predictions(outputs)
