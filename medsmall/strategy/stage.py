"""A stage of training, and the parameter groups that several stages make together."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from medsmall.errors import MedsmallError

Names = list[str]
Norm = Literal["adapting", "frozen", "reestimated"]


@dataclass(frozen=True)
class Stage:
    """The parameters that train from some point of the training.

    Attributes:
        at: part of all steps, in [0, 1), at which it begins.
        groups: (names of parameters, learning rate), input first; all others are frozen.
        norm: "adapting": normalisation layers use and follow the statistics of the batches where
            their layer trains; "frozen": they keep their statistics, whatever trains;
            "reestimated": all of them, also in frozen layers, keep those of the train images,
            estimated without labels before the first step (AdaBN, see
            `medsmall.learner.batchnorm`).
    """

    at: float
    groups: list[tuple[Names, float]]
    norm: Norm = "adapting"

    @property
    def trained(self) -> set[str]:
        """Names of all parameters that train."""
        return {name for names, _ in self.groups for name in names}


@dataclass(frozen=True)
class ParameterGroup:
    """Parameters that have one rate in every stage; `rates` has None where a stage freezes them."""

    names: Names
    rates: list[float | None]

    @property
    def first_rate(self) -> float:
        """The rate of the first stage that trains them."""
        return next(rate for rate in self.rates if rate is not None)


def parameter_groups(stages: list[Stage]) -> list[ParameterGroup]:
    """The groups of the optimizer: those of the last stage first, then what it has frozen again."""
    places: dict[str, list[int | None]] = {}
    for number, stage in enumerate(stages):
        for place, (names, _) in enumerate(stage.groups):
            for name in names:
                places.setdefault(name, [None] * len(stages))[number] = place
    together: dict[tuple[int | None, ...], Names] = {}
    for name in _in_order(stages):
        together.setdefault(tuple(places[name]), []).append(name)
    return [
        ParameterGroup(
            names,
            [
                None if place is None else stage.groups[place][1]
                for stage, place in zip(stages, at, strict=True)
            ],
        )
        for at, names in together.items()
    ]


def _in_order(stages: list[Stage]) -> Iterable[str]:
    backwards = (names for stage in reversed(stages) for names, _ in stage.groups)
    return dict.fromkeys(name for names in backwards for name in names)


def check_rates(lr: float, weight_decay: float) -> None:
    """MedsmallError for a learning rate not above 0, or a weight decay below 0."""
    if not (0 < lr < float("inf") and 0 <= weight_decay < float("inf")):
        raise MedsmallError(
            f"strategy.lr must be above 0 and strategy.weight_decay at least 0, but they are "
            f"{lr} and {weight_decay}."
        )


def check(stages: list[Stage], known: set[str], weight_decay: float, restarts: bool) -> None:
    """MedsmallError for stages that cannot be trained; `known` are the network's parameters."""
    starts = [stage.at for stage in stages]
    if not starts or starts[0] != 0 or starts != sorted(starts) or not starts[-1] < 1:
        raise MedsmallError(
            f"The stages of a strategy must begin at rising fractions of the training, the first "
            f"at 0 and all below 1, not at {starts}."
        )
    for stage in stages:
        named = [name for names, _ in stage.groups for name in names]
        if unknown := sorted(set(named) - known):
            raise MedsmallError(
                f"The strategy names {unknown[0]}, which the network does not have."
            )
        if len(named) != len(set(named)) or not named:
            raise MedsmallError(
                f"The stage at {stage.at} names {'a parameter twice' if named else 'none'}: a "
                "stage trains some parameters, each in one group."
            )
        rates = [rate for _, rate in stage.groups]
        if stage.norm not in get_args(Norm):
            raise MedsmallError(
                f"A stage has norm={stage.norm!r}: set {', '.join(get_args(Norm))}."
            )
        if not min(rates) > 0:
            raise MedsmallError(
                f"The stage at {stage.at} has a learning rate of {min(rates)}: set one above 0."
            )
        check_rates(max(rates), weight_decay)
    for group in parameter_groups(stages):
        if not restarts and len({*group.rates} - {None}) > 1:
            raise MedsmallError(
                f"The strategy trains {group.names[0]} at {group.rates} in its stages: different "
                "rates need restarts=True, a schedule that restarts with each stage."
            )
