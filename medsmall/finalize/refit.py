"""The arm learns once more, now from every labelled image."""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from omegaconf import DictConfig, OmegaConf

from medsmall.audit.provenance import as_text, learnt_from
from medsmall.audit.seen import write_seen
from medsmall.batches.drawn import DrawnImages
from medsmall.cache import prepare
from medsmall.case import Case
from medsmall.configs import literal
from medsmall.contract import made
from medsmall.errors import MedsmallError
from medsmall.evaluation.prior_shift import Shares
from medsmall.finalize.before import Before, validation_of
from medsmall.learner import Fitted, Learner
from medsmall.once import SHARED
from medsmall.pixels import workers
from medsmall.predict.runs import FINALS
from medsmall.record import Record, scores
from medsmall.record.environment import environment
from medsmall.record.key import fingerprint
from medsmall.record.record import SCHEMA
from medsmall.resolve import drawn, identified
from medsmall.terminal import say
from medsmall.threshold import Threshold

MOST = 500  # train images that stand where a learner looks for validation


def whole(of: Before, root: Path) -> tuple[Case, pd.DataFrame]:
    """The case of the first run with all labelled images as its train part, and those images."""
    cfg = OmegaConf.create(literal(of.records[0].config))
    given = drawn(cfg, SHARED)
    pools = given.data.pools
    images = pd.concat([pools.train, pools.val, pools.test]).sort_values("image")
    images = images.assign(part="train").reset_index(drop=True)
    case = identified(given, SHARED)
    if case.key != (run := of.records[0]).key:
        raise MedsmallError(
            f"The images, labels or initial weights of {run.folder} have changed since it was "
            "recorded: train the runs again, then finalize them."
        )
    case.cfg.select_by = "last" if of.epoch is None else str(of.epoch)
    standing = images.iloc[np.unique(np.linspace(0, len(images) - 1, MOST).astype(int))]
    draw = pd.concat([images, standing.assign(part="val")], ignore_index=True)
    key = key_of(of.records, fingerprint(given.data.table, case.dataset.targets))
    record = Record(root / FINALS / key)
    return replace(case, draw=draw, record=record), images


def key_of(records: Sequence[Record], table: str) -> str:
    """16 hexadecimal digits: of the runs before it, and of the images it learns from."""
    text = json.dumps([sorted(one.key for one in records), table])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def refit(of: Before, root: Path) -> Record:
    """The final model's record below `root`, made now unless it is there.

    Nothing is left to choose the epoch by: it is the median of those that the runs chose, or the
    last. Thresholds and calibration come from the validation images of the runs, each predicted by
    a network that did not learn from it.
    """
    case, images = whole(of, root)
    with case.record.writing() as unmade:
        if unmade:
            _make(case, images, of)
    return case.record


def _make(case: Case, images: pd.DataFrame, of: Before) -> None:
    started = time.monotonic()
    cfg, record = case.cfg, case.record
    record.write_text("config.yaml", OmegaConf.to_yaml(_config(case), resolve=True))
    data = _images(case)
    shown = case.draw_shown()
    record.write_csv("draw.csv", shown[shown["part"] == "train"])
    record.write("seen.npz", lambda path: write_seen(path, images, data.prepared))
    say("What is told of validation below is of training images: no others are left.")
    fitted = made(cfg.learner, Learner).fit(case, data, [])
    inside = [name for name in fitted.history if str(name).startswith("val_")]
    history = fitted.history.drop(columns=inside)  # of images that it learns from
    record.write_csv("history.csv", history)
    thresholds, told = _thresholds(case, of, fitted)
    own = learnt_from(case.dataset.name, record.key, images, data.prepared)
    about = {
        "seen": as_text([own, *case.source.seen()]),
        "image_size_px": json.dumps(cfg.image_size_px),
        "resize": cfg.resize,
        "thresholds": json.dumps(thresholds),
    }
    learnt: dict[str, Any] = {
        "schema": SCHEMA,
        "audit": [],
        "notices": list(case.notices),
        "epochs": len(fitted.history),
        "chosen_epoch": fitted.chosen_epoch,
        "initial_sha256": fitted.initial_sha256,
        "weights_sha256": fitted.save(record, about),
        "network": fitted.network,
        "channels": data.prepared.channels,
        "final": {"how": "refit", **of.score},
    }
    labels = int(images["image"].nunique())
    facts = case.facts() | {"n_val": 0, "labels_used": labels, "drawn_share": 1.0, "identity": {}}
    record.write_json("metrics.json", {**facts, **learnt, **told})
    seconds = round(time.monotonic() - started, 1)
    here = {**environment(), **fitted.machine, "seconds": seconds}
    record.write_json("environment.json", here)


def _config(case: Case) -> DictConfig:
    return OmegaConf.create(literal({**case.config, "select_by": case.cfg.select_by}))


def _images(case: Case) -> DrawnImages:
    """Without the leakage gate: there is no test part."""
    cfg, names = case.cfg, list(case.draw["image"].unique())
    side, cache = cfg.image_size_px, Path(cfg.cache_root)
    prepared = prepare(case.dataset, names, side, cache, resize=cfg.resize)
    prepared.check()
    shown = case.shown()
    size = cfg.batch_size
    targets = case.dataset.targets
    return DrawnImages(case.draw, prepared, targets, case.augmentation, size, workers(cfg), shown)


def _thresholds(
    case: Case, of: Before, fitted: Fitted
) -> tuple[dict[str, float | None], dict[str, Any]]:
    """The thresholds, and what metrics.json has of validation and test, by the runs before."""
    targets, shares = case.targets, Shares(fitted.prevalence, case.population)
    table = validation_of(of.records, targets, fitted.prevalence)
    case.record.write_csv("val_predictions.csv", table)
    columns = [f"{targets.prefix}_{name}" for name in targets.names]
    y, predicted = targets.per_unit(
        table[targets.names].to_numpy(float), table[columns].to_numpy(float),
        table[case.dataset.unit].to_numpy(str),
    )  # fmt: skip
    rule = made(case.cfg.threshold, Threshold)
    chosen = targets.thresholds(y, predicted, rule, shares)
    thresholds = {name: found and found.value for name, found in chosen.items()}
    learnt = targets.learnt_from(
        case.draw.loc[case.draw["part"] == "train", targets.names].to_numpy()
    )
    val = targets.evaluate(y, predicted, thresholds)
    of_test = {
        name: {**learnt[name], **({"threshold": thresholds[name]} if name in thresholds else {})}
        for name in targets.names
    }
    told = {
        "prevalence": scores.told(targets, shares),
        "val": val,
        "test": {"n": 0, "targets": of_test},
    }
    return thresholds, told
