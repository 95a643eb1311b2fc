"""An upstream on the data set of the run that starts from it: read alike, with the other labels."""

from collections.abc import Collection, Sequence
from typing import Any

from omegaconf import DictConfig, OmegaConf, open_dict

from medsmall.configs import literal
from medsmall.dataset.opening import open_dataset
from medsmall.errors import AbsentWeightsError
from medsmall.pretraining.chain import data_name


def of_data(draws: Sequence[dict[str, Any]], names: Collection[str]) -> list[dict[str, Any]]:
    """Those of the `draws` (see `draw_of`) whose data set has one of the `names`."""
    return [one for one in draws if data_name(_config(one).dataset) in names]


def read_alike(upstream: DictConfig, run: dict[str, Any], overrides: Sequence[str]) -> None:
    """Give `upstream` the keys by which the `run` reads the same option of conf/dataset.

    What its `overrides` set stays. It takes the run's audit.drop, unless it has one.
    """
    upstream.audit.drop = upstream.audit.drop or run["audit"]["drop"]
    if run["choices"]["dataset"] != upstream.choices.dataset:
        return
    words = (word.partition("=")[0].split(".") for word in overrides)
    fixed = {"targets", *(word[1] for word in words if word[0] == "dataset" and word[1:])}
    for key in run["dataset"].keys() & upstream.dataset.keys() - fixed:
        upstream.dataset[key] = literal(run["dataset"][key])


def learn_others(upstream: DictConfig, runs: Sequence[dict[str, Any]]) -> None:
    """Leave out of the targets of `upstream` those that one of the `runs` learns.

    It keeps all where its config names them. AbsentWeightsError where none is left.
    """
    if upstream.dataset.get("targets") or not runs:
        return
    learnt = {target for run in runs for target in open_dataset(_config(run)).targets}
    dataset = open_dataset(upstream)
    others = [target for target in dataset.targets if target not in learnt]
    if not others:
        raise AbsentWeightsError(
            f"{dataset.name} has no target for the upstream that the run does not learn itself: "
            "name some in pretraining.targets (they may be the same), or fewer in dataset.targets."
        )
    if len(others) < len(dataset.targets):
        with open_dict(upstream):
            upstream.dataset.targets = literal(others)


def _config(draw: dict[str, Any]) -> DictConfig:
    """As a config; its text is no interpolation."""
    return OmegaConf.create(literal(draw))
