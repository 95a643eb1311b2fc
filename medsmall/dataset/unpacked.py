"""Finds an unpacked release: in the given folder, one level down, or one level up."""

from collections.abc import Sequence
from pathlib import Path

from medsmall.terminal import say_once


def unpacked(root: Path, holds: Sequence[str]) -> Path:
    """`root`, the only folder in it, or the folder above it: the one with the files `holds`.

    Archives unpack with or without a folder of their own. A notice names another folder than
    `root`; `root` if none has the files.
    """

    def is_there(folder: Path) -> bool:
        return all(any((folder / f"{n}{end}").exists() for end in ("", ".gz")) for n in holds)

    if is_there(root):
        return root
    inside = [folder for folder in root.glob("*/") if is_there(folder)]
    found = inside if len(inside) == 1 else [root.parent] if is_there(root.parent) else [root]
    if found[0] != root:
        say_once(f"{root.absolute()} has no {holds[0]}: reading {found[0].absolute()} instead.")
    return found[0]
