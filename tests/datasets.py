"""Data sets made from their YAML."""

from pathlib import Path
from typing import Any

import yaml
from hydra.utils import get_class

CONF = Path(__file__).parents[1] / "conf" / "dataset"
OPTIONS = sorted(file.stem for file in CONF.glob("*.yaml"))


def made(option: str, root: Path | str, **changes: Any) -> Any:
    """The data set of conf/dataset/<option>.yaml at `root`, with changed arguments."""
    arguments = yaml.safe_load((CONF / f"{option}.yaml").read_text())
    kind = get_class(arguments.pop("_target_"))
    return kind(**{**arguments, "root": str(root), **changes})
