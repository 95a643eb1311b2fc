"""Records as a run writes them, of generated predictions: nothing is trained."""

import copy
import functools
import hashlib
import itertools
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import yaml

from medsmall.configs import compose
from medsmall.evaluation.prior_shift import Shares
from medsmall.record import Record, checksums, scores
from medsmall.schema import check
from medsmall.targets import targets_of
from medsmall.task import Task
from medsmall.threshold.youden import Youden

DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # ten times as fast
FACTS = {
    "schema": 3, "dataset": "films", "phantom": False, "unit": "image",
    "pretraining": "random weights", "audit": [], "upstream": None, "weights_sha256": "0",
    "n_train": 50, "n_val": 13, "labels_used": 63, "drawn_share": 0.02, "notices": [],
}  # fmt: skip


@functools.cache
def config_of(*overrides: str) -> dict[str, Any]:
    return check(compose(list(overrides)))


def write_record(
    record: Record,
    task: Task,
    names: list[str],
    labels: dict[str, np.ndarray],
    predicted: dict[str, np.ndarray],
    patients: np.ndarray | None = None,
    config: dict[str, Any] | None = None,
    unit: str = "image",
    **facts: Any,
) -> Record:
    """Labels (N, K) by part, predictions of val and test, and the patients of the test images.

    Another `unit` holds two images each.
    """
    draw = pd.concat(
        [pd.DataFrame(rows, columns=names).assign(part=part) for part, rows in labels.items()],
        ignore_index=True,
    )
    places = draw.groupby("part").cumcount()
    draw["image"] = [f"{part}{i}.png" for part, i in zip(draw["part"], places, strict=True)]
    draw["patient"] = draw["image"]
    if patients is not None:
        draw.loc[draw["part"] == "test", "patient"] = [f"p{one}" for one in patients]
    if unit != "image":
        draw[unit] = [f"{part}{i // 2}" for part, i in zip(draw["part"], places, strict=True)]
    targets = targets_of(names, task)
    shares = Shares(labels["train"].mean(0), labels["train"].mean(0))
    found = scores.metrics(draw, draw, unit, targets, predicted, Youden(), shares)
    thresholds = {name: of.get("threshold") for name, of in found["test"]["targets"].items()}
    record.folder.mkdir(parents=True, exist_ok=True)
    table = scores.predictions(
        draw, draw, unit, targets, "test", predicted["test"], thresholds, shares
    )
    record.write_csv("predictions.csv", table)
    about = {**FACTS, "name": "a-run", "task": str(task), "key": record.key, "unit": unit, **facts}
    record.write_json("metrics.json", about | found)
    record.write_text("config.yaml", yaml.dump(config or {}, Dumper=DUMPER, sort_keys=False))
    record.write_text("DONE", checksums.of_folder(record.folder))
    return record


def completed(record: Record) -> Record:
    """The record with what a run writes beside what a report reads: two epochs, the machine."""
    epochs = pd.DataFrame({"epoch": [1, 2], "val_loss": [0.7, 0.5], "val_auroc": [np.nan, 0.8]})
    record.write_csv("history.csv", epochs)
    record.write_json("environment.json", {"seconds": 2.5, "device": "cpu", "packages": {}})
    (record.folder / "DONE").unlink()
    record.write_text("DONE", checksums.of_folder(record.folder))
    return record


def kept(make: Callable[..., None]) -> Callable[..., list[Record]]:
    """Records are written once per process for the same arguments, then copied; gives them."""
    folders: dict[str, TemporaryDirectory[str]] = {}

    @functools.wraps(make)
    def copied(root: Any, *arguments: Any, **options: Any) -> list[Record]:
        asked = repr((arguments, sorted(options.items())))
        if asked not in folders:
            folders[asked] = TemporaryDirectory()
            make(folders[asked].name, *arguments, **options)
        written = sorted(Path(folders[asked].name, "runs").iterdir(), key=_written)
        for run in written:
            shutil.copytree(run, Path(root, "runs", run.name))
        return [Record.of(str(root), run.name) for run in written]

    return copied


def _written(run: Path) -> int:
    return (run / "DONE").stat().st_mtime_ns


@kept
def sweep(
    root: Any,
    skills: dict[str, float],
    sizes: tuple[int, ...] = (50, 100),
    repeats: int = 4,
    scatter: float = 0.03,
    test: int = 240,
    seeds: int = 0,
    gain: float = 0.3,
    **facts: Any,
) -> None:
    """A finding in a sweep of pretraining and size; `skills` are the arms' separations at 50.

    Each doubling of the images adds `gain`; two images of each patient; the same test images. With
    `seeds`, each repeat is trained with so many seeds, and both move the separation by `scatter`.
    """
    rng = np.random.default_rng(0)
    luck_of = np.random.default_rng(1).normal(0, scatter, (2, 100))
    patients = np.repeat(np.arange(test // 2), 2)
    y = (patients < test // 8).astype(float)
    shared = rng.normal(size=test)
    val = (rng.random((40, 1)) < 0.4).astype(float)
    for arm, skill in skills.items():
        of_arm = config_of(
            "dataset=chestxray14", "dataset.targets=[Hernia]", "split=stratified",
            "sample_size=natural", "augmentation=none", "loss=bce", "trainer=cpu",
            f"pretraining={arm}",
        )  # fmt: skip
        for n in sizes:
            for repeat, seed in itertools.product(range(repeats), range(seeds or 1)):
                config = copy.deepcopy(of_arm)
                config["sample_size"] |= {"n": n, "repeat": repeat}
                config["seed"] = 42 + (seed if seeds else repeat)
                luck = luck_of[0, repeat] + luck_of[1, seed] if seeds else rng.normal(0, scatter)
                logit = (skill + gain * np.log2(n / 50) + luck) * (y - 0.5) * 2
                logit = logit + 0.7 * shared + 0.7 * rng.normal(size=test)
                train = (rng.random((n, 1)) < 0.4).astype(float)
                key = hashlib.sha256(
                    json.dumps([arm, n, repeat, seed, facts.get("dataset")]).encode()
                ).hexdigest()[:16]
                write_record(
                    Record.of(str(root), key), Task.BINARY, ["Hernia"],
                    {"train": train, "val": val, "test": y[:, None]},
                    {"val": 0.3 + 0.3 * val, "test": 1 / (1 + np.exp(-logit[:, None]))},
                    patients, config,
                    **{"name": f"{arm}-n{n}-r{repeat}-s{seed}", "dataset": "chestxray14",
                       "n_train": n, "labels_used": n + 13, **facts},
                )  # fmt: skip


@kept
def folds(root, arms, k=5, n=None):
    """Each fold tests other patients."""
    rng = np.random.default_rng(3)
    for arm, skill in arms.items():
        for fold in range(k):
            own = np.random.default_rng(fold)
            y = (own.random((40, 1)) < 0.5).astype(float)
            prob = 1 / (
                1
                + np.exp(
                    -(
                        skill * (2 * y - 1)
                        + own.normal(size=y.shape)
                        + 0.3 * rng.normal(size=y.shape)
                    )
                )
            )
            config = config_of(
                "dataset=chestxray14", "dataset.targets=[Hernia]", "split=kfold",
                "augmentation=none", "loss=bce", f"pretraining={arm}", f"split.fold={fold}",
                *(["sample_size=natural", f"sample_size.n={n}"] if n else ["sample_size=all"]),
            )  # fmt: skip
            labels = {"train": np.tile([[0.0], [1.0]], (80 + fold % 2, 1)), "val": y, "test": y}
            write_record(
                Record.of(str(root), f"{arm}{fold}-{n}".ljust(16, "0")), Task.BINARY, ["Hernia"],
                labels, {"val": prob, "test": prob}, np.arange(40) + 1000 * fold, config,
                dataset="chestxray14", n_train=160 + 2 * (fold % 2), labels_used=200,
            )  # fmt: skip
