"""Where conf/ is, how a config is composed, and the messages when it cannot be.

Nothing heavy is imported here: a mistyped key is reported before torch is loaded.
"""

from medsmall.configs.composing import compose, composed_by_hydra, with_choices
from medsmall.configs.explain import explain, refused
from medsmall.configs.options import (
    config_dir,
    config_dirs,
    default_keys,
    groups,
    is_auto,
    options,
    own_config_dir,
)
from medsmall.configs.overrides import literal, plain_word, quoted

__all__ = [
    "compose",
    "composed_by_hydra",
    "config_dir",
    "config_dirs",
    "default_keys",
    "explain",
    "groups",
    "is_auto",
    "literal",
    "options",
    "own_config_dir",
    "plain_word",
    "quoted",
    "refused",
    "with_choices",
]
