"""Identifying a run: nothing is trained, built or read twice, and the key is known beforehand."""

import copy
import json
import shutil
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
import timm
from omegaconf import DictConfig, OmegaConf
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from small_run import HERNIA

from medsmall.audit.seen import seen_by_run
from medsmall.case import Case
from medsmall.configs import compose, literal
from medsmall.dataset.chestxray14 import ChestXray14
from medsmall.errors import MedsmallError
from medsmall.once import Once
from medsmall.pretraining import asked
from medsmall.pretraining.upstream import Upstream
from medsmall.record import Record, checksums
from medsmall.record.record import SCHEMA
from medsmall.resolve import resolve
from medsmall.train import execute, train

UPSTREAM = [
    "pretraining=chexpert",
    "pretraining.overrides=['pretraining=none','trainer.max_epochs=1','dataset.phantom_patients=40']",
]


def cfg(outputs, *overrides):
    return compose([*HERNIA, "trainer.max_epochs=1", f"output_root={outputs}", *overrides])


@dataclass
class Child:
    """A run that begins with an upstream's weights."""

    cfg: DictConfig
    case: Case  # resolved before the upstream was trained
    upstream_was_done: bool
    record: Record


@pytest.fixture(scope="module")
def root(outputs, tmp_path_factory):
    """An output root with the phantoms that these tests share."""
    resolve(cfg(outputs, *UPSTREAM))
    folder = tmp_path_factory.mktemp("resolved")
    shutil.copytree(outputs / "phantoms", folder / "phantoms")
    return folder


@pytest.fixture(scope="module")
def plain(root):
    """HERNIA, resolved."""
    return resolve(cfg(root))


@pytest.fixture(scope="module")
def child(root):
    """Resolved without a network, and trained with its upstream."""
    config = cfg(root, *UPSTREAM)
    resolve(config)  # its data lie ready
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timm, "create_model", None)  # nothing can be built
        case = resolve(config)
    return Child(config, case, case.source.upstream.record.done, execute(case))


@pytest.fixture(scope="module")
def made_once(root, plain, child):
    """An output root with a run, and a run that begins with an upstream's weights."""
    execute(plain)
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


def test_a_case_is_known_without_a_network_and_leaves_no_record(root, plain, no_network):
    config = plain.cfg.copy()  # its data lie ready
    config.seed = 1234
    case = resolve(config)
    assert len(case.key) == 16
    assert case.record.folder == root / "runs" / case.key
    assert not case.record.folder.exists()
    assert case.draw["part"].value_counts()["train"] == 10
    assert case.targets.names == ["Hernia"]
    assert "10 train" in str(case)


def test_the_key_of_a_child_is_known_before_its_upstream_is_trained(child):
    case, record = child.case, child.record
    upstream = case.source.upstream
    assert upstream is not None
    assert not child.upstream_was_done
    assert case.source.fingerprint == upstream.key
    assert upstream.record.done
    assert record.key == case.key == resolve(child.cfg).key
    made, metrics = Record.open(upstream.record.folder), Record.open(record.folder).metrics
    assert metrics["schema"] == SCHEMA
    assert "chexpert upstream" in metrics["pretraining"]
    assert metrics["initial_fingerprint"] == upstream.key
    assert metrics["initial_sha256"] == made.metrics["weights_sha256"]
    assert record.upstream.folder == made.folder
    assert [one.dataset for one in seen_by_run(record)] == ["chestxray14", "chexpert"]


def test_another_upstream_is_another_child(root, plain, child):
    longer = [UPSTREAM[0], UPSTREAM[1].replace("max_epochs=1", "max_epochs=2")]
    assert len({resolve(cfg(root, *longer)).key, child.case.key, plain.key}) == 3


def test_what_is_chosen_by_validation_needs_enough_units_of_it(plain):
    images = [f"{i}.png" for i in range(24)]
    val = {"image": images, "patient": images, "part": "val", "Hernia": [1.0, 0.0] * 12}
    study = [f"s{i % 4 // 2}{i % 2}" for i in range(24)]  # four, each of one label
    table = pd.DataFrame({"image": images, "study": study})
    for unit, chosen in (("image", "val_loss"), ("study", "last")):
        dataset = copy.copy(plain.dataset)
        dataset.unit = unit
        of_unit = replace(plain, dataset=dataset, table=table, draw=pd.DataFrame(val))
        assert of_unit.select_by == chosen


def test_an_image_drawn_twice_is_one_label(plain):
    config = plain.cfg.copy()
    config.sample_size.update(n=40, oversample=True)
    case = resolve(config)
    facts = case.facts()
    assert (case.draw["part"] == "train").sum() == 40
    assert facts["n_train"] < 40
    assert facts["n_train"] + facts["n_val"] == facts["labels_used"]


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("loss=mae", "is not for a binary task"),
        ("strategy.thaw_at=[0.1]", "one entry for each of the 2 body groups"),
        ("backbone.name=test_vit", r"cannot take 45 x 45 px \(image_size_px.*augmentation.crop"),
        ("learner=probe backbone.name=test_vit", "cannot take 45 x 45 px"),
    ],
)
def test_what_does_not_fit_is_told_before_any_data_are_made(
    small_phantom, tmp_path, override, sentence
):
    """Whether or not the phantom lies ready: then images would be decoded."""
    config = cfg(tmp_path, *override.split())
    for folder, there in ((tmp_path, []), (small_phantom, ["phantoms"])):
        config.output_root = str(folder)
        with pytest.raises(MedsmallError, match=sentence):
            resolve(config)
        assert [path.name for path in folder.iterdir()] == there


@pytest.fixture(scope="module")
def small_phantom(root, tmp_path_factory):
    """A folder with the phantoms and nothing else."""
    folder = tmp_path_factory.mktemp("undecoded")
    shutil.copytree(root / "phantoms", folder / "phantoms")
    return folder


def test_upstreams_can_be_given_the_same_number_of_images(child):
    config = child.cfg.copy()
    config.pretraining.train_images = 20
    few = resolve(config).source.upstream
    assert (few.draw["part"] == "train").sum() == 20
    assert few.key != child.case.source.upstream.key


def test_too_few_images_for_an_upstream_are_told_before_any_data_are_made(tmp_path):
    with pytest.raises(MedsmallError, match="sample_size.n=1 is too small"):
        resolve(cfg(tmp_path, *UPSTREAM, "pretraining.train_images=1"))
    assert list(tmp_path.iterdir()) == []


def test_an_option_of_ones_own_written_before_train_images_still_serves(plain, child):
    overrides = ["pretraining=none", "trainer.max_epochs=1", "dataset.phantom_patients=40"]
    upstream = Upstream("upstream_chexpert", overrides, allow_test_overlap=False)
    asking = OmegaConf.create(literal(asked(plain.config)))
    assert upstream.source(asking, resolve).fingerprint == child.case.source.upstream.key


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
    keys, config = set(), of_table(tmp_path / "own", tmp_path)
    for k, columns in enumerate((["Hernia", "Edema"], ["Edema", "Hernia"])):
        own_table(tmp_path / "own", columns, of_second=np.arange(60) // 30)
        case = resolve(config)
        assert sorted(case.dataset.targets) == ["Edema", "Hernia"]
        keys.add(case.key)
        shutil.rmtree(tmp_path / "own")
        assert len(keys) == k + 1


def test_a_phantom_is_tried_out_as_one_whatever_lies_at_the_root(tmp_path):
    own_table(tmp_path / "own", ["A", "B"], of_second=1 - np.arange(60) % 2)  # no task for BCE
    draw = ["phantom=true", "dataset.phantom_patients=60"]
    assert resolve(of_table(tmp_path / "own", tmp_path, *draw)).dataset.name


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
def test_an_upstream_whose_weights_were_changed_is_refused(made, child, change):
    shutil.rmtree(child.record.folder)
    record = child.case.source.upstream.record
    assert record.done
    before = set(made.glob("runs/*/DONE"))
    change(record.model)
    sentence = "model.safetensors has changed since it was written .*makes it again"
    with pytest.raises(MedsmallError, match=sentence):
        train(child.cfg)
    assert set(made.glob("runs/*/DONE")) == before
    if change is other_statistics:  # the tensors are those of its metrics.json
        with pytest.raises(MedsmallError, match=sentence):
            train(cfg(made, "pretraining=file", f"pretraining.path={record.model}"))


def test_cells_share_the_table_and_give_the_keys_they_have_alone(root, plain, monkeypatch):
    grid = [
        cfg(root, f"sample_size.n={n}", f"strategy={strategy}", f"sample_size.repeat={repeat}")
        for n, strategy, repeat in (
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


def test_images_in_the_cache_are_not_opened_again(plain, monkeypatch):
    def refuse(self, image):
        raise AssertionError(f"{image} was read")

    monkeypatch.setattr("medsmall.dataset.files.ImageFiles.read", refuse)
    assert resolve(plain.cfg).key == plain.key


def test_what_a_learner_ignores_is_no_part_of_the_key(root, plain):
    first = cfg(root, "learner=probe", "strategy=feature_extractor", "trainer.max_epochs=3")
    probe = resolve(first).key
    assert probe == resolve(cfg(root, "learner=probe", "strategy=finetune_all")).key
    assert probe != plain.key
    first.learner.inverse_penalty = 1.0
    assert resolve(first).key != probe


def test_a_record_of_the_schema_before_still_tells_what_it_has_seen(made, plain, tmp_path):
    record = plain.record
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
def test_a_record_whose_files_were_changed_is_not_found_again(made, plain, name):
    path = execute(plain).folder / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(MedsmallError, match=f"{name} has changed since it was written"):
        execute(plain)


def recorded_by(record, **others):
    """As if other versions had made it."""
    environment = record.environment
    environment["commit"] = others.pop("commit", environment["commit"])
    environment["packages"] |= others
    record.write_json("environment.json", environment)
    (record.folder / "DONE").unlink()
    record.write_text("DONE", checksums.of_folder(record.folder))


def test_a_record_of_other_versions_says_so_once_with_its_upstreams(made, child, capsys):
    record = execute(child.case)
    assert "other versions" not in capsys.readouterr().err

    recorded_by(record.upstream, torch="0.4.1")
    before, config = set(made.glob("runs/[!.]*")), child.cfg.copy()
    config.seed = 8
    new = train(config)  # that begins there: the upstream is found by its key
    assert set(made.glob("runs/[!.]*")) - before == {new.folder}
    (sentence,) = [line for line in capsys.readouterr().err.splitlines() if "versions" in line]
    assert f"the upstream {record.upstream.key} with torch 0.4.1 (here 2" in sentence

    recorded_by(record, commit="a" * 40 + "-dirty", medsmall="0.0.1")
    for _ in range(2):
        execute(child.case)
    (sentence,) = [line for line in capsys.readouterr().err.splitlines() if "versions" in line]
    assert "this run with commit aaaaaaaaa-dirty (here " in sentence
    assert "medsmall 0.0.1 (here" in sentence
    assert f"the upstream {record.upstream.key}" in sentence


@pytest.mark.parametrize(
    "odd", [{"packages": None}, {"packages": ["x"]}, {"commit": 5, "packages": {"torch": 2}}]
)
def test_an_environment_that_is_none_ends_nothing(made, plain, odd):
    record = plain.record
    record.write_json("environment.json", odd)
    (record.folder / "DONE").unlink()
    record.write_text("DONE", checksums.of_folder(record.folder))
    assert execute(plain).key == plain.key


def test_how_images_become_squares_is_in_the_key_and_shared_with_the_upstream(child):
    config = child.cfg.copy()
    config.resize = "pad"
    squash, pad = child.case, resolve(config)
    assert squash.config["resize"] == "squash"
    assert squash.key != pad.key
    assert squash.source.upstream.key != pad.source.upstream.key
    assert pad.source.upstream.config["resize"] == "pad"


def test_pixels_that_were_changed_in_the_cache_stop_the_run(plain, tmp_path):
    config = plain.cfg.copy()
    config.update(cache_root=str(tmp_path), seed=4321)
    case = resolve(config)
    (file,) = tmp_path.glob("*.u8")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(MedsmallError, match=r"\.u8 is damaged .the pixels of .* were changed"):
        execute(case)
    assert not case.record.folder.exists()
