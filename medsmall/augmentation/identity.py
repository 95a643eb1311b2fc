"""What tells the views of one augmentation from those of another."""

import hashlib
import inspect
import json
from functools import cache
from importlib.metadata import version
from pathlib import Path

from medsmall.augmentation import Augmentation

LIBRARIES = ("albumentations", "opencv-python-headless", "numpy")


def identity(augmentation: Augmentation) -> str | None:
    """A hash of its class, its settings, the code behind it, and the libraries' versions.

    None for a class of one's own whose settings are no plain values: its views are not known again.
    """
    kind = type(augmentation)
    settings = {k: v for k, v in vars(augmentation).items() if k not in ("tta_views", "strict")}
    try:
        said = json.dumps([f"{kind.__module__}.{kind.__qualname__}", settings], sort_keys=True)
    except TypeError:
        return None
    return hashlib.sha256(f"{said} {_code(inspect.getfile(kind))}".encode()).hexdigest()


@cache
def _code(file: str) -> str:
    files = [*sorted(Path(__file__).parent.glob("*.py")), Path(file)]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in files))
    return f"{digest.hexdigest()} {[version(name) for name in LIBRARIES]}"
