"""A pipeline of your own, written in the configuration."""

import warnings
from typing import Any

import albumentations as A

from medsmall.augmentation.pipeline import Pipeline, check_seed
from medsmall.errors import MedsmallError, did_you_mean


class OwnPipeline:
    """Any transforms of albumentations, by name and with their arguments.

    They are part of the config, so they enter the key of the run; the contents of a file would not.

    Args:
        image_size_px: side of the square input images.
        transforms: of training, in this order, each ``{Name: {argument: value, ...}}``; OneOf and
            the like take theirs in an argument ``transforms``. All must give one common size.
        plain: the same for the plain view: deterministic transforms to the same size.
        tta_views: augmented views beside the plain one at test time.
        strict: refuse, rather than warn of, what is unsafe for the data set's modality.
        seed: of the random views; not that of the training.
    """

    name = "own"
    modality = ""  # unknown: the pipeline itself is judged

    def __init__(
        self,
        image_size_px: int,
        transforms: list,
        plain: list,
        tta_views: int,
        strict: bool,
        seed: int = 42,
    ) -> None:
        check_seed(seed)
        if not 0 <= tta_views <= 1000:
            raise MedsmallError(f"augmentation.tta_views must be 0 to 1,000, but is {tta_views}.")
        self.image_size_px, self.tta_views = image_size_px, tta_views
        self.strict, self.seed = strict, seed
        self.transforms, self.of_plain = list(transforms), list(plain)
        _made("transforms", self.transforms)
        _made("plain", self.of_plain)

    def training(self) -> Pipeline:
        """The transforms as written."""
        return Pipeline(_made("transforms", self.transforms))

    def plain(self) -> Pipeline:
        """The transforms of the plain view."""
        return Pipeline(_made("plain", self.of_plain))


def _made(key: str, written: Any) -> list[Any]:
    return [_transform(f"augmentation.{key}[{i}]", entry) for i, entry in enumerate(written)]


def _transform(where: str, entry: Any) -> Any:
    try:
        ((name, arguments),) = dict(entry).items()
        arguments = {key: _plain(value) for key, value in (arguments or {}).items()}
    except (AttributeError, TypeError, ValueError) as error:
        raise MedsmallError(
            f"{where} must be one name with its arguments, such as "
            f"{{HorizontalFlip: {{p: 0.5}}}}, but is {entry!r}."
        ) from error
    made = getattr(A, str(name), None)
    if not (isinstance(made, type) and issubclass(made, A.BasicTransform | A.BaseCompose)):
        known = [n for n in dir(A) if n[0].isupper()]
        raise MedsmallError(f"{where}: albumentations has no {name!r}{did_you_mean(name, known)}.")
    if issubclass(made, A.BaseCompose) and "transforms" in arguments:
        inner = enumerate(arguments["transforms"])
        arguments["transforms"] = [_transform(f"{where}.transforms[{i}]", t) for i, t in inner]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # albumentations only warns of unknown arguments
            return made(**arguments)
    except (TypeError, ValueError, UserWarning) as error:
        told = " ".join(str(error).split())[:200].rstrip(".")
        raise MedsmallError(f"{where}: {name} cannot be made as written: {told}.") from error


def _plain(value: Any) -> Any:
    """Hydra's lists as the tuples that albumentations takes ranges in."""
    if isinstance(value, str | int | float | None):
        return value
    if hasattr(value, "items"):
        return {key: _plain(inner) for key, inner in value.items()}
    return tuple(_plain(inner) for inner in value)
