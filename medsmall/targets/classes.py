"""Classes: exactly one of them is there (multiclass tasks)."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from medsmall.targets.findings import Findings


@dataclass(frozen=True)
class Classes(Findings):
    """K columns with a single 1 per image (or all NaN, unknown); outputs are their logits.

    Metrics per class are those of one class against the rest, as of a finding.
    """

    loss: ClassVar[str] = "cross_entropy"

    def activate(self, outputs: Tensor) -> Tensor:
        """Probabilities: the softmax over the classes."""
        return outputs.softmax(1)
