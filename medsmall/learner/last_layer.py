"""The last layer of a network, for learners that solve it instead of training it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from omegaconf import DictConfig
from torch import Tensor, nn

from medsmall import logger
from medsmall.batches.drawn import DrawnImages
from medsmall.case import Case
from medsmall.errors import MedsmallError
from medsmall.features.frozen import Frozen, last_layer
from medsmall.inference import device_of
from medsmall.learner.examples import Examples, train_examples
from medsmall.learner.linear import Linear, stacked
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
    found = [solve(one) for one in examples.apart(case.targets.task)]
    set_last_layer(model, stacked([head for head, _ in found]))
    facts = columns([facts for _, facts in found], case.targets.names)
    history = pd.DataFrame([{"epoch": 1} | losses(frozen, data, ("train", "val")) | facts])
    logger.replay(loggers, history)
    prevalence = data.shown_labels.nanmean(0).double().numpy()
    return FittedLayer(
        model, data, history, 1, initial, prevalence, frozen.device, frozen.precision,
        frozen=frozen,
    )  # fmt: skip


def columns(facts: list[dict[str, float]], names: list[str]) -> dict[str, float]:
    """The facts of each head as columns of the history: ``<fact>_<target>`` of several heads."""
    if len(facts) == 1:
        return facts[0]
    pairs = zip(names, facts, strict=True)
    return {f"{fact}_{name}": value for name, one in pairs for fact, value in one.items()}


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
