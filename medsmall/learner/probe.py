"""A linear head on frozen features, solved in closed form instead of trained."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd
import torch
from omegaconf import DictConfig
from torch import Tensor, nn

from medsmall import logger
from medsmall.batches.drawn import DrawnImages
from medsmall.case import Case
from medsmall.errors import MedsmallError
from medsmall.inference import device_of, features, outputs
from medsmall.learner import TRAINING
from medsmall.learner.linear import Linear, logistic, multinomial, ridge
from medsmall.learner.model import FittedModel, initial_model, new_model, try_out
from medsmall.model import Model
from medsmall.targets import Targets
from medsmall.task import Task

if TYPE_CHECKING:
    from pytorch_lightning.loggers import Logger

SOLVERS = {
    Task.BINARY: logistic,
    Task.MULTILABEL: logistic,
    Task.MULTICLASS: multinomial,
    Task.REGRESSION: ridge,
}


@dataclass(frozen=True)
class Probe:
    """Logistic regression, or ridge for numbers, on the features of the plain train views.

    The features are the inputs of the network's last linear layer. An image with an unknown label
    is left out for that target. The solution becomes the last layer, so the result is an ordinary
    network.

    Args:
        label: its name in the names of runs.
        inverse_penalty: C of scikit-learn's logistic regression, 1 / alpha of its ridge, on
            features scaled as in `medsmall.learner.linear`.
    """

    label: str
    inverse_penalty: float
    ignores: ClassVar[frozenset[str]] = TRAINING

    def __post_init__(self) -> None:
        if not (self.inverse_penalty > 0 and 0 < 1 / self.inverse_penalty < float("inf")):
            raise MedsmallError(
                f"learner.inverse_penalty must be above 0 and finite, but is "
                f"{self.inverse_penalty}."
            )

    def check(self, cfg: DictConfig, targets: Targets, side: int) -> None:
        """Check that the device exists and one linear layer gives the outputs."""
        device_of(cfg.trainer)
        _, model = new_model(cfg, targets)
        try_out(model, side)
        _refuse_other_ends(model, side)

    def fit(self, case: Case, data: DrawnImages, loggers: "list[Logger]") -> FittedModel:
        """Solve the head for the train images."""
        _, model, initial = initial_model(case)
        device, precision = device_of(case.cfg.trainer), case.cfg.trainer.precision
        labels = ((data.shown_labels - model.offset) / model.scale).numpy()  # still on the CPU
        x = features(model, data.plain("train"), device, precision)
        solve = SOLVERS[case.targets.task]
        _set_last_layer(model, solve(x, labels, self.inverse_penalty))
        history = pd.DataFrame(
            [{"epoch": 1} | _losses(model, data, device, precision, ("train", "val"))]
        )
        logger.replay(loggers, history)
        prevalence = data.shown_labels.nanmean(0).double().numpy()
        return FittedModel(model, data, history, 1, initial, prevalence, device, precision)


def _last_layer(model: Model) -> nn.Linear:
    module: Any = model.module
    return module.get_classifier()


@torch.no_grad()
def _refuse_other_ends(model: Model, side: int) -> None:
    """MedsmallError unless the outputs are those of the last layer and it is linear."""
    layer = _last_layer(model)
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
        f"learner=probe needs a network that ends in one linear layer, but {model.architecture} "
        f"ends in {end}: set another backbone."
    )


@torch.no_grad()
def _set_last_layer(model: Model, solved: Linear) -> None:
    layer = _last_layer(model)
    layer.weight.copy_(torch.from_numpy(solved.weight))
    layer.bias.copy_(torch.from_numpy(solved.bias))


def _losses(
    model: Model, data: DrawnImages, device: torch.device, precision: str, parts: tuple[str, ...]
) -> dict[str, float | None]:
    """``<part>_loss``, and on val the headline metric: of the plain views, as when training."""
    scale = model.scale.double().cpu().numpy()
    found: dict[str, float | None] = {}
    for part in parts:
        predicted = model.predictions(outputs(model, data.plain(part), 1, device, precision))
        y = data.parts[part].labels.double().numpy()
        values = model.targets.validation(y, predicted, scale)
        found[f"{part}_loss"] = values["loss"]
        if part == "val":
            found[f"val_{model.targets.headline}"] = values[model.targets.headline]
    return found
