"""The pretrained body as a fixed feature extractor."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FeatureExtractor:
    """Trains the head alone, at learning rate `lr`."""

    lr: float
    weight_decay: float

    def rates(self, depth: int) -> list[float]:
        """The same rate everywhere; only the head's is used."""
        return [self.lr] * depth

    def trains(self, depth: int, progress: float) -> list[bool]:
        """The head, always."""
        return [False] * (depth - 1) + [True]
