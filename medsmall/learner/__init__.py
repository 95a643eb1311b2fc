"""Learners fit a model to a draw: one file per learner.

A learner gets everything from the case and its images; its caller knows no learner by name. `model`
has the shared parts: the model of a case with its initial weights, and a `FittedModel` for learners
that end in a network. Heads on frozen features share `examples` (the train images with features),
`folds` and `penalty` (cross-validation among them), `calibration` and `last_layer`: a further
linear one is a function from `Examples` to a head, as in `prototypes`.
"""

from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
import pandas as pd
from omegaconf import DictConfig

from medsmall.targets import Targets

if TYPE_CHECKING:  # seconds to import, and a wrong value needs none of it
    from medsmall.batches.drawn import DrawnImages
    from medsmall.case import Case
    from medsmall.logger import Logger
    from medsmall.record import Record

# Groups and keys of the config that only training uses, and a learner without training ignores.
TRAINING = frozenset(
    {
        "strategy", "schedule", "loss", "objective", "select_by",
        "trainer.max_epochs", "trainer.gradient_clip_val", "trainer.accumulate_grad_batches",
    }
)  # fmt: skip


class Fitted(Protocol):
    """A fitted model.

    Attributes:
        history: a row per epoch: `epoch` from 1, `train_loss`, `val_loss`, `val_<headline>`, ...;
            a learner without epochs gives one row, epoch 1.
        chosen_epoch: the epoch whose state predicts.
        initial_sha256: of the initial weights, as they were loaded; None where there were none.
        prevalence: (K,) the threshold where validation is too small to choose one: the share of
            positives in training, counted as often as an image was shown and weighted as the fit
            weighs them (0.5 if it treats both classes alike); NaN if unknown; unused for numbers.
        machine: for environment.json: `device`, `processes`.
        network: the network that was trained, see `medsmall.backbone.summary`; None without one.
    """

    history: pd.DataFrame
    chosen_epoch: int
    initial_sha256: str | None
    network: dict[str, Any] | None
    prevalence: np.ndarray

    @property
    def machine(self) -> dict[str, Any]:
        """What it was computed with."""

    def predict(self, part: str) -> np.ndarray:
        """float64 (N, K), a row per image of ``data.scoring(part)``, averaged over its views.

        Probabilities, or numbers in the unit of their target.
        """

    def save(self, record: "Record", about: dict[str, str]) -> str:
        """Write model.safetensors, and beside it whatever else predicts; nothing as a pickle.

        model.safetensors is the network that other runs begin with: with a head where the head
        predicts (`medsmall.model.Model` loads it then), else without; `about` goes into its
        metadata: `seen`, `image_size_px`, `resize`, `thresholds`. Returns
        `medsmall.backbone.weights.sha256` of its tensors.
        """


class Learner(Protocol):
    """Made from conf/learner/<name>.yaml.

    Attributes:
        label: its name in the names of runs; a key of the YAML.
        ignores: groups and dotted keys of the config that cannot change its result, such as
            TRAINING; the key of a run leaves them out.
        takes_examples: whether it fits examples that a sampler makes between features.
    """

    label: str
    ignores: ClassVar[frozenset[str]]
    takes_examples: ClassVar[bool]

    def check(self, cfg: DictConfig, targets: Targets, side: int) -> None:
        """MedsmallError if the parts of the config do not fit, before any costly step.

        It also refuses targets of a task that the learner cannot fit (`targets.task`).
        `side` is that of the views the network is shown, in px.
        """

    def fit(self, case: "Case", data: "DrawnImages", loggers: "list[Logger]") -> Fitted:
        """Learn from the train images, choose by the val images; never see the test images.

        `medsmall.learner.model.initial_model` gives the network with its initial weights. Send
        the `loggers` the history as it grows, or afterwards (`medsmall.logger.replay`).
        """
