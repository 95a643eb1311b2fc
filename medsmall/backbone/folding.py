"""A network for scoring alone: each BatchNorm that follows a convolution becomes part of it."""

import copy
from collections import Counter
from typing import TypeVar

from timm.layers import Conv2dSame
from torch import fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

M = TypeVar("M", bound=nn.Module)
CONVOLUTIONS = (nn.Conv2d, Conv2dSame)  # others may change their weights as they compute


class Layers(fx.Tracer):
    """Follows an input through a network, layer by layer, without looking into them."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Also timm's convolutions and normalisations are one layer each."""
        own = isinstance(m, nn.Conv2d | nn.BatchNorm2d | nn.Linear)
        return own or super().is_leaf_module(m, module_qualified_name)


def folded(module: M) -> M:
    """A copy of `module` in eval mode, with the same outputs except for rounding.

    EfficientNet-Lite0 and ResNet-50 have no BatchNorm left, DenseNet-121 half of it: that which
    comes before a convolution. A network that torch.fx cannot follow stays as it is.
    """
    module = copy.deepcopy(module).eval()
    try:
        graph = Layers().trace(module)
    except Exception:  # whatever a network does with its input that a stand-in cannot
        return module
    calls = [node for node in graph.nodes if node.op == "call_module"]
    times = Counter(node.target for node in calls)
    for node in calls:
        before = node.args[0]
        if not (isinstance(before, fx.Node) and before.op == "call_module"):
            continue
        norm, conv = (module.get_submodule(str(one.target)) for one in (node, before))
        alone = len(before.users) == 1 and times[node.target] == times[before.target] == 1
        if (
            alone
            and isinstance(conv, nn.Conv2d)
            and type(conv) in CONVOLUTIONS
            and isinstance(norm, nn.BatchNorm2d)
            and norm.running_mean is not None
        ):
            module.set_submodule(str(before.target), fuse_conv_bn_eval(conv, norm))
            # timm's BatchNorm also has the activation
            module.set_submodule(str(node.target), nn.Sequential(*norm.children()))
    return module
