"""Initial weights, and how they enter a network."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from medsmall.audit.upstream import Seen
from medsmall.backbone.timm_network import Network
from medsmall.errors import MedsmallError


@dataclass(frozen=True)
class Weights:
    """Weights that are loaded only when a run really trains.

    Attributes:
        source: what they are, for people: the record and messages say it.
        fingerprint: what they are, for the run's key: equal for equal tensors.
        load: gives the tensors by name for a network; None: the network keeps its random ones.
        mean, std: statistics of grey levels in 0..1 that inputs were normalised with; None: those
            of the network's own defaults.
        trained_on: name of the data set they were trained on, as in ``dataset.name``.
        seen: what they have seen in training and validation, also before their last training;
            empty where that is not known.
        record: folder of the run that made them.
        allow_test_overlap: whether what they have seen may stand in the test split of the run that
            asks.
    """

    source: str
    fingerprint: str
    load: Callable[[Network], dict[str, Tensor]] | None = None
    mean: list[float] | None = None
    std: list[float] | None = None
    trained_on: str | None = None
    seen: tuple[Seen, ...] = field(default=(), repr=False)
    record: Path | None = None
    allow_test_overlap: bool = False

    def refuse_overlap(self, dataset: str, test_patients: set[str]) -> None:
        """Raise MedsmallError if the weights have, or may have, seen patients of the test split."""
        known = {patient for one in self.seen if one.dataset == dataset for patient in one.patients}
        seen = sorted(known & test_patients)
        unknown = dataset == self.trained_on and not self.seen
        if not (seen or unknown) or self.allow_test_overlap:
            return
        which = (
            "patients that nothing is known of"
            if unknown
            else (
                f"{len(seen)} of the {len(test_patients)} patients in the test split "
                f"(first: {', '.join(seen[:3])})"
            )
        )
        raise MedsmallError(
            f"The weights of {self.source} were trained on {dataset}, on {which}: the test would "
            f"not be one. Train the upstream with the same split, or go on with "
            f"pretraining.allow_test_overlap=true."
        )

    def enter(self, network: Network) -> tuple[list[float], list[float]]:
        """Copy the tensors into `network`, all but the head's; returns the mean and std to use.

        The head stays as it was made, random. Any other difference in names or shapes is a
        MedsmallError: silently skipped layers are the commonest fault of transfer learning.
        """
        mean, std = self.mean or network.mean, self.std or network.std
        if self.load is None:
            return mean, std
        own = network.module.state_dict()
        body = own.keys() - set(network.head)
        given = {k: v for k, v in self.load(network).items() if k not in network.head}
        # a counter that training ignores, and that older files do not have
        body -= {name for name in body - given.keys() if name.endswith("num_batches_tracked")}
        wrong = sorted(
            [f"{k} is missing" for k in body - given.keys()]
            + [f"{k} is not in the network" for k in given.keys() - body]
            + [
                f"{k} has shape {tuple(given[k].shape)}, not {tuple(own[k].shape)}"
                for k in body & given.keys()
                if given[k].shape != own[k].shape
            ]
        )
        if wrong:
            raise MedsmallError(
                f"The weights of {self.source} do not fit backbone {network.architecture}: "
                f"{len(wrong)} tensors differ, first: {'; '.join(wrong[:3])}."
            )
        with torch.no_grad():
            for name, tensor in given.items():
                own[name].copy_(tensor)
        return mean, std
