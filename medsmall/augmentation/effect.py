"""Measures the effect of a transform on an image, so that any transform can be judged."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import albumentations as A
import cv2
import numpy as np

from medsmall.errors import MedsmallError

DRAWS = 24  # misses a transform that mirrors half the images once in 16 million
LOOKED_AT = 64  # positions along a side are enough, whatever the size of the images
CELLS = 16  # 16 x 16 cells show how much of the image is left


@dataclass
class Effect:
    """The largest effect of a transform in several draws; all 0 for no effect.

    Attributes:
        mirror: 1.0 if left and right changed places (or top and bottom), by the orientation of
            the map from old to new positions.
        rotation_deg: angle between up before and up after, in [0, 180].
        deformation: largest distance from the nearest affine map, part of the side.
        lost: fraction of the image that is no longer visible, in [0, 1].
        grey: root mean square change of lightness that depends on the old lightness alone
            (brightness, contrast, inversion), part of the range.
        local: that of the rest after smoothing: changes from place to place (CLAHE, erasing).
        noise: that of the remainder.
        colour: root mean square change of chroma, part of the range (a and b of CIELAB).
    """

    mirror: float = 0.0
    rotation_deg: float = 0.0
    deformation: float = 0.0
    lost: float = 0.0
    grey: float = 0.0
    local: float = 0.0
    noise: float = 0.0
    colour: float = 0.0


def effects(pipeline: Any, side: int) -> Iterator[tuple[Any, Effect]]:
    """Each transform of a pipeline with its effect, tried alone and with probability 1.

    `side` (px) is that of the input images; transforms after a crop get the cropped size.
    Transforms inside OneOf and similar are tried too; those with probability 0 are not.
    """
    for transform in leaves(pipeline):
        alone = copy.deepcopy(transform)
        effect, side = _measured(alone, side)
        yield transform, effect


def leaves(pipeline: Any) -> Iterator[Any]:
    """The transforms with a probability above 0, without the compositions around them."""
    for child in pipeline.transforms:
        if child.p > 0:
            if isinstance(child, A.BaseCompose):
                yield from leaves(child)
            else:
                yield child


def _measured(transform: Any, side: int) -> tuple[Effect, int]:
    """The effect, and the side of the output; MedsmallError if it does not take the image."""
    image = _picture(side)
    positions = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).astype(np.float32)
    worst, step, left = Effect(), max(1, side // LOOKED_AT), side
    for seed in range(DRAWS):
        transform.set_random_seed(seed)
        after, origin = _tried(transform, image, positions)
        left = min(after.shape[:2])
        after, origin = after[::step, ::step], origin[::step, ::step]
        one = Effect(**_geometry(origin, side, step), **_values(image, after, origin))
        for name, value in vars(one).items():
            setattr(worst, name, max(getattr(worst, name), value))
    return worst, left


def _tried(
    transform: Any, image: np.ndarray, positions: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The transformed image, and the origin of its pixels."""
    name, side = type(transform).__name__, len(image)
    try:
        made = transform(force_apply=True, image=image, mask=positions)
    except Exception as error:  # albumentations has its own classes for what does not fit
        told = " ".join(str(error).split()).rstrip(".")
        raise MedsmallError(
            f"augmentation: {name} cannot take images of {side} x {side} px: {told}."
        ) from error
    after = made["image"]
    if not isinstance(after, np.ndarray) or after.dtype != np.uint8 or after.shape[2:] != (3,):
        raise MedsmallError(
            f"augmentation: {name} changes the dtype (uint8) or the number of channels: leave it "
            f"out (the network normalises grey levels itself)."
        )
    return after, made["mask"]


def _picture(side: int) -> np.ndarray:
    """Clouds in muted colours with grey levels all over the range: uint8 (side, side, 3)."""
    points = np.random.default_rng(0).uniform(40, 215, (8, 8, 3)).astype(np.float32)
    points = points.mean(axis=2, keepdims=True) + 0.5 * (points - 128)
    cloud = cv2.resize(points, (side, side), interpolation=cv2.INTER_CUBIC)
    return np.clip(cloud, 10, 245).round().astype(np.uint8)


def _geometry(origin: np.ndarray, side: int, step: int) -> dict[str, float]:
    """Of `origin` (h, w, 2): the column and row that every `step`-th pixel came from."""
    middle = _middle(origin.shape)
    rows, columns = np.mgrid[middle]
    now = np.stack([step * columns.ravel(), step * rows.ravel(), np.ones(rows.size)], axis=1)
    then = origin[rows, columns].reshape(-1, 2)
    fitted, *_ = np.linalg.lstsq(now, then, rcond=None)
    back = fitted[:2].T  # 2 x 2, from new directions to old ones
    determinant = float(np.linalg.det(back))
    up = np.linalg.solve(back, [0.0, -1.0]) if abs(determinant) > 1e-6 else np.array([0.0, -1.0])
    # px; positions are rounded, and so is the fit
    deformation = np.abs(then - now @ fitted).max() - 1.0
    cells = np.clip(origin * CELLS / side, 0, CELLS - 1).astype(int)
    seen = np.count_nonzero(np.bincount((cells[..., 1] * CELLS + cells[..., 0]).ravel()))
    return {
        "mirror": float(determinant < -1e-6),
        "rotation_deg": float(np.degrees(np.arctan2(abs(up[0]), -up[1]))),
        "deformation": max(0.0, float(deformation)) / side,
        "lost": 1 - seen / CELLS**2,
    }


def _values(before: np.ndarray, after: np.ndarray, origin: np.ndarray) -> dict[str, float]:
    """The changes of the transformed image, compared with its original pixels."""
    middle = _middle(origin.shape)
    columns, rows = np.moveaxis(origin[middle].round().astype(int), -1, 0)
    after = after[middle]
    old = cv2.cvtColor(before[rows, columns], cv2.COLOR_RGB2LAB).astype(np.float32) / 255
    new = cv2.cvtColor(np.ascontiguousarray(after), cv2.COLOR_RGB2LAB).astype(np.float32) / 255
    light = old[..., 0]
    fit = np.polynomial.Polynomial.fit(light.ravel(), new[..., 0].ravel(), deg=3)
    rest = new[..., 0] - fit(light)
    smooth = cv2.GaussianBlur(rest, (0, 0), max(1.0, len(rest) / 16))
    return {
        "grey": _rms(fit(light) - light),
        "local": _rms(smooth),
        "noise": _rms(rest - smooth),
        "colour": _rms(np.hypot(*np.moveaxis((new - old)[..., 1:], -1, 0))),
    }


def _middle(shape: tuple[int, ...]) -> tuple[slice, slice]:
    """The central half of either side; pixels from outside the image lie at the edge."""
    return tuple(slice(n // 4, n - n // 4) for n in shape[:2])  # type: ignore[return-value]


def _rms(change: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(change))))
