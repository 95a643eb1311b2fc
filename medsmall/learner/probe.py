"""A linear head on frozen features, solved in closed form instead of trained."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import pandas as pd
from omegaconf import DictConfig

from medsmall.errors import MedsmallError
from medsmall.learner import TRAINING
from medsmall.learner.linear import logistic, multinomial, ridge
from medsmall.targets import Targets
from medsmall.task import Task

if TYPE_CHECKING:  # seconds to import, and a wrong value needs none of it
    from pytorch_lightning.loggers import Logger

    from medsmall.batches.drawn import DrawnImages
    from medsmall.case import Case
    from medsmall.learner.last_layer import FittedLayer

SOLVERS = {
    Task.BINARY: logistic,
    Task.MULTILABEL: logistic,
    Task.MULTICLASS: multinomial,
    Task.REGRESSION: ridge,
}


@dataclass(frozen=True)
class Probe:
    """Logistic regression, or ridge for numbers, on the features of the plain train views.

    The features are the inputs of the network's last linear layer; `medsmall.features` keeps them
    for all runs. An image with an unknown label is left out for that target. The solution becomes
    the last layer, so the result is an ordinary network.

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
        from medsmall.inference import device_of
        from medsmall.learner.last_layer import refuse_other_ends
        from medsmall.learner.model import new_model, try_out

        device_of(cfg.trainer)
        _, model = new_model(cfg, targets)
        try_out(model, side)
        refuse_other_ends(model, side, self.label)

    def fit(self, case: "Case", data: "DrawnImages", loggers: "list[Logger]") -> "FittedLayer":
        """Solve the head for the train images."""
        from medsmall import logger
        from medsmall.features.frozen import Frozen
        from medsmall.learner.last_layer import FittedLayer, losses, set_last_layer
        from medsmall.learner.model import initial_model

        _, model, initial = initial_model(case)
        labels = ((data.shown_labels - model.offset) / model.scale).numpy()  # still on the CPU
        frozen = Frozen(model, case.cfg)
        x = frozen.features(data.plain("train")).astype(float)
        solve = SOLVERS[case.targets.task]
        set_last_layer(model, solve(x, labels, self.inverse_penalty))
        history = pd.DataFrame([{"epoch": 1} | losses(frozen, data, ("train", "val"))])
        logger.replay(loggers, history)
        prevalence = data.shown_labels.nanmean(0).double().numpy()
        return FittedLayer(
            model, data, history, 1, initial, prevalence, frozen.device, frozen.precision,
            frozen=frozen,
        )  # fmt: skip
