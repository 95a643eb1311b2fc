"""Every command in the README and in the comments of conf/ is one that works."""

import importlib
import math
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from medsmall.configs import compose, config_dir, groups
from medsmall.dataset.table import Table
from medsmall.record.key import relevant
from medsmall.schema import check

pytestmark = pytest.mark.untraced

ROOT = Path(__file__).parents[1]
HYDRAS = "(?:train|explore|audit|prepare)"  # the commands that a config is composed for


def blocks() -> list[str]:
    """Lines of the bash blocks in the README, without their comments."""
    found = re.findall(r"```bash\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    return [line.split("  #")[0].strip() for block in found for line in block.splitlines()]


def commands() -> list[str]:
    """All of these, and those in comments of the configs and in the help."""
    lines = [
        line for path in config_dir().rglob("*.yaml") for line in path.read_text().splitlines()
    ]
    found = (re.search(rf"python -m medsmall\.{HYDRAS}\b.*", line) for line in lines)
    inside = [match[0] for match in found if match]
    return [line for line in [*blocks(), *inside] if re.search(rf"medsmall\.{HYDRAS}\b", line)]


def overrides(command: str) -> list[list[str]]:
    """For each override of `command`, those that it sweeps over."""
    words = [w for w in shlex.split(command)[3:] if w not in ("-m", "--help") and w[0] != "-"]
    values = []
    for word in words:
        key, _, value = word.partition("=")
        swept = "-m" in command and not value.startswith("[")
        values.append([f"{key}={v}" for v in (value.split(",") if swept else [value])])
    return values


@pytest.fixture
def start(monkeypatch, tmp_path):
    """A command of the README in this process, with more overrides: importing takes seconds."""
    monkeypatch.chdir(tmp_path)

    def run(command: str, *more: str) -> None:
        module, *words = shlex.split(command)[2:]
        monkeypatch.setattr(sys, "argv", [module, *words, *more, f"output_root={tmp_path}"])
        name = module if Path(ROOT, *module.split(".")).with_suffix(".py").is_file() else None
        try:
            importlib.import_module(name or f"{module}.__main__").main()
        except SystemExit as ended:
            if ended.code:
                raise

    return run


@pytest.mark.parametrize("command", [c for c in commands() if "=" in c])
def test_every_command_composes_and_binds(command):
    values = overrides(command)
    for cell in range(max(map(len, values))):  # each value of each, not all pairs of them
        check(compose([of_key[cell % len(of_key)] for of_key in values]))


@pytest.mark.slow
@pytest.mark.parametrize("command", [c for c in blocks() if c.endswith("chestxray14 phantom=true")])
def test_the_commands_about_a_data_set_run(command, start, capsys, tmp_path):
    start(command, "dataset.phantom_patients=60")
    told = Path(re.search(rf"{tmp_path}/\S+\.(html|csv|u8)", capsys.readouterr().out)[0])
    assert told.stat().st_size > 50


def test_init_finds_its_way_as_the_readme_says(tmp_path):
    (command,) = [c for c in blocks() if "medsmall.init" in c]
    Table("x", file="images.csv").write_phantom(tmp_path, 40, 0)
    done = subprocess.run(
        [sys.executable, *shlex.split(command)[1:]], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    (written,) = (tmp_path / "conf" / "dataset").iterdir()
    assert f"python -m medsmall.train dataset={written.stem}" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("command", [c for c in blocks() if "phantom=true backbone=tiny" in c])
def test_the_small_commands_of_the_readme_run(command, start, tmp_path):
    start(command, "dataset.phantom_patients=150")
    cells = math.prod(map(len, overrides(command)))
    assert len(list(tmp_path.glob("runs/*/DONE"))) == cells


def test_the_readme_names_every_group_and_option():
    text = (ROOT / "README.md").read_text()
    for group in set(groups()) - {"experiment"}:
        (row,) = [line for line in text.splitlines() if line.startswith(f"| `{group}` | `")]
        for option in (config_dir() / group).glob("*.yaml"):
            assert f"`{option.stem}`" in row, f"{group}={option.stem}"


def test_the_scripts_that_the_readme_names_exist_and_parse():
    for script in re.findall(r"bash (scripts/\S+\.sh)", (ROOT / "README.md").read_text()):
        subprocess.run(["bash", "-n", str(ROOT / script)], check=True)


def test_runs_of_one_picture_differ_in_what_it_compares_alone():
    compared = runpy.run_path(str(ROOT / "scripts" / "plot_sample_sizes.py"))["COMPARED"]

    def of(*overrides):
        return relevant(check(compose(["+experiment=hernia_chexpert", *overrides])), compared)

    for swept in ("none", "imagenet", "mura"):
        assert of(f"pretraining={swept}", "sample_size.n=50", "sample_size.repeat=2") == of()
    for other in ("loss=bce_weighted", "split=stratified", "dataset.targets=[Mass]"):
        assert of(other) != of()


def test_the_picture_is_drawn_from_records(train_small, tmp_path):
    pytest.importorskip("matplotlib")
    base = ["+experiment=hernia_chexpert", "phantom=true", "dataset.phantom_patients=60",
            "backbone=tiny", "image_size_px=48", "pretraining=none", "trainer.max_epochs=1",
            "logger=none", "augmentation.tta_views=0"]  # fmt: skip
    for n in (10, 14):
        train_small(f"sample_size.n={n}", base=base, output_root=tmp_path)
    picture = tmp_path / "picture.png"
    script = str(ROOT / "scripts" / "plot_sample_sizes.py")
    train_small("loss=bce_weighted", "sample_size.n=10", base=base, output_root=tmp_path)
    other = ["+experiment=first_run", *base[1:], "sample_size.n=10"]
    train_small(base=other, output_root=tmp_path)
    bone_age = ["dataset=rsna_boneage", "loss=mae", "split=stratified", "sample_size.n=10"]
    train_small(base=[*bone_age, *base[1:]], output_root=tmp_path)
    drawn = subprocess.run(
        [sys.executable, script, str(tmp_path), str(picture)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    left_out = drawn.stderr.splitlines()
    assert left_out[0] == "Left out: 1 run(s) that predict numbers, without AUROC."
    assert left_out[1] == "Left out: 1 run(s) of first_run; name it last to draw it."
    assert left_out[2].startswith("Left out: 1 run(s) with loss.")
    assert picture.read_bytes().startswith(b"\x89PNG")
    empty = subprocess.run(
        [sys.executable, script, str(tmp_path / "nothing"), str(picture)],
        capture_output=True, text=True,
    )  # fmt: skip
    assert empty.returncode != 0
    assert "no finished run" in empty.stderr
