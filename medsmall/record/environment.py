"""What a run was made with."""

import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

PACKAGES = ["medsmall", "torch", "torchvision", "timm", "pytorch-lightning", "albumentations",
            "hydra-core", "numpy", "pandas", "scikit-learn", "opencv-python-headless"]  # fmt: skip


def environment() -> dict[str, Any]:
    """Versions and time (UTC); the commit where medsmall runs from a git checkout."""
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "threads": torch.get_num_threads(),
        "commit": _commit(),
        "packages": {name: version(name) for name in PACKAGES},
    }


def device_of_record(device: torch.device) -> dict[str, str | None]:
    """Its name, and the version of CUDA it was used with."""
    if device.type != "cuda":
        return {"device": platform.processor() or "cpu", "cuda": None}
    return {"device": torch.cuda.get_device_name(device), "cuda": torch.version.cuda}


def _commit() -> str | None:
    checkout = Path(__file__).parents[2]
    if not (checkout / ".git").exists():
        return None
    try:
        found = subprocess.run(
            ["git", "-C", str(checkout), "describe", "--always", "--dirty", "--abbrev=40"],
            capture_output=True,
            text=True,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() or None
