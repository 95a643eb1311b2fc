"""Networks of the timm library, with their layers in groups from input to head.

torch and timm are imported only when a network is made: a mistyped name is reported at once.
"""

import re
from itertools import chain, pairwise
from typing import Any, Literal

from medsmall import hub
from medsmall.backbone.network import Network
from medsmall.backbone.timm_names import timm_names, timm_tags
from medsmall.errors import MedsmallError, did_you_mean


class TimmNetwork:
    """Any timm network, also one that the Hugging Face hub describes.

    Args:
        name: timm's name of it, perhaps with the tag of its weights after a dot, or
            ``hf-hub:owner/repository`` of the hub; for an unknown name the error gives the nearest.
        groups: regular expressions on parameter names, one per body group, input first, that
            together match every parameter but the head's; or how many groups to make of timm's own
            stages, the first the larger. null: 2.
        packaged_weights: ImageNet weights as `package/path` inside an installed package, used by
            pretraining=imagenet; null: timm's hub.
        pooling: of a ViT, what its head sees: "cls", the class token; "mean" of the patch tokens;
            "both", one after the other; null: as timm has it.
        hub: where pretraining=hub finds its weights; see `medsmall.pretraining.hub`.
        samplewise: whether each image is centred and scaled by its own mean and standard deviation
            instead of by those of the pretraining.
    """

    def __init__(
        self,
        name: str,
        groups: int | list[str] | None,
        packaged_weights: str | None,
        pooling: Literal["cls", "mean", "both"] | None = None,
        hub: dict | None = None,
        samplewise: bool = False,
    ) -> None:
        if not name.startswith("hf-hub:"):
            _check_name(name)
        for pattern in groups if isinstance(groups, list) else []:
            _check_pattern(pattern)
        self.name = name
        self.groups = groups
        self.packaged_weights = packaged_weights
        self.pooling, self.samplewise = pooling, samplewise

    def build(self, outputs: int) -> Network:
        """A new network with `outputs` logits and random weights.

        The head begins as torch makes a linear layer, uniform within 1/sqrt(features): timm scales
        some heads by the number of outputs instead, which for a single one gives logits in the
        tens and a loss that a small sample never brings down.
        """
        from medsmall.backbone.timm_module import head_names, layers_of, reset_head, timm_module

        name = self.name
        arguments: dict[str, Any] = {}
        facts: dict[str, Any] = {}
        if name.startswith("hf-hub:"):
            name, arguments, facts = hub.described(name.removeprefix("hf-hub:"))
        if self.pooling:
            arguments["pooling"] = self.pooling
        if self.samplewise:
            arguments["samplewise"] = True
        try:
            module = timm_module(name, outputs, arguments)
        except (TypeError, RuntimeError, MedsmallError) as error:
            if name == self.name:
                raise
            raise MedsmallError(
                f"{self.name} describes {name} with {arguments} in its config.json, and timm "
                f"cannot make that ({error}): choose another repository, or a newer timm."
            ) from error
        reset_head(module)
        head = head_names(module)
        stages = layers_of(module, head, coarse=True)
        layers = layers_of(module, head, coarse=False)
        body = self._body(module, head, stages, layers)
        expected = module.default_cfg | facts
        return Network(
            module,
            layers=[*(layers or body), head],
            stages=[*(stages or body), head],
            groups=[*body, head],
            architecture=name,
            mean=list(expected["mean"]),
            std=list(expected["std"]),
            arguments=arguments,
        )

    def _body(
        self, module: Any, head: list[str], stages: list[list[str]], layers: list[list[str]]
    ) -> list[list[str]]:
        if isinstance(self.groups, list):
            names = [name for name, _ in module.named_parameters()]
            return _by_pattern([name for name in names if name not in head], self.groups)
        if not stages:
            raise MedsmallError(
                f"timm defines no stages for {type(module).__name__}: set backbone.groups to "
                f"regular expressions on parameter names, one per body group, input first."
            )
        count = 2 if self.groups is None else self.groups
        if not 1 <= count <= len(layers):
            raise MedsmallError(
                f"backbone.groups must lie between 1 and {len(layers)}, the layers of {self.name}, "
                f"but is {count}."
            )
        return _divided(stages if count <= len(stages) else layers, count)


def _check_name(name: str) -> None:
    network, _, tag = name.partition(".")
    if network not in timm_names():
        asked = network or name
        raise MedsmallError(f"timm has no network '{asked}'{did_you_mean(asked, timm_names())}.")
    check_tag("backbone.name", network, tag)


def check_tag(key: str, network: str, tag: str) -> None:
    """MedsmallError if timm has no weights of that `tag` for a `network`; the nearest is named."""
    tags = timm_tags(network) if tag else set()
    if tags and tag not in tags:
        raise MedsmallError(
            f"{key}={network}.{tag}: Invalid pretrained tag ({tag}){did_you_mean(tag, tags)}."
        )


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


def _divided(stages: list[list[str]], count: int) -> list[list[str]]:
    """The stages in `count` groups of equally many, the first ones larger by one where need be."""
    size, more = divmod(len(stages), count)
    ends = [size * k + min(k, more) for k in range(count + 1)]
    return [list(chain(*stages[a:b])) for a, b in pairwise(ends) if a < b]
