"""Names of timm's networks from its source text: importing timm to report a typo is too slow."""

import importlib.util
import re
from functools import cache
from pathlib import Path

OWN = ("small_cnn",)  # registered by medsmall.backbone.small_cnn


@cache
def timm_names() -> frozenset[str]:
    """Every network that timm registers, older names among them, and our own."""
    text = _source()
    registered = re.findall(r"^@register_model\b[^)]*?\ndef (\w+)", text, re.MULTILINE)
    renamed = re.findall(r"register_model_deprecations\(__name__, \{(.*?)\}\)", text, re.DOTALL)
    older = [name for names in renamed for name in re.findall(r"^\s*'(\w+)'\s*:", names, re.M)]
    return frozenset([*registered, *older, *OWN])


def timm_tags(network: str) -> set[str]:
    """Tags of its pretrained weights; none of the few networks whose tags timm composes."""
    return _tags().get(network, set())


@cache
def _tags() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for network, tag in re.findall(r"""['"](\w+)\.(\w+)['"]""", _source()):
        found.setdefault(network, set()).add(tag)
    return found


@cache
def _source() -> str:
    spec = importlib.util.find_spec("timm")
    folders = (spec.submodule_search_locations if spec else None) or []
    files = [file for folder in folders for file in sorted(Path(folder, "models").glob("*.py"))]
    return "\n".join(file.read_text(encoding="utf-8") for file in files)
