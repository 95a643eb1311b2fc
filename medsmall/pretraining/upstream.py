"""Weights of another run of medsmall, trained first if it does not exist yet."""

from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path

from omegaconf import DictConfig, OmegaConf, open_dict

from medsmall.audit.provenance import Seen, marks
from medsmall.audit.seen import seen_by_run
from medsmall.backbone.weights import Weights, sha256
from medsmall.case import Case, Source
from medsmall.configs import compose, config_dirs, literal
from medsmall.contract import made
from medsmall.errors import MedsmallError
from medsmall.pretraining import ASKED, MACHINE
from medsmall.pretraining.tensors import read_tensors, statistics
from medsmall.record import Record
from medsmall.sample_size import SampleSize
from medsmall.schema import check


class Upstream:
    """A run described by an experiment.

    Args:
        experiment: its name in conf/experiment.
        overrides: changes to it, written as on the command line.
        train_images: number of its train images; null: as in the experiment.
        allow_test_overlap: go on although it has seen patients of the run's test split.
    """

    def __init__(
        self,
        experiment: str,
        overrides: list[str],
        allow_test_overlap: bool,
        train_images: int | None = None,
    ) -> None:
        self.experiment = experiment
        same_size = [f"sample_size.n={train_images}"] if train_images is not None else []
        asked_for = (f"+experiment={experiment}", *overrides, *same_size)
        self.composed = _composed(asked_for, tuple(config_dirs()))
        self.allow_test_overlap = allow_test_overlap

    def reach(self, cfg: DictConfig) -> None:
        """Nothing to fetch; the upstream's own source is checked with the upstream."""

    def config(self, cfg: DictConfig) -> DictConfig:
        """The upstream's config for the run `cfg`: its own, except for the keys in ASKED."""
        upstream = self.composed.copy()
        given = literal(OmegaConf.to_container(cfg, resolve=True))
        with open_dict(upstream):
            for key in ASKED:
                upstream[key] = given[key]
            upstream.audit.drop = self.composed.audit.drop  # copies are of one data set
            for key in MACHINE:
                upstream.trainer[key] = given["trainer"][key]
            upstream.logger = {}
            upstream.choices.backbone = cfg.choices.backbone or upstream.choices.backbone
        return upstream

    def source(self, cfg: DictConfig, resolve: Callable[[DictConfig], Case]) -> Source:
        """The upstream as a case, whether it is recorded or not."""
        try:
            upstream = resolve(self.config(cfg))
        except RecursionError:
            raise MedsmallError(
                f"The upstream {self.experiment} starts from itself, directly or through others: "
                "set another pretraining in pretraining.overrides."
            ) from None
        name = f"the {upstream.dataset.name} upstream {upstream.key}"
        return Source(
            name,
            fingerprint=upstream.key,
            open=lambda: _weights(name, Record.open(upstream.record.folder)),
            seen=lambda: seen_by_run(upstream.record) if upstream.record.done else (),
            patients=cache(lambda: _patients(upstream)),
            upstream=upstream,
            record=upstream.record,
            allow_test_overlap=self.allow_test_overlap,
        )


@lru_cache  # a sweep asks for the same one in every cell, and composing takes 90 ms
def _composed(overrides: tuple[str, ...], folders: tuple[Path, ...]) -> DictConfig:
    """The config of an upstream, checked; it is composed from `folders`."""
    composed = compose([*overrides])
    check(composed)
    if composed.choices.sample_size != "auto":
        made(composed.sample_size, SampleSize)  # how many is what is asked for most
    return composed


def _patients(upstream: Case) -> tuple[Seen, ...]:
    """The patients of its draw, known before it is trained."""
    dataset = upstream.dataset.name
    seen = marks(dataset, upstream.patients("train", "val", "unlabelled"))
    return (Seen(dataset, seen, upstream.key), *upstream.source.patients())


def _weights(name: str, record: Record) -> Weights:
    """Those of its record; MedsmallError where the file is not the one that was recorded."""
    if not record.model.is_file():
        raise MedsmallError(
            f"The upstream {record.folder} has no model.safetensors to start from: choose another "
            "pretraining, or delete the folder, and it is trained again."
        )
    record.check(record.model.name)
    tensors = read_tensors(record.model)
    if sha256(tensors) != record.metrics["weights_sha256"]:
        raise MedsmallError(
            f"{record.model} differs from what its run recorded (sha256 of the weights): delete "
            f"{record.folder}, and the upstream is trained again."
        )
    return Weights(name, lambda network: tensors, **statistics(record.model))
