"""Initial weights: tensors by name, and how they enter a network."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from medsmall.backbone.network import Network
from medsmall.errors import MedsmallError


@dataclass(frozen=True)
class Weights:
    """Tensors that are loaded only when a run is trained.

    Attributes:
        name: for messages.
        tensors: gives the tensors of a network by name; None: the network keeps its random ones.
        mean, std: statistics of grey levels in 0..1 that their inputs were normalised with; None:
            those of the network's own defaults.
    """

    name: str
    tensors: Callable[[Network], dict[str, Tensor]] | None = None
    mean: list[float] | None = None
    std: list[float] | None = None

    def load_into(self, network: Network) -> tuple[list[float], list[float], str | None]:
        """Copy the tensors into `network`, all but the head's.

        Returns the mean and std to normalise with, and the `sha256` of the tensors (None: none).
        The head stays random. Any other difference in names or shapes is a MedsmallError: silently
        skipped layers are the commonest fault of transfer learning.
        """
        mean, std = self.mean or network.mean, self.std or network.std
        if self.tensors is None:
            return mean, std, None
        found = self.tensors(network)
        own = network.module.state_dict()
        body = own.keys() - set(network.head)
        given = {k: v for k, v in found.items() if k not in network.head}
        # a counter that training ignores and older files lack
        body -= {name for name in body - given.keys() if name.endswith("num_batches_tracked")}
        wrong = sorted(
            [f"{k} is missing" for k in body - given.keys()]
            + [f"{k} is not in the network" for k in given.keys() - body]
            + [
                f"{k} has shape {tuple(given[k].shape)}, not {tuple(own[k].shape)}"
                for k in body & given.keys()
                if given[k].shape != own[k].shape
            ]
            + [
                f"{k} holds {given[k].dtype}, not {own[k].dtype}"
                for k in body & given.keys()
                if own[k].is_floating_point() and not given[k].is_floating_point()
            ]
        )
        if not body & given.keys():
            raise MedsmallError(
                f"None of the {len(found)} tensors of {self.name} belongs to backbone "
                f"{network.architecture} (first: {', '.join(sorted(found)[:3])}): choose weights "
                "of this network, or set another backbone."
            )
        damaged = sorted(  # as the network holds them: float64 may not fit into float32
            k for k in body & given.keys() if not given[k].to(own[k].dtype).isfinite().all()
        )
        if damaged:
            raise MedsmallError(
                f"{len(damaged)} tensors of {self.name} hold NaN or infinity (first: "
                f"{', '.join(damaged[:3])}): their training diverged, or the file is damaged; "
                "choose other weights."
            )
        if wrong:
            raise MedsmallError(
                f"The weights of {self.name} do not fit backbone {network.architecture}: "
                f"{len(wrong)} tensors differ, first: {'; '.join(wrong[:3])}."
            )
        with torch.no_grad():
            for name, tensor in given.items():
                own[name].copy_(tensor)
        return mean, std, sha256(found)


def sha256(tensors: dict[str, Tensor]) -> str:
    """Hash of names and values: equal for equal networks, even if their files differ."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode())
        values = tensors[name].contiguous().cpu().reshape(-1)
        digest.update(values.view(torch.uint8).numpy().tobytes())  # NumPy knows no bfloat16
    return digest.hexdigest()
