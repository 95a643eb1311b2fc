"""Identifying a run: nothing is trained, built or read twice, and the key is known beforehand."""

import copy
import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import timm
from omegaconf import OmegaConf
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from small_run import HERNIA

from medsmall.audit.seen import seen_by_run
from medsmall.configs import compose, literal
from medsmall.dataset.chestxray14 import ChestXray14
from medsmall.errors import MedsmallError
from medsmall.once import Once
from medsmall.pretraining import asked
from medsmall.pretraining.upstream import Upstream
from medsmall.record import Record, checksums
from medsmall.record.record import SCHEMA
from medsmall.schema import check
from medsmall.train import execute, resolve, train

UPSTREAM = [
    "pretraining=chexpert",
    "pretraining.overrides=['pretraining=none','trainer.max_epochs=1','dataset.phantom_patients=40']",
]


def cfg(outputs, *overrides):
    return compose([*HERNIA, "trainer.max_epochs=1", f"output_root={outputs}", *overrides])


def phantoms_of(outputs):
    """The folder of those that these tests share."""
    resolve(cfg(outputs, *UPSTREAM))
    return outputs / "phantoms"


@pytest.fixture(scope="module")
def made_once(tmp_path_factory):
    """An output root with a run, and a run that begins with an upstream's weights."""
    root = tmp_path_factory.mktemp("made_once")
    for start in ([], UPSTREAM):
        train(cfg(root, *start))
    return root


@pytest.fixture
def made(made_once, tmp_path):
    """The same, whose records a test may spoil: they are put back."""
    saved = shutil.copytree(made_once / "runs", tmp_path / "saved")
    yield made_once
    shutil.rmtree(made_once / "runs")
    shutil.copytree(saved, made_once / "runs")


@pytest.fixture
def no_network(monkeypatch):
    """Whoever builds a network fails."""

    def refuse(*arguments, **options):
        raise AssertionError("a network was built")

    monkeypatch.setattr(timm, "create_model", refuse)


def test_a_case_is_known_without_a_network_and_leaves_no_record(outputs, request):
    resolve(cfg(outputs))  # its data lie ready
    request.getfixturevalue("no_network")
    case = resolve(cfg(outputs, "seed=1234"))
    assert len(case.key) == 16
    assert case.record.folder == outputs / "runs" / case.key
    assert not case.record.folder.exists()
    assert case.draw["part"].value_counts()["train"] == 10
    assert case.targets.names == ["Hernia"]
    assert "10 train" in str(case)


def test_the_key_is_that_of_the_run_that_is_made(outputs):
    case = resolve(cfg(outputs, "seed=11"))
    assert execute(case).key == case.key
    assert Record.open(case.record.folder).metrics["schema"] == SCHEMA


def test_the_key_of_a_child_is_known_before_its_upstream_is_trained(tmp_path, monkeypatch):
    resolve(cfg(tmp_path, *UPSTREAM))
    with monkeypatch.context() as patch:
        patch.setattr(timm, "create_model", None)  # nothing can be built
        case = resolve(cfg(tmp_path, *UPSTREAM))
    upstream = case.source.upstream
    assert upstream is not None
    assert not upstream.record.done
    assert case.source.fingerprint == upstream.key
    record = execute(case)
    assert upstream.record.done
    assert record.key == case.key == resolve(cfg(tmp_path, *UPSTREAM)).key
    made, metrics = Record.open(upstream.record.folder), record.metrics
    assert metrics["initial_fingerprint"] == upstream.key
    assert metrics["initial_sha256"] == made.metrics["weights_sha256"]
    assert record.upstream.folder == made.folder
    assert [one.dataset for one in seen_by_run(record)] == ["chestxray14", "chexpert"]


def test_another_upstream_is_another_child(outputs):
    longer = [UPSTREAM[0], UPSTREAM[1].replace("max_epochs=1", "max_epochs=2")]
    keys = {resolve(cfg(outputs, *which)).key for which in (UPSTREAM, longer, [])}
    assert len(keys) == 3


def test_what_is_chosen_by_validation_needs_enough_units_of_it(outputs):
    case = resolve(cfg(outputs, "seed=12"))
    images = [f"{i}.png" for i in range(24)]
    val = {"image": images, "patient": images, "part": "val", "Hernia": [1.0, 0.0] * 12}
    study = [f"s{i % 4 // 2}{i % 2}" for i in range(24)]  # four, each of one label
    table = pd.DataFrame({"image": images, "study": study})
    for unit, chosen in (("image", "val_loss"), ("study", "last")):
        dataset = copy.copy(case.dataset)
        dataset.unit = unit
        of_unit = replace(case, dataset=dataset, table=table, draw=pd.DataFrame(val))
        assert of_unit.select_by == chosen


def test_an_image_drawn_twice_is_one_label(outputs):
    case = resolve(cfg(outputs, "sample_size.n=40", "sample_size.oversample=true"))
    facts = case.facts()
    assert (case.draw["part"] == "train").sum() == 40
    assert facts["n_train"] < 40
    assert facts["n_train"] + facts["n_val"] == facts["labels_used"]


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("loss=mae", "is not for a binary task"),
        ("strategy.thaw_at=[0.1]", "one entry for each of the 2 body groups"),
        ("backbone.name=test_vit", "cannot take 45 x 45 px"),
        ("learner=probe backbone.name=test_vit", "cannot take 45 x 45 px"),
    ],
)
@pytest.mark.parametrize("made_before", [False, True])
def test_what_does_not_fit_is_told_before_any_data_are_made(
    outputs, tmp_path, made_before, override, sentence
):
    """Whether or not the phantom lies ready: then images would be decoded."""
    if made_before:
        shutil.copytree(phantoms_of(outputs), tmp_path / "phantoms")
    with pytest.raises(MedsmallError, match=sentence):
        resolve(cfg(tmp_path, *override.split()))
    assert [path.name for path in tmp_path.iterdir()] == ["phantoms"] * made_before


def test_upstreams_can_be_given_the_same_number_of_images(outputs):
    few = resolve(cfg(outputs, *UPSTREAM, "pretraining.train_images=20")).source.upstream
    assert (few.draw["part"] == "train").sum() == 20
    assert few.key != resolve(cfg(outputs, *UPSTREAM)).source.upstream.key


def test_too_few_images_for_an_upstream_are_told_before_any_data_are_made(tmp_path):
    with pytest.raises(MedsmallError, match="sample_size.n=1 is too small"):
        resolve(cfg(tmp_path, *UPSTREAM, "pretraining.train_images=1"))
    assert list(tmp_path.iterdir()) == []


def test_an_option_of_ones_own_written_before_train_images_still_serves(outputs):
    overrides = ["pretraining=none", "trainer.max_epochs=1", "dataset.phantom_patients=40"]
    upstream = Upstream("upstream_chexpert", overrides, allow_test_overlap=False)
    whole = resolve(cfg(outputs, *UPSTREAM)).source.upstream
    asking = OmegaConf.create(literal(asked(check(cfg(outputs)))))
    assert upstream.source(asking, resolve).fingerprint == whole.key


def own_table(folder, columns, of_second):
    """images.csv: 60 images with two findings, or classes, under the given names."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    images = [f"{i}.png" for i in range(60)]
    for name in images:
        Image.fromarray(rng.integers(0, 256, (48, 48), dtype=np.uint8)).save(folder / name)
    labels = dict(zip(columns, [np.arange(60) % 2, of_second], strict=True))
    pd.DataFrame({"image": images, "patient": images, **labels}).to_csv(
        folder / "images.csv", index=False
    )


def of_table(folder, outputs, *overrides):
    small = [o for o in HERNIA if not o.startswith(("dataset", "phantom", "sample_size", "split"))]
    table = ["dataset=table", f"dataset.root={folder}", "split=stratified"]
    more = ["sample_size.n=20", "trainer.max_epochs=1", f"output_root={outputs}"]
    return compose([*table, *small, *more, *overrides])


def test_the_names_of_the_targets_are_in_the_key_where_the_table_alone_tells_them(tmp_path):
    """Two columns under each other's name are another run."""
    keys = set()
    for k, columns in enumerate((["Hernia", "Edema"], ["Edema", "Hernia"])):
        own_table(tmp_path / "own", columns, of_second=np.arange(60) // 30)
        case = resolve(of_table(tmp_path / "own", tmp_path))
        assert sorted(case.dataset.targets) == ["Edema", "Hernia"]
        keys.add(case.key)
        shutil.rmtree(tmp_path / "own")
        assert len(keys) == k + 1


def test_a_phantom_is_tried_out_as_one_whatever_lies_at_the_root(tmp_path):
    own_table(tmp_path / "own", ["A", "B"], of_second=1 - np.arange(60) % 2)  # no task for BCE
    draw = ["phantom=true", "dataset.phantom_patients=60"]
    assert resolve(of_table(tmp_path / "own", tmp_path, *draw)).dataset.name


def test_weights_that_have_seen_validation_patients_are_told_of(outputs, capsys):
    """HERNIA's train and validation patients, dealt out by another seed."""
    first = train(cfg(outputs, "split.seed=1"))
    capsys.readouterr()
    begun = train(cfg(outputs, "pretraining=file", f"pretraining.path={first.model}"))
    val = set(begun.draw.loc[begun.draw["part"] == "val", "patient"])
    seen = val & set(first.draw.loc[first.draw["part"] != "test", "patient"])
    sentence = f"were trained on {len(seen)} of the {len(val)} validation patients"
    assert bool(seen) == (sentence in capsys.readouterr().err)
    assert bool(seen) == any(sentence in one for one in begun.metrics["audit"])
    assert seen


def other_tensors(path):
    tensors = load_file(path)
    tensors["conv1.0.weight"] = tensors["conv1.0.weight"] + 1e-3
    save_file(tensors, path, metadata=metadata(path))


def other_statistics(path):
    save_file(load_file(path), path, metadata=metadata(path) | {"mean": "0.4 0.5 0.5"})


def metadata(path):
    with safe_open(path, "pt") as file:
        return file.metadata()


@pytest.mark.parametrize("change", [other_tensors, other_statistics])
def test_an_upstream_whose_weights_were_changed_is_refused(made, change):
    case = resolve(cfg(made, *UPSTREAM))
    shutil.rmtree(case.record.folder)
    record = case.source.upstream.record
    assert record.done
    before = set(made.glob("runs/*/DONE"))
    change(record.model)
    sentence = "model.safetensors has changed since it was written .*makes it again"
    with pytest.raises(MedsmallError, match=sentence):
        train(cfg(made, *UPSTREAM))
    assert set(made.glob("runs/*/DONE")) == before
    if change is other_statistics:  # the tensors are those of its metrics.json
        with pytest.raises(MedsmallError, match=sentence):
            train(cfg(made, "pretraining=file", f"pretraining.path={record.model}"))


def test_patients_that_an_upstream_will_see_stop_the_run_before_it_is_trained(tmp_path):
    overlapping = [
        "pretraining=chexpert",
        "pretraining.overrides=['dataset=chestxray14','dataset.phantom_patients=60',"
        "'dataset.targets=[Hernia]','split=by_patient','split.train=0.6','split.val=0.2',"
        "'pretraining=none','trainer.max_epochs=1']",
    ]
    with pytest.raises(MedsmallError, match=r"on \d+ of the \d+ patients in the test split"):
        train(cfg(tmp_path, *overlapping))
    assert not list(tmp_path.glob("runs/*/DONE"))


def test_cells_share_the_table_and_give_the_keys_they_have_alone(outputs, monkeypatch):
    grid = [
        cfg(outputs, f"sample_size.n={n}", f"strategy={strategy}", f"sample_size.repeat={repeat}")
        for n, strategy, repeat in (
            (10, "feature_extractor", 0),
            (10, "feature_extractor", 1),
            (10, "finetune_all", 0),
            (14, "finetune_all", 1),
        )
    ]
    alone = [resolve(cell).key for cell in grid]
    read, tables = ChestXray14.table, []
    monkeypatch.setattr(ChestXray14, "table", lambda self: tables.append(0) or read(self))
    once = Once()
    assert [resolve(cell, once).key for cell in grid] == alone
    assert len(set(alone)) == len(grid)
    assert len(tables) == 1


def test_images_in_the_cache_are_not_opened_again(outputs, monkeypatch):
    key = resolve(cfg(outputs)).key

    def refuse(self, image):
        raise AssertionError(f"{image} was read")

    monkeypatch.setattr("medsmall.dataset.files.ImageFiles.read", refuse)
    assert resolve(cfg(outputs)).key == key


def test_what_a_learner_ignores_is_no_part_of_the_key(outputs):
    probe = [
        resolve(
            cfg(outputs, "learner=probe", f"strategy={strategy}", f"trainer.max_epochs={epochs}")
        )
        for strategy, epochs in (("feature_extractor", 3), ("finetune_all", 5))
    ]
    assert probe[0].key == probe[1].key
    assert probe[0].key != resolve(cfg(outputs)).key
    other = resolve(cfg(outputs, "learner=probe", "learner.inverse_penalty=1.0"))
    assert other.key != probe[0].key


def test_a_record_of_the_schema_before_still_tells_what_it_has_seen(outputs, tmp_path):
    record = train(cfg(outputs))
    facts = record.metrics
    for new in ("schema", "initial_fingerprint", "initial_sha256"):
        del facts[new]
    old = tmp_path / "old"
    old.mkdir()
    (old / "DONE").touch()
    for name in ("draw.csv", "seen.npz"):
        (old / name).write_bytes((record.folder / name).read_bytes())
    (old / "metrics.json").write_text(json.dumps(facts))
    (seen,) = seen_by_run(Record.open(old))
    assert seen.patients == seen_by_run(record)[0].patients


@pytest.mark.parametrize("name", ["predictions.csv", "metrics.json", "draw.csv", "config.yaml"])
def test_a_record_whose_files_were_changed_is_not_found_again(made, name):
    case = resolve(cfg(made))
    path = execute(case).folder / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(MedsmallError, match=f"{name} has changed since it was written"):
        execute(case)


def recorded_by(record, **others):
    """As if other versions had made it."""
    environment = record.environment
    environment["commit"] = others.pop("commit", environment["commit"])
    environment["packages"] |= others
    record.write_json("environment.json", environment)
    (record.folder / "DONE").unlink()
    record.write_text("DONE", checksums.of_folder(record.folder))


def test_a_record_of_other_versions_says_so_once_with_its_upstreams(made, capsys):
    child = train(cfg(made, *UPSTREAM))
    assert "other versions" not in capsys.readouterr().err

    recorded_by(child.upstream, torch="0.4.1")
    train(cfg(made, *UPSTREAM, "seed=8"))  # a new run that begins there
    (sentence,) = [line for line in capsys.readouterr().err.splitlines() if "versions" in line]
    assert f"the upstream {child.upstream.key} with torch 0.4.1 (here 2" in sentence

    recorded_by(child, commit="a" * 40 + "-dirty", medsmall="0.0.1")
    for _ in range(2):
        train(cfg(made, *UPSTREAM))
    (sentence,) = [line for line in capsys.readouterr().err.splitlines() if "versions" in line]
    assert "this run with commit aaaaaaaaa-dirty (here " in sentence
    assert "medsmall 0.0.1 (here" in sentence
    assert f"the upstream {child.upstream.key}" in sentence


@pytest.mark.parametrize(
    "odd", [{"packages": None}, {"packages": ["x"]}, {"commit": 5, "packages": {"torch": 2}}]
)
def test_an_environment_that_is_none_ends_nothing(made, odd):
    case = resolve(cfg(made))
    record = case.record
    record.write_json("environment.json", odd)
    (record.folder / "DONE").unlink()
    record.write_text("DONE", checksums.of_folder(record.folder))
    assert execute(case).key == case.key


def test_how_images_become_squares_is_in_the_key_and_shared_with_the_upstream(outputs):
    squash, pad = (resolve(cfg(outputs, *UPSTREAM, f"resize={how}")) for how in ("squash", "pad"))
    assert squash.key != pad.key
    assert squash.source.upstream.key != pad.source.upstream.key
    assert pad.source.upstream.config["resize"] == "pad"
    assert resolve(cfg(outputs, *UPSTREAM)).key == squash.key


def test_pixels_that_were_changed_in_the_cache_stop_the_run(outputs, tmp_path):
    case = resolve(cfg(outputs, f"cache_root={tmp_path}", "seed=4321"))
    (file,) = tmp_path.glob("*.u8")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(MedsmallError, match=r"\.u8 is damaged .the pixels of .* were changed"):
        execute(case)
    assert not case.record.folder.exists()
