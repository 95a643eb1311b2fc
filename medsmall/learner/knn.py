"""The nearest train images answer."""

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from omegaconf import DictConfig

from medsmall.errors import MedsmallError
from medsmall.learner import TRAINING
from medsmall.learner.heads.counts import chosen_count, prior_of
from medsmall.learner.heads.examples import check_views
from medsmall.learner.heads.neighbours import Neighbours
from medsmall.targets import Targets
from medsmall.task import Task
from medsmall.terminal import say

if TYPE_CHECKING:  # seconds to import, and a wrong value needs none of it
    from pytorch_lightning.loggers import Logger

    from medsmall.batches.drawn import DrawnImages
    from medsmall.case import Case
    from medsmall.features.frozen import Frozen
    from medsmall.model import Model
    from medsmall.record import Record


@dataclass(frozen=True)
class KNN:
    """The mean label of the nearest train images, in Euclidean distance of frozen features.

    A probability is the share among them and one more, which stands for the whole train part, so
    none is 0 or 1. An image with an unknown label is no neighbour for that target. There is no
    head: model.safetensors is the network without one, and neighbours.safetensors beside it
    predicts, see `medsmall.learner.heads.neighbours`. Cover & Hart, IEEE Trans. Inf. Theory 1967.

    Args:
        label: its name in the names of runs.
        neighbours: how many images answer, at most all; null: chosen for each target among
            `medsmall.learner.heads.counts.COUNTS`. The history has it, and the `folds` it was
            chosen by.
        train_views: augmented views of each train image, beside the plain one; the nearest counts.
    """

    label: str
    neighbours: int | None
    train_views: int = 0
    ignores: ClassVar[frozenset[str]] = TRAINING
    takes_examples: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.neighbours is not None and self.neighbours < 1:
            raise MedsmallError(
                f"learner.neighbours must be 1 or more, but is {self.neighbours}: null chooses it "
                "by cross-validation."
            )
        check_views(self.train_views)

    def check(self, cfg: DictConfig, targets: Targets, side: int) -> None:
        """Check that the device exists and one linear layer gives the outputs."""
        from medsmall.learner.heads.last_layer import check_body

        check_body(cfg, targets, side, self.label)

    def fit(self, case: "Case", data: "DrawnImages", loggers: "list[Logger]") -> "FittedNeighbours":
        """Keep the train images, and choose how many of them answer."""
        from medsmall import logger
        from medsmall.features.frozen import Frozen
        from medsmall.learner.heads.examples import train_examples
        from medsmall.learner.heads.history import one_row
        from medsmall.learner.model import initial_model

        _, model, initial = initial_model(case)
        frozen, task, names = Frozen(model, case.cfg), case.targets.task, case.targets.names
        examples = train_examples(case, data, frozen, self.train_views)
        facts: list[dict[str, float]] = []
        prior = []
        for one in examples.apart(task, names):
            given = self.neighbours
            count, folds = chosen_count(one) if given is None else (given, 0)
            if count >= len(one.labels):
                say(
                    f"learner.neighbours={count}: all {len(one.labels)} train images answer for "
                    "every image, so it learns nothing; set fewer."
                )
            facts.append({"neighbours": min(count, len(one.labels)), "folds": folds})
            prior.append(prior_of(one))
        counts = np.array([one["neighbours"] for one in facts])
        scale, offset = (t.double().cpu().numpy()[0] for t in (model.scale, model.offset))
        neighbours = Neighbours(
            examples.features.astype(np.float32),
            data.shown_labels.numpy(),
            np.broadcast_to(counts, len(names)).astype(np.int64),
            np.concatenate(prior) * scale + offset,
            np.array([0.0 if task == Task.REGRESSION else 1.0]),
        )

        def predict(part: str) -> np.ndarray:
            return neighbours.predict(frozen.features(data.plain(part)))

        history = one_row(model, data, predict, facts)
        logger.replay(loggers, history)
        prevalence = data.shown_labels.nanmean(0).double().numpy()
        return FittedNeighbours(model, data, history, initial, prevalence, frozen, neighbours)


@dataclass
class FittedNeighbours:
    """Train images that answer, on a `frozen` body; see `medsmall.learner.Fitted`."""

    model: "Model"
    data: "DrawnImages"
    history: pd.DataFrame
    initial_sha256: str | None
    prevalence: np.ndarray
    frozen: "Frozen"
    neighbours: Neighbours
    chosen_epoch: int = 1

    @property
    def machine(self) -> dict[str, Any]:
        """The device."""
        from medsmall.record.environment import device_of_record

        return {**device_of_record(self.frozen.device), "processes": 1}

    def predict(self, part: str) -> np.ndarray:
        """Predictions of a part, averaged over all views of each image."""
        of_views = self.neighbours.predict(self.frozen.features(self.data.scoring(part)))
        mean: np.ndarray = of_views.reshape(-1, self.data.views, of_views.shape[1]).mean(1)
        return mean

    def save(self, record: "Record", about: dict[str, str]) -> str:
        """Write model.safetensors, without a head, and neighbours.safetensors."""
        record.write("neighbours.safetensors", self.neighbours.save)
        headless = copy.deepcopy(self.model)
        headless.about |= about
        module: Any = headless.module
        module.reset_classifier(0)
        return record.write("model.safetensors", headless.save)
