"""Every layer from the first step on."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FinetuneAll:
    """Trains all layers at the same learning rate `lr`."""

    lr: float
    weight_decay: float

    def rates(self, depth: int) -> list[float]:
        """The same rate for every group."""
        return [self.lr] * depth

    def trains(self, depth: int, progress: float) -> list[bool]:
        """Every group, always."""
        return [True] * depth
