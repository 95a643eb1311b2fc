"""Each YAML file of conf/ is parsed once per process: that takes half of the time of composing.

A file that has changed is parsed again.
"""

import functools
import os
import pickle
from typing import Any

from hydra._internal.core_plugins.file_config_source import FileConfigSource
from hydra.plugins.config_source import ConfigResult


def parse_configs_once() -> None:
    """Keep what Hydra reads of each file, pickled: composing changes what it is given."""
    read = FileConfigSource.load_config
    kept: dict[tuple[Any, ...], bytes] = {}

    @functools.wraps(read)
    def load_config(self: FileConfigSource, config_path: str) -> ConfigResult:
        file = os.path.join(self.path, self._normalize_file_name(config_path))
        try:
            about = os.stat(file)
        except OSError:
            return read(self, config_path)
        key = (self.provider, self.path, file, about.st_ino, about.st_mtime_ns, about.st_size)
        if key not in kept:
            kept[key] = pickle.dumps(read(self, config_path))
        return pickle.loads(kept[key])

    FileConfigSource.load_config = load_config  # type: ignore[method-assign]
