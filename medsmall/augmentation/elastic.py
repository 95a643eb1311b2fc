"""Elastic deformation from a coarse grid."""

from typing import Any

import albumentations as A
import cv2
import numpy as np
from albumentations.core.transforms_interface import BaseTransformInitSchema

POINTS = 6  # control points along a side: waves of about a third of the image


class Elastic(A.DualTransform):
    """Smooth random displacements, drawn at 6 x 6 control points and interpolated cubically.

    The field of Simard et al. (ICDAR 2003), albumentations' ElasticTransform, is drawn per pixel
    and blurred with a kernel as wide as the image: 8.5 ms for 250 x 250 px, against 0.4 ms here.

    Args:
        displacement: range of the root mean square displacement along an axis at the control
            points, as a fraction of the image's side; up to 0.05 nothing folds over.
        border_mode: OpenCV's, for pixels from outside the image; constant is black.
        p: probability.
    """

    class InitSchema(BaseTransformInitSchema):
        """The arguments that albumentations checks."""

        displacement: tuple[float, float]
        border_mode: int

    def __init__(
        self,
        displacement: tuple[float, float],
        border_mode: int = cv2.BORDER_REFLECT_101,
        p: float = 0.5,
    ) -> None:
        super().__init__(p=p)
        self.displacement, self.border_mode = displacement, border_mode

    def get_params_dependent_on_data(
        self, params: dict[str, Any], data: dict[str, Any]
    ) -> dict[str, np.ndarray]:
        """The origin of each pixel: `columns` and `rows`, float32 (H, W)."""
        height, width = params["shape"][:2]
        strength = self.py_random.uniform(*self.displacement)
        points = strength * self.random_generator.standard_normal((POINTS, POINTS, 2), np.float32)
        field = cv2.resize(points, (width, height), interpolation=cv2.INTER_CUBIC)
        columns = np.arange(width, dtype=np.float32) + width * field[..., 0]
        rows = np.arange(height, dtype=np.float32)[:, None] + height * field[..., 1]
        return {"columns": columns, "rows": rows}

    def apply(
        self, img: np.ndarray, columns: np.ndarray, rows: np.ndarray, **params: Any
    ) -> np.ndarray:
        """The deformed image, of the same shape and dtype."""
        return self._deform(img, columns, rows, cv2.INTER_LINEAR)

    def apply_to_mask(
        self, mask: np.ndarray, columns: np.ndarray, rows: np.ndarray, **params: Any
    ) -> np.ndarray:
        """The mask, deformed in the same way, without mixing its values."""
        return self._deform(mask, columns, rows, cv2.INTER_NEAREST)

    def _deform(
        self, pixels: np.ndarray, columns: np.ndarray, rows: np.ndarray, interpolation: int
    ) -> np.ndarray:
        deformed = cv2.remap(pixels, columns, rows, interpolation, borderMode=self.border_mode)
        return deformed.reshape(pixels.shape)  # OpenCV drops the axis of a single channel
