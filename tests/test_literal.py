"""Text of people is text: what looks like an interpolation is resolved nowhere."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf
from PIL import Image
from small_run import SMALL

from medsmall.configs import compose, literal
from medsmall.contract import build
from medsmall.dataset.opening import open_table
from medsmall.record import Record
from medsmall.train import train

TEXTS = st.text(st.sampled_from("\\${}a:.'\" "), max_size=12)


@given(TEXTS)
def test_a_literal_is_given_back_as_it_is(text):
    assert OmegaConf.create({"a": [literal(text)]}).a[0] == text


@pytest.mark.parametrize("text", ["${oc.env:HOME}", "\\${oc.env:HOME}", "${x"])
def test_a_part_is_made_with_the_text_as_it_is(text):
    node = OmegaConf.create(literal({"_target_": "builtins.dict", "a": text, "b": [text]}))
    assert build(node, c=text) == {"a": text, "b": [text], "c": text}


@pytest.fixture
def classes(tmp_path, monkeypatch):
    """Images of two classes, one called as an environment variable is asked for."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MEDSMALL_CONF", raising=False)
    root = tmp_path / "${oc.env:HOME}" / "films"
    for kind, grey in (("${oc.env:HOME}", 60), ("${seed}", 180)):
        (root / kind).mkdir(parents=True)
        for i in range(24):
            Image.new("L", (40, 40), grey + i).save(root / kind / f"{i}.png")
    return root


def test_classes_and_folders_are_called_as_they_are_and_a_run_records_and_reads_them_so(
    classes, tmp_path
):
    from medsmall.init import init

    init(classes, name="mine")
    dataset, table = open_table(compose(["dataset=mine"]))
    assert dataset.files.root == classes
    assert set(dataset.labels) <= {"${oc.env:HOME}", "${seed}"}
    assert len(table) == 48

    out = str(tmp_path / "${name}")
    small = [o for o in SMALL if not o.startswith(("phantom", "dataset", "augmentation"))]
    settings = ["dataset=mine", "split=stratified", "sample_size=all", "augmentation=none", *small]
    settings += ["audit.allow=[near_duplicates,identical_images,constant]", "trainer.max_epochs=1"]
    cfg = compose(settings)
    cfg.output_root = literal(out)
    record = train(cfg)
    assert record.folder.is_relative_to(Path(out))
    assert Record.open(record.folder).config["output_root"] == out
    assert set(record.metrics["test"]["targets"]) <= {"${oc.env:HOME}", "${seed}"}
