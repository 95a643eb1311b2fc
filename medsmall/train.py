"""Train and test one run: ``python -m medsmall.train +experiment=hernia_chexpert``.

`train` below is the whole experiment in the order of its stages. What is heavy is imported there
and not above: --help and a mistyped key are answered at once.
"""

import functools
import hashlib
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from medsmall.command import as_command
from medsmall.errors import MedsmallError
from medsmall.schema import check
from medsmall.task import Task

if TYPE_CHECKING:
    import pandas as pd

    from medsmall.classifier import Classifier
    from medsmall.dataset import Dataset
    from medsmall.pretraining.weights import Weights
    from medsmall.run.record import Record

FIRST_RUN = "+experiment=first_run"


def train(cfg: DictConfig) -> Path:
    """Train and test the run that `cfg` describes, unless its record exists; returns its folder.

    Raises MedsmallError for whatever a user can mend; nothing of a failed run stays on disk.
    """
    config = check(cfg)

    from medsmall.augmentation.safety import check as check_augmentation
    from medsmall.cache import prepare
    from medsmall.dataset.opening import open_table
    from medsmall.run.key import run_key, spread
    from medsmall.run.record import Record
    from medsmall.split import check_classes, few_patients
    from medsmall.terminal import say, say_once

    # the sample table, its split by patient, and the part of it this run may see
    dataset, table = open_table(cfg)
    splitter = instantiate(cfg.split)
    split = splitter.assign(table, dataset.targets)
    notices = few_patients(table)
    notices += check_classes(table, split, dataset.targets, dataset.task, splitter.published_test)
    draw = instantiate(cfg.sample_size).draw(table, split, dataset.targets, dataset.task)

    # network, loss, optimisation: before the weights, so that a mistake costs no upstream run
    augmentation = instantiate(cfg.augmentation)
    notices += check_augmentation(augmentation, dataset.modality)
    sample = prepare(dataset, spread(draw["image"]), cfg.image_size_px, Path(cfg.cache_root))
    classifier = build(cfg, dataset, draw, augmentation, sample.channels)

    # the initial weights: an upstream run is made here if they do not exist yet
    weights = instantiate(cfg.pretraining).weights(cfg, train)
    weights.refuse_overlap(dataset.name, set(draw.loc[draw["part"] == "test", "patient"]))

    pixels = hashlib.sha256(sample.digests.tobytes()).hexdigest()
    key = run_key(config, table, dataset.targets, weights, draw, pixels)
    record = Record(cfg.output_root, key)
    if record.done:
        sent = " or sent to the logger" if cfg.logger else ""
        say(f"{cfg.name}: recorded already, not run{sent} again.")
        for passed in record.read_json("metrics.json")["audit"]:
            say(passed)
    else:
        with record.writing() as unmade:
            if unmade:
                for notice in notices:
                    say_once(notice)
                fit_and_test(
                    cfg, config, dataset, table, draw, weights, augmentation, classifier, record
                )
    return record.folder


def fit_and_test(
    cfg: DictConfig,
    config: dict[str, Any],
    dataset: "Dataset",
    table: "pd.DataFrame",
    draw: "pd.DataFrame",
    weights: "Weights",
    augmentation: Any,
    classifier: "Classifier",
    record: "Record",
) -> None:
    """Train on the draw, score its test images once, and fill the record."""
    import pandas as pd
    import pytorch_lightning as pl

    from medsmall.audit.findings import audit_folder
    from medsmall.audit.gate import gate
    from medsmall.audit.seen import write_seen
    from medsmall.cache import prepare
    from medsmall.datamodule import DataModule
    from medsmall.run import score, sinks
    from medsmall.run.environment import environment
    from medsmall.run.fit import (
        best_weights,
        callbacks,
        chosen_epoch,
        make_trainer,
        single_process,
        uninterrupted,
    )
    from medsmall.run.progress import announce
    from medsmall.run.weights_file import numbers, sha256, write_weights
    from medsmall.sample_size import labels_used
    from medsmall.terminal import say

    started = time.monotonic()
    targets = dataset.targets
    announce(cfg, dataset.name, draw, weights)
    record.write_text("config.yaml", OmegaConf.to_yaml(OmegaConf.create(config)))

    # images, decoded once for all runs
    images = list(draw["image"].unique())
    prepared = prepare(dataset, images, cfg.image_size_px, Path(cfg.cache_root))
    allow = [*cfg.audit.allow, *(["upstream_overlap"] if weights.allow_test_overlap else [])]
    audits = audit_folder(cfg.output_root, dataset.name, cfg.phantom)
    remedy = " ".join(f"{group}={cfg.choices[group]}" for group in ("dataset", "split"))
    passed = gate(dataset.name, draw, prepared, weights.seen, allow, remedy, audits)
    for notice in passed:
        say(notice)
    record.write_csv("draw.csv", draw)
    record.write("seen.npz", lambda path: write_seen(path, draw, prepared))

    # weights and trainer
    pl.seed_everything(cfg.seed, verbose=False)  # an upstream may have drawn in the meantime
    mean, std = weights.enter(classifier.network)
    classifier.normalise(mean, std)
    loggers = sinks.open_loggers(cfg)
    trainer = make_trainer(
        cfg,
        callbacks=callbacks(record.folder, cfg.select_by),
        logger=loggers,
        default_root_dir=record.folder,
    )
    in_processes = trainer.strategy.launcher is not None
    if in_processes:
        trainer.loggers = []  # a process of its own has none; the history is sent afterwards

    data = DataModule(
        draw=draw,
        prepared=prepared,
        targets=targets,
        augmentation=augmentation,
        batch_size=cfg.batch_size,
        seed=cfg.seed,
        num_workers=workers(cfg),
    )

    # fit, then test with the weights of the chosen epoch
    with sinks.closing(loggers):
        for logger in loggers:
            logger.log_hyperparams(config)
        uninterrupted(trainer.fit, classifier, data)
        history = pd.read_csv(record.folder / "history.csv")
        if in_processes:
            sinks.replay(loggers, history)
        classifier.load_state_dict(best_weights(trainer))
        tester = single_process(cfg)
        values = {part: score.predicted(tester, classifier, data, part) for part in ("val", "test")}
        results = score.metrics(draw, table, dataset.unit, targets, dataset.task, values)
        sinks.send_test(loggers, results["test"])

    # record
    tensors = classifier.module.state_dict()
    write = functools.partial(
        write_weights, tensors=tensors, mean=mean, std=std,
        backbone=classifier.network.architecture, targets="|".join(targets), task=dataset.task,
        offset=numbers(classifier.offset), scale=numbers(classifier.scale),
    )  # fmt: skip
    record.write("model.safetensors", write)
    record.write_csv(
        "predictions.csv",
        score.predictions(draw, table, dataset.unit, targets, dataset.task, values["test"]),
    )
    record.write_json(
        "metrics.json",
        {
            "name": cfg.name,
            "dataset": dataset.name,
            "phantom": cfg.phantom,
            "unit": dataset.unit,
            "task": dataset.task,
            "labels_used": labels_used(draw),
            "pretraining": weights.source,
            "upstream": weights.record and os.path.relpath(weights.record, record.folder),
            "audit": passed,
            "epochs": len(history),
            "chosen_epoch": chosen_epoch(history, cfg.select_by),
            "weights_sha256": sha256(tensors),
            **results,
        },
    )
    record.write_json(
        "environment.json",
        environment(trainer.strategy.root_device)
        | {"processes": trainer.world_size, "seconds": round(time.monotonic() - started, 1)},
    )


def build(
    cfg: DictConfig, dataset: "Dataset", draw: "pd.DataFrame", augmentation: Any, channels: int
) -> "Classifier":
    """The untrained classifier, tried out on one image; MedsmallError if its parts do not fit."""
    import pytorch_lightning as pl
    import torch

    from medsmall.classifier import Classifier
    from medsmall.datamodule import augmented_side
    from medsmall.run.fit import make_trainer

    make_trainer(cfg, logger=False, enable_checkpointing=False)  # is there such a device?
    unsuitable = "val_auroc" if dataset.task is Task.REGRESSION else "val_mae"
    if cfg.select_by == unsuitable:
        raise MedsmallError(
            f"select_by={unsuitable} is not for a {dataset.task} task: set val_loss."
        )
    pl.seed_everything(cfg.seed, verbose=False)
    network = instantiate(cfg.backbone).build(len(dataset.targets))
    loss = instantiate(cfg.loss)
    labels = torch.tensor(draw.loc[draw["part"] == "train", dataset.targets].to_numpy())
    classifier = Classifier(
        network=network,
        mean=network.mean,  # the weights bring their own
        std=network.std,
        strategy=instantiate(cfg.strategy),
        schedule=instantiate(cfg.schedule),
        loss=loss,
        targets=dataset.targets,
        task=dataset.task,
        views=1 + augmentation.tta_views,
    )
    classifier.standardise(labels)
    loss.fit(labels)
    classifier.try_out(augmented_side(augmentation, cfg.image_size_px, channels))
    return classifier


def workers(cfg: DictConfig) -> int:
    """Processes that augment: on a CPU they would take the cores from the network."""
    if cfg.num_workers is not None:
        return cfg.num_workers
    return 0 if cfg.trainer.accelerator == "cpu" else min(8, os.cpu_count() or 1)


def work(cfg: DictConfig) -> None:
    """One cell of the command line."""
    folder = train(cfg)
    from medsmall.run.summary import show

    show(folder)


def main() -> None:
    """The command."""
    if not sys.argv[1:]:
        print(f"A first run on generated chest films ({FIRST_RUN}); --help tells what else.")
        sys.argv.append(FIRST_RUN)
    as_command(work)()


if __name__ == "__main__":
    main()
