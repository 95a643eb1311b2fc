"""Options that were chosen together once are not composed again: their config is copied.

A file of conf/ is read once. Hydra chooses the options, merges their files, then sets the values of
a command line. All but the last takes 0.1 s and depends on the chosen options alone, so each choice
is made once per process.
"""

import functools
import pickle
from typing import Any

from hydra._internal import config_loader_impl
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.defaults_list import DefaultsList, Overrides
from hydra._internal.hydra import Hydra
from omegaconf import DictConfig, OmegaConf

from medsmall.configs import config_dir, config_dirs

SHIPPED = [config_dir()]


@functools.cache  # a second time would keep twice
def compose_once() -> None:
    """Keep what depends on the options alone, unless there are some of one's own: they change."""
    choose, mode = config_loader_impl.create_defaults_list, Hydra.get_mode
    merge = ConfigLoaderImpl._compose_config_from_defaults_list
    read = OmegaConf.load
    files: dict[str, bytes] = {}
    chosen: dict[Any, DefaultsList] = {}
    merged: dict[Any, bytes] = {}  # deepcopy takes twice as long

    def create_defaults_list(
        repo: Any, config_name: Any, overrides_list: list[Any], **how: bool
    ) -> DefaultsList:
        if config_dirs() != SHIPPED:
            return choose(repo, config_name, overrides_list, **how)
        values = Overrides(repo, overrides_list).config_overrides
        options = [one.input_line for one in overrides_list if one not in values]
        key = (_sources(repo), config_name, tuple(options), *sorted(how.items()))
        if key not in chosen:
            chosen[key] = choose(repo, config_name, overrides_list, **how)
        kept = chosen[key]
        return DefaultsList(kept.defaults, kept.defaults_tree, values, kept.overrides)

    def compose_defaults(self: ConfigLoaderImpl, defaults: list[Any], repo: Any) -> DictConfig:
        if config_dirs() != SHIPPED:
            return merge(self, defaults, repo)
        key = (_sources(repo), repr(defaults))
        if key not in merged:
            merged[key] = pickle.dumps(merge(self, defaults, repo))
        return pickle.loads(merged[key])

    def get_mode(self: Hydra, config_name: str | None, overrides: list[str]) -> Any:
        """It composes everything to read hydra.mode, which conf/ leaves unset."""
        if config_dirs() == SHIPPED and not any("hydra" in one for one in overrides):
            return None
        return mode(self, config_name, overrides)

    def load(file: Any) -> Any:
        name = str(getattr(file, "name", file))
        if not name.startswith(str(SHIPPED[0])):
            return read(file)
        if name not in files:
            files[name] = pickle.dumps(read(file))
        return pickle.loads(files[name])

    OmegaConf.load = staticmethod(load)  # type: ignore[method-assign]
    config_loader_impl.create_defaults_list = create_defaults_list
    ConfigLoaderImpl._compose_config_from_defaults_list = compose_defaults  # type: ignore
    Hydra.get_mode = get_mode  # type: ignore[method-assign]


def _sources(repo: Any) -> tuple[tuple[str, str], ...]:
    return tuple((source.provider, source.path) for source in repo.get_sources())
