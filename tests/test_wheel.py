"""The wheel holds the configs and runs from any folder, as a module and as a console script."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    subprocess.run([*build, str(ROOT)], check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.mark.slow
def test_the_wheel_holds_every_config_and_module_and_no_test(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    configs = {str(path.relative_to(ROOT)) for path in (ROOT / "conf").rglob("*.yaml")}
    assert configs == {n.removeprefix("medsmall/") for n in names if n.endswith(".yaml")}
    files = (path for path in (ROOT / "medsmall").rglob("*") if path.is_file())
    package = {str(path.relative_to(ROOT)) for path in files if path.parent.name != "__pycache__"}
    assert package == {n for n in names if n.startswith("medsmall/")} - {
        f"medsmall/{config}" for config in configs
    }
    assert not [name for name in names if "test" in name]


@pytest.mark.slow
def test_the_installed_wheel_runs_from_an_unrelated_folder(wheel, tmp_path):
    """Its dependencies are those of this environment; the package itself comes from the wheel.

    What is run needs no torch, whose import takes seconds: the wheel holds every module.
    """
    site = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile"]
    subprocess.run([*install, "--target", str(site), str(wheel)], check=True, capture_output=True)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    def run(*command: str) -> str:
        done = subprocess.run(
            command, cwd=elsewhere, env={**os.environ, "PYTHONPATH": str(site)},
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    tiny = ["+experiment=first_run", "backbone=tiny", "dataset.phantom_patients=20"]
    run(sys.executable, "-m", "medsmall.prepare", *tiny, "image_size_px=32")
    assert list((elsewhere / "outputs" / "cache").glob("*.u8"))
    assert "backbone: tiny" in run(str(site / "bin" / "medsmall"), "train", *tiny, "--cfg", "job")
    where = "import medsmall.configs as c; print(c.config_dir())"
    assert Path(run(sys.executable, "-c", where).strip()) == site / "medsmall" / "conf"
