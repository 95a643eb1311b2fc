"""A bundle: its files checked, its networks ready to answer."""

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsmall.answer.answers import Answer, answered
from medsmall.answer.facts import Facts
from medsmall.answer.files import images_of
from medsmall.answer.reading import Square
from medsmall.answer.square import square
from medsmall.answer.written import rows
from medsmall.bundle import kernels
from medsmall.bundle.network import Network, cores
from medsmall.errors import MedsmallError

CONTENT, SUMS = "bundle.json", "SHA256SUMS"
SCHEMA = 1
Images = str | os.PathLike[str] | np.ndarray | Sequence[str | os.PathLike[str] | np.ndarray]


class Bundle:
    """What an exported model needs to answer; see `medsmall.answer.answers.Asked`.

    Attributes:
        members: what is known of each network.
        workers: threads that decode.
        content: all of bundle.json.

    Args:
        folder: of the bundle. MedsmallError if a file of it is absent or has changed.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        path = Path(folder).expanduser()
        files = checked(path)
        self.content = _content(path, files)
        try:
            self.members = [Facts.of_json(one["facts"]) for one in self.content["members"]]
            networks = [(one["network"], one["channels"]) for one in self.content["members"]]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise MedsmallError(
                f"{path / CONTENT} does not hold what an export writes ({type(error).__name__}): "
                "export it again."
            ) from error
        self.workers = cores()
        self._networks = [Network(files[name], channels) for name, channels in networks]

    @property
    def square(self) -> Square:
        """As the training made squares, by NumPy."""
        return _square

    def has_learnt(self, square: np.ndarray) -> None:
        """None: its squares may differ by a grey level, so it cannot tell."""

    def outputs(self, squares: Sequence[np.ndarray]) -> NDArray[np.float64]:
        """Of each network (M, B, K) for uint8 squares (S, S, C)."""
        return np.stack([network(squares) for network in self._networks])

    def predict(self, images: Images) -> list[dict[str, Any]]:
        """One dictionary for each image, or each study: see `medsmall.answer.written.rows`.

        `images` are paths, folders, patterns, or uint8 arrays (H, W) or (H, W, 3), one or many.
        What cannot be answered has its reason in ``refused``.
        """
        return rows(self.answers(images), self.members)

    def answers(self, images: Images) -> list[Answer]:
        """The same as objects."""
        return answered(self, _listed(images))


def _square(pixels: np.ndarray, side: int, resize: str) -> np.ndarray:
    return square(pixels, side, resize, kernels)


def _listed(images: Images) -> list[Path | np.ndarray]:
    if isinstance(images, str | os.PathLike):
        return list(images_of([images]))
    if isinstance(images, np.ndarray):
        return list(images) if images.ndim == 4 else [images]
    found: list[Path | np.ndarray] = []
    for one in images:
        found += [one] if isinstance(one, np.ndarray) else images_of([one])
    if not found:
        raise MedsmallError("There is no image to answer about: name files, folders or patterns.")
    return found


def is_bundle(folder: str | os.PathLike[str]) -> bool:
    """Whether a folder is that of a bundle, perhaps a damaged one."""
    return all((Path(folder).expanduser() / name).is_file() for name in (CONTENT, SUMS))


def checked(folder: Path) -> dict[str, bytes]:
    """The files of a bundle by name; MedsmallError where one is absent or has changed.

    What was checked is what is used: no file is read again.
    """
    try:
        lines = (folder / SUMS).read_text("utf-8").splitlines()
        sums = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    except (OSError, ValueError) as error:
        raise MedsmallError(
            f"{folder} is no bundle: its {SUMS} cannot be read ({type(error).__name__})."
        ) from None
    found = {}
    for name, digest in sums.items():
        try:
            found[name] = (folder / name).read_bytes()
        except (OSError, ValueError):
            raise _damaged(folder, name, "is absent") from None
        if hashlib.sha256(found[name]).hexdigest() != digest:
            raise _damaged(folder, name, "is not as it was exported (sha256)")
    if CONTENT not in found:
        raise _damaged(folder, CONTENT, "is absent")
    return found


def _damaged(folder: Path, name: str, what: str) -> MedsmallError:
    return MedsmallError(f"The bundle {folder} is damaged: {name} {what}. Export or copy it again.")


def _content(folder: Path, files: dict[str, bytes]) -> dict[str, Any]:
    try:
        content = json.loads(files[CONTENT])
        schema = content["schema"]
    except (ValueError, KeyError, TypeError):
        raise _damaged(folder, CONTENT, "cannot be read") from None
    if schema != SCHEMA:
        raise MedsmallError(
            f"{folder} is a bundle of schema {schema}, and this reads {SCHEMA}: use the code in "
            "the bundle itself (python BUNDLE), or export it again."
        )
    found: dict[str, Any] = content
    return found
