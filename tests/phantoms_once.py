"""Phantoms of many output folders are drawn once and copied: it takes a tenth."""

import shutil
from collections.abc import Callable
from pathlib import Path

from medsmall.dataset import Dataset, opening


def drawn_once(folder: Path) -> Callable[[Dataset, str], Path]:
    """`phantom_root`, which takes the films that it does not find from `folder`, if they are there.

    The name of a phantom says all that decides its bytes.
    """
    draw = opening.phantom_root

    def phantom_root(dataset: Dataset, output_root: str) -> Path:
        root = opening.phantom_folder(dataset, output_root)
        if not root.is_dir():
            kept = draw(dataset, str(folder))
            shutil.copytree(kept, root)
            listing = f".{root.name}.json"
            shutil.copy(kept.with_name(listing), root.with_name(listing))
        return draw(dataset, output_root)

    return phantom_root
