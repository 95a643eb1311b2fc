"""Whole sweeps in this process, with runs that take a second."""

import errno
import json
import re

import pytest
from small_run import HERNIA

from medsmall import train
from medsmall.command import mendable
from medsmall.record import Record
from medsmall.sweep.folder import SweepFolder
from medsmall.train import main

QUICK = [word for word in HERNIA if "max_epochs" not in word] + ["trainer.max_epochs=1"]


@pytest.fixture
def sweep(commanded, tmp_path):
    """A sweep."""

    def run(*words: str) -> tuple[int, str, str]:
        given = {word.partition("=")[0] for word in words}
        base = [word for word in QUICK if word.partition("=")[0] not in given]
        return commanded(main, "-m", *base, f"output_root={tmp_path}", *words)

    return run


def broken(monkeypatch, error: BaseException, seed: int = 2) -> None:
    """Runs with this seed raise the `error` when they are made."""
    make = train.make

    def makes(case, *rest):
        if case.cfg.seed == seed:
            raise error
        return make(case, *rest)

    monkeypatch.setattr(train, "make", makes)


def keys(folder) -> set[str]:
    return {file.parent.name for file in folder.glob("runs/*/DONE")}


def test_a_fault_of_the_program_is_kept_with_its_traceback_and_the_others_run(
    sweep, monkeypatch, tmp_path
):
    with monkeypatch.context() as patched:
        broken(patched, KeyError("nix"))
        status, _, said = sweep("seed=1,2,3")
    assert status == 2
    assert said.count("Traceback") == 0
    assert "Failed: seed=2: KeyError: 'nix'" in said
    assert "2 of 3 cells succeeded, 1 failed" in said
    (again,) = re.findall(r"runs only those again: python -m medsmall.train (.*)", said)
    assert again.startswith("-m ")
    assert again.endswith("seed=1,2,3")
    assert "hydra/sweeper" not in again
    (file,) = tmp_path.glob("sweeps/*/failed/*.json")
    assert "KeyError: 'nix'" in json.loads(file.read_text())["traceback"]
    before = {key: (tmp_path / "runs" / key / "DONE").stat().st_mtime_ns for key in keys(tmp_path)}

    status, out, said = sweep("seed=1,2,3")
    assert status == 0
    assert "3 cells, 2 recorded already, 1 to run" in said
    assert said.count(" cells done") == 1
    assert all((tmp_path / "runs" / k / "DONE").stat().st_mtime_ns == t for k, t in before.items())
    assert "│ 3       │" in out  # the report counts all three
    folder = SweepFolder.last(tmp_path)
    assert {cell.key for cell in folder.cells} == keys(tmp_path)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (MemoryError(), "Out of memory (CPU): lower batch_size"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "Out of memory (CPU)"),
        (OSError(errno.ENOSPC, "No space left on device", "/mnt/x"), "A disk of /mnt/x is full"),
    ],
)
def test_exhausted_memory_and_disks_are_named(sweep, monkeypatch, tmp_path, error, sentence):
    broken(monkeypatch, error)
    status, _, said = sweep("seed=1,2")
    assert status == 2
    assert f"Failed: seed=2: {sentence}" in said
    (file,) = tmp_path.glob("sweeps/*/failed/*.json")
    assert json.loads(file.read_text())["traceback"] == ""


def test_memory_of_a_gpu_is_told_without_one():
    import torch

    assert "Out of memory (GPU)" in str(mendable(torch.OutOfMemoryError("CUDA out of memory")))


def test_fail_fast_ends_with_the_first(sweep, monkeypatch, tmp_path):
    broken(monkeypatch, KeyError("nix"), seed=1)
    status, _, said = sweep("seed=1,2,3", "sweep.fail_fast=true")
    assert status == 2
    assert "0 of 3 cells succeeded, 1 failed" in said
    assert "2 were not run" in said
    assert not keys(tmp_path)


def test_an_interrupt_keeps_what_is_complete_and_says_how_to_go_on(sweep, monkeypatch, tmp_path):
    with monkeypatch.context() as patched:
        broken(patched, KeyboardInterrupt())
        status, _, said = sweep("seed=1,2,3")
    assert status == 130
    assert "Interrupted: 1 of 3 cells recorded; the same command goes on" in said
    assert len(keys(tmp_path)) == 1
    folders = [file for file in (tmp_path / "runs").iterdir() if file.is_dir()]
    assert all(Record(folder).done for folder in folders)


def test_cells_without_sense_are_left_out_and_listed(sweep, tmp_path):
    sizes = "sample_size.n=10,5000"
    status, _, said = sweep("strategy=feature_extractor,finetune_all", sizes)
    assert status == 0
    assert "Left out: strategy=feature_extractor sample_size.n=10 and 1 more: a random" in said
    assert "Left out: strategy=finetune_all sample_size.n=5000: sample_size.n=5000 needs" in said
    assert "1 cell, 0 recorded already, 1 to run" in said
    assert len(keys(tmp_path)) == 1
    assert len(SweepFolder.last(tmp_path).cells) == 4


def test_without_any_sense_nothing_is_written(sweep, tmp_path):
    status, _, said = sweep("strategy=feature_extractor", "seed=1,2")
    assert status == 2
    assert "No cell is left to run" in said
    assert not (tmp_path / "sweeps").exists()


def test_the_same_run_twice_is_one_cell(sweep, tmp_path):
    status, _, said = sweep("trainer.enable_progress_bar=true,false")
    assert status == 0
    assert "1 cell (1 more are the same run as another)" in said


def test_a_rule_of_ones_own(sweep, tmp_path):
    (tmp_path / "conf" / "sweep").mkdir(parents=True)
    (tmp_path / "conf" / "sweep" / "mine.yaml").write_text(
        "# My rules, beside those of medsmall.\ndefaults: [grid]\n"
        "rules:\n  odd:\n    when: {seed: [1, 3]}\n    why: odd seeds bring bad luck\n"
    )
    status, _, said = sweep("sweep=mine", "seed=1,2,3")
    assert status == 0
    assert "Left out: seed=1 and 1 more: odd seeds bring bad luck." in said
    assert len(keys(tmp_path)) == 1


@pytest.mark.parametrize("name", ["mine", "Röntgen (1)"])
def test_a_name_may_be_given_also_where_a_cell_fails(sweep, monkeypatch, tmp_path, name):
    broken(monkeypatch, KeyError("nix"))
    status, _, said = sweep("seed=1,2", f"sweep.name={name}")
    assert status == 2
    assert "1 of 2 cells succeeded, 1 failed" in said
    assert (tmp_path / "sweeps" / name / "grid.json").is_file()
    assert SweepFolder.last(tmp_path).name == name


def test_a_name_that_is_no_folder_is_one_sentence(sweep):
    status, _, said = sweep("seed=1,2", "sweep.name=a/b")
    assert status == 2
    assert said.strip() == "There can be no sweep of the name 'a/b': choose another."


def test_another_grid_of_the_same_name_is_refused(sweep, tmp_path):
    assert sweep("seed=1", "sweep.name=mine")[0] == 0
    status, _, said = sweep("seed=2", "sweep.name=mine")
    assert status == 2
    assert "sweep.name=mine is the name of another grid: choose another name, or delete" in said
    assert len(keys(tmp_path)) == 1


def test_a_class_that_ends_the_process_is_a_failed_cell(sweep, monkeypatch, tmp_path):
    broken(monkeypatch, SystemExit(3))
    status, _, said = sweep("seed=1,2,3")
    assert status == 2
    assert "Failed: seed=2: SystemExit: 3" in said
    assert len(keys(tmp_path)) == 2


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["sweep.fail_fast=maybe"], "sweep.fail_fast must be"),
        (["sweep.name=5"], "sweep.name must be"),
        (["sweep.name=a,b"], "The keys of the group sweep are for all cells"),
        (["hydra.sweeper.max_batch_size=0"], "hydra.sweeper.max_batch_size must be at least 1"),
        (["hydra/launcher=cores", "hydra.launcher.n_jobs=0"], "hydra.launcher.n_jobs must be"),
    ],
)
def test_a_wrong_setting_is_one_sentence_for_all_cells(sweep, tmp_path, words, sentence):
    status, _, said = sweep("seed=1,2", *words)
    assert status == 2
    assert len(said.strip().splitlines()) == 1
    assert said.startswith(sentence)
    assert not (tmp_path / "sweeps").exists()


@pytest.mark.parametrize("content", ["rules: {}\n", "\n"])
def test_rules_without_their_defaults_are_one_sentence(sweep, tmp_path, content):
    (tmp_path / "conf" / "sweep").mkdir(parents=True)
    (tmp_path / "conf" / "sweep" / "mine.yaml").write_text(f"# Mine.\n{content}")
    status, _, said = sweep("sweep=mine", "seed=1,2")
    assert status == 2
    assert said.strip().endswith("let its file begin with the line defaults: [grid].")


def test_no_rules_at_all_are_rules_too(sweep, tmp_path):
    status, _, said = sweep("seed=1", "sweep.rules=null")
    assert status == 0, said


def test_an_upstream_that_fails_is_tried_once_for_all_cells(sweep, monkeypatch, tmp_path):
    tried, make = [], train.make

    def makes(case, *rest):
        tried.append(case.dataset.name)
        if case.dataset.name == "chexpert":
            raise KeyError("nix")
        return make(case, *rest)

    upstream = "['pretraining=none','trainer.max_epochs=1','dataset.phantom_patients=40']"
    monkeypatch.setattr(train, "make", makes)
    words = ["pretraining=chexpert", f"pretraining.overrides={upstream}", "seed=1,2,3"]
    status, _, said = sweep(*words)
    assert status == 2
    assert tried == ["chexpert"]
    assert "0 of 3 cells succeeded, 3 failed" in said
    assert re.search(r"Failed: seed=3: KeyError: 'nix' \(In the chexpert upstream \w+, which", said)


def test_a_machine_that_sees_another_run_says_so(sweep, monkeypatch, tmp_path):
    """As a node with a GPU does where a login node without one has identified the cells."""
    resolve = train.resolve

    def elsewhere(cfg, once=None, decode=True):
        cfg.trainer.precision = "bf16-mixed"
        return resolve(cfg, once, decode)

    monkeypatch.setattr(train, "resolve", elsewhere)
    status, _, said = sweep("seed=1,2")
    assert status == 2
    assert (
        said.count("set trainer=gpu trainer.precision=bf16-mixed") == 3
    )  # as it happens, and last
    assert not keys(tmp_path)
