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


def environment(device: torch.device) -> dict[str, Any]:
    """Versions, device and time (UTC); the commit where medsmall runs from a git checkout."""
    cuda = device.type == "cuda"
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "device": torch.cuda.get_device_name(device) if cuda else platform.processor() or "cpu",
        "cuda": torch.version.cuda if cuda else None,
        "threads": torch.get_num_threads(),
        "commit": _commit(),
        "packages": {name: version(name) for name in PACKAGES},
    }


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
