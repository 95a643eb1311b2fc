"""Runs on real samples: skipped where there are none."""

import json

import pandas as pd
from hydra.utils import instantiate

from medsmall.configs import compose


def test_the_full_nih_table_splits_and_draws(real_data):
    cfg = compose(["dataset.targets=[Hernia]", "sample_size=balanced", f"data_root={real_data}"])
    dataset = instantiate(cfg.dataset)
    table = dataset.table()
    assert len(table) == 112_120
    assert table["Hernia"].sum() == 227
    assert table["split"].value_counts().to_dict() == {"train_val": 86_524, "test": 25_596}
    split = instantiate(cfg.split).assign(table, dataset.targets)
    draw = instantiate(cfg.sample_size).draw(table, split, dataset.targets, dataset.task)
    assert draw["part"].value_counts()["test"] == 25_596
    assert draw.loc[draw["part"] == "train", "Hernia"].sum() == 100


def test_a_partial_nih_download_trains_and_tests_on_the_official_split(real_data, train_small):
    """290 films, whose official test part has no negative: null with the reason, and no error."""
    folder = train_small(
        f"data_root={real_data}",
        "dataset.missing_images=drop",
        base=["dataset=chestxray14", "dataset.targets=[Pneumonia]", "sample_size=all",
              "backbone=tiny", "pretraining=none", "image_size_px=48", "trainer.max_epochs=1"],
    )  # fmt: skip
    assert len(pd.read_csv(folder / "draw.csv")) == 290
    test = json.loads((folder / "metrics.json").read_text())["test"]
    found = test["targets"]["Pneumonia"]
    assert found["n"] == found["n_positive"] == 46
    assert found["auroc"] is None
    assert found["reasons"]["auroc"] == "no negative among 46 known labels"
    assert 0 <= found["sensitivity"] <= 1


def test_pneumoniamnist_from_imagenet_learns_from_a_few(real_data, train_small):
    folder = train_small(
        f"data_root={real_data}",
        base=["dataset=pneumoniamnist", "backbone=efficientnet_lite0", "image_size_px=32",
              "sample_size=balanced", "sample_size.n=128", "trainer.max_epochs=4",
              "sample_size.val=100", "augmentation.tta_views=0", "strategy=finetune_all"],
    )  # fmt: skip
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["phantom"] is False
    assert metrics["test"]["n"] == 624
    assert metrics["test"]["mean"]["auroc"] > 0.8
