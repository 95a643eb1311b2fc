"""Contact sheets: small pictures with a caption, inside the page and as one PNG beside it."""

import base64
import io
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image, ImageDraw, ImageOps

SMALL_PX = 64  # up to this side every pixel is shown as it is, unblurred and without loss
COLUMNS = 6
CAPTION_PX = 16
THUMBNAIL_PX = 144


def shrunk(pixels: np.ndarray, side: int = THUMBNAIL_PX) -> np.ndarray:
    """The image, shrunk until neither side is above `side` px; small ones stay as they are."""
    import cv2

    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return pixels
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


@dataclass(frozen=True)
class Thumbnail:
    """A picture of at most about 160 px: `pixels` uint8 (H, W[, C]), a caption, what it is."""

    pixels: np.ndarray
    alt: str
    caption: str = ""

    @property
    def coarse(self) -> bool:
        """Whether it is so small that it is shown enlarged, pixel by pixel."""
        return max(self.pixels.shape[:2]) <= SMALL_PX

    @property
    def image(self) -> Image.Image:
        """The pixels as a picture."""
        pixels = self.pixels
        if pixels.ndim == 3 and pixels.shape[2] == 1:
            pixels = pixels[:, :, 0]
        return Image.fromarray(np.ascontiguousarray(pixels))

    @property
    def source(self) -> str:
        """The picture itself as a data: address."""
        file = io.BytesIO()
        if self.coarse:
            self.image.save(file, "PNG", optimize=True)
        else:
            self.image.save(file, "JPEG", quality=80)
        kind = "png" if self.coarse else "jpeg"
        return f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode()}"


@dataclass(frozen=True)
class Sheet:
    """Pictures in a row that wraps, and the PNG `name`.png of the same."""

    name: str
    title: str
    thumbnails: list[Thumbnail]
    note: str = ""

    @cached_property
    def png(self) -> bytes:
        """All pictures in a grid, with their captions, on white."""
        side = max(112, *(max(one.pixels.shape[:2]) for one in self.thumbnails))
        step = side + 6, side + 6 + (CAPTION_PX if any(t.caption for t in self.thumbnails) else 0)
        columns = min(COLUMNS, len(self.thumbnails))
        rows = -(-len(self.thumbnails) // COLUMNS)
        canvas = Image.new("RGB", (columns * step[0] + 6, rows * step[1] + 6), "white")
        text = ImageDraw.Draw(canvas)
        for i, one in enumerate(self.thumbnails):
            x, y = 6 + i % columns * step[0], 6 + i // columns * step[1]
            picture = one.image
            if one.coarse:
                picture = ImageOps.contain(picture, (side, side), Image.Resampling.NEAREST)
            canvas.paste(picture, (x, y))
            text.text((x, y + side + 1), one.caption, fill="black")
        file = io.BytesIO()
        canvas.save(file, "PNG", compress_level=4)
        return file.getvalue()
