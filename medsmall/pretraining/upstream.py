"""Weights of another run of medsmall, made first if it does not exist yet."""

import json
from collections.abc import Callable
from pathlib import Path

from omegaconf import DictConfig, open_dict
from safetensors.torch import load_file

from medsmall.audit.seen import seen_by_run
from medsmall.configs import compose
from medsmall.pretraining.file import statistics
from medsmall.pretraining.weights import Weights
from medsmall.schema import check

# What an upstream shares with the run that asks for it: the network and its input, where things
# lie, and the machine. All else is its own, so that a sweep over it finds the one upstream.
INHERITED = [
    "backbone", "image_size_px", "phantom", "data_root", "output_root", "cache_root", "num_workers",
    "audit",
]  # fmt: skip
MACHINE = ["accelerator", "devices", "strategy", "precision", "deterministic", "benchmark"]


class Upstream:
    """A run described by an experiment.

    Args:
        experiment: its name in conf/experiment.
        overrides: changes to it, written as on the command line.
        allow_test_overlap: go on although it has seen patients of the asking run's test split.
    """

    def __init__(self, experiment: str, overrides: list[str], allow_test_overlap: bool) -> None:
        self.experiment = experiment
        self.overrides = list(overrides)
        self.allow_test_overlap = allow_test_overlap

    def config(self, cfg: DictConfig) -> DictConfig:
        """The upstream's config for the run `cfg`."""
        upstream = compose([f"+experiment={self.experiment}", *self.overrides])
        with open_dict(upstream):
            for key in INHERITED:
                upstream[key] = cfg[key]
            for key in MACHINE:
                upstream.trainer[key] = cfg.trainer[key]
            upstream.logger = {}
            upstream.choices.backbone = cfg.choices.get("backbone", upstream.choices.backbone)
        check(upstream)
        return upstream

    def weights(self, cfg: DictConfig, train: Callable[[DictConfig], Path]) -> Weights:
        """Find the upstream's record, or make it, and take its weights."""
        folder = train(self.config(cfg))
        metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        seen = seen_by_run(folder)
        dataset = seen[0].dataset
        model = folder / "model.safetensors"
        return Weights(
            source=f"the {dataset} upstream {folder.name}",
            fingerprint=metrics["weights_sha256"],
            load=lambda network: load_file(model),
            trained_on=dataset,
            seen=seen,
            record=folder,
            allow_test_overlap=self.allow_test_overlap,
            **statistics(model),
        )
