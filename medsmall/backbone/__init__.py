"""The network, its layers from input to head, and how initial weights enter it.

Every timm network is a backbone; a YAML in conf/backbone with its `name` is all it needs.
"""

from typing import Protocol

from medsmall.backbone.network import Network

__all__ = ["Backbone", "Network"]


class Backbone(Protocol):
    """Made from conf/backbone/<name>.yaml."""

    name: str
    packaged_weights: str | None

    def build(self, outputs: int) -> Network:
        """A new network with random weights and `outputs` logits."""
