"""Where conf/ is, how a config is composed, and what is said when it cannot be.

Options of the user's own lie in a second such folder: `conf/` where the command is started, or the
folder that the environment variable MEDSMALL_CONF names. It adds options to the groups there are.

Nothing heavy is imported here: a mistyped key is answered before torch is loaded.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import (
    HydraException,
    MissingConfigException,
    OverrideParseException,
)
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from medsmall.errors import MedsmallError, did_you_mean


def config_dir() -> Path:
    """The folder of the configs: inside the installed package, else beside it in a checkout."""
    packaged = Path(__file__).parent / "conf"
    return packaged if packaged.is_dir() else Path(__file__).parent.parent / "conf"


def own_config_dir() -> Path:
    """The folder of the user's own options; it need not be there."""
    return Path(os.environ.get("MEDSMALL_CONF", "conf")).expanduser().absolute()


def config_dirs() -> list[Path]:
    """The folders of configs that are there, in the order in which an option is looked up."""
    own = own_config_dir()
    shipped = config_dir()
    return [shipped, own] if own.is_dir() and not own.samefile(shipped) else [shipped]


# Hydra warns of a folder on its search path that is not there: it is given the shipped one again.
OmegaConf.register_new_resolver(
    "own_config_dir", lambda: str(config_dirs()[-1]), replace=True, use_cache=False
)

OmegaConf.register_new_resolver(
    "unless", lambda given, otherwise: otherwise if given is None else None, replace=True
)
OmegaConf.register_new_resolver(
    "plus", lambda a, b: a + b if isinstance(b, int) else a, replace=True
)


def compose(overrides: list[str]) -> DictConfig:
    """The config that the command line `overrides` would give, with its `choices` filled in."""
    outer = GlobalHydra.instance().hydra
    GlobalHydra.instance().clear()  # Hydra composes one config at a time; a run may want a second
    try:
        with initialize_config_dir(str(config_dir()), version_base="1.3"):
            written = [quoted(override) for override in overrides]
            cfg = hydra_compose("train", written, return_hydra_config=True)
    except Exception as error:
        if not refused(error):
            raise
        raise MedsmallError(explain(error)) from error
    finally:
        GlobalHydra.instance().hydra = outer
    choices = cfg.hydra.runtime.choices
    with open_dict(cfg):
        del cfg["hydra"]
    return with_choices(cfg, choices)


def composed_by_hydra(cfg: DictConfig) -> DictConfig:
    """The config as `hydra.main` handed it over, with its `choices` filled in."""
    return with_choices(cfg.copy(), HydraConfig.get().runtime.choices)


def with_choices(cfg: DictConfig, choices: Mapping[str, str]) -> DictConfig:
    """Put the chosen option of each group under `choices`: names and tags are made of them.

    Where no experiment is chosen, runs go by their data set.
    """
    chosen = {k: v for k, v in choices.items() if not k.startswith("hydra/")}
    with open_dict(cfg):
        cfg.choices = literal(
            {
                "experiment": chosen.get("dataset"),
                **chosen,
                "size": _size(cfg.get("sample_size")),
                "fold": f"-fold{cfg.split.fold}" if "fold" in cfg.get("split", {}) else "",
            }
        )
    return cfg


def literal(content: Any) -> Any:
    """Plain containers whose text OmegaConf gives back as it is: a name with ``${...}`` is a name.

    What is resolved, and what comes from a table, a folder or a file name, passes through here
    before it stands in a config once more.
    """
    if isinstance(content, str):
        return re.sub(r"(\\*)\$\{", lambda found: f"{found[1]}{found[1]}\\${{", content)
    if isinstance(content, dict):
        return {key: literal(value) for key, value in content.items()}
    if isinstance(content, list):
        return [literal(value) for value in content]
    return content


# What Hydra's grammar gives a meaning to; all between is text, perhaps with blanks inside
TEXT = re.compile(r"""[^\s,\[\]{}()'":=]+(?:[ \t]+[^\s,\[\]{}()'":=]+)*""")


def quoted(override: str) -> str:
    """The override as it is, or with quotes where Hydra's grammar cannot do without.

    So paths with a tilde or a bracket and names in any script may be written as they are.
    """
    key, equals, value = override.partition("=")
    if not equals or _readable(override):
        return override
    words = TEXT.sub(lambda word: word[0] if _readable(f"x={word[0]}") else _quote(word[0]), value)
    tries = [words]
    if not value.startswith(("[", "{")) and not (" " in value and "=" in value):
        tries.append(_quote(value))
    return next((f"{key}={one}" for one in tries if _readable(f"{key}={one}")), override)


def _readable(override: str) -> bool:
    try:
        OverridesParser.create().parse_override(override)
    except (HydraException, ValueError):  # ValueError: a number of thousands of digits
        return False
    return True


def plain_word(word: str) -> bool:
    """Whether ``key=word`` gives the key this text: not null, true or a number."""
    parsed = OverridesParser.create().parse_override(f"key={word}").value()
    return isinstance(parsed, str) and parsed == word


def _quote(text: str) -> str:
    """Backslashes count as escapes before a quote alone."""
    return (
        "'" + re.sub(r"(\\*)('|$)", lambda end: end[1] * 2 + end[2].replace("'", "\\'"), text) + "'"
    )


def _size(sample_size: DictConfig | None) -> str:
    """The drawn size in a word: n50, 10% or all."""
    if sample_size is None:
        return "all"
    if sample_size.get("n") is not None:
        return f"n{sample_size.n}"
    fraction = sample_size.get("fraction")
    if isinstance(fraction, float | int):
        return f"{100 * fraction:g}%"
    return "all" if fraction is None else str(fraction)


GROUP = "Config group override"  # in the ValueError that Hydra raises for logger=null


def refused(error: Exception) -> bool:
    """Whether Hydra or OmegaConf refused what was given: `explain` has a sentence for it then."""
    if isinstance(error, UnicodeDecodeError):
        return _not_utf8() is not None
    hydras = isinstance(error, HydraException | OmegaConfBaseException | YAMLError)
    return hydras or GROUP in str(error)


def explain(error: Exception) -> str:
    """One sentence for what Hydra or OmegaConf refused, with the nearest name that exists."""
    if isinstance(error, UnicodeDecodeError):
        return f"{_not_utf8()} cannot be read as UTF-8: save it so."
    if isinstance(error, YAMLError):
        return _unreadable(error)
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, option = error.missing_cfg_file.rpartition("/")
        if group and error.options is not None:
            return f"{group} has no option '{option}'{did_you_mean(option, set(error.options))}."
        return f"There is no config group '{group or option}'{did_you_mean(group, groups())}."
    if isinstance(error, OverrideParseException):
        return (
            f"'{error.override}' cannot be read as an override: write key=value without spaces, "
            f"and quote values with commas or brackets in the shell."
        )
    first = str(error).splitlines()[0].rstrip(".")
    several = re.search(r"Ambiguous value for argument '(.*)'", first)
    if several:
        key, _, values = several[1].partition("=")
        return (
            f"'{several[1]}' gives {key} several values: did you mean -m, which makes a run of "
            f"each? A list is written '{key}=[{values}]'."
        )
    merging = re.search(r"Error merging override (.*)", first)
    if merging and error.__cause__:
        why = str(error.__cause__).splitlines()[0].rstrip(".")
        return f"'{merging[1]}' cannot be applied: {why}."
    if GROUP in first:
        return "A config group takes the name of one of its options, such as logger=none."
    twice = re.search(r"(?:already at '|Multiple values for )([\w./]*\w)", first)
    if twice:
        return f"'{twice[1]}' is there already: write {twice[1]}=... without a plus."
    found = re.search(r"Could not (?:override|append to config|append|delete).*?'([^'=]*)", first)
    key = found[1].partition("@")[0].lstrip("+~") if found else ""
    if key == "experiment":
        return "An experiment is added, not replaced: write +experiment=<name> with a plus."
    known = [*groups(), *default_keys()]
    if found and key not in known:
        return f"There is no key or group '{key}'{did_you_mean(key, known)}."
    group = key.partition(".")[0]
    having = [option for option in options(group) if key in _keys_of(group, option)]
    if having:
        return f"'{key}' is no key of the chosen {group}; it belongs to {' and '.join(having)}."
    return f"The config cannot be composed: {first}."


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


def groups() -> list[str]:
    """Names of the config groups: the folders of the shipped conf/."""
    return sorted(folder.name for folder in config_dir().iterdir() if folder.is_dir())


def default_keys() -> list[str]:
    """Every key of every option in dotted form, as it would be overridden."""
    keys = list(_dotted(OmegaConf.load(config_dir() / "train.yaml"), ""))
    for group in groups():
        if group != "experiment":
            for option in options(group):
                keys += _keys_of(group, option)
    return sorted(set(keys) - {"defaults"})


def options(group: str) -> list[str]:
    """Names of the options of a group, the user's own among them."""
    files = [file for folder in config_dirs() for file in (folder / group).glob("*.yaml")]
    return sorted({file.stem for file in files})


def _keys_of(group: str, option: str) -> list[str]:
    files = [folder / group / f"{option}.yaml" for folder in config_dirs()]
    chosen = next(file for file in files if file.is_file())
    try:
        return list(_dotted(OmegaConf.load(chosen), f"{group}."))
    except (YAMLError, UnicodeDecodeError):  # said where it is chosen
        return []


def _dotted(node: object, prefix: str) -> Iterator[str]:
    if isinstance(node, DictConfig):
        for key in map(str, node):
            if not key.startswith("_") and key not in ("hydra", "defaults"):
                yield f"{prefix}{key}"
                yield from _dotted(node._get_node(key), f"{prefix}{key}.")
