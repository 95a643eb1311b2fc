"""Copies that audit.drop leaves out: which of them is kept, and what a run says of it."""

import cv2
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from medsmall.audit.drop import _groups
from medsmall.configs import compose
from medsmall.contract import build
from medsmall.resolve import resolve

PARTS = ["train"] * 60 + ["val"] * 30 + ["test"] * 30
COPIES = {  # copy -> the film it is of, its part and how it is changed
    "a.png": (0, "test", False),  # test wins over train
    "b.png": (70, "train", False),  # val wins over train
    "c.png": (1, "train", False),  # by name: 001.png is kept
    "d.png": (2, "test", True),  # test wins over train
    "e.png": (3, "val", False),  # val wins over train, with another label
}


@pytest.fixture(scope="module")
def clinic(tmp_path_factory, films):
    """A table of 120 films, a patient each, and five copies."""
    root = tmp_path_factory.mktemp("clinic")
    lines = []
    for i, (film, part) in enumerate(zip(films, PARTS, strict=True)):
        Image.fromarray(film[..., 0]).save(root / f"{i:03d}.png")
        lines.append((f"{i:03d}.png", f"p{i}", part, i % 2))
    for name, (of, part, change) in COPIES.items():
        film = films[of][..., 0]
        if change:
            film = cv2.add(cv2.resize(cv2.resize(film, (80, 80)), (96, 96)), 9)
        Image.fromarray(film).save(root / name)
        lines.append((name, f"of {name}", part, of % 2 if name != "e.png" else 1 - of % 2))
    rows = pd.DataFrame(lines, columns=["image", "patient", "part", "sick"])
    rows.to_csv(root / "images.csv", index=False)
    rows.iloc[:120].to_csv(root / "alone.csv", index=False)
    return root


@pytest.fixture(scope="module")
def case(clinic, tmp_path_factory):
    """The case of the clinic's table with more overrides."""
    outputs = tmp_path_factory.mktemp("outputs")
    settings = ["dataset=table", f"dataset.root={clinic}", "dataset.targets=[sick]",
                "dataset.patient=patient", "dataset.split=part", "sample_size=all", "loss=bce",
                "backbone=tiny", "pretraining=none", "image_size_px=96", "augmentation=none",
                "trainer=cpu", "split=official", f"output_root={outputs}"]  # fmt: skip

    def resolved(*overrides):
        return resolve(compose([*settings, *overrides]))

    return resolved


def test_one_of_each_identical_group_is_kept_and_the_others_are_counted(case):
    whole, without = case(), case("audit.drop=[identical_images]")
    gone = set(whole.draw["image"]) - set(without.draw["image"])
    assert gone == {"000.png", "b.png", "c.png", "003.png"}
    assert without.facts()["dropped"] == {"identical_images": {"train": 4}}
    assert "dropped" not in whole.facts()
    told = without.notices[0]
    assert "audit.drop leaves out 4 copies (identical_images 4 train). In 1 group the" in told
    assert without.key != whole.key
    parts = without.draw.set_index("image")["part"]
    assert (parts == whole.draw.set_index("image")["part"][parts.index]).all()


def test_near_duplicates_go_with_the_identical_ones(case):
    without = case("audit.drop=[identical_images,near_duplicates]")
    assert without.facts()["dropped"] == {
        "identical_images": {"train": 4}, "near_duplicates": {"train": 1},
    }  # fmt: skip
    assert "002.png" not in set(without.draw["image"])
    assert "d.png" in set(without.draw["image"])
    assert isinstance(without.table.index, pd.RangeIndex)
    assert case("audit.drop=[near_duplicates]").key == without.key


def test_where_nothing_is_left_out_the_run_is_the_same(case):
    alone = "dataset.file=alone.csv"
    both = [case(alone, f"audit.drop={drop}") for drop in ("[]", "[near_duplicates]")]
    assert both[0].key == both[1].key
    assert both[1].facts()["dropped"] == {}
    assert both[1].notices == both[0].notices


def test_an_upstream_keeps_its_own_copies():
    cfg = compose(
        ["pretraining=chexpert", "audit.drop=[near_duplicates]", "audit.allow=[constant]"]
    )
    upstream = build(cfg.pretraining).config(cfg)
    assert (list(upstream.audit.drop), list(upstream.audit.allow)) == ([], ["constant"])


def test_copies_of_copies_are_one_group():
    assert _groups(np.array([[0, 2], [2, 3]]), 5).tolist() == [0, 1, 0, 0, 2]
    assert _groups(np.zeros((0, 2), np.int64), 2).tolist() == [0, 1]
