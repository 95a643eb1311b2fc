"""The folder of a bundle: complete or absent."""

import hashlib
import os
import shutil
from pathlib import Path

from medsmall.bundle.bundle import SUMS, is_bundle
from medsmall.errors import MedsmallError


def refuse_foreign(to: Path) -> None:
    """MedsmallError if `to` is neither free nor an earlier bundle."""
    if not to.exists() or is_bundle(to):
        return
    if to.is_dir() and not any(to.iterdir()):
        return
    raise MedsmallError(
        f"to={to} is there already and is no bundle: name a new folder, nothing is overwritten."
    )


def written(files: dict[str, bytes], to: Path) -> None:
    """Write `files` and their SHA-256 beside `to`, then give the folder its name.

    An earlier bundle of that name is replaced.
    """
    refuse_foreign(to)
    files = {**files, SUMS: sums(files)}
    to.parent.mkdir(parents=True, exist_ok=True)
    unfinished, before = (to.with_name(f".{to.name}.{kind}-{os.getpid()}") for kind in "nb")
    try:
        for name, content in files.items():
            path = unfinished / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        if to.exists():
            to.rename(before)
        unfinished.rename(to)
    except BaseException:
        if before.exists() and not to.exists():
            before.rename(to)
        raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.rmtree(before, ignore_errors=True)


def sums(files: dict[str, bytes]) -> bytes:
    """Lines "<sha256>  <name>", which ``sha256sum --check`` reads."""
    lines = [f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files)]
    return "".join(lines).encode()
