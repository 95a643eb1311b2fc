"""Runs on real samples: skipped where there are none."""

import json

import pandas as pd
import real_tables
import yaml
from hydra.utils import instantiate

from medsmall.auto import split_for
from medsmall.configs import compose
from medsmall.dataset.files import present_only
from medsmall.dataset.guess.said import Said
from medsmall.init import init
from medsmall.sample_size import pools_of
from medsmall.split import Stratified, check_classes
from medsmall.task import Task


def test_the_full_nih_table_splits_and_draws(real_data):
    cfg = compose(
        [
            "dataset.targets=[Hernia]",
            "sample_size=balanced",
            "split=official",
            f"data_root={real_data}",
        ]
    )
    dataset = instantiate(cfg.dataset)
    table = real_tables.chestxray14(real_data)
    assert len(table) == 112_120
    assert table["Hernia"].sum() == 227
    assert table["split"].value_counts().to_dict() == {"train_val": 86_524, "test": 25_596}
    split = instantiate(cfg.split).assign(table, dataset.targets)
    pools = pools_of(table, split, dataset.targets, dataset.task)
    draw = instantiate(cfg.sample_size).draw(pools)
    assert draw["part"].value_counts()["test"] == 25_596
    assert draw.loc[draw["part"] == "train", "Hernia"].sum() == 100


def test_a_partial_nih_download_trains_and_tests_on_the_official_split(real_data, train_small):
    """290 films, whose official test part has no negative: null with the reason, and no error."""
    folder = train_small(
        f"data_root={real_data}",
        "dataset.missing_images=drop",
        base=["dataset=chestxray14", "dataset.targets=[Pneumonia]", "sample_size=all",
              "split=official",
              "backbone=tiny", "pretraining=none", "image_size_px=64", "trainer.max_epochs=1",
              "augmentation.tta_views=0"],
    )  # fmt: skip
    assert len(pd.read_csv(folder / "draw.csv")) == 290
    frame = pd.read_csv(folder / "predictions.csv")
    assert frame["prob_Pneumonia"].notna().all()
    metrics = json.loads((folder / "metrics.json").read_text())
    assert (metrics["task"], metrics["phantom"]) == (Task.BINARY, False)
    test = metrics["test"]
    assert test["loss"] is not None
    found = test["targets"]["Pneumonia"]
    assert found["n"] == found["n_positive"] == 46
    assert found["auroc"] is None
    assert found["reasons"]["auroc"] == "no negative among 46 known labels"
    assert 0 <= found["sensitivity"] <= 1


def test_of_a_partial_nih_download_the_official_split_is_not_chosen(real_data):
    overrides = ["dataset.missing_images=drop", "dataset.targets=[Pneumonia]"]
    cfg = compose(["dataset=chestxray14", *overrides, f"data_root={real_data}"])
    dataset = instantiate(cfg.dataset)
    table = present_only(dataset, real_tables.chestxray14(real_data))
    option, why = split_for(cfg, dataset, table)
    assert option == "stratified"
    assert "no negative among 46 known labels" in why
    split = Stratified().assign(table, dataset.targets)
    assert check_classes(table, split, dataset.targets, dataset.task) == []


def test_pneumoniamnist_from_imagenet_learns_from_a_few(real_data, train_small):
    folder = train_small(
        f"data_root={real_data}",
        base=["dataset=pneumoniamnist", "backbone=efficientnet_lite0", "image_size_px=32",
              "sample_size=balanced", "sample_size.n=64", "trainer.max_epochs=6",
              "sample_size.val=20", "augmentation.tta_views=0", "strategy=finetune_all"],
    )  # fmt: skip
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["phantom"] is False
    assert metrics["test"]["n"] == 624
    assert metrics["test"]["mean"]["auroc"] > 0.8


def test_init_on_real_malaria_cells(real_data, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MEDSMALL_OUTPUT", str(tmp_path / "out"))
    written = init(real_data / "malaria" / "cell_images", "cells", said=Said(modality="cells"))
    config = yaml.safe_load(written.read_text())
    assert config["positive"] == "Parasitized"
    said = capsys.readouterr().out
    assert "400 images" in said
    assert "python -m medsmall.train dataset=cells" in said
