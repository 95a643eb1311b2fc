"""Nothing sees the labels of test images, nor those of validation beyond what it may."""

import numpy as np
import pandas as pd
import pytest

from medsmall.configs import compose
from medsmall.dataset.table import Table
from medsmall.train import train

REMEDIES = {
    "nothing": [],
    "weights": ["loss=bce_weighted"],
    "focal": ["loss=focal"],
    "adjusted": ["loss=logit_adjustment"],
    "oversampled": ["sampler=oversample"],
    "undersampled": ["sampler=undersample"],
    "mixup": ["objective=mixup"],
    "smote": ["learner=probe", "sampler=smote"],
    "adasyn": ["learner=probe", "sampler=adasyn"],
    "texture": ["learner=probe", "features=radiomics"],
    "forest": ["learner=random_forest", "learner.trees=10", "features=radiomics"],
    "boosting": ["learner=gradient_boosting", "learner.trees=5", "features=radiomics"],
    "metadata": ["learner=probe", "features=metadata"],
    "threshold": ["threshold=cost"],
}


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    Table("x", file="images.csv").write_phantom(folder, 120, 0)
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"image": pd.read_csv(folder / "images.csv")["image"]})
    table["part"] = rng.permutation(["train"] * 60 + ["val"] * 30 + ["test"] * 30)
    table["finding"] = (rng.random(120) < 0.4).astype(int)
    table["years"], table["sex"] = rng.integers(20, 90, 120), rng.choice(["F", "M"], 120)
    return folder, table


def run(folder, table, name, words, cache):
    table.to_csv(folder / f"{name}.csv", index=False)
    return train(
        compose(
            [
                "dataset=table", f"dataset.root={folder}", f"dataset.file={name}.csv",
                "dataset.targets=[finding]", "dataset.split=part", "dataset.age=years",
                "dataset.sex=sex", "split=official", "sample_size=all", "augmentation=none",
                "backbone=tiny", "pretraining=none", "image_size_px=32", "trainer.max_epochs=2",
                "trainer=cpu", "select_by=last", f"output_root={folder}/{name}",
                f"cache_root={cache}", *words,
            ]
        )
    )  # fmt: skip


def flipped(table, part):
    """The table with other labels in a part, as many of each."""
    found = table.copy()
    rows = found["part"] == part
    found.loc[rows, "finding"] = np.roll(found.loc[rows, "finding"].to_numpy(), 7)
    assert (found["finding"] != table["finding"]).sum() > 5
    return found


def learnt(record):
    """The bytes of every file that predicts."""
    names = ("*.safetensors", "*.skops", "metadata.json")
    return {file.name: file.read_bytes() for name in names for file in record.folder.glob(name)}


def without_seen(files):
    """model.safetensors also names its data and thresholds, which follow labels."""
    return {name: content for name, content in files.items() if name != "model.safetensors"}


@pytest.mark.parametrize("remedy", REMEDIES)
def test_labels_of_test_and_val_change_no_weight_and_no_prediction(remedy, films, tmp_path):
    folder, table = films
    words, cache = REMEDIES[remedy], tmp_path / "cache"
    base = run(folder, table, f"{remedy}-base", words, cache)
    test = run(folder, flipped(table, "test"), f"{remedy}-test", words, cache)
    val = run(folder, flipped(table, "val"), f"{remedy}-val", words, cache)
    assert len({record.key for record in (base, test, val)}) == 3
    for other in (test, val):
        assert other.metrics["weights_sha256"] == base.metrics["weights_sha256"]
        assert without_seen(learnt(other)) == without_seen(learnt(base))
        assert other.metrics["prevalence"] == base.metrics["prevalence"]
        for file in ("predictions.csv", "val_predictions.csv"):
            one, two = (pd.read_csv(record.folder / file) for record in (base, other))
            probabilities = [c for c in one if c.startswith(("prob_", "corrected_"))]
            pd.testing.assert_frame_equal(one[probabilities], two[probabilities])
    same = [r.metrics["test"]["targets"]["finding"]["threshold"] for r in (base, test)]
    assert same[0] == same[1]
    kept = (base.folder / "val_predictions.csv").read_bytes()
    assert (test.folder / "val_predictions.csv").read_bytes() == kept
