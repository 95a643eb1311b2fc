"""A run that is identified but not trained: everything about it that costs no training."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from omegaconf import DictConfig

from medsmall.audit.provenance import UNKNOWN, Seen, mark
from medsmall.audit.releases import common_source
from medsmall.augmentation import Augmentation
from medsmall.backbone.weights import Weights
from medsmall.dataset import Dataset
from medsmall.errors import MedsmallError, SawTestError
from medsmall.record import Record
from medsmall.record.scores import units
from medsmall.sample_size import labels_used
from medsmall.sampler import Sampler
from medsmall.sampler.none import NoSampler
from medsmall.targets import Targets, targets_of
from medsmall.task import Task


@dataclass(frozen=True)
class Source:
    """The source of the initial weights, known before they are loaded or even trained.

    Attributes:
        name: the weights in the record and in messages.
        fingerprint: the weights in the key: equal for equal weights; for an upstream, its key.
        open: gives the weights; an upstream must be trained by then.
        patients: gives the patients seen in training and validation, the last training first,
            also before the weights are trained; without the images.
        seen: gives the same with the images, once the weights are trained.
        upstream: the run that trains them.
        record: its record, or that of the run a file lies in.
        allow_test_overlap: whether the weights may have seen the test split.
        notices: what to know of the weights, one sentence each, such as what a licence forbids.
        provenance: gives where they come from, for the record: `file`, `sha256`, `licence`, `url`
            as far as they are known; asked when they have been loaded.
    """

    name: str
    fingerprint: str
    open: Callable[[], Weights] = field(repr=False)
    patients: Callable[[], tuple[Seen, ...]] = field(default=tuple, repr=False)
    seen: Callable[[], tuple[Seen, ...]] = field(default=tuple, repr=False)
    upstream: "Case | None" = field(default=None, repr=False)
    record: Record | None = None
    allow_test_overlap: bool = False
    notices: tuple[str, ...] = ()
    provenance: Callable[[], dict[str, str]] = field(default=dict, repr=False)

    def refuse_overlap(self, dataset: str, test_patients: set[str]) -> list[str]:
        """MedsmallError if the weights have, or may have, seen patients of the test split.

        If that is allowed or cannot be checked, notices are returned.
        """
        seen = self.patients()
        notices = []
        if any(one.dataset == UNKNOWN for one in seen):
            notices.append(
                f"The training data of the weights of {self.name} are "
                f"{'unknown' if len(seen) == 1 else 'known only in part'}, so leakage into the "
                "test set cannot be checked: set pretraining.trained_on to the data set of the "
                "file."
            )
        if self.record is None and any(len(one.digests) > len(one.hashes) for one in seen):
            notices.append(
                f"The images that {self.name} has seen are recognised at its training size only: "
                "leave the file in the record of its run to recognise them at any size."
            )
        found = trained_on_test(seen, dataset, test_patients)
        if not found:
            return notices
        found = f"The weights of {self.name} were trained on {found}: the test set is contaminated"
        if self.allow_test_overlap:
            return [f"{found} (allowed by pretraining.allow_test_overlap).", *notices]
        raise SawTestError(
            f"{found}. Train the upstream with the same split, or go on with "
            f"pretraining.allow_test_overlap=true."
        )

    def refuse_changed(self, record: Record) -> None:
        """MedsmallError if a finished `record` began with another file of these weights.

        The key holds the name of what is published, since it is known before anything is fetched.
        """
        began = record.metrics.get("provenance", {}).get("sha256")
        if began and began != (now := self.provenance().get("sha256", began)):
            raise MedsmallError(
                f"The file of the weights of {self.name} has changed since {record.folder} was "
                f"recorded (sha256 {began[:12]}..., now {now[:12]}...): name a revision, such as "
                "backbone.name=hf-hub:OWNER/REPOSITORY@REVISION, or delete that folder."
            )

    def tell_overlap(self, dataset: str, val_patients: set[str]) -> list[str]:
        """A sentence, in a list, if the weights have seen patients of validation."""
        seen = _seen_of(self.patients(), dataset, val_patients)
        if not seen:
            return []
        return [
            f"The weights of {self.name} were trained on {len(seen)} of the {len(val_patients)} "
            "validation patients: validation scores will be inflated, and an epoch or a threshold "
            "chosen by them will be less reliable."
        ]


def _seen_of(seen: Sequence[Seen], dataset: str, patients: set[str]) -> list[str]:
    known = {patient for one in seen for patient in one.patients or ()}
    return sorted(patient for patient in patients if mark(dataset, patient) in known)


def trained_on_test(seen: Sequence[Seen], dataset: str, test_patients: set[str]) -> str:
    """The training data of weights that overlap with the test split; "" if none are known.

    As a part of a sentence: "chexpert, on 2 of the 9 patients in the test split (first: 7, 8)".
    """
    if patients := _seen_of(seen, dataset, test_patients):
        return (
            f"{dataset}, on {len(patients)} of the {len(test_patients)} patients in the test split "
            f"(first: {', '.join(patients[:3])})"
        )
    if any(one.dataset == dataset and one.patients is None for one in seen):
        return f"{dataset}, on unknown patients"
    for one in seen:
        if why := common_source(one.dataset, dataset):
            return f"{one.dataset}, on unknown patients, and {why}"
    return ""


@dataclass(frozen=True, eq=False)
class Case:
    """One resolved config with the images it draws and its key; equal by its key.

    Attributes:
        cfg: the composed config, for making its parts.
        config: the same, checked and resolved: what is recorded.
        dataset, table: the data set and the rows whose image exists.
        draw: the images of the run; see `medsmall.sample_size.SampleSize`.
        channels: of the images whose pixels the key holds, 1 if all are grey, else 3.
        augmentation: made from the config.
        source: of its initial weights.
        record: its record, existing or not; the folder's name is the key.
        notices: to read before the training, one sentence each.
        dropped: the copies that audit.drop left out, by check and part; None without audit.drop.
        identity: what the key holds beside the config: hashes of the table, the draw, the pixels.
        drawn_share: see `medsmall.sample_size.drawn_share`.
        population: (K,), see `medsmall.targets.population`.
        sampler: made from the config.
    """

    cfg: DictConfig = field(repr=False)
    config: dict[str, Any] = field(repr=False)
    dataset: Dataset
    table: pd.DataFrame = field(repr=False)
    draw: pd.DataFrame = field(repr=False)
    channels: int
    augmentation: Augmentation = field(repr=False)
    source: Source
    record: Record
    notices: tuple[str, ...]
    dropped: dict[str, dict[str, int]] | None = None
    identity: dict[str, str] = field(default_factory=dict, repr=False)
    drawn_share: float = 1.0
    population: np.ndarray = field(default_factory=lambda: np.empty(0), repr=False)
    sampler: Sampler = field(default_factory=NoSampler, repr=False)

    @property
    def name(self) -> str:
        """Its name, for people."""
        return str(self.cfg.name)

    @property
    def key(self) -> str:
        """The identity of the run: 16 hexadecimal digits."""
        return self.record.key

    @property
    def targets(self) -> Targets:
        """The targets of its data set."""
        return targets_of(self.dataset.targets, self.dataset.task)

    def shown(self) -> np.ndarray:
        """The train rows of the draw as often as training shows them, int64 (M,)."""
        labels = self.draw.loc[self.draw["part"] == "train", self.targets.names].to_numpy(float)
        if self.targets.task == Task.MULTICLASS:
            return self.sampler.shown(labels.argmax(1))
        if self.targets.task == Task.BINARY:
            return self.sampler.shown(labels[:, 0].astype(int))
        return np.arange(len(labels))

    @property
    def shows_each_once(self) -> bool:
        """Whether training shows each train image once per epoch."""
        return len(set(shown := self.shown())) == len(shown) == int(self._is_train.sum())

    def draw_shown(self) -> pd.DataFrame:
        """The draw, with ``shown``, how often an epoch shows each train image, unless all once."""
        if self.shows_each_once:
            return self.draw
        times = pd.Series(pd.NA, index=self.draw.index, dtype="Int64")
        times[self._is_train] = np.bincount(self.shown(), minlength=int(self._is_train.sum()))
        return self.draw.assign(shown=times)

    @property
    def _is_train(self) -> pd.Series:
        return self.draw["part"] == "train"

    @property
    def select_by(self) -> str:
        """How the epoch is chosen: by the config, or "last" if validation is too small.

        The number of an epoch needs no validation.
        """
        if str(self.cfg.select_by).isdecimal():
            return str(self.cfg.select_by)
        val = self.draw.loc[self.draw["part"] == "val"]
        labels = val[self.dataset.targets].to_numpy(dtype=float)
        unit = units(val, self.table, self.dataset.unit)
        enough = self.targets.can_choose(
            self.targets.per_unit(labels, np.zeros_like(labels), unit)[0]
        )
        return str(self.cfg.select_by) if enough else "last"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Case) and self.record.folder == other.record.folder

    def __hash__(self) -> int:
        return hash(self.key)

    def __str__(self) -> str:
        """One line for people."""
        n = self.draw["part"].value_counts()
        return (
            f"{self.name}: {self.dataset.name}{' (phantom)' if self.cfg.phantom else ''}, "
            f"{n['train']:,} train, {n['val']:,} val, {n['test']:,} test images; from "
            f"{self.source.name}."
        )

    def facts(self) -> dict[str, Any]:
        """The entries of metrics.json besides the metrics that are known before training."""
        made_by = self.source.record
        return {
            "name": self.name,
            "key": self.key,
            "identity": self.identity,
            "dataset": self.dataset.name,
            "phantom": bool(self.cfg.phantom),
            "unit": self.dataset.unit,
            "task": self.dataset.task,
            "n_train": self._images("train"),
            "n_val": self._images("val"),
            "labels_used": labels_used(self.draw),
            "drawn_share": round(self.drawn_share, 6),
            "select_by": self.select_by,
            "pretraining": self.source.name,
            "upstream": made_by and os.path.relpath(made_by.folder, self.record.folder),
            "initial_fingerprint": self.source.fingerprint,
            "provenance": self.source.provenance(),
            **({} if self.dropped is None else {"dropped": self.dropped}),
        }

    def _images(self, part: str) -> int:
        """The distinct images of a part: an image drawn twice is one label."""
        return int(self.draw.loc[self.draw["part"] == part, "image"].nunique())

    def patients(self, *parts: str) -> set[str]:
        """The patients of some parts of the draw."""
        return set(self.draw.loc[self.draw["part"].isin(parts), "patient"])
