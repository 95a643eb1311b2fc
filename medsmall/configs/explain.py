"""Messages for a config that Hydra or OmegaConf refuses."""

import re
import traceback
from collections.abc import Iterable
from pathlib import Path

from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from medsmall.configs.options import config_dirs, default_keys, groups, keys_of, options
from medsmall.errors import did_you_mean

GROUP = "Config group override"  # in the ValueError that Hydra raises for logger=null
NO_MAP = "Invalid loaded object type"  # in the OSError for a YAML that holds a number alone

PLUGINS = {  # options of Hydra's plugins -> the extra that brings them
    "hydra/launcher/ray": "ray",
    "hydra/launcher/submitit_local": "slurm",
    "hydra/launcher/submitit_slurm": "slurm",
    "hydra/sweeper/optuna": "optuna",
}


def refused(error: Exception) -> bool:
    """Whether Hydra or OmegaConf refused the input, so that `explain` has a sentence for it."""
    if isinstance(error, UnicodeDecodeError):
        return _not_utf8() is not None
    hydras = isinstance(error, HydraException | OmegaConfBaseException | YAMLError)
    return hydras or GROUP in str(error) or NO_MAP in str(error) or _names_itself(error)


def _names_itself(error: Exception) -> bool:
    """Whether the defaults of an option form a circle."""
    if not isinstance(error, RecursionError):
        return False
    frames = traceback.extract_tb(error.__traceback__)
    return any(Path(frame.filename).name == "defaults_list.py" for frame in frames)


def explain(error: Exception) -> str:
    """One sentence for what Hydra or OmegaConf refused, with the nearest name that exists."""
    if isinstance(error, UnicodeDecodeError):
        return f"{_not_utf8()} is not UTF-8: save it as UTF-8."
    if isinstance(error, YAMLError):
        return _unreadable(error)
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, option = error.missing_cfg_file.rpartition("/")
        if extra := PLUGINS.get(error.missing_cfg_file):
            return f'{group}={option} is not installed: pip install "medsmall[{extra}]".'
        if group and error.options is not None:
            return f"{group} has no option '{option}'{_instead(group, option, error.options)}."
        return f"There is no config group '{group or option}'{did_you_mean(group, groups())}."
    if isinstance(error, OverrideParseException):
        return (
            f"'{error.override}' cannot be read as an override: write key=value without spaces, "
            f"and quote values with commas or brackets in the shell."
        )
    if _names_itself(error):
        return "One of your own options includes itself in its defaults: remove that line."
    if NO_MAP in str(error):
        return "One of your own options has no keys: write each line as key: value."
    first = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
    several = re.search(r"Ambiguous value for argument '(.*)'", first)
    if several:
        key, _, values = several[1].partition("=")
        return (
            f"'{several[1]}' gives {key} several values: add -m for a run with each, or write a "
            f"list as '{key}=[{values}]'."
        )
    merging = re.search(r"Error merging override (.*)", first)
    if merging and error.__cause__:
        why = str(error.__cause__).splitlines()[0].rstrip(".")
        return f"'{merging[1]}' cannot be applied: {why}."
    if GROUP in first:
        return "A config group takes the name of one of its options, such as logger=none."
    twice = re.search(r"(?:already at '|Multiple values for )([\w./]*\w)", first)
    if twice:
        return f"'{twice[1]}' exists already: write {twice[1]}=... without a plus."
    found = re.search(r"Could not (?:override|append to config|append|delete).*?'([^'=]*)", first)
    key = found[1].partition("@")[0].lstrip("+~") if found else ""
    if key == "experiment":
        return "An experiment is added, not replaced: write +experiment=<name> with a plus."
    known = [*groups(), *default_keys()]
    if found and key not in known:
        return f"There is no key or group '{key}'{did_you_mean(key, known)}."
    none = re.search(r"Interpolation key 'choices\.(\w+)' not found", first)
    if none and none[1] in groups():
        return f"{none[1]} is given no option (there are: {', '.join(options(none[1]))})."
    group = key.partition(".")[0]
    having = [option for option in options(group) if key in keys_of(group, option)]
    if having:
        return (
            f"The chosen {group} has no key '{key}'; it belongs to {' and '.join(having)} (to "
            "sweep that beside others, see docs/sweeps.md)."
        )
    return f"The config cannot be composed: {first}."


def _instead(group: str, option: str, known: Iterable[str]) -> str:
    """A suggestion for an `option` that the `group` does not have."""
    if group == "sample_size" and re.fullmatch(r"\d+|0?\.\d+", option):
        key = "n" if option.isdigit() else "fraction"
        return f" (did you mean sample_size.{key}={option}?)"
    meant = did_you_mean(option, set(known))
    if group == "backbone" and "did you mean" not in meant:
        return f"{meant}; another network of timm is backbone.name={option}"
    if group == "dataset" and "did you mean" not in meant:
        return f"{meant}; python -m medsmall.init describes images of your own"
    return meant


def _unreadable(error: YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    place = f"{mark.name}, line {mark.line + 1}," if mark else getattr(error, "name", "A file")
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or "no YAML"
    return f"{place} cannot be read as YAML ({what}): correct it."


def _not_utf8() -> Path | None:
    """The first config file that is not UTF-8: the decoder's error does not name it."""
    for folder in config_dirs():
        for file in sorted(folder.rglob("*.yaml")):
            try:
                file.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                return file
    return None
