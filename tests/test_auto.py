"""Options named auto choose by the data, say so in one line, and leave the record an option."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import yaml
from omegaconf import OmegaConf
from PIL import Image

from medsmall.auto import (
    SMALL,
    N,
    augmentation_for,
    sample_size_for,
    split_for,
    with_options,
)
from medsmall.configs import compose, config_dir
from medsmall.contract import build
from medsmall.dataset import MODALITIES
from medsmall.errors import MedsmallError
from medsmall.once import Once
from medsmall.resolve import resolve
from medsmall.sample_size import Pools
from medsmall.schema import check
from medsmall.task import Task

QUICK = ["phantom=true", "backbone=tiny", "pretraining=none", "image_size_px=32"]


def pools(counts: dict[str, int], targets=None, task=Task.BINARY) -> Pools:
    """A train part with so many images of each class; of one target "0" and "1"."""
    targets = targets or ["x"]
    rows = pd.DataFrame({"image": range(sum(counts.values()))})
    classes = [name for name, count in counts.items() for _ in range(count)]
    for target in targets:
        rows[target] = [float(name in (target, "1")) for name in classes]
    return Pools(rows, rows, rows, targets, task)


def size(pools: Pools, **given) -> str:
    asked = OmegaConf.create({"n": None, "fraction": None, **given})
    return sample_size_for(asked, pools)[0]


def test_a_small_train_part_is_taken_whole_unless_a_number_is_given():
    small = pools({"0": SMALL - 10, "1": 10})
    assert size(small) == "all"
    assert size(small, n=50) == "natural"
    assert size(small, fraction=0.5) == "natural"
    assert size(pools({"0": 500, "1": 500}), n=50) == "balanced"


def test_of_a_large_one_a_draw_is_balanced_where_each_class_has_its_share():
    assert size(pools({"0": SMALL, "1": N // 2})) == "balanced"
    assert size(pools({"0": SMALL, "1": N // 2 - 1})) == "natural"
    classes = ["a", "b", "c", "d"]
    even = dict.fromkeys(classes, SMALL)
    assert size(pools(even, classes, Task.MULTICLASS)) == "balanced"
    assert size(pools({**even, "d": N // 4 - 1}, classes, Task.MULTICLASS)) == "natural"
    assert size(pools(even, classes, Task.MULTILABEL)) == "natural"
    assert size(pools({"0": SMALL, "1": SMALL}, task=Task.REGRESSION)) == "natural"


def test_each_size_of_a_sweep_draws_alike_as_far_as_there_are_images():
    rare = pools({"0": 5000, "1": N // 2})
    assert {size(rare, n=n) for n in (10, 50, N)} == {"balanced"}
    assert size(rare, n=N + 1) == "natural"  # balanced, it would be refused


@pytest.mark.parametrize("modality", MODALITIES)
def test_the_augmentation_is_meant_for_the_modality_or_none(modality):
    option = augmentation_for(SimpleNamespace(modality=modality))
    if option == "none":
        return
    settings = (config_dir() / "augmentation" / f"{option}.yaml").read_text()
    assert yaml.safe_load(settings)["modality"] == modality


@pytest.fixture
def resolve_small(outputs):
    phantom = ["dataset.phantom_patients=60", f"output_root={outputs}"]
    return lambda *overrides: resolve(compose([*QUICK, *phantom, *overrides]))


def test_chest_films_are_not_mirrored_by_default(resolve_small):
    cfg = resolve_small("dataset=pneumoniamnist").cfg
    assert cfg.choices.augmentation == "chest_safe"
    assert cfg.augmentation.flip == 0


def test_bone_age_takes_no_second_try_and_the_record_names_what_was_chosen(resolve_small):
    case = resolve_small("dataset=rsna_boneage")
    chosen = {group: case.config["choices"][group] for group in ("split", "loss", "trainer")}
    assert chosen == {"split": "stratified", "loss": "mae", "trainer": "cpu"}
    assert "auto" not in yaml.safe_dump(case.config).replace("strategy: auto", "")
    line = case.notices[0]
    assert line.startswith("Chosen: split=stratified (the data have no official one), ")
    assert "sample_size=all (42 train images), loss=mae (regression)" in line
    assert line.endswith("augmentation=bone_safe (bone x-ray), trainer=cpu.")
    assert case.name == "rsna_boneage-none-gradual_unfreezing-all-r0"


def test_what_is_chosen_is_the_run_that_names_it(resolve_small):
    data = ["dataset=chestxray14", "dataset.targets=[Infiltration]", "sample_size.n=20"]
    by_auto = resolve_small(*data)
    by_name = resolve_small(
        *data, "split=official", "sample_size=natural", "loss=bce", "augmentation=chest_safe",
        "trainer=cpu",
    )  # fmt: skip
    assert by_auto.key == by_name.key
    assert by_auto.notices[0].startswith("Chosen: split=official")
    assert not any(notice.startswith("Chosen") for notice in by_name.notices)


def test_what_is_set_holds_whatever_is_chosen(resolve_small):
    case = resolve_small(
        "dataset=rsna_boneage", "sample_size.n=20", "sample_size.repeat=1",
        "augmentation.tta_views=2", "seed=7", "split.seed=${seed}",
    )  # fmt: skip
    assert case.cfg.split.seed == 7  # a setting may follow another key
    assert case.cfg.augmentation.tta_views == 2
    assert (case.draw["part"] == "train").sum() == 20
    assert case.name.endswith("-n20-r1")


def test_an_official_split_that_tears_a_patient_apart_is_not_chosen(phantoms):
    cfg = compose(["dataset=chestxray14", f"dataset.root={phantoms['chestxray14']}"])
    dataset = build(cfg.dataset)
    table = dataset.table()
    assert split_for(cfg, dataset, table)[0] == "official"
    several = table["patient"][table["patient"].duplicated()].iloc[0]
    rows = table.index[table["patient"] == several]
    table.loc[rows[0], "split"] = "test"
    table.loc[rows[1:], "split"] = "train_val"
    option, why = split_for(cfg, dataset, table)
    assert option == "stratified"
    assert "images in more than one part" in why


def test_an_upstream_of_ones_own_may_leave_the_choice_too(tmp_path, monkeypatch, outputs):
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text(
        "# @package _global_\n# An upstream in few words.\ndefaults:\n"
        "  - override /dataset: mura\n  - override /pretraining: none\n"
        "dataset:\n  phantom_patients: 30\n"
    )
    monkeypatch.setenv("MEDSMALL_CONF", str(tmp_path))
    case = resolve(
        compose(
            [
                *QUICK[:2], "image_size_px=32", "dataset=rsna_boneage", "pretraining=chexpert",
                "dataset.phantom_patients=60", "pretraining.experiment=mine",
                f"output_root={outputs}",
            ]
        )
    )  # fmt: skip
    chosen = case.source.upstream.config["choices"]
    assert (chosen["split"], chosen["loss"]) == ("official", "bce")
    assert chosen["augmentation"] == "bone_safe"


def test_what_is_set_and_has_no_effect_is_refused():
    cfg = compose(["augmentation.tta_views=4"])
    assert with_options(cfg, {"augmentation": "chest_safe"}).augmentation.tta_views == 4
    with pytest.raises(MedsmallError, match="tta_views has no effect with augmentation=none"):
        with_options(cfg, {"augmentation": "none"})
    with_options(compose(["augmentation.tta_views=0"]), {"augmentation": "none"})


def test_the_sample_size_is_chosen_of_what_is_left_without_copies(tmp_path):
    (tmp_path / "films").mkdir()
    rng = np.random.default_rng(0)
    rows = []
    for i in range(60):
        pixels = rng.integers(0, 256, (32, 32), dtype=np.uint8)
        for copy in range(2):
            name = f"films/{i}_{copy}.png"
            Image.fromarray(pixels).save(tmp_path / name)
            rows.append({"image": name, "patient": f"p{i}", "label": "ab"[i % 2]})
    pd.DataFrame(rows).to_csv(tmp_path / "images.csv", index=False)
    words = ["dataset=table", f"dataset.root={tmp_path}", "dataset.label=label"]
    words += ["dataset.patient=patient", f"output_root={tmp_path}", *QUICK[1:]]
    case = resolve(compose([*words, "audit.drop=[identical_images]"]))
    trained = (case.draw["part"] == "train").sum()
    assert f"sample_size=all ({trained} train images)" in case.notices[0]
    assert trained < 50 < (resolve(compose(words)).draw["part"] == "train").sum()


@pytest.fixture
def gpu_there(monkeypatch):
    monkeypatch.setattr("medsmall.configs.composing.has_gpu", lambda: True)
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)


@pytest.mark.parametrize(("native", "precision"), [(True, "bf16-mixed"), (False, "16-mixed")])
def test_a_gpu_is_used_where_there_is_one(gpu_there, monkeypatch, native, precision):
    monkeypatch.setattr("torch.cuda.is_bf16_supported", lambda including_emulation: native)
    gpu = check(compose([]))
    assert gpu["choices"]["trainer"] == "gpu"
    named = {"accelerator": "gpu", "deterministic": False, "benchmark": True}
    assert gpu["trainer"].items() >= {**named, "precision": precision}.items()


def test_a_gpu_is_left_alone_where_the_cpu_is_asked_for(gpu_there):
    asked = check(compose(["trainer.accelerator=cpu"]))
    plain = check(compose(["trainer=cpu"]))
    assert asked["trainer"] == plain["trainer"]
    assert asked["choices"]["trainer"] == "cpu"


def test_what_cannot_be_resolved_is_one_sentence(resolve_small):
    with pytest.raises(MedsmallError, match="Interpolation key 'no_such_key' not found"):
        resolve_small("dataset=rsna_boneage", "split.seed=${no_such_key}")


@pytest.mark.parametrize(
    ("dataset", "loss"),
    [
        ("chest_xray", "bce_weighted"),
        ("ham10000", "cross_entropy_weighted"),
        ("rsna_boneage", "mae"),
    ],
)
def test_the_weighted_loss_follows_the_task_where_it_has_one(dataset, loss):
    words = [f"dataset={dataset}", *QUICK, "loss=auto_weighted", "dataset.phantom_patients=60"]
    case = resolve(compose(words))
    assert case.cfg.choices.loss == loss
    assert case.cfg.loss == OmegaConf.load(config_dir() / "loss" / f"{loss}.yaml")


def test_cells_of_a_sweep_that_ask_for_other_autos_get_them():
    once = Once()
    losses = [
        resolve(compose(["dataset=chest_xray", *QUICK, f"loss={asked}"]), once).cfg.choices.loss
        for asked in ("auto", "auto_weighted", "auto")
    ]
    assert losses == ["bce", "bce_weighted", "bce"]
