"""Runs on real samples: skipped where there are none."""

import json

import pandas as pd
import pytest
import yaml
from hydra.utils import instantiate

from medsmall import prepare
from medsmall.audit.__main__ import audit
from medsmall.configs import compose
from medsmall.dataset.guess.said import Said
from medsmall.init import init
from medsmall.sample_size import pools_of

pytestmark = pytest.mark.untraced


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
    table = dataset.table()
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


def test_prepare_and_audit_on_kermanys_films(real_data, tmp_path, capsys):
    """It has 8 surplus files that are byte for byte another, and person numbers in two parts."""
    where = [f"data_root={real_data}", f"output_root={tmp_path}"]
    config = ["dataset=chest_xray", "split=stratified", "image_size_px=64", *where]
    prepare.work(compose(config))
    assert "1,431 images of chest_xray at 64 px, grey" in capsys.readouterr().out
    assert audit(compose(config))
    findings = pd.read_csv(tmp_path / "audit" / "chest_xray" / "findings.csv")
    copies = findings[findings["check"] == "identical_images"]
    assert len(copies) == 8
    assert copies["explanation"].str.contains("byte").all()


def test_the_audit_finds_the_val_images_of_pneumoniamnist_in_train(real_data, tmp_path):
    where = [f"data_root={real_data}", f"output_root={tmp_path}"]
    assert not audit(compose(["dataset=pneumoniamnist", "image_size_px=28", *where]))
    findings = pd.read_csv(tmp_path / "audit" / "pneumoniamnist" / "findings.csv")
    across = findings[findings["severity"] == "contamination"]
    sides = across[["image_a", "image_b"]].stack()
    assert sides[sides.str.startswith("val/")].nunique() == 8
    assert not sides.str.startswith("test/").any()


def test_init_on_real_malaria_cells(real_data, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MEDSMALL_OUTPUT", str(tmp_path / "out"))
    written = init(real_data / "malaria" / "cell_images", "cells", said=Said(modality="cells"))
    config = yaml.safe_load(written.read_text())
    assert config["positive"] == "Parasitized"
    said = capsys.readouterr().out
    assert "400 images" in said
    assert "python -m medsmall.train dataset=cells" in said
