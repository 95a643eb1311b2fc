"""Whole runs on phantoms: what they record, that they repeat, and what they say of bad input."""

import importlib
import json
import math
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
import torch
from omegaconf import DictConfig, OmegaConf
from PIL import Image
from safetensors import safe_open
from sklearn.metrics import average_precision_score, roc_auc_score
from small_run import HERNIA, SMALL

from medsmall.cache.resize import square
from medsmall.configs import compose
from medsmall.dataset.images import decode
from medsmall.dataset.opening import open_dataset
from medsmall.errors import MedsmallError
from medsmall.learner.lightning.classifier import Classifier
from medsmall.learner.network import NetworkLearner
from medsmall.once import Once
from medsmall.record import Record
from medsmall.record.summary import more_draws
from medsmall.resolve import resolve
from medsmall.train import execute, main, train

RECORD = {
    "config.yaml", "draw.csv", "seen.npz", "history.csv", "predictions.csv",
    "val_predictions.csv", "metrics.json",
    "model.safetensors", "environment.json", "DONE",
}  # fmt: skip
OVERLAP = r"trained on chestxray14, on \d+ of the \d+ patients in the test"


@pytest.fixture
def command(monkeypatch, capsys, tmp_path):
    """The command line in this process and in an empty folder: (exit status, stderr)."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["medsmall-train", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, capsys.readouterr().err

    return run


def runs(output_root: Path) -> list[Path]:
    return sorted((output_root / "runs").glob("[!.]*"))


@pytest.fixture(scope="module")
def small(train_small) -> Path:
    """The record of HERNIA."""
    return train_small()


def test_the_record_holds_what_the_contract_names(small):
    folder = small
    assert {path.name for path in folder.iterdir()} == RECORD
    draw = pd.read_csv(folder / "draw.csv")
    assert list(draw) == ["image", "patient", "part", "Hernia"]
    train_rows = draw[draw["part"] == "train"]
    assert len(train_rows) == 10
    assert train_rows["Hernia"].sum() == 5
    by_part = draw.groupby("part")["patient"].agg(set)
    assert not by_part["train"] & by_part["test"]
    assert not by_part["val"] & by_part["test"]
    assert not by_part["train"] & by_part["val"]
    assert list(pd.read_csv(folder / "history.csv")["epoch"]) == [1, 2]
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["phantom"] is True
    assert (metrics["select_by"], metrics["chosen_epoch"]) == ("last", 2)  # 4 labels cannot choose
    assert metrics["labels_used"] == (draw["part"] != "test").sum() == 14
    assert (metrics["n_train"], metrics["n_val"]) == (10, 4)
    with safe_open(folder / "model.safetensors", "pt") as file:
        assert file.metadata()["mean"].split() == ["0.5"] * 3


@pytest.mark.parametrize(
    ("part", "name"), [("test", "predictions.csv"), ("val", "val_predictions.csv")]
)
def test_every_metric_follows_from_the_predictions(small, part, name):
    frame = pd.read_csv(small / name)
    probabilities = ["prob_Hernia", "corrected_Hernia"]
    assert list(frame) == ["image", "patient", "Hernia", *probabilities, "predicted", "correct"]
    metrics = json.loads((small / "metrics.json").read_text())
    fit, population = (metrics["prevalence"][whose]["Hernia"] for whose in ("fit", "population"))
    assert fit == 0.5 > population > 0  # a balanced draw
    odds = population / (1 - population) * frame["prob_Hernia"] / (1 - frame["prob_Hernia"])
    np.testing.assert_allclose(frame["corrected_Hernia"], odds / (1 + odds), rtol=1e-6)
    test = metrics[part]
    found = test["targets"]["Hernia"]
    y, p = frame["Hernia"], frame["prob_Hernia"]
    called = p >= found["threshold"]
    assert (frame["predicted"] == called).all()
    assert frame["correct"].mean() == pytest.approx(found["accuracy"])
    assert found["n"] == len(frame)
    assert found["n_positive"] == y.sum()
    assert found["auroc"] == pytest.approx(roc_auc_score(y, p), abs=1e-12)
    assert found["average_precision"] == pytest.approx(average_precision_score(y, p), abs=1e-12)
    assert found["sensitivity"] == pytest.approx(called[y == 1].mean())
    assert found["specificity"] == pytest.approx((~called[y == 0]).mean())
    clipped = p.clip(1e-7, 1 - 1e-7)
    assert test["loss"] == pytest.approx(-np.log(np.where(y == 1, clipped, 1 - clipped)).mean())


def test_a_finished_run_is_found_and_not_run_again(small, train_small, capsys):
    folder = small
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert train_small("trainer.devices=1", "num_workers=0") == folder
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    assert "recorded already" in capsys.readouterr().err


@pytest.fixture(scope="module")
def small_phantoms(small, outputs, tmp_path_factory) -> Path:
    """An output root with the phantom that HERNIA runs on, and no run."""
    folder = tmp_path_factory.mktemp("empty")
    shutil.copytree(outputs / "phantoms", folder / "phantoms")
    return folder


@pytest.fixture(scope="module")
def hernia(small_phantoms) -> DictConfig:
    """Its config; a test changes a copy."""
    return compose([*HERNIA, f"output_root={small_phantoms}"])


def test_a_run_after_a_killed_one_is_the_same_to_the_byte(
    small, small_phantoms, train_small, tmp_path, capsys
):
    """In two more processes, in another folder, where a killed run has left its files."""
    shutil.copytree(small_phantoms / "phantoms", tmp_path / "phantoms")
    killed = tmp_path / "runs" / small.name
    shutil.copytree(small, killed)
    (killed / "DONE").unlink()
    (killed / "predictions.csv").unlink()
    (killed / "history.csv").write_text("epoch,train_lo")
    (killed / "checkpoint").mkdir()
    (killed / "left_over").write_text("")
    assert train_small("num_workers=2", output_root=tmp_path) == killed
    assert "fewer than 10 positives or negatives" in capsys.readouterr().err
    assert {path.name for path in killed.iterdir()} == RECORD
    for name in ("predictions.csv", "history.csv", "draw.csv"):
        assert (small / name).read_bytes() == (killed / name).read_bytes()
    metrics, again = (json.loads((f / "metrics.json").read_text()) for f in (small, killed))
    assert metrics["weights_sha256"] == again["weights_sha256"]
    hernia = again["test"]["targets"]["Hernia"]
    assert (hernia["threshold"], hernia["threshold_from"]) == (0.5, "prevalence")
    assert again["val"]["in_sample"] == []


def test_a_model_gives_the_recorded_probabilities_without_lightning(train_small, outputs):
    plain = [override for override in HERNIA if "tta_views" not in override]
    record, root = train_small("augmentation=none", base=plain), small_phantom(outputs)
    frame = pd.read_csv(record / "predictions.csv")
    images = [square(decode(root / name, grey=True), 48, "squash") for name in frame["image"]]
    pixels = torch.stack([torch.from_numpy(image).permute(2, 0, 1) for image in images])
    with without("pytorch_lightning", "lightning_fabric"):
        model = importlib.import_module("medsmall.model").Model.load(record / "model.safetensors")
        found = model.predict(pixels)
    assert abs(found[:, 0] - frame["prob_Hernia"]).max() < 1e-6


@contextmanager
def without(*packages: str) -> Iterator[None]:
    """Modules of medsmall are imported anew, and cannot import the packages."""
    kept = {
        n: m for n, m in sys.modules.items() if n.partition(".")[0] not in (*packages, "medsmall")
    }
    with patch.dict(sys.modules, kept | dict.fromkeys(packages), clear=True):
        yield


def test_bfloat16_trains_and_is_another_run(small, train_small):
    """What trainer=gpu computes in, here on the CPU."""
    mixed = train_small("trainer.precision=bf16-mixed")
    assert small != mixed
    probabilities = [pd.read_csv(f / "predictions.csv")["prob_Hernia"] for f in (small, mixed)]
    assert 0 < (probabilities[0] - probabilities[1]).abs().max() < 0.05


def test_draws_are_paired_across_strategies_and_nested_in_n(hernia):
    once = Once()

    def train_images(cfg: DictConfig, **of_draw: int) -> list[str]:
        cfg = cfg.copy()
        cfg.sample_size.update(of_draw)
        draw = resolve(cfg, once).draw
        return list(draw.loc[draw["part"] == "train", "image"])

    root = f"output_root={hernia.output_root}"
    other = compose([*HERNIA, "strategy=finetune_all", "schedule=reduce_on_plateau", root])
    ten = train_images(hernia)
    assert ten == train_images(other)
    assert set(ten) < set(train_images(other, n=14))
    assert set(ten) != set(train_images(hernia, repeat=1))


def test_mura_is_scored_per_study(train_small):
    base = [o for o in SMALL if "tta_views" not in o]
    quick = ["trainer.max_epochs=1", "augmentation=none", "dataset.phantom_patients=40"]
    folder = train_small("dataset=mura", "sample_size.n=20", *quick, base=base)
    frame = pd.read_csv(folder / "predictions.csv")
    studies = frame.groupby("study")[["abnormal", "prob_abnormal"]].mean()
    found = json.loads((folder / "metrics.json").read_text())["test"]
    assert found["n"] == len(studies) < len(frame)
    expected = roc_auc_score(studies["abnormal"], studies["prob_abnormal"])
    assert found["targets"]["abnormal"]["auroc"] == pytest.approx(expected)


def test_an_upstream_that_may_have_seen_test_patients_is_refused_unless_allowed(outputs):
    """Before it is trained: it has the same films under other names, which cannot be left out."""
    cfg = compose(
        [
            *(one for one in SMALL if one != "pretraining=none"),
            *("dataset=chest_xray", "split=stratified", "sample_size.n=10"),
            "pretraining=upstream",
            "pretraining.dataset=pneumoniamnist",
            "pretraining.start=none",
            "pretraining.overrides=['dataset.phantom_patients=60','trainer.max_epochs=1']",
            f"output_root={outputs}",
        ]
    )
    before, case = runs(outputs), resolve(cfg)
    with pytest.raises(MedsmallError, match="pneumoniamnist, on unknown patients, and pneumonia"):
        execute(case)
    assert runs(outputs) == before
    cfg.pretraining.allow_test_overlap = True
    (allowed,) = resolve(cfg).source.refuse_overlap("chest_xray", case.patients("test"))
    assert "allowed by pretraining.allow_test_overlap" in allowed


def test_a_file_of_a_run_that_saw_test_patients_is_refused_unless_allowed(train_small, capsys):
    """HERNIA's test patients train under another split; their weights then come as a file."""
    other = ["split=by_patient", "split.train=0.6", "split.val=0.2", "split.seed=1"]
    seen = Record(train_small(*other, "trainer.max_epochs=1"))
    file = ["pretraining=file", f"pretraining.path={seen.model}", "trainer.max_epochs=1"]
    with pytest.raises(MedsmallError, match=OVERLAP):
        train_small(*file)
    capsys.readouterr()
    begun = Record.open(train_small(*file, "pretraining.allow_test_overlap=true"))
    assert begun.metrics["pretraining"] == "file model.safetensors"

    # its weights know patients of its validation, too
    val = set(begun.draw.loc[begun.draw["part"] == "val", "patient"])
    known = val & set(seen.draw.loc[seen.draw["part"] != "test", "patient"])
    assert known
    sentence = f"were trained on {len(known)} of the {len(val)} validation patients"
    assert sentence in capsys.readouterr().err
    assert any(sentence in one for one in begun.metrics["audit"])


def small_phantom(outputs: Path) -> Path:
    """The folder of the phantom that HERNIA runs on."""
    return open_dataset(compose([*HERNIA, f"output_root={outputs}"])).files.root


def on_copy(outputs: Path, tmp_path: Path) -> list[str]:
    """Overrides of HERNIA on a copy of its phantom that a test may damage."""
    shutil.copytree(small_phantom(outputs), tmp_path / "chestxray14")
    return [*HERNIA, "phantom=false", f"data_root={tmp_path}", f"output_root={tmp_path / 'out'}"]


def test_absent_images_are_counted_and_can_be_dropped(outputs, tmp_path):
    overrides = on_copy(outputs, tmp_path)
    gone = sorted((tmp_path / "chestxray14" / "images").glob("*.png"))[:4]
    for image in gone:
        image.unlink()
    cfg = compose(overrides)
    with pytest.raises(MedsmallError, match=rf"4 of the .*{gone[0].name}.*missing_images=drop"):
        train(cfg)
    assert runs(tmp_path / "out") == []
    cfg.dataset.missing_images = "drop"
    case = resolve(cfg)
    assert not set(case.draw["image"]) & {f"images/{image.name}" for image in gone}
    assert case.facts()["phantom"] is False


def test_a_broken_image_is_named_and_leaves_no_record(outputs, tmp_path):
    cfg = compose(on_copy(outputs, tmp_path))
    listed = (tmp_path / "chestxray14" / "test_list.txt").read_text().split()
    test_image = tmp_path / "chestxray14" / "images" / listed[0]
    content = test_image.read_bytes()
    for damaged in (content[: len(content) // 2], b"", b"hello"):
        test_image.write_bytes(damaged)
        with pytest.raises(MedsmallError, match=test_image.name):
            train(cfg)
        assert runs(tmp_path / "out") == []


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"dataset.targets": ["Hernai"]}, r"did you mean 'Hernia'"),
        ({"phantom": False, "data_root": "nowhere"}, r"nowhere/chestxray14.*phantom=true"),
        ({"sample_size.val": 4000}, r"sample_size.val=4000 needs"),
        ({"trainer.accelerator": "gpu"}, r"trainer cannot be made as configured"),
        ({"trainer.max_epochs": 0}, r"trainer.max_epochs must be at least 1"),
        ({"sample_size.n": None, "sample_size.fraction": math.nan},
          r"fraction must be a number or null"),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence_and_leaves_no_record(hernia, small_phantoms, values, sentence):
    """What commands, parts and the schema refuse alone is tested there."""
    cfg = hernia.copy()
    for key, value in values.items():
        OmegaConf.update(cfg, key, value)
    with pytest.raises(MedsmallError, match=sentence) as error:
        train(cfg)
    assert "\n" not in str(error.value)
    assert runs(small_phantoms) == []


def test_a_training_that_diverges_is_one_sentence_and_leaves_no_record(command, small_phantoms):
    diverging = ["strategy=finetune_all", "strategy.lr=1e30"]
    status, said = command(*HERNIA, *diverging, f"output_root={small_phantoms}")
    assert status == 2
    assert "diverged in epoch 1: lower strategy.lr" in said.strip().splitlines()[-1]
    assert "Traceback" not in said
    assert runs(small_phantoms) == []


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["+experment=hernia_chexpert"], "did you mean 'experiment'?"),
        (["seed=1", "seed 2"], "write key=value without spaces"),
    ],
)
def test_a_config_error_is_one_sentence(command, tmp_path, overrides, sentence):
    status, said = command(*overrides)
    assert status == 2
    assert sentence in said
    assert len(said.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_help_and_config_errors_import_nothing_heavy(tmp_path):
    script = (
        "import sys\n"
        "from medsmall.train import main\n"
        "for argument in sys.argv[1:]:\n"
        "    sys.argv = ['train', argument]\n"
        "    try: main()\n"
        "    except SystemExit as ended: print('ENDED', ended.code)\n"
        "print('HEAVY', sorted({'torch', 'timm', 'pandas', 'pytorch_lightning'} & {*sys.modules}))"
    )
    command = [sys.executable, "-c", script, "--help", "trainer.max_epochs=abc", "dataset=mora"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert "HEAVY []" in done.stdout, done.stdout + done.stderr
    assert done.stdout.count("ENDED 2") == 2
    assert "did you mean 'mura'?" in done.stderr


def test_without_arguments_it_says_that_it_runs_the_first_run(monkeypatch, capsys):
    seen = []
    monkeypatch.setattr(sys, "argv", ["medsmall-train"])

    def resolved(cfg, once):
        seen.append(cfg)
        return SimpleNamespace(cfg=cfg)

    monkeypatch.setattr("medsmall.train.resolve", resolved)
    monkeypatch.setattr("medsmall.train.execute", lambda case: None)
    monkeypatch.setattr("medsmall.record.summary.show", lambda record: None)
    scored = SimpleNamespace(value=0.5)
    monkeypatch.setattr("medsmall.record.summary.headline", lambda record: scored)
    main()
    assert "+experiment=first_run" in capsys.readouterr().out
    assert seen[0].phantom is True
    assert seen[0].choices.experiment == "first_run"


@pytest.fixture
def heeding(command) -> Iterator[Callable[..., tuple[int, str]]]:
    """The command, deaf to no signal; afterwards this process heeds them as it did."""
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield command
    for one, handler in before.items():
        signal.signal(one, handler)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_an_interrupted_run_says_so_fails_and_leaves_nothing(
    heeding, small_phantoms, monkeypatch, name
):
    """After the first epoch; test_command.py sends signals from outside."""

    def interrupt(*arguments: object) -> None:
        (folder,) = runs(small_phantoms)
        if (folder / "history.csv").exists():
            left.extend(path.name for path in folder.iterdir())
            signal.raise_signal(getattr(signal, name))

    left: list[str] = []
    monkeypatch.setattr(Classifier, "on_train_epoch_start", interrupt)
    status, said = heeding(*HERNIA, f"output_root={small_phantoms}")
    assert {"draw.csv", "history.csv"} <= set(left)
    assert status == 130
    assert said.strip().splitlines()[-1].startswith("Interrupted: the unfinished run was not kept")
    assert "Traceback" not in said
    assert runs(small_phantoms) == []


def test_whether_parts_fit_is_tried_once_for_all_draws(train_small, monkeypatch):
    tried = []
    monkeypatch.setattr(NetworkLearner, "check", lambda *given: tried.append(1))
    once = ["trainer.max_epochs=1", "strategy.lr=0.0123"]
    train_small(*once)
    assert tried
    tried.clear()
    train_small(*once, "sample_size.repeat=1")
    assert not tried


def test_a_mistake_is_found_before_the_upstream_is_trained(outputs):
    """Even where all data lie ready: then no network is built to identify the run."""
    upstream = [
        "pretraining=chexpert",
        "pretraining.overrides=['pretraining=none','trainer.max_epochs=3','dataset.phantom_patients=40']",
    ]
    cfg = compose([*HERNIA, *upstream, f"output_root={outputs}"])
    resolve(cfg)
    cfg.strategy.update(thaw_at=[0.1], body_groups=None)  # known only with the network
    before, case = runs(outputs), resolve(cfg)
    with pytest.raises(MedsmallError, match="thaw_at needs one entry"):
        execute(case)
    assert runs(outputs) == before


def test_the_other_cells_of_a_sweep_run_though_one_is_bad(command, small, outputs):
    """The other one is `small`, and found."""
    status, said = command("-m", *HERNIA, "seed=-1,42", f"output_root={outputs}")
    assert status == 2
    assert "Failed: seed=-1: seed must lie in" in said
    assert "Traceback" not in said
    assert "2 cells, 1 recorded already, 0 to run" in said
    assert "1 of 2 cells succeeded, 1 failed" in said


def test_a_sweep_ends_with_its_report(monkeypatch, capsys, tmp_path, small, outputs):
    monkeypatch.chdir(tmp_path)
    words = ["-m", *HERNIA, "sample_size.repeat=0,1", f"output_root={outputs}"]
    monkeypatch.setattr(sys, "argv", ["medsmall-train", *words])
    main()
    said = capsys.readouterr()
    assert "Hernia in chestxray14 (generated): mean test AUROC with 95% intervals" in said.out
    assert f"Again: python -m medsmall.report {outputs} sweep=chestxray14-" in said.err
    found = json.loads((outputs / "report" / "report.json").read_text())
    assert len(found["records"]) == 2  # beside those of other sweeps
    assert str(small) in found["records"]
    assert found["scores"][0]["repeats"] == 2


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["sample_size.n=10", "sample_size.repeat=3"], "sample_size.n=10 sample_size.repeat=0,1,2"),
        (["sample_size=all"], "sample_size=all split=kfold split.fold=0,1,2,3,4"),
        (["split=kfold", "split.fold=2", "sample_size.n=10"],
         "sample_size.n=10 split=kfold split.fold=0,1,2,3,4"),
    ],
)  # fmt: skip
def test_the_next_command_draws_what_can_differ(words, expected):
    cfg = compose(["dataset=chestxray14", *words])
    assert more_draws(words, cfg) == f"python -m medsmall.train -m {expected}"


def test_an_interrupt_after_the_record_says_that_it_is_kept(command, monkeypatch, small, outputs):
    def interrupted(record: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("medsmall.record.summary.show", interrupted)
    status, said = command(*HERNIA, f"output_root={outputs}")
    assert status == 130
    sentence = f"Interrupted: the run is complete, in {small}."
    assert said.strip().splitlines()[-1] == sentence


def test_learns_a_bright_square(tmp_path):
    """On a task that a network cannot miss, so that a broken loop cannot pass."""
    root = tmp_path / "chestxray14"
    (root / "images").mkdir(parents=True)
    rng = np.random.default_rng(0)
    rows, parts = [], {"train_val": [], "test": []}
    for i in range(120):
        name, positive = f"{i:08d}_000.png", i % 2
        pixels = rng.integers(60, 120, (48, 48), dtype=np.uint8)
        if positive:
            pixels[10:34, 10:34] += 80
        Image.fromarray(pixels).save(root / "images" / name)
        rows.append([name, "Hernia" if positive else "No Finding", 0, i, 50, "F", "PA"])
        parts["test" if i >= 80 else "train_val"].append(name)
    columns = ["Image Index", "Finding Labels", "Follow-up #", "Patient ID", "Patient Age",
               "Patient Gender", "View Position"]  # fmt: skip
    pd.DataFrame(rows, columns=columns).to_csv(root / "Data_Entry_2017_v2020.csv", index=False)
    for part, names in parts.items():
        (root / f"{part}_list.txt").write_text("\n".join(names) + "\n")
    # the last epoch: BatchNorm's running statistics start at random and lag behind the weights
    overrides = [*HERNIA, "phantom=false", "trainer.max_epochs=6", "select_by=last"]
    config = compose(
        [
            *overrides,
            "sample_size.n=40",
            "strategy=finetune_all",
            f"data_root={tmp_path}",
            f"output_root={tmp_path}",
        ]
    )
    metrics = train(config).metrics
    assert metrics["test"]["mean"]["auroc"] > 0.95
