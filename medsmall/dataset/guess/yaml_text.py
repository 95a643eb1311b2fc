"""The YAML of the user's data set as text: one line per key with its comment, and the guesses.

The last line keeps the guessed values, so that a later call can recognise edits.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

import yaml

from medsmall.configs import config_dir, literal
from medsmall.dataset.guess.inferred import Inferred
from medsmall.dataset.guess.said import AS_SAID

NO_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]")  # written as escapes
GUESSED = "# As guessed, to tell what you edited since: "


def yaml_of(found: Inferred, name: str) -> str:
    """The YAML of the data set: the shipped one of its kind, with the keys found."""
    lines = [
        f"# {name}: your own data, written by `python -m medsmall.init`; correct what is wrong.",
        f"# When to use: python -m medsmall.train dataset={name}, in the folder that holds conf/.",
        "# Source: yours. Licence: yours.",
        *lines_of(found).values(),
    ]
    values = loaded("\n".join(lines))
    return "\n".join([*lines, guesses_line(values, found)]) + "\n"


def lines_of(found: Inferred) -> dict[str, str]:
    """Key -> its line, with its comment."""
    shipped = config_dir() / "dataset" / f"{found.kind.name}.yaml"
    lines = {}
    for line in shipped.read_text(encoding="utf-8").splitlines():
        key = line.partition(":")[0]
        if not line.startswith("#"):
            comment = "".join(re.findall(r"  # .*", line))
            there = key in found.settings
            lines[key] = _line(key, found.settings[key]) + comment if there else line
    return lines


def _line(key: str, value: object) -> str:
    text = json.dumps(literal(value), ensure_ascii=False)
    return f"{key}: " + NO_YAML.sub(lambda character: f"\\u{ord(character[0]):04x}", text)


def guesses_line(guesses: Mapping[str, Any], found: Inferred) -> str:
    """The line that keeps `guesses`, without the user's options."""
    return GUESSED + json.dumps(
        {k: v for k, v in guesses.items() if found.reasons.get(k) != AS_SAID}
    )


def replaced(text: str, beginning: str, line: str) -> str:
    """`text` with `line` instead of the first that begins with `beginning` (a regex)."""
    return re.sub(rf"(?m)^{beginning}.*$", lambda _: line, text, count=1)


def loaded(text: str) -> dict[str, Any]:
    """The keys of a YAML with their values; ValueError or YAMLError where it has none."""
    content = yaml.safe_load(text)
    if not isinstance(content, dict):
        raise ValueError("no keys with values")
    return content
