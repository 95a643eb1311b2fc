"""The folders of conf/, and their groups, options and keys.

The user's own options are in a second such folder: `conf/` where the command is started, or the
folder in the environment variable MEDSMALL_CONF. It adds options to the existing groups.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from omegaconf import DictConfig, OmegaConf
from yaml import YAMLError

PACKAGE = Path(__file__).parents[1]


def config_dir() -> Path:
    """The folder of the configs: inside the installed package, else beside it in a checkout."""
    packaged = PACKAGE / "conf"
    return packaged if packaged.is_dir() else PACKAGE.parent / "conf"


def own_config_dir() -> Path:
    """The folder of the user's own options; it may not exist."""
    return Path(os.environ.get("MEDSMALL_CONF", "conf")).expanduser().absolute()


def config_dirs() -> list[Path]:
    """The existing folders of configs, in the order of the look-up."""
    own = own_config_dir()
    shipped = config_dir()
    return [shipped, own] if own.is_dir() and not own.samefile(shipped) else [shipped]


def groups() -> list[str]:
    """Names of the config groups: the folders of the shipped conf/; hydra/ holds Hydra's own."""
    folders = (path for path in config_dir().iterdir() if path.is_dir())
    return sorted(folder.name for folder in folders if folder.name != "hydra")


def default_keys() -> list[str]:
    """Every key of every option in dotted form, as in an override."""
    keys = list(_dotted(OmegaConf.load(config_dir() / "train.yaml"), ""))
    for group in groups():
        if group != "experiment":
            for option in options(group):
                keys += keys_of(group, option)
    return sorted(set(keys) - {"defaults"})


def options(group: str) -> list[str]:
    """Names of the options of a group, the user's own among them; `paper/x` lies in a folder."""
    found = set()
    for folder in (one / group for one in config_dirs()):
        for file in folder.rglob("*.yaml"):
            found.add(file.relative_to(folder).with_suffix("").as_posix())
    return sorted(found)


def is_auto(option: str | None) -> bool:
    """Whether the data choose in place of an option: `auto`, or a word after it."""
    return option is not None and (option == "auto" or option.startswith("auto_"))


def first_line(group: str, option: str) -> str:
    """The first line of the comment of an option: what it is, and when to use it."""
    files = [folder / group / f"{option}.yaml" for folder in config_dirs()]
    text = next(file for file in files if file.is_file()).read_text("utf-8", errors="replace")
    line = text.partition("\n")[0]
    return line.lstrip("# ").rstrip() if line.startswith("#") else ""


def keys_of(group: str, option: str) -> list[str]:
    """The keys of an option in dotted form; none where its file cannot be read."""
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
