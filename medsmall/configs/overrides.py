"""Escapes text for a config: overrides for Hydra's grammar, names that stay names."""

import re
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, RangeSweep
from hydra.errors import HydraException

from medsmall.configs.options import groups, options


def literal(content: Any) -> Any:
    """Plain containers whose text OmegaConf returns unchanged: a name with ``${...}`` is a name.

    Resolved values, and text from a table, a folder or a file name, pass through here before they
    enter a config.
    """
    if isinstance(content, str):
        return re.sub(r"(\\*)\$\{", lambda found: f"{found[1]}{found[1]}\\${{", content)
    if isinstance(content, dict):
        return {key: literal(value) for key, value in content.items()}
    if isinstance(content, list):
        return [literal(value) for value in content]
    return content


# Characters with a meaning in Hydra's grammar; all between is text, perhaps with blanks inside
TEXT = re.compile(r"""[^\s,\[\]{}()'":=]+(?:[ \t]+[^\s,\[\]{}()'":=]+)*""")


def quoted(override: str) -> str:
    """The override, with quotes if Hydra's grammar needs them.

    So paths with a tilde or a bracket and names in any script need no quotes.
    """
    key, equals, value = override.partition("=")
    if key.lstrip("+") in groups() and re.fullmatch(r"[\d.,]+", value):
        return f"{key}={','.join(map(_quote, value.split(',')))}"  # a name, even if mistaken
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


def sweeps_nothing(override: str) -> bool:
    """Whether a sweep over `override` has no value, as range(5,5) and glob(*) of a key have."""
    try:
        parsed = OverridesParser.create().parse_override(override)
    except (HydraException, ValueError):
        return False
    value = parsed.value()
    if isinstance(value, Glob):
        return not value.filter(options(parsed.key_or_group))
    return isinstance(value, RangeSweep) and bool(value.step) and not list(value.range())
