"""One recorded run, or several that answer together, as a model for new images."""

import os
from collections.abc import Sequence
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from medsmall.answer.answers import Answer, answered
from medsmall.answer.facts import Facts
from medsmall.answer.files import images_of
from medsmall.answer.reading import Square
from medsmall.answer.written import rows
from medsmall.cache.fingerprint import digest
from medsmall.cache.resize import square
from medsmall.configs.machine import cores
from medsmall.errors import MedsmallError, did_you_mean
from medsmall.evaluation.calibration import METHODS
from medsmall.predict.facts import AUTO, NONE, facts_of, targets_of_record, with_sets
from medsmall.predict.scoring import scorer_of
from medsmall.record import Record
from medsmall.terminal import progress_bar

Images = str | os.PathLike[str] | np.ndarray | Sequence[str | os.PathLike[str] | np.ndarray]


class Predictor:
    """Answers about new images as `medsmall.api.load` gives it.

    Attributes:
        records: the runs; several answer with their mean.
        members: what is known of each, see `medsmall.answer.facts`.
        workers: threads that decode.

    Args:
        records: finished runs with the same targets and the same way of reading images.
        calibration: "temperature", "platt", "isotonic", "none"; "auto": platt where it can be.
        prevalence: the share of positives (of each target) where the model is used, for calibrated
            probabilities; None: that of the run's train part.
        sets: a share: answers have sets of classes that miss the truth in at most so many new
            patients like those of the test; of a single run.
        plain: score the plain view alone, not those of augmentation.tta_views.
    """

    def __init__(
        self,
        records: Sequence[Record],
        calibration: str = AUTO,
        prevalence: "float | dict[str, float] | None" = None,
        sets: float | None = None,
        plain: bool = False,
    ) -> None:
        self.records = list(records)
        if not self.records:
            raise MedsmallError("There is no run to answer: name a key, or records.")
        if calibration not in (AUTO, NONE, *METHODS):
            raise MedsmallError(
                f"calibration={calibration} is unknown{did_you_mean(calibration, METHODS)}."
            )
        self.members = [facts_of(record, calibration, prevalence) for record in self.records]
        if sets is not None:
            if len(self.records) > 1:
                raise MedsmallError(f"sets={sets:g} needs the test of one run: name a single run.")
            self.members = [with_sets(self.members[0], self.records[0], sets)]
        self.workers = cores()
        refuse_unlike(self.records, self.members)
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._scorers = [
            scorer_of(record, targets_of_record(record), device, plain) for record in self.records
        ]

    @property
    def square(self) -> Square:
        """As the training made squares."""
        return square

    def predict(self, images: Images) -> pd.DataFrame:
        """One row per image, or per study: see `medsmall.answer.written.rows`.

        `images` are paths, folders, patterns, or uint8 arrays (H, W) or (H, W, 3), one or many.
        What cannot be answered has its reason in ``refused``.
        """
        return pd.DataFrame(rows(self.answers(images), self.members))

    def answers(self, images: Images) -> list[Answer]:
        """The same as objects, with a progress bar in a terminal."""
        given = _listed(images)
        with progress_bar() as bar:
            task = bar.add_task("Answering", total=len(given), note="")
            return answered(self, given, partial(bar.advance, task))

    @cached_property
    def _learnt(self) -> set[bytes]:
        """The digests of the images that the runs learnt from or chose by."""
        seen = [record.seen for record in self.records]
        return {one.tobytes() for of in seen if of is not None for one in of["digests"]}

    def has_learnt(self, square: np.ndarray) -> bool:
        """Whether one of the runs has learnt from this very square."""
        return digest(square) in self._learnt

    def outputs(self, squares: Sequence[np.ndarray]) -> np.ndarray:
        """Of each run (M, B, K) for squares (S, S, C) as `medsmall.answer.reading` makes them."""
        return np.stack([scorer(squares) for scorer in self._scorers])


def _listed(images: Images) -> list[Path | np.ndarray]:
    if isinstance(images, str | os.PathLike):
        return list(images_of([images]))
    if isinstance(images, np.ndarray):
        if images.dtype == np.uint8 and images.ndim == 4:
            return list(images)
        return [images]
    found: list[Path | np.ndarray] = []
    for one in images:
        if isinstance(one, np.ndarray) or (isinstance(one, Path) and not one.is_dir()):
            found.append(one)
        else:
            found += images_of([one])
    if not found:
        raise MedsmallError("There is no image to answer about: name files, folders or patterns.")
    return found


def refuse_unlike(records: Sequence[Record], members: Sequence[Facts]) -> None:
    """MedsmallError if the runs do not answer the same question about the same squares."""
    first = members[0]
    for record, facts in zip(records, members, strict=True):
        for what in ("targets", "task", "unit"):
            if getattr(facts, what) != getattr(first, what):
                raise MedsmallError(
                    f"The runs {records[0].key} and {record.key} differ in their {what}: they "
                    "cannot answer together."
                )
        one, other = facts.reading, first.reading
        if (one.side, one.resize, one.grey, one.span, one.frame) != (
            other.side, other.resize, other.grey, other.span, other.frame
        ):  # fmt: skip
            raise MedsmallError(
                f"The runs {records[0].key} and {record.key} read images in different ways "
                "(image_size_px, resize, or the data set): they cannot answer together."
            )
