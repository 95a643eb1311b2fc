"""Upstreams of upstreams: each link is trained once, and what all of them saw is known."""

import itertools
import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from small_run import HERNIA

from medsmall.audit.seen import seen_by_run
from medsmall.configs import compose
from medsmall.errors import MedsmallError
from medsmall.grid.identify import Identifier, upstreams
from medsmall.grid.rules import Rules
from medsmall.once import Once
from medsmall.plan.__main__ import main as plan
from medsmall.record import Record
from medsmall.resolve import resolve
from medsmall.train import execute

BASE = [
    *(one for one in HERNIA if not one.startswith(("image_size_px", "trainer", "pretraining"))),
    "image_size_px=32", "trainer.max_epochs=1",
]  # fmt: skip
# none -> CheXpert -> two other labels of ChestX-ray14 -> MURA -> the run on ChestX-ray14
BRIEF = r"[\"trainer.max_epochs=1\",\"dataset.phantom_patients=40\"]"
INNER = f"['trainer.max_epochs=1','pretraining.start=none','pretraining.overrides={BRIEF}']"
DEEP = [
    "pretraining=upstream", "pretraining.dataset=mura", "pretraining.start=chestxray13",
    "pretraining.overrides=['trainer.max_epochs=1','dataset.phantom_patients=40',"
    "'pretraining.targets=[Infiltration,Nodule]','pretraining.start=chexpert',"
    f'"pretraining.overrides={INNER}"]',
]  # fmt: skip
RULES = {
    "data_absent": {"when": {"fact": "data_absent"}},
    "upstream_saw_test": {"when": {"fact": "upstream_saw_test"}},
}


def of(outputs, *overrides):
    return compose([*BASE, *overrides, f"output_root={outputs}"])


@pytest.mark.slow
def test_a_chain_of_three_is_trained_once_and_knows_all_that_it_saw(tmp_path):
    """The link in the middle is on the data set of the run, and leaves its test patients out."""
    case = resolve(of(tmp_path, *DEEP))
    links = list(upstreams(case.source))
    assert [link.dataset.name for link in links] == ["mura", "chestxray14", "chexpert"]
    assert links[1].dataset.targets == ["Infiltration", "Nodule"]
    assert links[2].source.name == "random weights"
    test = case.patients("test")
    assert not links[1].patients("train", "val", "test") & test
    assert links[1].patients("train", "val") & case.patients("train")
    record = execute(case)
    made = {path.parent.name: path.stat().st_mtime_ns for path in tmp_path.glob("runs/*/DONE")}
    assert set(made) == {case.key, *(link.key for link in links)}
    names = ["chestxray14", "mura", "chestxray14", "chexpert"]
    assert [one.dataset for one in seen_by_run(record)] == names
    for link, before in itertools.pairwise(links):
        assert Record.open(link.record.folder).upstream.folder == before.record.folder
    assert (
        json.loads((record.folder / "metrics.json").read_text())["initial_sha256"]
        == (links[0].record.metrics["weights_sha256"])
    )

    again = execute(resolve(of(tmp_path, *DEEP, "seed=7")))
    now = {path.parent.name: path.stat().st_mtime_ns for path in tmp_path.glob("runs/*/DONE")}
    assert {key: now[key] for key in made} == made
    assert now.keys() - made.keys() == {again.key}


def test_a_link_between_is_not_asked_for_the_run_unless_one_before_it_is_on_its_data(outputs):
    once = Once()
    brief = ["pretraining=upstream", "pretraining.dataset=mura"]
    small = "'dataset.phantom_patients=40'"
    inner = f"'pretraining.start=none',\"pretraining.overrides=[{small}]\""
    through = [*brief, "pretraining.start=chexpert", f"pretraining.overrides=[{small},{inner}]"]
    folds = [resolve(of(outputs, "split=kfold", f"split.fold={k}", *through), once) for k in (0, 1)]
    assert folds[0].source.upstream.key == folds[1].source.upstream.key
    assert folds[0].source.upstream.config["without"] == []


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A table of one's own with two findings, in ./conf/dataset."""
    monkeypatch.setenv("MEDSMALL_CONF", str(tmp_path / "conf"))
    rng = np.random.default_rng(0)
    films = tmp_path / "films"
    films.mkdir()
    images = [f"{i}.png" for i in range(60)]
    for image in images:
        Image.fromarray(rng.integers(0, 256, (48, 48), dtype=np.uint8)).save(films / image)
    rows = pd.DataFrame({"image": images, "who": np.arange(60) // 2})
    rows["a fall, old"], rows["rib"] = np.arange(60) % 2, np.arange(60) // 15 % 2
    rows.to_csv(films / "images.csv", index=False)
    (tmp_path / "conf" / "dataset").mkdir(parents=True)
    shipped = compose(["dataset=table"]).dataset
    own = {"root": str(films), "patient": "who", "name": "mine", "modality": "chest x-ray"}
    text = {key: shipped[key] for key in shipped} | own
    (tmp_path / "conf" / "dataset" / "mine.yaml").write_text(
        "# Films of our own, of which half show a rib.\n" + json.dumps(text)
    )
    return tmp_path


def test_data_of_one_s_own_serve_other_data_and_themselves(mine, outputs):
    brief = ["pretraining=upstream", "pretraining.dataset=mine", "pretraining.start=none"]
    upstream = resolve(of(outputs, *brief)).source.upstream  # its phantom
    assert upstream.dataset.name == "mine"
    small = [one for one in BASE if not one.startswith(("dataset", "split", "sample", "phantom"))]
    words = ["dataset=mine", "split=stratified", "sample_size.n=12", f"output_root={mine}"]
    for learnt, other in (("rib", "a fall, old"), ("a fall, old", "rib")):
        target = [f"dataset.targets=['{learnt}']"]
        case = resolve(compose([*small, *words, *brief, *target]))
        assert case.source.upstream.dataset.targets == [other]
        assert not case.source.upstream.patients("train", "val", "test") & case.patients("test")
        named = [*brief, f"pretraining.targets=['{learnt}']"]
        case = resolve(compose([*small, *words, *named, *target]))
        assert case.source.upstream.dataset.targets == [learnt]


def test_cells_are_left_out_by_what_is_found_of_their_upstream(outputs, tmp_path):
    words = [one for one in BASE if one != "phantom=true"]
    pneumonia = [f"dataset.root={resolve(of(outputs, 'pretraining=none')).dataset.files.root}"]
    cells = [
        (*words, *pneumonia, f"output_root={outputs}", f"data_root={tmp_path}", *cell)
        for cell in (
            ("pretraining=upstream", "pretraining.dataset=mura", "pretraining.start=none"),
            ("pretraining=chestxray13", "pretraining.start=none"),
        )
    ]
    grid = Identifier(Rules(RULES), Once()).identify(cells)
    absent, there = grid.cells
    assert grid.refused == {}
    assert "mura is not here" in absent.left_out
    assert "In the mura upstream, which is trained first" in absent.left_out
    assert there.left_out == ""
    assert len(there.upstreams) == 1


def test_the_same_images_under_another_name_are_left_out_by_rule(outputs):
    chest = [
        "dataset=pneumoniamnist", "split=stratified", "dataset.phantom_patients=60",
        "sample_size.n=10", "dataset.targets=null",
        *(one for one in BASE if not one.startswith(("dataset", "split", "sample_size"))),
    ]  # fmt: skip
    source = ["pretraining=upstream", "pretraining.dataset=chest_xray", "pretraining.start=none",
              "pretraining.overrides=['dataset.phantom_patients=60']"]  # fmt: skip
    cell = (*chest, *source, f"output_root={outputs}")
    (found,) = Identifier(Rules(RULES), Once()).identify([cell]).cells
    assert "pneumoniamnist is made of chest_xray" in found.left_out


@pytest.mark.slow
def test_a_plan_counts_each_shared_upstream_once(commanded, tmp_path):
    """Two data sets are two upstreams with names of their own."""
    brief = "pretraining.overrides=['trainer.max_epochs=1','dataset.phantom_patients=40']"
    root = f"output_root={tmp_path}"
    words = [*BASE, "pretraining=upstream", "pretraining.start=none", brief, root]
    for name in ("mura", "chexpert"):  # their images lie ready
        resolve(compose([*words, f"pretraining.dataset={name}"]))
    status, out, _ = commanded(plan, "-m", *words, "pretraining.dataset=mura,chexpert", "seed=1,2")
    assert status == 0
    assert "4 cells: 0 recorded, 4 to run" in out
    first = [line for line in out.splitlines() if "Trained first: " in line]
    assert len(first) == 2
    assert sum("upstream-mura-none-" in line for line in first) == 1
    assert sum("upstream-chexpert-none-" in line for line in first) == 1

    same = [word for word in BASE if "sample_size.n=" not in word]
    own = ["pretraining=chestxray13", "pretraining.targets=[Infiltration]",
           "pretraining.start=none", root]  # fmt: skip
    for apart, count in (("test", 1), ("all", 2)):
        chosen = [*same, *own, f"pretraining.apart={apart}"]
        for n in (8, 10):
            resolve(compose([*chosen, f"sample_size.n={n}"]))
        _, out, _ = commanded(plan, "-m", *chosen, "sample_size.n=8,10")
        assert "2 cells: 0 recorded, 2 to run" in out
        assert out.count("Trained first: ") == count


@pytest.mark.parametrize(
    ("words", "source"),
    [
        ("pretraining=chexpert", "chexpert"),
        ("pretraining=upstream pretraining.dataset=mura", "upstream_mura"),
        ("pretraining=upstream pretraining.dataset=ham10000", "upstream_ham10000"),
        ("pretraining=mura pretraining.start=chexpert", "mura_from_chexpert"),
        ("pretraining=upstream", "upstream"),  # it is refused later
    ],
)
def test_the_name_of_a_run_tells_its_source(words, source):
    cfg = compose(words.split())
    assert cfg.choices.pretraining == source.split("_")[0]
    assert f"-{source}-gradual_unfreezing-" in cfg.name


@pytest.mark.parametrize(
    "word", ["backbone=resnet50", "image_size_px=64", "trainer.precision=bf16-mixed", "resize=pad"]
)
def test_an_override_of_what_the_run_decides_is_refused(word):
    """It would be lost without a word, as the upstream takes the run's."""
    cfg = compose([*BASE, "pretraining=chestxray13", f"pretraining.overrides=['{word}']"])
    with pytest.raises(MedsmallError, match=f"has {word}, but an upstream shares"):
        resolve(cfg)
