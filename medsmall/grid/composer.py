"""The configs of a grid: composed by Hydra once per choice of groups, which takes long."""

import pickle
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from medsmall.configs import compose, with_choices
from medsmall.configs.options import groups

KEY = re.compile(r"([a-z]\w*)((?:\.[a-zA-Z_]\w*)*)=")


class Composer:
    """Composes cells that differ in few values: those are set on a copy of a composed config."""

    def __init__(self) -> None:
        self.composed: dict[tuple[str, ...], bytes] = {}  # deepcopy takes twice as long

    def __call__(self, cell: Sequence[str], varied: set[str]) -> DictConfig:
        """The config of a `cell`, as `medsmall.configs.compose` gives it.

        `varied` are the overrides that not all cells have.
        """
        late = [word for word in cell if word in varied and _is_value(word)]
        early = tuple(word for word in cell if word not in late)
        if early not in self.composed:
            self.composed[early] = pickle.dumps(compose(list(early)))
        cfg: DictConfig = pickle.loads(self.composed[early])
        try:
            for word in late:
                OmegaConf.update(cfg, *_parsed(word), merge=True)
        except OmegaConfBaseException:
            return compose(list(cell))  # which says what is wrong, or what Hydra makes of it
        return with_choices(cfg, cfg.choices)


def _is_value(word: str) -> bool:
    """Whether an override sets a key of an option, and chooses nothing else by it."""
    found = KEY.match(word)
    if not found or found[1] == "hydra":
        return False
    return bool(found[2]) or found[1] not in groups()


@lru_cache(maxsize=4096)
def _parsed(word: str) -> tuple[str, Any]:
    override = OverridesParser.create().parse_override(word)
    return override.key_or_group, override.value()
