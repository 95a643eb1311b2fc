"""How generated images and tables are written: the same bytes on every system."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from medsmall.phantom.drawing import Array


def save(pixels: Array, path: Path) -> None:
    """Write (H, W) grey, (H, W, 3) RGB or (H, W, 4) RGBA pixels as PNG, or grey ones as JPEG."""
    # Each format ignores the option of the other.
    Image.fromarray(pixels).save(path, quality=90, compress_level=3)


def write_lines(path: Path, lines: Sequence[str]) -> None:
    """Write a text file with a line feed after each line on every system."""
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
