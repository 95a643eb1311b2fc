"""Whole runs on phantoms: what they record, that they repeat, and what they say of bad input."""

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from safetensors import safe_open
from sklearn.metrics import average_precision_score, roc_auc_score
from small_run import HERNIA, SMALL, heeds_signals

from medsmall.configs import compose
from medsmall.dataset.opening import open_dataset
from medsmall.errors import MedsmallError
from medsmall.train import main, train

RECORD = {
    "config.yaml", "draw.csv", "seen.npz", "history.csv", "predictions.csv",
    "val_predictions.csv", "metrics.json",
    "model.safetensors", "environment.json", "DONE",
}  # fmt: skip


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


def test_the_record_holds_what_the_contract_names(train_small):
    folder = train_small()
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
def test_every_metric_follows_from_the_predictions(train_small, part, name):
    folder = train_small()
    frame = pd.read_csv(folder / name)
    assert list(frame) == ["image", "patient", "Hernia", "prob_Hernia", "predicted", "correct"]
    test = json.loads((folder / "metrics.json").read_text())[part]
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


def test_a_validation_too_small_to_choose_by_is_said_and_the_last_epoch_is_kept(
    train_small, outputs, tmp_path, capsys
):
    shutil.copytree(outputs / "phantoms", tmp_path / "phantoms")
    folder = train_small(output_root=tmp_path)
    assert "fewer than 10 positives or negatives" in capsys.readouterr().err
    metrics = json.loads((folder / "metrics.json").read_text())
    hernia = metrics["test"]["targets"]["Hernia"]
    assert (hernia["threshold"], hernia["threshold_from"]) == (0.5, "prevalence")
    assert metrics["val"]["in_sample"] == []


def test_a_finished_run_is_found_and_not_run_again(train_small, capsys):
    folder = train_small()
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert train_small("trainer.devices=1", "num_workers=0") == folder
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    assert "recorded already" in capsys.readouterr().err


def test_the_same_run_twice_gives_identical_predictions(train_small, outputs, tmp_path):
    shutil.copytree(outputs / "phantoms", tmp_path / "phantoms")
    first, second = train_small(), train_small("num_workers=2", output_root=tmp_path)
    for name in ("predictions.csv", "history.csv", "draw.csv"):
        assert (first / name).read_bytes() == (second / name).read_bytes()
    hashes = [
        json.loads((f / "metrics.json").read_text())["weights_sha256"] for f in (first, second)
    ]
    assert hashes[0] == hashes[1]


SCORE_ALONE = """
import sys
from pathlib import Path
import pandas as pd, torch
from medsmall.cache.resize import square
from medsmall.dataset.images import decode
from medsmall.model import Model

record, root, side = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
frame = pd.read_csv(record / "predictions.csv")
images = [square(decode(root / name, grey=True), side, "squash") for name in frame["image"]]
model = Model.load(record / "model.safetensors")
found = model.predict(torch.stack([torch.from_numpy(i).permute(2, 0, 1) for i in images]))
print(abs(found[:, 0] - frame["prob_Hernia"]).max())
assert "pytorch_lightning" not in sys.modules
"""


def test_a_model_gives_the_recorded_probabilities_without_lightning(train_small, outputs):
    plain = [override for override in HERNIA if "tta_views" not in override]
    record = train_small("augmentation=none", base=plain)
    command = [sys.executable, "-c", SCORE_ALONE, str(record), str(small_phantom(outputs)), "48"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 1e-6


def test_bfloat16_trains_and_is_another_run(train_small):
    """What trainer=gpu computes in, here on the CPU."""
    exact = train_small("trainer.max_epochs=1")
    mixed = train_small("trainer.max_epochs=1", "trainer.precision=bf16-mixed")
    assert exact != mixed
    probabilities = [pd.read_csv(f / "predictions.csv")["prob_Hernia"] for f in (exact, mixed)]
    assert 0 < (probabilities[0] - probabilities[1]).abs().max() < 0.05


def test_draws_are_paired_across_strategies_and_nested_in_n(train_small):
    def train_images(*overrides: str) -> list[str]:
        draw = pd.read_csv(train_small("trainer.max_epochs=1", *overrides) / "draw.csv")
        return list(draw.loc[draw["part"] == "train", "image"])

    ten = train_images("strategy=feature_extractor")
    assert ten == train_images("strategy=finetune_all", "schedule=reduce_on_plateau")
    assert set(ten) < set(train_images("strategy=finetune_all", "sample_size.n=14"))
    assert set(ten) != set(train_images("sample_size.repeat=1"))


@pytest.mark.parametrize(
    ("base", "overrides"),
    [
        (
            ["dataset=chestxray14", "dataset.targets=[Effusion,Infiltration,Hernia]", *SMALL],
            ["loss=bce_weighted", "sample_size.n=40"],
        ),
        (["dataset=mura", "sample_size.n=20", *SMALL], ["augmentation=none"]),
        (
            ["dataset=pneumoniamnist", "sample_size=all", *SMALL],
            ["loss=cross_entropy_weighted", "dataset.phantom_patients=200"],
        ),
        (["dataset=chexpert", "sample_size=all", "split=by_patient", *SMALL], ["select_by=last"]),
    ],
    ids=["chestxray14", "mura", "pneumoniamnist", "chexpert"],
)
def test_every_data_set_trains_from_its_phantom(train_small, base, overrides):
    if "augmentation=none" in overrides:
        base = [o for o in base if "tta_views" not in o]
    folder = train_small("trainer.max_epochs=1", *overrides, base=base)
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["test"]["n"] > 0
    assert 0 <= metrics["test"]["mean"]["auroc"] <= 1


def test_mura_is_scored_per_study(train_small):
    base = [o for o in SMALL if "tta_views" not in o]
    base = ["dataset=mura", "sample_size.n=20", *base]
    folder = train_small("trainer.max_epochs=1", "augmentation=none", base=base)
    frame = pd.read_csv(folder / "predictions.csv")
    studies = frame.groupby("study")[["abnormal", "prob_abnormal"]].mean()
    found = json.loads((folder / "metrics.json").read_text())["test"]
    assert found["n"] == len(studies) < len(frame)
    expected = roc_auc_score(studies["abnormal"], studies["prob_abnormal"])
    assert found["targets"]["abnormal"]["auroc"] == pytest.approx(expected)


def test_an_upstream_is_made_once_and_found_by_its_key(outputs, train_small):
    upstream = [
        "pretraining=chexpert",
        "pretraining.overrides=['pretraining=none','trainer.max_epochs=1','dataset.phantom_patients=40','seed=5']",
    ]
    before = set(runs(outputs))
    first = train_small(*upstream)
    assert len(set(runs(outputs)) - before) == 2
    second = train_small(*upstream, "sample_size.n=14", "seed=7")
    assert len(set(runs(outputs)) - before) == 3
    sources = {json.loads((f / "metrics.json").read_text())["pretraining"] for f in (first, second)}
    assert len(sources) == 1
    assert "chexpert upstream" in sources.pop()


def test_an_upstream_that_saw_test_patients_is_refused_unless_allowed(train_small):
    overlapping = [
        "pretraining=chexpert",
        "pretraining.experiment=upstream_chexpert",
        "pretraining.overrides=['dataset=chestxray14','dataset.phantom_patients=60',"
        "'dataset.targets=[Hernia]','split=by_patient','split.train=0.6','split.val=0.2',"
        "'pretraining=none','trainer.max_epochs=1']",
    ]
    with pytest.raises(
        MedsmallError, match=r"trained on chestxray14, on \d+ of the \d+ patients in the test"
    ):
        train_small(*overlapping)
    assert (train_small(*overlapping, "pretraining.allow_test_overlap=true") / "DONE").is_file()


def test_a_file_of_a_run_that_saw_test_patients_is_refused_unless_allowed(train_small):
    """HERNIA's test patients train under another split; their weights then come as a file."""
    other = ["split=by_patient", "split.train=0.6", "split.val=0.2", "trainer.max_epochs=1"]
    model = train_small(*other) / "model.safetensors"
    file = ["pretraining=file", f"pretraining.path={model}", "trainer.max_epochs=1"]
    with pytest.raises(
        MedsmallError, match=r"trained on chestxray14, on \d+ of the \d+ patients in the test"
    ):
        train_small(*file)
    assert (train_small(*file, "pretraining.allow_test_overlap=true") / "DONE").is_file()


def test_weights_of_a_run_start_another_from_a_file(train_small):
    model = train_small() / "model.safetensors"
    folder = train_small("pretraining=file", f"pretraining.path={model}", "trainer.max_epochs=1")
    assert json.loads((folder / "metrics.json").read_text())["pretraining"] == (
        "file model.safetensors"
    )


@pytest.fixture(scope="module")
def small_phantoms(outputs, tmp_path_factory) -> Path:
    """An output root with the phantom that HERNIA runs on, and no run."""
    small_phantom(outputs)
    folder = tmp_path_factory.mktemp("empty")
    shutil.copytree(outputs / "phantoms", folder / "phantoms")
    return folder


def small_phantom(outputs: Path) -> Path:
    """The folder of the phantom that HERNIA runs on."""
    return open_dataset(compose([*HERNIA, f"output_root={outputs}"])).files.root


def on_copy(outputs: Path, tmp_path: Path) -> list[str]:
    """Overrides for the same run on a copy of the phantom that a test may damage."""
    shutil.copytree(small_phantom(outputs), tmp_path / "chestxray14")
    return [*HERNIA, "phantom=false", f"data_root={tmp_path}", f"output_root={tmp_path / 'out'}"]


def test_absent_images_are_counted_and_can_be_dropped(outputs, tmp_path):
    overrides = on_copy(outputs, tmp_path)
    gone = sorted((tmp_path / "chestxray14" / "images").glob("*.png"))[:4]
    for image in gone:
        image.unlink()
    with pytest.raises(MedsmallError, match=rf"4 of the .*{gone[0].name}.*missing_images=drop"):
        train(compose(overrides))
    assert runs(tmp_path / "out") == []
    folder = train(compose([*overrides, "dataset.missing_images=drop"])).folder
    draw = pd.read_csv(folder / "draw.csv")
    assert not set(draw["image"]) & {f"images/{image.name}" for image in gone}
    assert json.loads((folder / "metrics.json").read_text())["phantom"] is False


@pytest.mark.parametrize("damage", ["truncated", "empty", "text"])
def test_a_broken_image_is_named_and_leaves_no_record(outputs, tmp_path, damage):
    overrides = on_copy(outputs, tmp_path)
    test_image = train_any_test_image(overrides, tmp_path)
    content = test_image.read_bytes()
    test_image.write_bytes(
        {"truncated": content[: len(content) // 2], "empty": b"", "text": b"hello"}[damage]
    )
    with pytest.raises(MedsmallError, match=test_image.name):
        train(compose(overrides))
    assert runs(tmp_path / "out") == []


def train_any_test_image(overrides: list[str], tmp_path: Path) -> Path:
    listed = (tmp_path / "chestxray14" / "test_list.txt").read_text().split()
    return tmp_path / "chestxray14" / "images" / listed[0]


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["dataset.targets=[Hernai]"], r"did you mean 'Hernia'"),
        (["sample_size.n=5000"], r"Hernia positives.*oversample=true"),
        (["phantom=false", "data_root=nowhere"], r"nowhere/chestxray14.*phantom=true"),
        (["strategy.alpha=2"], r"strategy.alpha must lie in \(0, 1\]"),
        (["strategy.thaw_at=[0.1]"], r"one entry for each of the 2 body groups"),
        (["pretraining=file", "pretraining.path=gone.pth"], r"there is no file .*gone.pth"),
        (["backbone.name=densnet121"], r"did you mean 'densenet121'"),
        (["sample_size.val=4000"], r"sample_size.val=4000 needs"),
        (["dataset.targets=[Hernia,Mass]"], r"sample_size=natural"),
        (["loss=cross_entropy", "dataset.targets=[Mass,Edema]", "sample_size=natural",
          "sample_size.n=30"], r"set loss=bce"),
        (["trainer.accelerator=gpu"], r"trainer cannot be made as configured"),
        (["backbone.name=test_vit"], r"cannot take 45 x 45 px \(image_size_px.*augmentation.crop"),
        (["backbone.name=resnet18.nonsense"], r"Invalid pretrained tag \(nonsense\)"),
        (["trainer.max_epochs=0"], r"trainer.max_epochs must be at least 1"),
        (["+trainer.fast_dev_run=true"], r"no key 'trainer.fast_dev_run'"),
        (["augmentation.rotation_deg=nan"], r"rotation_deg must be a number"),
        (["sample_size=natural", "sample_size.n=null", "sample_size.fraction=nan"],
          r"fraction must be a number or null"),
        (["strategy=finetune_all", "strategy.lr=1e30"], r"diverged in epoch 1: lower strategy.lr"),
        (["dataset.phantom_patients=0"], r"phantom_patients must be at least 10"),
        (["loss=null"], r"config group takes the name"),
        (["trainer.precision=7"], r"trainer.precision|trainer cannot be made"),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence_and_leaves_no_record(
    command, small_phantoms, overrides, sentence
):
    status, said = command(*HERNIA, *overrides, f"output_root={small_phantoms}")
    assert status == 2
    assert re.search(sentence, said.strip().splitlines()[-1]), said
    assert "Traceback" not in said
    assert runs(small_phantoms) == []


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["trainer.max_epochs=abc"], "trainer.max_epochs must be a whole number"),
        (["trainer.max_epoch=3"], "did you mean 'trainer.max_epochs'?"),
        (["datset=mura"], "did you mean 'dataset'?"),
        (["dataset=mora"], "did you mean 'mura'?"),
        (["+experiment=hernia_chexprt"], "did you mean 'hernia_chexpert'?"),
        (["experiment=hernia_chexpert"], "+experiment=<name>"),
        (["+experment=hernia_chexpert"], "did you mean 'experiment'?"),
        (["+strategy.lrr=1"], "did you mean 'lr'?"),
        (["phantom=perhaps"], "phantom must be true or false"),
        (["dataset.targets=Hernia"], "dataset.targets must be a list"),
        (["seed=1", "seed 2"], "write key=value without spaces"),
    ],
)
def test_a_config_error_is_one_sentence(command, tmp_path, overrides, sentence):
    status, said = command(*overrides)
    assert status == 2
    assert sentence in said
    assert len(said.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("argument", ["--help", "trainer.max_epochs=abc", "dataset=mora"])
def test_help_and_config_errors_import_nothing_heavy(tmp_path, argument):
    script = (
        "import sys; sys.argv = ['train', *sys.argv[1:]]\n"
        "from medsmall.train import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print('HEAVY', sorted({'torch', 'timm', 'pandas', 'pytorch_lightning'} & {*sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, argument], cwd=tmp_path, capture_output=True, text=True
    )
    assert "HEAVY []" in done.stdout, done.stdout + done.stderr


def test_without_arguments_it_says_that_it_runs_the_first_run(monkeypatch, capsys):
    seen = []
    monkeypatch.setattr(sys, "argv", ["medsmall-train"])
    monkeypatch.setattr("medsmall.train.resolve", lambda cfg, once: seen.append(cfg))
    monkeypatch.setattr("medsmall.train.execute", lambda case: None)
    monkeypatch.setattr("medsmall.record.summary.show", lambda record: None)
    main()
    assert "+experiment=first_run" in capsys.readouterr().out
    assert seen[0].phantom is True
    assert seen[0].choices.experiment == "first_run"


@pytest.mark.slow
def test_a_killed_run_leaves_no_done_and_is_rerun_cleanly(train_small, outputs, tmp_path):
    small_phantom(outputs)
    shutil.copytree(outputs / "phantoms", tmp_path / "phantoms")
    arguments = [*HERNIA, "trainer.max_epochs=15", f"output_root={tmp_path}"]
    process = subprocess.Popen(
        [sys.executable, "-m", "medsmall.train", *arguments],
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("runs/*/history.csv")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    (killed,) = runs(tmp_path)
    assert not (killed / "DONE").exists()
    (killed / "left_over").write_text("")
    assert train(compose(arguments)).folder == killed
    assert {path.name for path in killed.iterdir()} == RECORD
    assert len(pd.read_csv(killed / "history.csv")) == 15


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_an_interrupted_run_says_so_fails_and_leaves_nothing(small_phantoms, tmp_path, name):
    shutil.copytree(small_phantoms / "phantoms", tmp_path / "phantoms")
    process = subprocess.Popen(
        [sys.executable, "-m", "medsmall.train", *HERNIA, "trainer.max_epochs=4000",
         f"output_root={tmp_path}"],
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, preexec_fn=heeds_signals,
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("runs/*/history.csv")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(getattr(signal, name))
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert said.strip().splitlines()[-1].startswith("Interrupted: the unfinished run was not kept")
    assert "Traceback" not in said
    assert runs(tmp_path) == []


def test_a_mistake_is_found_before_the_upstream_is_trained(train_small, outputs):
    before = set(runs(outputs))
    with pytest.raises(MedsmallError, match="thaw_at needs one entry"):
        train_small(
            "pretraining=chexpert",
            "pretraining.overrides=['pretraining=none','trainer.max_epochs=3','dataset.phantom_patients=40']",
            "strategy.thaw_at=[0.1]",
        )
    assert set(runs(outputs)) == before


def test_other_pixels_under_the_same_labels_are_another_run(outputs, tmp_path):
    overrides = [*on_copy(outputs, tmp_path), "trainer.max_epochs=1"]
    first = train(compose(overrides)).key
    for path in (tmp_path / "chestxray14" / "images").glob("*.png"):
        Image.open(path).convert("L").resize((64, 64)).save(path)
    assert train(compose(overrides)).key != first


def test_the_other_cells_of_a_sweep_run_though_one_is_bad(command, small_phantoms, tmp_path):
    shutil.copytree(small_phantoms / "phantoms", tmp_path / "phantoms")
    status, said = command(
        "-m", *HERNIA, "trainer.max_epochs=1", "sample_size.n=5000,10", f"output_root={tmp_path}"
    )
    assert status == 2
    assert re.search(r"\[.*sample_size.n=5000.*\] sample_size.n=5000 needs", said)
    assert "Traceback" not in said
    assert len(list(tmp_path.glob("runs/*/DONE"))) == 1


def test_an_interrupt_after_the_record_says_that_it_is_kept(
    monkeypatch, capsys, small_phantoms, tmp_path
):
    shutil.copytree(small_phantoms / "phantoms", tmp_path / "phantoms")

    def interrupted(record: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("medsmall.record.summary.show", interrupted)
    monkeypatch.chdir(tmp_path)
    arguments = [*HERNIA, "trainer.max_epochs=1", f"output_root={tmp_path}"]
    monkeypatch.setattr(sys, "argv", ["medsmall-train", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    (folder,) = runs(tmp_path)
    assert ended.value.code == 130
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert said == f"Interrupted: the run is complete, in {folder}."


def test_an_output_root_that_is_a_file_is_one_sentence(command, tmp_path):
    (tmp_path / "taken").write_text("")
    status, said = command(*HERNIA, f"output_root={tmp_path / 'taken'}")
    assert status == 2
    assert "taken" in said
    assert "Traceback" not in said


def test_a_run_ended_by_an_error_leaves_nothing(train_small, tmp_path, outputs, monkeypatch):
    from medsmall.record import scores

    def fail(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(scores, "metrics", fail)
    with pytest.raises(KeyboardInterrupt):
        train_small("trainer.max_epochs=1", "seed=99", output_root=tmp_path)
    assert runs(tmp_path) == []


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
