"""A run's key: everything that can change the result moves it, and nothing else does."""

import copy
import json

import numpy as np
import pandas as pd
import pytest

from medsmall.configs import compose, default_keys
from medsmall.pretraining.weights import Weights
from medsmall.run.key import EXCLUDED, fingerprint, run_key
from medsmall.schema import check

CONFIGS = [
    [],
    [
        "+experiment=hernia_chexpert",
        "schedule=reduce_on_plateau",
        "trainer=ddp",
        "split=by_patient",
    ],
    ["dataset=chexpert", "pretraining=file", "pretraining.path=a.pth", "strategy=finetune_all"],
    ["dataset=pneumoniamnist", "logger=tensorboard", "backbone=tiny", "augmentation=none"],
]
TARGETS = ["Hernia", "Edema"]
WEIGHTS = Weights("none", "none", mean=[0.5] * 3, std=[0.2] * 3)


@pytest.fixture
def table():
    return pd.DataFrame(
        {
            "image": ["b.png", "a.png", "c.png", "d.png"],
            "patient": ["2", "1", "1", "3"],
            "split": ["train_val", "train_val", "train_val", "test"],
            "Hernia": [1.0, 0.0, np.nan, 0.0],
            "Edema": [0.0, 0.0, 1.0, 1.0],
            "Mass": [0.0, 1.0, 0.0, 0.0],
            "age": [50.0, 60.0, 70.0, 80.0],
        }
    )


def leaves(node, path=()):
    """Paths of everything in a config that holds no further keys."""
    if isinstance(node, dict) and node:
        for key, value in node.items():
            yield from leaves(value, (*path, key))
    else:
        yield path


def changed(config, path):
    config = copy.deepcopy(config)
    node = config
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = "another value"
    return config


def excluded(path):
    return any(".".join(path[:depth]) in EXCLUDED for depth in range(1, len(path) + 1))


@pytest.mark.parametrize("overrides", CONFIGS)
def test_every_key_changes_the_identity_unless_it_is_excluded(overrides, table):
    config = check(compose(overrides))
    key = run_key(config, table, TARGETS, WEIGHTS)
    assert len(key) == 16
    assert set(key) <= set("0123456789abcdef")
    found = {True: [], False: []}
    for path in leaves(config):
        other = run_key(changed(config, path), table, TARGETS, WEIGHTS)
        assert (other == key) == excluded(path), ".".join(path)
        found[excluded(path)].append(".".join(path))
    assert {"seed", "batch_size", "strategy.lr", "trainer.max_epochs"} <= set(found[False])
    assert {"num_workers", "output_root", "trainer.devices"} <= set(found[True])


def test_every_excluded_key_exists():
    assert set(default_keys()) | {"logger"} >= EXCLUDED


def test_what_may_change_a_result_is_not_excluded():
    harmless = (
        "root", "strict", "audit", "name", "choices", "logger", "workers", "download", "file",
        "missing_images", "phantom_patients", "path", "allow_test_overlap", "trained_on",
        "pretraining.experiment", "pretraining.overrides", "trainer.",
    )  # fmt: skip
    assert all(any(word in key for word in harmless) for key in EXCLUDED)
    assert not EXCLUDED & {
        "trainer.precision", "trainer.max_epochs", "trainer.gradient_clip_val", "seed",
        "trainer.accumulate_grad_batches", "select_by", "phantom",
    }  # fmt: skip


def test_the_same_config_gives_the_same_key_whatever_the_order_of_its_keys(table):
    config = check(compose([]))
    turned = json.loads(json.dumps(dict(reversed(config.items()))))
    assert run_key(config, table, TARGETS, WEIGHTS) == run_key(turned, table, TARGETS, WEIGHTS)


def test_where_things_lie_and_which_machine_computes_do_not_matter(table):
    here = check(compose(["data_root=/a", "output_root=/b"]))
    elsewhere = ["data_root=/c", "output_root=/d", "logger=wandb", "num_workers=3", "name=x"]
    there = check(compose([*elsewhere, "trainer.devices=2", "trainer.strategy=ddp"]))
    assert run_key(here, table, TARGETS, WEIGHTS) == run_key(there, table, TARGETS, WEIGHTS)


def test_the_pixels_count(table):
    config = check(compose([]))
    keys = {run_key(config, table, TARGETS, WEIGHTS, None, pixels) for pixels in ("a", "b")}
    assert len(keys) == 2


def test_a_whole_number_where_a_number_is_meant_is_the_same_run(table):
    keys = {
        run_key(check(compose([f"augmentation.rotation_deg={value}"])), table, TARGETS, WEIGHTS)
        for value in ("10", "10.0")
    }
    assert len(keys) == 1


def test_the_order_of_the_rows_has_no_say(table):
    shuffled = table.sample(frac=1, random_state=1)
    assert fingerprint(shuffled, TARGETS) == fingerprint(table, TARGETS)


def test_metadata_and_labels_that_are_no_targets_have_no_say(table):
    other = table.assign(age=0.0, Mass=1.0, view="PA")[[*reversed(table.columns), "view"]]
    assert fingerprint(other, TARGETS) == fingerprint(table, TARGETS)


@pytest.mark.parametrize(
    ("row", "column", "value"),
    [
        (0, "Hernia", 0.0), (1, "Hernia", np.nan), (2, "Hernia", 0.0), (3, "Edema", 0.0),
        (0, "image", "e.png"), (0, "patient", "3"), (3, "split", "train_val"),
    ],
)  # fmt: skip
def test_a_changed_label_image_patient_or_part_changes_it(table, row, column, value):
    other = table.copy()
    other.loc[row, column] = value
    assert fingerprint(other, TARGETS) != fingerprint(table, TARGETS)


def test_rows_and_targets_count(table):
    prints = {
        fingerprint(table, TARGETS),
        fingerprint(table.iloc[:-1], TARGETS),
        fingerprint(table, TARGETS[:1]),
        fingerprint(table, TARGETS[::-1]),
    }
    assert len(prints) == 4


def test_labels_of_two_images_exchanged_are_another_table(table):
    other = table.copy()
    other.loc[[0, 1], "Hernia"] = [0.0, 1.0]
    assert fingerprint(other, TARGETS) != fingerprint(table, TARGETS)


def test_upstream_weights_and_their_statistics_count(table):
    config = check(compose([]))
    keys = {
        run_key(config, table, TARGETS, weights)
        for weights in (
            WEIGHTS,
            Weights("none", "other", mean=[0.5] * 3, std=[0.2] * 3),
            Weights("none", "none", mean=[0.4] * 3, std=[0.2] * 3),
            Weights("none", "none", mean=[0.5] * 3, std=[0.3] * 3),
            Weights("none", "none"),
        )
    }
    assert len(keys) == 5
    renamed = Weights("something else", "none", mean=[0.5] * 3, std=[0.2] * 3)
    assert run_key(config, table, TARGETS, renamed) in keys


def test_the_drawn_rows_change_the_key(table):
    """A split by sex or view reads columns that the targets do not name."""
    config = check(compose([]))
    draw = table[["image", "patient", *TARGETS]].assign(part=["train", "train", "val", "test"])
    other = draw.assign(part=["train", "val", "train", "test"])
    keys = {run_key(config, table, TARGETS, WEIGHTS, rows) for rows in (draw, other, draw[:3])}
    assert len(keys) == 3
    assert run_key(config, table, TARGETS, WEIGHTS, draw.copy()) in keys
