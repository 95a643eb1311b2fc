"""The reasons for the settings of an augmentation, read from its YAML."""

import re
from functools import cache

from medsmall.configs import config_dir

KEY = re.compile(r"^(\w+):.*?\s# (.+)$", re.MULTILINE)


def reasons(option: str) -> dict[str, str]:
    """The comment beside each key of conf/augmentation/<option>.yaml; {} without such a file."""
    file = config_dir() / "augmentation" / f"{option}.yaml"
    if not file.is_file():
        return {}
    return {key: text.strip() for key, text in KEY.findall(file.read_text(encoding="utf-8"))}


@cache  # a sweep asks in each cell
def shipped_for(modality: str) -> list[str]:
    """The options in conf/augmentation that are meant for images of `modality`, sorted."""
    meant = re.compile(rf"^modality: {re.escape(modality)}\s*(#|$)", re.MULTILINE)
    files = sorted((config_dir() / "augmentation").glob("*.yaml"))
    return [file.stem for file in files if meant.search(file.read_text(encoding="utf-8"))]
