"""The presets that run the cells of a sweep side by side: their threads, and real sweeps."""

import importlib
import json
import os
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core import utils as hydra_utils
from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from omegaconf import DictConfig, OmegaConf
from omegaconf.basecontainer import BaseContainer
from one_thread import one_thread
from small_run import HERNIA

from medsmall.command import as_command
from medsmall.configs import config_dir, options
from medsmall.configs.machine import cores

PRESETS = ["cores", "gpus", "slurm", "slurm_here"]
PLUGIN = {"cores": "joblib", "gpus": "ray", "slurm": "submitit", "slurm_here": "submitit"}
ROOT = Path(__file__).parents[1]


def needs(preset: str) -> None:
    if find_spec(f"hydra_plugins.hydra_{PLUGIN[preset]}_launcher") is None:
        pytest.skip(f"the extra of hydra/launcher={preset} is not installed")


def hydra_of(*overrides: str) -> DictConfig:
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        return compose("train", list(overrides), return_hydra_config=True).hydra


def threads(hydra: DictConfig) -> int:
    given = set(OmegaConf.to_container(hydra.job.env_set, resolve=True).values())
    assert hydra.job.env_set.keys() == {
        "OMP_NUM_THREADS", "OPENCV_FOR_THREADS_NUM", "LOKY_MAX_CPU_COUNT",
    }  # fmt: skip
    (number,) = given
    return int(number)


def test_the_engine_for_cores_comes_with_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert any(one.startswith("hydra-joblib-launcher") for one in project["dependencies"])


def test_the_presets_are_the_options_of_the_group():
    assert [file.stem for file in sorted((config_dir() / "hydra/launcher").iterdir())] == PRESETS
    assert options("hydra/launcher") == PRESETS


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_composes_and_can_be_made(preset):
    needs(preset)
    hydra = hydra_of(f"hydra/launcher={preset}")
    Plugins.instance()._instantiate(hydra.launcher)
    assert 1 <= threads(hydra) <= max(4, cores())


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_names_its_command_and_its_extra(preset):
    about = (config_dir() / f"hydra/launcher/{preset}.yaml").read_text().partition("defaults:")[0]
    assert f"hydra/launcher={preset}" in about
    extra = {"gpus": "ray"}.get(preset, "slurm")
    assert preset == "cores" or f'pip install "medsmall[{extra}]"' in about


@pytest.mark.parametrize(("cells", "each"), [(8, 1), (4, 2), (3, 2), (1, 8), (16, 1), (-1, 1)])
def test_cells_on_cores_share_the_threads(cells, each, monkeypatch):
    needs("cores")
    monkeypatch.setattr("joblib.cpu_count", lambda: 8)
    hydra = hydra_of("hydra/launcher=cores", f"hydra.launcher.n_jobs={cells}")
    assert threads(hydra) == each
    assert hydra_of("hydra/launcher=cores").launcher.n_jobs == 8


def test_a_job_of_slurm_has_as_many_threads_as_cores():
    needs("slurm")
    from submitit.slurm.slurm import _make_sbatch_string

    hydra = hydra_of("hydra/launcher=slurm", "hydra.launcher.cpus_per_task=6")
    assert threads(hydra) == 6
    text = _make_sbatch_string("python", "logs", setup=list(hydra.launcher.setup), cpus_per_task=6)
    assert "export OMP_NUM_THREADS=6\n" in text


def test_ray_gives_a_cell_its_cores_and_no_gpu_where_there_is_none(monkeypatch):
    needs("gpus")
    for machine, share in (("gpu", 0.25), ("cpu", 0)):
        monkeypatch.setitem(BaseContainer._resolvers, "machine", lambda *_, of=machine: of)
        hydra = hydra_of("hydra/launcher=gpus", "hydra.launcher.ray.remote.num_cpus=3")
        assert threads(hydra) == 3
        assert hydra.launcher.ray.remote.num_gpus == share


def test_the_cores_are_those_of_the_share(monkeypatch):
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    assert cores() == 1


def told(monkeypatch, capsys, *words: str) -> str:
    """What train says to a command line that it refuses."""
    monkeypatch.setattr(sys, "argv", ["train", *words])
    with pytest.raises(SystemExit) as ended:
        importlib.import_module("medsmall.train").main()
    assert ended.value.code == 2
    return capsys.readouterr().err


MISSING = {
    "hydra/launcher=gpus": ("ray", "ray"),
    "hydra/launcher=slurm": ("submitit_slurm", "slurm"),
    "hydra/launcher=slurm_here": ("submitit_local", "slurm"),
    "hydra/sweeper=optuna": ("optuna", "optuna"),
}


@pytest.mark.parametrize("chosen", MISSING)
@pytest.mark.parametrize("how", [["-m"], ["--cfg", "job"]], ids=" ".join)
def test_an_engine_that_is_not_installed_names_its_extra(
    chosen, how, monkeypatch, capsys, tmp_path
):
    Plugins.instance()  # those that are installed are in the store from now on
    plugin, extra = MISSING[chosen]
    group = chosen.partition("=")[0]
    options_of = ConfigStore.instance().repo["hydra"][group.partition("/")[2]]
    monkeypatch.delitem(options_of, f"{plugin}.yaml", raising=False)
    monkeypatch.setenv("MEDSMALL_CONF", str(tmp_path))  # composed_once keeps nothing then
    assert told(monkeypatch, capsys, *how, chosen) == (
        f'{group}={plugin} is not installed: pip install "medsmall[{extra}]".\n'
    )


def test_slurm_without_slurm_is_told_in_one_sentence(monkeypatch, capsys, tmp_path):
    needs("slurm")
    monkeypatch.setenv("PATH", str(tmp_path))
    words = ["-m", *HERNIA, "hydra/launcher=slurm", f"output_root={tmp_path}"]
    assert told(monkeypatch, capsys, *words).endswith(
        "There is no Slurm here: start the command on a login node of the cluster, or without one "
        "with hydra/launcher=cores.\n"
    )


def test_a_worker_that_was_started_elsewhere_works_where_the_command_was(monkeypatch, tmp_path):
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    for folder in (here, elsewhere):
        folder.mkdir()
    monkeypatch.chdir(here)
    env_override, seen = hydra_utils.env_override, []

    def there(env):  # a job of Hydra begins with it
        os.chdir(elsewhere)
        return env_override(env)

    monkeypatch.setattr(hydra_utils, "env_override", there)
    monkeypatch.setattr(sys, "argv", ["train", "-m", "seed=1,2"])
    as_command(lambda cfg: seen.append((cfg.seed, Path.cwd())), "", "")()
    assert seen == [(1, here), (2, here)]


CELLS = [*(word for word in HERNIA if "max_epochs" not in word), "trainer.max_epochs=1",
         "sample_size.repeat=0,1", "output_root=here"]  # fmt: skip


def sweep(folder: Path, *more: str) -> dict[str, bytes]:
    """The predictions of two cells, one thread each; output_root is relative to `folder`."""
    done = subprocess.run(
        [sys.executable, "-m", "medsmall.train", "-m", *CELLS, *more],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return predicted(folder)


def predicted(folder: Path) -> dict[str, bytes]:
    runs = [path.parent for path in (folder / "here/runs").glob("*/DONE")]
    for run in runs:
        assert json.loads((run / "environment.json").read_text())["threads"] == 1
    return {run.name: (run / "predictions.csv").read_bytes() for run in runs}


@pytest.fixture
def one_after_the_other(monkeypatch, tmp_path) -> dict[str, bytes]:
    """In this process, as importing takes seconds."""
    folder = tmp_path / "alone"
    folder.mkdir()
    with monkeypatch.context() as patch, one_thread():
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["train", "-m", *CELLS])
        importlib.import_module("medsmall.train").main()
    return predicted(folder)


ENGINES = {  # cores: test_kill_sweeps.py
    "slurm_here": ["hydra.sweeper.max_batch_size=1"],  # launches twice
    "gpus": ["hydra.launcher.ray.remote.num_cpus=1", "hydra.launcher.ray.remote.num_gpus=0"],
}


@pytest.mark.slow
@pytest.mark.parametrize("preset", ENGINES)
def test_cells_side_by_side_give_the_bytes_of_one_after_the_other(
    preset, one_after_the_other, tmp_path
):
    needs(preset)
    side_by_side = sweep(tmp_path, f"hydra/launcher={preset}", *ENGINES[preset])
    assert len(side_by_side) == 2
    assert side_by_side == one_after_the_other
