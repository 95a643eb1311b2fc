"""Carries out the stages of a strategy on a network."""

from bisect import bisect_left
from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _NormBase

from medsmall.backbone import Network
from medsmall.learner.batchnorm import refuse_without_statistics
from medsmall.strategy import Strategy
from medsmall.strategy.stage import check, parameter_groups


class Stages:
    """Which parameters and layers of a network train, step by step.

    Raises MedsmallError if the strategy's stages cannot be trained.
    """

    def __init__(self, network: Network, strategy: Strategy) -> None:
        self.stages = strategy.stages(network)
        self.weight_decay, self.restarts = strategy.weight_decay, strategy.restarts
        self.parameters = dict(network.module.named_parameters())
        check(self.stages, set(self.parameters), self.weight_decay, self.restarts)
        self.modes = network.modes()
        self.groups = parameter_groups(self.stages)
        self.current = 0
        self.reestimates = any(stage.norm == "reestimated" for stage in self.stages)
        if self.reestimates:
            refuse_without_statistics(network.module, network.architecture)

    @property
    def largest_rate(self) -> float:
        """The largest of all rates."""
        return max(rate for stage in self.stages for _, rate in stage.groups)

    def optimizer_groups(self) -> list[dict[str, Any]]:
        """For a torch optimizer, at the rates that the schedule begins with."""
        rates = self.rates(0) if self.restarts else [group.first_rate for group in self.groups]
        return [
            {"params": [self.parameters[name] for name in group.names], "lr": rate}
            for group, rate in zip(self.groups, rates, strict=True)
        ]

    def rates(self, number: int) -> list[float]:
        """The rate of each of the optimizer's groups in a stage; 0 where it is frozen."""
        return [group.rates[number] or 0.0 for group in self.groups]

    def at(self, step: int, total: int) -> int:
        """The number of the stage that holds at a step of `total`."""
        return max(i for i, stage in enumerate(self.stages) if step / total >= stage.at)

    def begins(self, number: int) -> bool:
        """Whether a stage is another one than that of the step before."""
        another = number != self.current
        self.current = number
        return another

    def steps_of_schedule(self, number: int, total: int) -> int:
        """How many steps the schedule has that begins with a stage: all, unless it restarts."""
        if not self.restarts:
            return total
        starts = [bisect_left(range(total), s.at, key=lambda i: i / total) for s in self.stages]
        return [*starts[1:], total][number] - starts[number]

    def apply(self, number: int) -> None:
        """Set `requires_grad` of each parameter and the train or eval mode of each layer."""
        stage = self.stages[number]
        trained = stage.trained
        for name, parameter in self.parameters.items():
            parameter.requires_grad_(name in trained)
        for module, decided_by in self.modes:
            module.training = not trained.isdisjoint(decided_by) and not (
                stage.norm != "adapting" and is_norm(module)
            )


def is_norm(module: nn.Module) -> bool:
    """Whether a layer keeps running statistics."""
    return isinstance(module, _NormBase)
