"""A run's key: everything that can change the result moves it, and nothing else does."""

import copy
import json

import numpy as np
import pandas as pd
import pytest
from hydra.utils import instantiate

from medsmall.configs import compose, default_keys, options
from medsmall.learner.network import NetworkLearner
from medsmall.learner.probe import Probe
from medsmall.record.key import EXCLUDED, fingerprint, rows_hash, run_key
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
    ["learner=probe", "backbone=tiny"],
    ["backbone=biomedclip", "pretraining=hub"],
]
TARGETS = ["Hernia", "Edema"]
IDENTITY = {"table": "a", "draw": "b", "pixels": "c", "weights": "none"}


def key_of(config, ignored=()):
    return run_key(config, ignored, IDENTITY)


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


def listed(path, keys):
    return any(".".join(path[:depth]) in keys for depth in range(1, len(path) + 1))


@pytest.mark.parametrize("overrides", CONFIGS)
def test_every_key_changes_the_identity_unless_it_is_excluded(overrides):
    config = check(compose(overrides))
    key = key_of(config)
    assert len(key) == 16
    assert set(key) <= set("0123456789abcdef")
    found = {True: [], False: []}
    for path in leaves(config):
        excluded = listed(path, EXCLUDED)
        assert (key_of(changed(config, path)) == key) == excluded, ".".join(path)
        found[excluded].append(".".join(path))
    assert {"seed", "batch_size", "strategy.lr", "trainer.max_epochs"} <= set(found[False])
    assert {"num_workers", "output_root", "trainer.devices"} <= set(found[True])


def test_statistics_given_for_a_file_count_and_where_it_lies_does_not():
    config = check(compose(["pretraining=file", "pretraining.path=a.pth"]))
    key = key_of(config)
    for name in ("mean", "std"):
        assert key_of(changed(config, ("pretraining", name))) != key
    assert key_of(changed(config, ("pretraining", "path"))) == key


def test_a_probe_ignores_what_is_only_of_training_and_a_network_nothing():
    network, probe = check(compose([])), check(compose(["learner=probe"]))
    ignored = Probe.ignores
    before = key_of(network, NetworkLearner.ignores), key_of(probe, ignored)
    found = {True: set(), False: set()}
    for path in leaves(probe):
        if not listed(path, EXCLUDED):
            same = key_of(changed(probe, path), ignored) == before[1]
            assert same == listed(path, ignored), ".".join(path)
            found[same].add(".".join(path))
    for path in leaves(network):
        if listed(path, ignored) and not listed(path, EXCLUDED):
            assert key_of(changed(network, path), NetworkLearner.ignores) != before[0], path
    assert {"strategy.lr", "select_by", "trainer.max_epochs"} <= found[True]
    assert {"learner.inverse_penalty", "seed", "trainer.precision"} <= found[False]


def test_a_group_is_ignored_as_a_whole_whichever_option_is_chosen():
    one, other = (
        check(compose(["learner=probe", f"strategy={option}"]))
        for option in ("finetune_all", "gradual_unfreezing")
    )
    assert key_of(one) != key_of(other)
    assert key_of(one, ["strategy"]) == key_of(other, ["strategy"])


@pytest.mark.parametrize("option", options("learner"))
def test_what_a_learner_ignores_exists(option):
    config = check(compose([f"learner={option}"]))
    ignored = instantiate(config["learner"]).ignores
    assert ignored <= set(config) | set(default_keys())


def test_every_excluded_key_exists():
    copied = {"pretraining.at.licence", "pretraining.at.trained_on"}  # of backbone.hub
    assert set(default_keys()) | {"logger", "sweep"} >= EXCLUDED - copied


def test_what_may_change_a_result_is_not_excluded():
    harmless = (
        "root", "strict", "audit", "name", "choices", "logger", "workers", "download", "file",
        "missing_images", "phantom_patients", "path", "allow_test_overlap", "trained_on", "label",
        "body_groups", "sweep", "without", "pretraining.dataset", "pretraining.targets",
        "pretraining.start", "pretraining.apart", "pretraining.prefix", "pretraining.tag",
        "licence",
        "pretraining.experiment", "pretraining.overrides", "pretraining.train_images", "trainer.",
    )  # fmt: skip
    assert all(any(word in key for word in harmless) for key in EXCLUDED)
    assert not EXCLUDED & {
        "trainer.precision", "trainer.max_epochs", "trainer.gradient_clip_val", "seed",
        "trainer.accumulate_grad_batches", "select_by", "phantom",
    }  # fmt: skip


def test_the_same_config_gives_the_same_key_whatever_the_order_of_its_keys():
    config = check(compose([]))
    turned = json.loads(json.dumps(dict(reversed(config.items()))))
    assert list(turned) != list(config)
    assert key_of(config) == key_of(turned)


def test_where_things_lie_and_which_machine_computes_do_not_matter():
    here = check(compose(["data_root=/a", "output_root=/b"]))
    elsewhere = ["data_root=/c", "output_root=/d", "logger=wandb", "num_workers=3", "name=x"]
    there = check(compose([*elsewhere, "trainer.devices=2", "trainer.strategy=ddp_spawn"]))
    assert key_of(here) == key_of(there)


@pytest.mark.parametrize("name", sorted(IDENTITY))
def test_the_table_the_draw_the_pixels_and_the_weights_count(name):
    config = check(compose([]))
    keys = {run_key(config, (), {**IDENTITY, name: value}) for value in (IDENTITY[name], "x", "y")}
    assert len(keys) == 3
    assert key_of(config) in keys


def test_two_fingerprints_exchanged_are_another_run():
    config = check(compose([]))
    exchanged = {**IDENTITY, "table": IDENTITY["draw"], "draw": IDENTITY["table"]}
    assert run_key(config, (), exchanged) != key_of(config)


def test_a_whole_number_where_a_number_is_meant_is_the_same_run():
    keys = {
        key_of(check(compose(["augmentation=paper", f"augmentation.rotation_deg={value}"])))
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


def test_the_drawn_rows_and_their_order_count(table):
    """A split by sex or view reads columns that the targets do not name."""
    draw = table[["image", "patient", *TARGETS]].assign(part=["train", "train", "val", "test"])
    other = draw.assign(part=["train", "val", "train", "test"])
    hashes = {rows_hash(rows) for rows in (draw, other, draw[:3], draw[::-1])}
    assert len(hashes) == 4
    assert rows_hash(draw.copy()) in hashes
    assert rows_hash(draw.set_axis([9, 8, 7, 6])) in hashes


def test_runs_from_before_an_option_existed_keep_their_key():
    config = check(compose(["backbone=timm"]))
    older = copy.deepcopy(config)
    for key in ("prevalence", "threshold", "sampler", "features"):
        del older[key]
    del older["backbone"]["samplewise"]
    assert key_of(older) == key_of(config)
    for words in (["prevalence=0.1"], ["threshold=f1"], ["sampler=oversample"],
                  ["backbone.samplewise=true"]):  # fmt: skip
        assert key_of(check(compose(["backbone=timm", *words]))) != key_of(config)
