"""What an augmentation does: random views, and each transform at the ends of its ranges."""

import copy
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import albumentations as A
import cv2
import numpy as np

ROLLS = 64  # after so many steady rolls, chance takes over: some transforms roll until they like it


@dataclass(frozen=True)
class View:
    """An image as a transform made it, and the setting in words."""

    setting: str
    pixels: np.ndarray


class FixedLevelRandom(random.Random):
    """Dice that show the same face: every number drawn lies at `level` (0 to 1) of its range."""

    def __init__(self, level: float) -> None:
        super().__init__(0)
        self.level = min(max(level, 0.0), 1 - 1e-9)  # random() stays below 1
        self.rolled = 0

    def random(self) -> float:
        """The same each time, at first."""
        self.rolled += 1
        return self.level if self.rolled <= ROLLS else super().random()

    def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
        """The whole number at that level; randint goes this way too."""
        numbers = range(start) if stop is None else range(start, stop, step)
        return self.choice(numbers)

    def choice(self, seq: Any) -> Any:
        """The element at that level of the sequence."""
        return seq[int(self.random() * len(seq))]


def views(pipeline: A.Compose, image: np.ndarray, seeds: range) -> list[np.ndarray]:
    """What the whole pipeline makes of one uint8 (H, W, C) image, once per seed."""
    made = []
    for seed in seeds:
        pipeline.set_random_seed(seed)
        made.append(pipeline(image=image)["image"])
    return made


def farthest(plain: np.ndarray, made: list[np.ndarray], number: int) -> list[int]:
    """Positions of `number` views, each farthest from the plain image and from those before it.

    By the mean |difference| of 32 x 32 px: the most changed views alone look alike.
    """
    small = [cv2.resize(view, (32, 32), interpolation=cv2.INTER_AREA) for view in [plain, *made]]
    points = np.stack(small).reshape(len(small), -1).astype("float64")
    chosen = [0]
    nearest = np.full(len(points), np.inf)
    while len(chosen) <= min(number, len(made)):
        nearest = np.minimum(nearest, np.abs(points - points[chosen[-1]]).mean(axis=1))
        nearest[chosen] = -1
        chosen.append(int(nearest.argmax()))
    return [position - 1 for position in chosen[1:]]


def transforms(pipeline: A.Compose) -> Iterator[tuple[Any, float]]:
    """The transforms of a pipeline, also of those inside OneOf and the like, and how often each.

    The share of the images that a transform is applied to is a product of the probabilities on
    the way to it; alternatives of OneOf count by their own.
    """
    yield from _inside(pipeline, pipeline.p)


def _inside(pipeline: Any, share: float) -> Iterator[tuple[Any, float]]:
    for child in pipeline.transforms:
        own = share * child.p
        if isinstance(pipeline, A.OneOf):
            own = share * child.p / sum(other.p for other in pipeline.transforms)
        if isinstance(child, A.BaseCompose):  # ColorJitter has `transforms` too, and is none
            yield from _inside(child, own)
        else:
            yield child, own


def ranges(transform: Any) -> dict[str, tuple[Any, Any]]:
    """The arguments of a transform that are ranges: name -> the argument at its two ends.

    A range is a pair of different numbers, alone or per axis as in ``{"x": (-1, 1), ...}``.
    """
    found: dict[str, tuple[Any, Any]] = {}
    for name in transform.get_transform_init_args_names():
        value: Any = getattr(transform, name, None)
        if _is_range(value):
            found[name] = (value[:1] * 2, value[1:] * 2)
        elif isinstance(value, dict) and any(_is_range(inner) for inner in value.values()):
            low, high = (
                {k: (v[end],) * 2 if _is_range(v) else v for k, v in value.items()}
                for end in (0, 1)
            )
            found[name] = (low, high)
    return found


def _is_range(value: Any) -> bool:
    return (
        isinstance(value, tuple)
        and len(value) == 2
        and all(isinstance(v, int | float) and not isinstance(v, bool) for v in value)
        and value[0] < value[1]
    )


def at_extremes(transform: Any, image: np.ndarray) -> list[View]:
    """The transform alone, at the low and the high end of each of its ranges.

    What else it draws lies in the middle. A transform without ranges is shown with all its dice
    low and high (a crop in its corners), once where that makes no difference (a flip).
    """
    made = []
    for name, ends in ranges(transform).items():
        for end in ends:
            pixels = _applied(transform, image, {name: end}, level=0.5)
            if pixels is not None:
                made.append(View(f"{name.replace('_', ' ')} {_in_words(end)}", pixels))
    if made:
        return made
    low, high = (_applied(transform, image, {}, level) for level in (0.0, 1.0))
    if low is None or high is None:
        return []
    if low.shape == high.shape and (low == high).all():
        return [View("applied", low)]
    return [View("one end", low), View("other end", high)]


def _applied(
    transform: Any, image: np.ndarray, arguments: dict[str, Any], level: float
) -> np.ndarray | None:
    """The image after a copy of the transform with other arguments; None if they do not go."""
    changed = copy.deepcopy(transform)
    for name, value in arguments.items():
        setattr(changed, name, value)
    changed.p = 1.0
    changed.set_random_state(np.random.default_rng(0), FixedLevelRandom(level))
    try:
        return np.asarray(changed(image=image)["image"])
    except Exception:  # whatever a transform raises on a setting that it does not take
        return None


def _in_words(end: Any) -> str:
    if isinstance(end, tuple):
        return f"{end[0]:.4g}"
    words = {axis: f"{value[0]:.4g}" for axis, value in end.items() if isinstance(value, tuple)}
    if len(set(words.values())) == 1:
        return next(iter(words.values()))
    return ", ".join(f"{axis} {word}" for axis, word in words.items())
