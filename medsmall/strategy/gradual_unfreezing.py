"""Gradual unfreezing with discriminative learning rates (Howard & Ruder, ACL 2018)."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from medsmall.backbone.network import Network
from medsmall.errors import MedsmallError
from medsmall.strategy.stage import Stage, check_rates


@dataclass(frozen=True)
class GradualUnfreezing:
    """The head trains from the start; each body group joins at its part of the steps.

    Args:
        lr: learning rate of the head.
        alpha: rate of a group over the rate of the next one towards the head, in (0, 1].
        thaw_at: parts of all training steps, in [0, 1), at which the body groups begin to train,
            the one beside the head first; as many as there are body groups, in rising order. One
            number: its multiples, for any number of groups.
        weight_decay: AdamW's.
        random_body: whether the body's weights are random. Then there is nothing to keep: all
            groups train from the start at `lr`. The paper held this arm back with rates of lr/9
            and lr/3 (random_body=false with thaw_at=[0,0] repeats that).
        body_groups: how many the backbone has; None: known only with the network.
        norm: of the layers that train; see `medsmall.strategy.stage.Stage`.

    Romero et al. 2020: alpha 1/3, thaw_at 0.1 and 0.2, lr 1e-3.
    """

    lr: float
    alpha: float
    thaw_at: float | list[float]
    weight_decay: float
    random_body: bool = False
    body_groups: int | None = None
    norm: Literal["adapting", "frozen", "reestimated"] = "adapting"
    restarts: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_rates(self.lr, self.weight_decay)
        if not 0 < self.alpha <= 1:
            raise MedsmallError(f"strategy.alpha must lie in (0, 1], but is {self.alpha}.")
        listed = 1 if isinstance(self.thaw_at, int | float) else len(self.thaw_at)
        self._starts(listed if self.body_groups is None else self.body_groups)

    def stages(self, network: Network) -> list[Stage]:
        """The head, then the head and the last k body groups; the k-th at lr * alpha^k."""
        body, head = network.groups[:-1], network.head
        thaw_at = self._starts(len(body))
        if self.random_body:
            return [Stage(0.0, [(names, self.lr) for names in network.groups], self.norm)]
        rates = [self.lr * self.alpha**k for k in range(len(body), 0, -1)]
        groups = [*zip(body, rates, strict=True), (head, self.lr)]
        starts = {0.0: groups[-1:]}
        for thawed, at in enumerate(thaw_at, 1):  # groups that thaw at once are one stage
            starts[at] = groups[-1 - thawed :]
        return [Stage(at, trained, self.norm) for at, trained in starts.items()]

    def _starts(self, body_groups: int) -> list[float]:
        """The parts of the steps at which `body_groups` groups thaw, that beside the head first."""
        each = self.thaw_at
        if not isinstance(each, int | float):
            starts = list(each)
        else:
            starts = [each * k for k in range(1, body_groups + 1)]
        if sorted(starts) != starts or any(not 0 <= part < 1 for part in starts):
            raise MedsmallError(
                f"strategy.thaw_at must be rising fractions of the training in [0, 1), "
                f"but is {starts}."
            )
        if len(starts) != body_groups:
            raise MedsmallError(
                f"strategy.thaw_at needs one entry for each of the {body_groups} body groups of "
                f"the backbone, but has {len(starts)}; or one number, such as 0.1, for any."
            )
        return starts
