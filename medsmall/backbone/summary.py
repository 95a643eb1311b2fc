"""A network in numbers, for its record."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from medsmall.backbone.network import Network


def summary(network: Network, stages: Iterable[tuple[float, set[str]]]) -> dict[str, Any]:
    """Its parameters, for metrics.json.

    `layers`: name and parameters of each, input first; `trained`: from which part of the steps on
    (0 to 1) how many parameters train, by `stages` of that part and names of parameters.
    """
    sizes = {name: p.numel() for name, p in network.module.named_parameters()}
    trained = [[at, sum(sizes[name] for name in names)] for at, names in stages]
    return {"layers": layers(sizes.items()), "trained": trained}


def layers(sizes: Iterable[tuple[str, int]]) -> list[list[Any]]:
    """Name and parameters of each layer, in the order of `sizes`: names and sizes of parameters.

    A layer is what stands first in the names, with its number: ``conv_stem``, ``blocks.2``.
    """
    found: Counter[str] = Counter()
    for name, size in sizes:
        found[_layer(name.split("."))] += size
    return [[name, size] for name, size in found.items()]


def _layer(words: Sequence[str]) -> str:
    numbered = len(words) > 2 and (words[1].isdigit() or words[0] == "features")
    return ".".join(words[:2] if numbered else words[:1])
