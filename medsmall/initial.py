"""The network of a run before it learns: built, and given its initial weights."""

import numpy as np
import torch
from omegaconf import DictConfig

from medsmall.backbone import Backbone, Network
from medsmall.case import Case
from medsmall.contract import made
from medsmall.errors import MedsmallError
from medsmall.model import Model
from medsmall.targets import Targets


def new_model(cfg: DictConfig, targets: Targets) -> tuple[Network, Model]:
    """The network of a config with random weights, and the model around it."""
    torch.manual_seed(cfg.seed)
    network = made(cfg.backbone, Backbone).build(len(targets.names))
    model = Model(
        network.module, network.architecture, targets, network.mean, network.std, network.arguments
    )
    return network, model


def initial_model(case: Case) -> tuple[Network, Model, str | None]:
    """That of a case with its initial weights, and their sha256 (None: random ones)."""
    targets = case.targets
    network, model = new_model(case.cfg, targets)
    train = case.draw.loc[case.draw["part"] == "train", targets.names]
    model.learn_scale(torch.tensor(train.to_numpy(np.float64)))
    mean, std, sha256 = case.source.open().load_into(network)
    model.set_statistics(mean, std)
    return network, model, sha256


@torch.no_grad()
def try_out(model: Model, side: int) -> None:
    """One forward pass of `side` x `side` px; MedsmallError if the network refuses the size."""
    model.eval()
    try:
        model(torch.zeros(1, 1, side, side, dtype=torch.uint8))
    except (AssertionError, RuntimeError, ValueError) as error:
        raise MedsmallError(
            f"{model.architecture} cannot take {side} x {side} px (image_size_px times "
            f"augmentation.crop): {str(error).splitlines()[0].rstrip('.')}. {_other_size(model)}, "
            "or augmentation.crop=1, or another backbone."
        ) from error
    model.train()


def _other_size(model: Model) -> str:
    patch = getattr(getattr(model.module, "patch_embed", None), "patch_size", None)
    if not patch:
        return "Set another image_size_px"
    return f"Set image_size_px to a multiple of {patch[0]}, such as {patch[0] * (224 // patch[0])}"
