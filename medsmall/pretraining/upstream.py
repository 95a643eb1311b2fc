"""Weights of another run of medsmall, trained first if it does not exist yet."""

from collections.abc import Callable
from functools import cache
from typing import Any, Literal

from omegaconf import DictConfig, OmegaConf, open_dict

from medsmall.audit.provenance import Seen, marks
from medsmall.audit.seen import seen_by_run
from medsmall.backbone.weights import Weights, sha256
from medsmall.case import Case, Source
from medsmall.configs import config_dirs, literal
from medsmall.contract import build
from medsmall.errors import MedsmallError
from medsmall.pretraining import ASKED, MACHINE, draw_of
from medsmall.pretraining.chain import chain, data_name, words_of
from medsmall.pretraining.own_data import learn_others, of_data, read_alike
from medsmall.pretraining.tensors import read_tensors, statistics
from medsmall.record import Record


class Upstream:
    """A run described by an experiment.

    Args:
        experiment: its name in conf/experiment.
        overrides: changes to it, written as on the command line.
        allow_test_overlap: go on although it has seen patients of the run's test split.
        train_images: number of its train images; null: as in the experiment.
        dataset: option of conf/dataset that it is trained on; null: that of the experiment.
        targets: labels to learn; null: those of the experiment; on the run's own data set those
            of them that the run does not learn itself.
        start: option of conf/pretraining that it starts from; null: that of the experiment.
        apart: on the run's own data set, the patients it never sees: those of the run's test part,
            or of the run's whole draw.

    On the run's own data set, the run's keys of `dataset` count (such as root), except targets and
    what `overrides` set, and its audit.drop, unless the experiment has one.
    """

    def __init__(
        self,
        experiment: str,
        overrides: list[str],
        allow_test_overlap: bool,
        train_images: int | None = None,
        dataset: str | None = None,
        targets: list[str] | None = None,
        start: str | None = None,
        apart: Literal["test", "all"] = "test",
    ) -> None:
        self.experiment, self.overrides, self.targets = experiment, overrides, targets
        self.apart, self.allow_test_overlap = apart, allow_test_overlap
        for word in overrides:
            _refuse_shared(word)
        described = {"experiment": experiment, "overrides": overrides, "dataset": dataset}
        words = words_of({**described, "start": start, "train_images": train_images})
        links = chain(words, tuple(config_dirs()), f"{__name__}.{type(self).__name__}")
        self.composed = links[0]
        if targets is not None:
            build(self.composed.dataset, targets=targets)  # which refuses those it does not have
        self.data_sets = [data_name(link.dataset) for link in links]

    def reach(self, cfg: DictConfig) -> None:
        """Nothing to fetch; the upstream's own source is checked with the upstream."""

    def leaves_out(self, config: dict[str, Any]) -> list[dict[str, Any]]:
        """The draw of the run, and those that the run leaves out, as far as the data are these."""
        draws = [*config["without"], draw_of(config, self.apart)]
        return of_data(draws, self.data_sets)

    def config(self, cfg: DictConfig) -> DictConfig:
        """The upstream's config for the run `cfg`: its own, except for the keys in ASKED.

        On the data set of the run see the class.
        """
        upstream = self.composed.copy()
        given: Any = OmegaConf.to_container(cfg, resolve=True)
        on_same = of_data(given["without"], self.data_sets[:1])
        given = literal(given)
        with open_dict(upstream):
            for key in (*ASKED, "without"):
                upstream[key] = given[key]
            upstream.audit.drop = self.composed.audit.drop  # copies are of one data set
            for key in MACHINE:
                upstream.trainer[key] = given["trainer"][key]
            upstream.logger = {}
            upstream.choices.backbone = cfg.choices.backbone or upstream.choices.backbone
            for run in on_same:
                read_alike(upstream, run, self.overrides)
            if self.targets is not None:
                upstream.dataset.targets = literal(self.targets)
        learn_others(upstream, on_same)
        return upstream

    def source(self, cfg: DictConfig, resolve: Callable[[DictConfig], Case]) -> Source:
        """The upstream as a case, whether it is recorded or not."""
        try:
            upstream = resolve(self.config(cfg))
        except MedsmallError as error:
            told = f"{error} (In the {self.data_sets[0]} upstream, which is trained first. "
            told += """Its own keys are set by 'pretraining.overrides=["key=value"]'.)"""
            error.args = (told, *error.args[1:])
            raise
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


def _refuse_shared(word: str) -> None:
    """MedsmallError for an override of what the upstream takes from the run: it would be lost."""
    key = word.lstrip("+~").partition("=")[0]
    shared = {*ASKED, "without"} - {"audit"} | {"audit.allow"}
    shared |= {f"trainer.{one}" for one in MACHINE}
    if {key, key.partition(".")[0]} & shared:
        raise MedsmallError(
            f"pretraining.overrides has {word}, but an upstream shares {key} with the run that "
            "starts from it: leave it out there, and set it for the run."
        )


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
