"""The environment of a run: versions, commit, machine."""

import platform
import subprocess
import sys
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from medsmall.record.record import Record
from medsmall.terminal import say_once

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


def tell_other_versions(record: Record, upstream: Record | None) -> None:
    """Report once in which versions used results differ from the present ones.

    These are the record of a finished run, and those of its `upstream` and earlier upstreams.
    """
    found = []
    if record.done and (others := _others(record.environment)):
        found.append(f"this run with {others}")
    while upstream is not None and upstream.done:
        if others := _others(upstream.environment):
            found.append(f"the upstream {upstream.key} with {others}")
        upstream = upstream.upstream
    if found:
        say_once(
            f"Recorded by other versions: {'; '.join(found)}. Results of the present code may "
            "differ: delete a record's folder to train it again, or set another output_root."
        )


def _others(then: dict[str, Any]) -> str:
    """The known versions that differ between `environment` and now: "torch 2.6.0 (here 2.7.1)"."""
    packages = then.get("packages")
    versions = packages if isinstance(packages, dict) else {}
    pairs = {"commit": (then.get("commit"), _commit())}
    pairs |= {name: (versions.get(name), version(name)) for name in ("medsmall", "torch")}
    return ", ".join(
        f"{name} {_short(str(before))} (here {_short(here)})"
        for name, (before, here) in pairs.items()
        if before and here and before != here
    )


def _short(version: str) -> str:
    """The first digits of a commit, and whether it had changes; a version as it is."""
    commit, dash, dirty = version.partition("-")
    return commit[:9] + dash + dirty if len(commit) == 40 else version


@cache  # of the code that runs, whatever is committed meanwhile
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
