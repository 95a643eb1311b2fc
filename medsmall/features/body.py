"""What a network must be like for its features to be taken."""

import torch
from omegaconf import DictConfig
from torch import Tensor, nn

from medsmall.errors import MedsmallError
from medsmall.features.frozen import last_layer
from medsmall.inference import device_of
from medsmall.initial import new_model, try_out
from medsmall.model import Model
from medsmall.targets import Targets


def check_body(cfg: DictConfig, targets: Targets, side: int, learner: str) -> None:
    """MedsmallError unless the device exists and one linear layer gives the outputs.

    `learner` names the one that needs it; `side` is that of the views, in px.
    """
    device_of(cfg.trainer)
    _, model = new_model(cfg, targets)
    try_out(model, side)
    refuse_other_ends(model, side, learner)


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
