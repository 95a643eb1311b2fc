"""Gradual unfreezing with discriminative learning rates (Howard & Ruder, ACL 2018)."""

from dataclasses import dataclass

from medsmall.errors import MedsmallError


@dataclass(frozen=True)
class GradualUnfreezing:
    """The head trains from the start; each body group joins at its part of the steps.

    Args:
        lr: learning rate of the head.
        alpha: rate of a group over the rate of the next one towards the head, in (0, 1].
        thaw_at: parts of all training steps, in [0, 1), at which the body groups begin to train,
            the one beside the head first; as many as there are body groups, in rising order.
        weight_decay: AdamW's.
        random_body: whether the body's weights are random. Then there is nothing to keep: all
            groups train from the start at `lr`. The paper held this arm back with rates of lr/9
            and lr/3 (random_body=false with thaw_at=[0,0] repeats that).

    Romero et al. 2020: alpha 1/3, thaw_at 0.1 and 0.2, lr 1e-3.
    """

    lr: float
    alpha: float
    thaw_at: list[float]
    weight_decay: float
    random_body: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.alpha <= 1:
            raise MedsmallError(f"strategy.alpha must lie in (0, 1], but is {self.alpha}.")
        rising = sorted(self.thaw_at) == list(self.thaw_at)
        if not rising or any(not 0 <= part < 1 for part in self.thaw_at):
            raise MedsmallError(
                f"strategy.thaw_at must be rising parts of the training in [0, 1), "
                f"but is {list(self.thaw_at)}."
            )

    def rates(self, depth: int) -> list[float]:
        """lr * alpha^k for the k-th group before the head."""
        if self.random_body:
            return [self.lr] * depth
        return [self.lr * self.alpha ** (depth - 1 - i) for i in range(depth)]

    def trains(self, depth: int, progress: float) -> list[bool]:
        """The head, and each body group whose part of the steps is reached."""
        if len(self.thaw_at) != depth - 1:
            raise MedsmallError(
                f"strategy.thaw_at needs one entry for each of the {depth - 1} body groups of the "
                f"backbone, but has {len(self.thaw_at)}."
            )
        if self.random_body:
            return [True] * depth
        return [progress >= part for part in reversed(self.thaw_at)] + [True]
