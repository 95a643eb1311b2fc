"""The last layer of a network, for learners that solve it instead of training it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from omegaconf import DictConfig
from torch import Tensor, nn

from medsmall import logger
from medsmall.batches.drawn import DrawnImages
from medsmall.case import Case
from medsmall.errors import MedsmallError
from medsmall.features.frozen import Frozen, last_layer
from medsmall.inference import device_of
from medsmall.learner.heads.examples import Examples, train_examples
from medsmall.learner.heads.history import one_row
from medsmall.learner.heads.linear import Linear, stacked
from medsmall.learner.model import FittedModel, initial_model, new_model, try_out
from medsmall.model import Model
from medsmall.targets import Targets

if TYPE_CHECKING:
    from pytorch_lightning.loggers import Logger

# from the images that one head is fitted to: the head, and what is worth a column of the history
Solving = Callable[[Examples], tuple[Linear, dict[str, float]]]


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


@torch.no_grad()
def set_last_layer(model: Model, solved: Linear) -> None:
    """Put the `solved` weight and bias into it."""
    layer = last_layer(model)
    layer.weight.copy_(torch.from_numpy(solved.weight))
    layer.bias.copy_(torch.from_numpy(solved.bias))


def fit_last_layer(
    case: Case, data: DrawnImages, loggers: "list[Logger]", solve: Solving, train_views: int
) -> "FittedLayer":
    """Solve a head for the train images, with `train_views` augmented views of each."""
    _, model, initial = initial_model(case)
    frozen = Frozen(model, case.cfg)
    examples = train_examples(case, data, frozen, train_views)
    apart = examples.apart(case.targets.task, case.targets.names)
    found = [solve(one) for one in apart]
    set_last_layer(model, stacked([head for head, _ in found]))

    def predict(part: str) -> np.ndarray:
        return model.predictions(frozen.outputs(data.plain(part)))

    history = one_row(model, data, predict, [facts for _, facts in found])
    logger.replay(loggers, history)
    prevalence = data.shown_labels.nanmean(0).double().numpy()
    if case.sampler.between_features:
        prevalence = np.concatenate([one.rows[1].mean(0) for one in apart])
    return FittedLayer(
        model, data, history, 1, initial, prevalence, frozen.device, frozen.precision,
        frozen=frozen,
    )  # fmt: skip


@dataclass(kw_only=True)
class FittedLayer(FittedModel):
    """A fitted last layer on a `frozen` body."""

    frozen: Frozen

    def predict(self, part: str) -> np.ndarray:
        """Predictions of a part, averaged over all views of each image."""
        outputs = self.frozen.outputs(self.data.scoring(part), self.data.views)
        return self.model.predictions(outputs)
