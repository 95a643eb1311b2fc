"""Networks of the timm library, with their layers in groups from input to head.

torch and timm are imported only when a network is made: a mistyped name is reported at once.
"""

import re
from itertools import chain
from typing import Any

from medsmall.backbone.network import Network
from medsmall.backbone.timm_names import timm_names, timm_tags
from medsmall.errors import MedsmallError, did_you_mean


class TimmNetwork:
    """Any timm network.

    Args:
        name: timm's architecture name; for an unknown name the error gives the nearest.
        groups: regular expressions on parameter names, one per body group, input first, that
            together match every parameter but the head's. null: timm's own stages in two halves,
            the first the larger.
        packaged_weights: ImageNet weights as `package/path` inside an installed package, used by
            pretraining=imagenet; null: timm's hub.
    """

    def __init__(self, name: str, groups: list[str] | None, packaged_weights: str | None) -> None:
        network, _, tag = name.partition(".")
        if network not in timm_names():
            raise MedsmallError(
                f"timm has no network '{name}'{did_you_mean(network, timm_names())}."
            )
        tags = timm_tags(network) if tag else set()
        if tags and tag not in tags:
            near = did_you_mean(tag, tags)
            raise MedsmallError(f"backbone.name={name}: Invalid pretrained tag ({tag}){near}.")
        for pattern in groups or []:
            _check_pattern(pattern)
        self.name = name
        self.patterns = groups
        self.packaged_weights = packaged_weights

    def build(self, outputs: int) -> Network:
        """A new network with `outputs` logits and random weights.

        The head begins as torch makes a linear layer, uniform within 1/sqrt(features): timm scales
        some heads by the number of outputs instead, which for a single one gives logits in the
        tens and a loss that a small sample never brings down.
        """
        from medsmall.backbone.timm_module import head_names, layers_of, reset_head, timm_module

        module = timm_module(self.name, outputs)
        reset_head(module)
        head = head_names(module)
        body = self._body(module, head, layers_of(module, head, coarse=True))
        return Network(
            module,
            layers=[*(layers_of(module, head, coarse=False) or body), head],
            groups=[*body, head],
            architecture=self.name,
            mean=list(module.default_cfg["mean"]),
            std=list(module.default_cfg["std"]),
        )

    def _body(self, module: Any, head: list[str], stages: list[list[str]]) -> list[list[str]]:
        if self.patterns:
            names = [name for name, _ in module.named_parameters()]
            return _by_pattern([name for name in names if name not in head], self.patterns)
        if not stages:
            raise MedsmallError(
                f"timm defines no stages for {type(module).__name__}: set backbone.groups to "
                f"regular expressions on parameter names, one per body group, input first."
            )
        return _halves(stages)


def _check_pattern(pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise MedsmallError(
            f"backbone.groups: '{pattern}' is not a regular expression ({error}): correct it."
        ) from error


def _by_pattern(names: list[str], patterns: list[str]) -> list[list[str]]:
    groups: list[list[str]] = [[] for _ in patterns]
    for name in names:
        matching = [i for i, pattern in enumerate(patterns) if re.search(pattern, name)]
        if len(matching) != 1:
            raise MedsmallError(
                f"backbone.groups must match every body parameter once, but '{name}' is matched "
                f"by {len(matching)} of them."
            )
        groups[matching[0]].append(name)
    for pattern, group in zip(patterns, groups, strict=True):
        if not group:
            raise MedsmallError(f"backbone.groups: no parameter matches '{pattern}'.")
    return groups


def _halves(stages: list[list[str]]) -> list[list[str]]:
    cut = (len(stages) + 1) // 2
    return [list(chain.from_iterable(half)) for half in (stages[:cut], stages[cut:]) if half]
