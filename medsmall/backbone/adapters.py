"""Low-rank adapters of a network's layers, by peft, and their sum with the weights."""

import re
from collections.abc import Iterator
from typing import Any

from timm.layers import Conv2dSame
from torch import nn

from medsmall.backbone.network import Network
from medsmall.errors import MedsmallError

ATTENTION = r"attn\.(qkv|q|k|v|q_proj|k_proj|v_proj|proj)$"
LAYERS = (nn.Linear, nn.Conv2d, Conv2dSame)  # not their further subclasses


def add_lora(network: Network, rank: int, alpha: int, layers: str | None) -> list[str]:
    """Add adapters to the layers of the body whose names match the regular expression `layers`.

    None: those of the attention, or every convolution. The outputs stay as they are until the
    adapters train. Returns the names of their parameters.
    """
    names = _adapted(network, layers)
    weights = dict(network.module.named_parameters())
    widest = max(min(weights[f"{name}.weight"].shape[:2]) for name in names)
    if rank > widest:
        raise MedsmallError(
            f"strategy.rank={rank} is above {widest}, the rank of the largest of these weights of "
            f"{network.architecture}: set 4 to 16, or strategy=finetune_all."
        )
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError as error:
        raise MedsmallError(
            f"strategy=lora needs the package peft ({error}): pip install 'medsmall[lora]'."
        ) from error
    before = {name for name, _ in network.module.named_parameters()}
    given = LoraConfig(r=rank, lora_alpha=alpha, lora_dropout=0.0, target_modules=names)
    inject_adapter_in_model(given, network.module)
    for parameter in network.module.parameters():  # peft has frozen all but the adapters, which
        parameter.requires_grad_(True)  # is for the stages to do: DDP skips what is frozen before
    named = [name for name, _ in network.module.named_parameters() if name not in before]
    return [name for name in named if ".lora_" in name]  # others are weights under a new name


def merge_adapters(module: nn.Module) -> None:
    """Add the adapters of a network to its weights, and leave it as it was built."""
    adapters = [(name, layer) for name, layer in module.named_modules() if hasattr(layer, "lora_A")]
    for name, layer in adapters:
        adapted: Any = layer
        adapted.merge()
        module.set_submodule(name, adapted.get_base_layer())


def _adapted(network: Network, layers: str | None) -> list[str]:
    """Names of the layers that get adapters."""
    there = dict(_adaptable(network))
    if layers is None:
        chosen = [name for name in there if re.search(ATTENTION, name)]
        chosen = chosen or [name for name, one in there.items() if isinstance(one, nn.Conv2d)]
    else:
        try:
            chosen = [name for name in there if re.search(layers, name)]
        except re.error as error:
            raise MedsmallError(
                f"strategy.layers: '{layers}' is not a regular expression ({error}): correct it."
            ) from error
    if not chosen:
        some = ", ".join(list(there)[:: max(1, len(there) // 3)][:3])
        raise MedsmallError(
            f"strategy=lora finds no layer for an adapter in {network.architecture}"
            + (f" by strategy.layers='{layers}': its layers are named like {some}." if some else
               ": no linear layer and no convolution of its body can have one; set another "
               "strategy.")
        )  # fmt: skip
    return chosen


def _adaptable(network: Network) -> Iterator[tuple[str, nn.Module]]:
    """Linear and convolutional layers of the body that peft computes as they compute themselves.

    Not grouped or dilated convolutions, and none that does something else to its input or weight:
    that pads by the size of the input, or standardises the weight, which a sum would undo. Nor the
    qkv of BEiT, EVA and Swin v2, whose weight is used past the layer: its adapter would not train.
    """
    heads = {name.rpartition(".")[0] for name in network.head}
    for name, layer in network.module.named_modules():
        if name in heads or type(layer) not in LAYERS:
            continue
        if isinstance(layer, nn.Conv2d):
            pads_itself = isinstance(layer, Conv2dSame) and set(layer.kernel_size) != {1}
            if layer.groups > 1 or set(layer.dilation) != {1} or pads_itself:
                continue
        elif _passed_by(network.module, name):
            continue
        yield name, layer


def _passed_by(module: nn.Module, name: str) -> bool:
    """Whether an attention joins the weight of this layer with biases of its own."""
    parent, _, own = name.rpartition(".")
    attention = module.get_submodule(parent)
    biased = getattr(attention, "q_bias", None) is not None
    return own == "qkv" and biased and not getattr(attention, "qkv_bias_separate", False)
