"""The image files of people's own data, whether a table lists them or folders hold them."""

from pathlib import Path

import numpy as np

from medsmall.dataset import images


class OwnFiles:
    """What `Table` and `Folder` have in common: each image is a file below `root`.

    Attributes:
        root: the folder that image paths are relative to.
        grey: True reads every image as grey, False as colour, None as the file is.
    """

    unit = "image"
    citation = "your own data"
    licence = "your own data"
    url = ""

    root: Path
    grey: bool | None

    def file(self, image: str) -> Path:
        """The file that holds the image of one row."""
        return self.root / image

    def read(self, image: str) -> np.ndarray:
        """uint8, (H, W) or (H, W, 3) as the file is; (H, W) with `grey`, (H, W, 3) if it is False.

        Raises MedsmallError where the file cannot be read.
        """
        pixels = images.decode(self.root / image, grey=bool(self.grey))
        return np.dstack([pixels] * 3) if self.grey is False and pixels.ndim == 2 else pixels

    @property
    def reading(self) -> str:
        """Grey or colour: what the same file is read as."""
        return f"grey={self.grey}"
