"""Answers of a model, or of several together, about images: a fault in one stops no other."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from medsmall.answer.facts import Facts
from medsmall.answer.joined import calibrated_of, calls_of, sets_of
from medsmall.answer.look import look
from medsmall.answer.reading import Square, square_of
from medsmall.errors import MedsmallError

Array = NDArray[np.float64]
CHUNK = 64  # images that are shown to the network together, while the next ones are decoded


class Asked(Protocol):
    """What answers: the `members` of an ensemble, mostly one, that were trained alike.

    `square` is `medsmall.cache.resize.square`, or its like; `workers` threads decode.
    """

    @property
    def members(self) -> Sequence[Facts]:
        """What is known of each."""

    @property
    def square(self) -> Square:
        """See above."""

    @property
    def workers(self) -> int:
        """See above."""

    def has_learnt(self, square: np.ndarray) -> bool | None:
        """Whether a member has learnt from this very square; None where that is unknown."""

    def outputs(self, squares: Sequence[np.ndarray]) -> Array:
        """Of each member (M, B, K) for uint8 squares (S, S, C): probabilities, or numbers."""


@dataclass(frozen=True, eq=False)
class Answer:
    """The answer about one unit: an image, or the images of one study.

    Attributes:
        name: the path of the image, or the folder of the study.
        images: the files it rests on.
        prob: (K,) probabilities, or numbers: the mean over images and members.
        spread: (K,) the standard deviation over members; None of one member.
        calibrated: (3, K), see `joined.calibrated_of`; None without a calibration.
        called: (K,) 1 where a finding is called, else 0, NaN without a threshold; of classes 1 for
            the most probable one; None of numbers.
        agreeing: how many members call the same.
        p: the share of training images that look as unusual, see `look`; None if unknown.
        unfamiliar: whether that is so rare that the answer cannot be trusted; None if unknown.
        sets: of classes the set that holds the truth, of each finding the set of absent and
            present; None without `Facts.alpha`.
        learnt: whether the model has learnt from one of the images; None if unknown.
        refused: why there is no answer; "" if there is one.
    """

    name: str
    images: tuple[str, ...] = ()
    prob: Array = field(default_factory=lambda: np.empty(0))
    spread: Array | None = None
    calibrated: Array | None = None
    called: Array | None = None
    agreeing: int | None = None
    p: float | None = None
    unfamiliar: bool | None = None
    learnt: bool | None = False
    sets: tuple[tuple[str, ...], ...] | None = None
    refused: str = ""


@dataclass(frozen=True)
class _Seen:
    """One image: its outputs (M, K) and look, or why it is refused."""

    name: str
    outputs: Array | None = None
    p: float | None = None
    unfamiliar: bool | None = None
    learnt: bool | None = False
    refused: str = ""


def answered(
    asked: Asked, images: Sequence[Path | np.ndarray], told: Callable[[int], None] | None = None
) -> list[Answer]:
    """The answers about `images`, in their order; studies where their first image stands.

    After each chunk `told` is called with its length. MedsmallError if a network gives NaN.
    """
    seen = list(_seen(asked, images, told or (lambda count: None)))
    facts = asked.members[0]
    groups: dict[int | str, list[_Seen]] = defaultdict(list)
    for number, (image, one) in enumerate(zip(images, seen, strict=True)):
        alone = isinstance(image, np.ndarray) or facts.unit == "image" or one.refused
        groups[number if alone else str(Path(str(image)).parent)].append(one)
    return [_of_unit(asked.members, group, name) for name, group in groups.items()]


def _seen(
    asked: Asked, images: Sequence[Path | np.ndarray], told: Callable[[int], None]
) -> Iterator[_Seen]:
    for chunk in _decoded(asked, images):
        sound = [one for _, one in chunk if isinstance(one, np.ndarray)]
        outputs = asked.outputs(sound) if sound else np.empty((1, 0, 0))
        if not np.isfinite(outputs).all():
            raise MedsmallError("The network gives NaN or infinity: its file is damaged.")
        of_sound = iter(np.moveaxis(outputs, 1, 0))
        for name, one in chunk:
            if isinstance(one, str):
                yield _Seen(name, refused=one)
                continue
            yield _Seen(name, next(of_sound), *_looks(asked, one), asked.has_learnt(one))
        told(len(chunk))


def _looks(asked: Asked, square: np.ndarray) -> tuple[float | None, bool | None]:
    """The least p of the members, and whether it is unfamiliar to one; None where none knows."""
    known = [one.familiar for one in asked.members if one.familiar is not None]
    if not known:
        return None, None
    numbers = look(square)[None]
    ps = [float(one.p(numbers)[0]) for one in known]
    return min(ps), any(one.is_rare(p) for one, p in zip(known, ps, strict=True))


def _decoded(
    asked: Asked, images: Sequence[Path | np.ndarray]
) -> Iterator[list[tuple[str, np.ndarray | str]]]:
    """Chunks of names with a square, or the sentence of a refusal; the next one is on its way."""
    reading = asked.members[0].reading

    def read(image: Path | np.ndarray) -> np.ndarray | str:
        try:
            return square_of(image, reading, asked.square)
        except MedsmallError as error:
            return str(error)

    names = (str(i) if isinstance(one, np.ndarray) else str(one) for i, one in enumerate(images))
    given = zip(names, images, strict=True)
    with ThreadPoolExecutor(asked.workers) as pool:

        def chunk() -> list[tuple[str, Future[np.ndarray | str]]]:
            return [(name, pool.submit(read, image)) for name, image in islice(given, CHUNK)]

        try:
            ahead = chunk()
            while ahead:
                now, ahead = ahead, chunk()
                yield [(name, future.result()) for name, future in now]
        finally:
            pool.shutdown(cancel_futures=True)


def _of_unit(members: Sequence[Facts], seen: Sequence[_Seen], place: int | str) -> Answer:
    first = seen[0]
    if first.refused:
        return Answer(first.name, (first.name,), refused=first.refused)
    name = place if isinstance(place, str) else first.name  # of a study its folder
    outputs = np.mean([one.outputs for one in seen if one.outputs is not None], axis=0)  # (M, K)
    prob, called = outputs.mean(0), calls_of(members, outputs[:, None])
    calibrated = calibrated_of(members, outputs[:, None])
    ps = [one.p for one in seen if one.p is not None]
    learnt = [one.learnt for one in seen]
    return Answer(
        name,
        tuple(one.name for one in seen),
        prob,
        outputs.std(0, ddof=1) if len(members) > 1 else None,
        None if calibrated is None else calibrated[:, 0],
        None if called is None else called[0],
        None if called is None else _agreeing(members, outputs, called[0]),
        min(ps) if ps else None,
        any(one.unfamiliar for one in seen) if ps else None,
        None if None in learnt else any(learnt),
        sets_of(members[0], prob) if len(members) == 1 else None,
    )


def _agreeing(members: Sequence[Facts], outputs: Array, together: Array) -> int | None:
    """How many of several members call the same as all together."""
    if len(members) == 1:
        return None
    each = [calls_of([one], own[None, None]) for one, own in zip(members, outputs, strict=True)]
    return sum(one is not None and np.array_equal(one[0], together, equal_nan=True) for one in each)
