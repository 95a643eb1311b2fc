"""The upstreams that a run starts from in turn, composed and checked before any data are read."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from medsmall.configs import compose, options
from medsmall.contract import build, made
from medsmall.errors import MedsmallError, did_you_mean
from medsmall.sample_size import SampleSize
from medsmall.schema import check

OPTIONS = {"dataset": "dataset", "start": "pretraining"}  # key of the source -> the group it names


def words_of(source: Mapping[str, Any]) -> tuple[str, ...]:
    """The command line of the upstream that the config of a source describes.

    MedsmallError for an option that does not exist, and for a start that is given twice.
    """
    overrides: Sequence[str] = source["overrides"]
    words = [f"+experiment={source['experiment']}"]
    for key, group in OPTIONS.items():
        option = source.get(key)
        if option is None:
            continue
        if option not in (known := options(group)):
            raise MedsmallError(
                f"pretraining.{key} cannot be '{option}'{did_you_mean(option, known)}."
            )
        if any(word.lstrip("+").startswith(f"{group}=") for word in overrides):
            raise MedsmallError(
                f"pretraining.overrides has a {group}=... beside pretraining.{key}={option}: keep "
                "one of them."
            )
        words.append(f"{group}={option}")
    if (images := source.get("train_images")) is not None:
        return (*words, *overrides, f"sample_size.n={images}")
    return (*words, *overrides)


@lru_cache  # a sweep asks for the same one in every cell, and composing takes 90 ms
def chain(words: tuple[str, ...], folders: tuple[Path, ...], kind: str) -> tuple[DictConfig, ...]:
    """The upstream of these `words`, then those that it starts from in turn; all are checked.

    They are composed from `folders`. A source is trained if its `_target_` is `kind`. MedsmallError
    for a circle.
    """
    links: dict[tuple[str, ...], DictConfig] = {}
    while True:
        if words in links:
            raise MedsmallError(
                f"The upstream {words[0].partition('=')[2]} starts from itself, directly or "
                "through others: set another pretraining.start, or another pretraining in "
                "pretraining.overrides."
            )
        links[words] = composed = compose([*words])
        check(composed)
        if composed.choices.sample_size != "auto":
            made(composed.sample_size, SampleSize)  # how many is what is asked for most
        if composed.pretraining._target_ != kind:
            return tuple(links.values())
        source: Any = OmegaConf.to_container(composed.pretraining, resolve=True)
        words = words_of(source)


def data_name(dataset: DictConfig) -> str:
    """The name of the data set of a config, by which patients are known; no file is opened."""
    return str(build(dataset).name)
