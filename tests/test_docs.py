"""Every command in the README, in docs/ and in the comments of conf/ is one that works."""

import contextlib
import importlib
import io
import math
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import yaml
from made_records import completed, sweep
from omegaconf import OmegaConf

from medsmall import init
from medsmall.configs import compose, config_dir, groups
from medsmall.configs.options import first_line, options
from medsmall.dataset.table import Table
from medsmall.schema import check
from medsmall.sweep.folder import Cell, SweepFolder

ROOT = Path(__file__).parents[1]
HYDRAS = "(?:train|plan|explore|audit|prepare|lr)"  # the commands that a config is composed for
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
OWN = "dataset=befunde"  # the data set of the pages that tell about one's own
COMPOSED: set[str] = set()  # options, so far
# in place of what takes long
TINY = ["backbone=tiny", "pretraining=none", "image_size_px=32", "trainer.max_epochs=1",
        "sweep.rules.random_features=null"]  # fmt: skip


def blocks(*pages: Path) -> list[str]:
    """Lines of the bash blocks in these pages, or in all, without their comments."""
    text = "\n".join(page.read_text() for page in pages or PAGES)
    found = re.findall(r"```bash\n(.*?)```", text, re.DOTALL)
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
        swept = "-m" in command and not value.startswith(("[", "tag("))
        values.append([f"{key}={v}" for v in (value.split(",") if swept else [value])])
    return values


@pytest.fixture
def start(monkeypatch, tmp_path):
    """A command of the README in this process, with more overrides: importing takes seconds."""
    monkeypatch.chdir(tmp_path)

    def run(command: str, *more: str, output_root: Path = tmp_path) -> None:
        module, *words = shlex.split(command)[2:]
        keys = {word.partition("=")[0] for word in more}  # a key is swept once
        words = [word for word in words if word.partition("=")[0] not in keys]
        monkeypatch.setattr(sys, "argv", [module, *words, *more, f"output_root={output_root}"])
        name = module if Path(ROOT, *module.split(".")).with_suffix(".py").is_file() else None
        try:
            importlib.import_module(name or f"{module}.__main__").main()
        except SystemExit as ended:
            if ended.code:
                raise

    return run


def composes(command: str) -> None:
    """Each value of each override, not all pairs of them; only options are composed anew."""
    values = overrides(command)
    engine = [v for v in values if v[0].startswith("hydra")]  # conf/hydra/launcher/
    if "hydra/launcher=gpus" in command and find_spec("hydra_plugins.hydra_ray_launcher") is None:
        pytest.skip("the extra ray is not installed")
    values = [v for v in values if v not in engine and "interval(" not in v[0]]
    options = [v for v in values if v[0].partition("=")[0].lstrip("+") in groups()]
    settings = [v for v in values if v not in options]
    for cell in range(max(map(len, options), default=1)):
        chosen = [of_key[cell % len(of_key)] for of_key in options]
        if cell and COMPOSED.issuperset(chosen):  # with other options
            continue
        COMPOSED.update(chosen)
        cfg = compose([*chosen, *(of_key[0] for of_key in [*engine, *settings])])
        check(cfg)
    for cell in range(1, max(map(len, settings), default=0)):
        for of_key in settings:
            key, _, value = of_key[cell % len(of_key)].partition("=")
            OmegaConf.update(cfg, key, yaml.safe_load(value))
        check(cfg)


@pytest.fixture(scope="module")
def own_options(tmp_path_factory):
    """A folder with the options that the pages show: YAML whose first line is its path."""
    folder = tmp_path_factory.mktemp("own")
    for page in PAGES:
        for path, text in re.findall(r"```yaml\n# \./(\S+)\n(.*?)```", page.read_text(), re.DOTALL):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
    return folder


@pytest.mark.parametrize(
    "command", [c for c in dict.fromkeys(commands()) if "=" in c and OWN not in c]
)
def test_every_command_composes_and_binds(command, own_options, monkeypatch):
    monkeypatch.chdir(own_options)
    monkeypatch.delenv("MEDSMALL_CONF", raising=False)
    composes(command.replace("dataset=mine", "dataset=folder"))


@pytest.mark.slow
@pytest.mark.parametrize("command", [c for c in blocks() if c.endswith("chestxray14 phantom=true")])
def test_the_commands_about_a_data_set_run(command, start, capsys, monkeypatch, outputs):
    # they are tested in tests/explore
    monkeypatch.setattr("medsmall.page.sections.picture", lambda *figure: b"")
    monkeypatch.setattr("medsmall.page.sections.drawn_svg", lambda figure: '<svg width="1pt">')
    start(command, "dataset.phantom_patients=60", output_root=outputs)
    told = Path(re.search(rf"{outputs}/\S+\.(html|csv|u8)", capsys.readouterr().out)[0])
    assert told.stat().st_size > 50


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A folder with the tables and the class folders that the pages speak of."""
    folder = tmp_path_factory.mktemp("desk")
    Table("x", file="images.csv").write_phantom(folder, 40, 0)
    images = pd.read_csv(folder / "images.csv")["image"]
    count = np.arange(len(images))
    rows = pd.DataFrame({"image": images, "case_no": [f"c{i // 2}" for i in count]})
    rows.assign(diagnosis=np.where(count % 3, "naevus", "keratosis")).to_csv(folder / "films.csv")
    edema = np.tile([1, 0, np.nan, 0], len(images) // 4)
    rows.assign(Pneumonia=count % 2, Edema=edema).to_csv(folder / "reports.csv", index=False)
    kinds = ["Keratose", "KERATOSE", "Keratose ", "Naevus", "Naevus", "naevus", "k.A."]
    lines = ["Bild;Pat.-Nr.;Alter;Geschlecht;Größe in mm;Befund"]
    for i, image in enumerate(images):
        windows = image.replace("/", "\\")
        lines.append(f"{windows};{i // 2};{20 + i};{'mw'[i // 2 % 2]};{i},5;{kinds[i % 7]}")
        film = folder / "thorax" / ("NORMAL", "PNEUMONIA")[i % 2] / f"person{i}_bacteria_{i}.png"
        film.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / image, film)
    (folder / "befunde.csv").write_bytes("\r\n".join(lines).encode("cp1252"))
    return folder


@pytest.fixture(scope="module")
def described(desk):
    """What each `init` of the pages says there, in their order: by command."""
    said = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(desk)
        patch.delenv("MEDSMALL_CONF", raising=False)
        patch.setattr(init, "_audit", lambda overrides: True)  # the tutorial begins with one
        for command in dict.fromkeys(c for c in blocks() if "medsmall.init" in c):
            told = io.StringIO()
            out, err = contextlib.redirect_stdout(told), contextlib.redirect_stderr(told)
            with out, err, contextlib.suppress(SystemExit):
                init.main(shlex.split(command)[3:])
            said[command] = told.getvalue()
    return said


def test_init_finds_its_way_as_the_pages_say(described):
    assert len(described) >= 6
    for command, told in described.items():
        name = shlex.split(command)[3].removesuffix(".csv").removeprefix("images")
        expected = f"python -m medsmall.train dataset={name}"
        assert expected in told, command


@pytest.mark.parametrize("command", [c for c in dict.fromkeys(blocks()) if OWN in c])
def test_every_command_on_own_data_composes_and_binds(command, desk, described, monkeypatch):
    monkeypatch.chdir(desk)
    monkeypatch.delenv("MEDSMALL_CONF", raising=False)
    composes(command)


@pytest.mark.slow
def test_the_tutorial_leads_to_the_picture(
    desk, described, start, monkeypatch, capsys, tmp_path, figures
):
    monkeypatch.chdir(desk)
    monkeypatch.delenv("MEDSMALL_CONF", raising=False)
    pages = blocks(ROOT / "docs" / "own_data.md")
    for command in [c for c in pages if OWN in c and "explore" not in c]:  # others open its page
        sweep = ["sample_size.n=8,12", "sample_size.repeat=0"] if command.count("-m") > 1 else []
        start(command, *(TINY if "train" in command else []), *sweep)
    told = capsys.readouterr().out
    assert told.count("Test on ") == 1  # those of a sweep are in its report
    assert " repeats and " in told or "no verdict" in told or "with 95% intervals" in told
    assert (tmp_path / "report" / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_no_page_has_a_gap_to_fill():
    for page in PAGES:
        assert not re.findall(r"^[A-Z]{5,}$|\b(?:TODO|TBD|XXX)\b", page.read_text(), re.M), page


def test_the_pages_name_files_that_are_there():
    for page in PAGES:
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


@pytest.mark.slow
def test_the_small_commands_of_the_readme_run(start, tmp_path):
    small = [c for c in blocks() if "phantom=true backbone=tiny" in c]
    assert len(small) >= 3
    cells = 0
    for command in small:  # on the same films
        start(command, "dataset.phantom_patients=80", "trainer.max_epochs=1", "logger=none")
        cells += math.prod(map(len, overrides(command)))
        assert len(list(tmp_path.glob("runs/*/DONE"))) == cells


def test_the_readme_names_every_group_and_option():
    text = (ROOT / "README.md").read_text()
    for group in set(groups()) - {"experiment"}:
        (row,) = [line for line in text.splitlines() if line.startswith(f"| `{group}` | `")]
        for option in (config_dir() / group).glob("*.yaml"):
            assert f"`{option.stem}`" in row, f"{group}={option.stem}"


@pytest.mark.parametrize("group", ["pretraining", "learner", "features", "strategy"])
def test_the_readme_says_of_each_option_what_the_help_says(group):
    rows = (ROOT / "README.md").read_text().splitlines()
    for option in options(group):
        assert f"| `{option}` | {first_line(group, option)} |" in rows


@pytest.mark.parametrize("group", ["loss", "sampler", "objective", "threshold"])
def test_the_page_on_imbalance_says_of_each_option_what_the_help_says(group):
    rows = (ROOT / "docs" / "imbalance.md").read_text().splitlines()
    for option in options(group):
        named = option if group == "loss" else f"{group}={option}"
        assert f"| `{named}` | {first_line(group, option)} |" in rows


def test_the_pages_that_the_configs_name_exist():
    for path in config_dir().rglob("*.yaml"):
        for page in re.findall(r"docs/\w+\.md", path.read_text()):
            assert (ROOT / page).is_file(), f"{path.name} names {page}"


def test_the_scripts_that_the_readme_names_exist_and_parse():
    for script in re.findall(r"bash (scripts/\S+\.sh)", (ROOT / "README.md").read_text()):
        subprocess.run(["bash", "-n", str(ROOT / script)], check=True)


@pytest.mark.parametrize("command", [c for c in dict.fromkeys(blocks()) if "medsmall.report" in c])
def test_the_commands_about_records_run(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MEDSMALL_OUTPUT", raising=False)
    records = sweep(tmp_path / "outputs", {"none": 0.2, "imagenet": 0.8}, repeats=2)
    cells = [Cell((record.key,), key=record.key) for record in records]
    SweepFolder(tmp_path / "outputs", "which_pretraining-3fa2c1").begin(cells)
    monkeypatch.setattr(sys, "argv", shlex.split(command)[2:])
    importlib.import_module("medsmall.report.__main__").main()
    assert "with 95% intervals" in capsys.readouterr().out


SENDS = [c for c in dict.fromkeys(blocks()) if "medsmall.send" in c or "wandb_dashboard" in c]


@pytest.mark.parametrize("command", SENDS)
def test_the_commands_that_send_records_do(command, tmp_path, monkeypatch, capsys):
    """To a listener in the place of servers and accounts."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MEDSMALL_OUTPUT", raising=False)
    records = sweep(tmp_path / "outputs", {"none": 0.2, "imagenet": 0.8}, sizes=(50,), repeats=2)
    cells = [Cell((record.key,), key=completed(record).key) for record in records]
    SweepFolder(tmp_path / "outputs", "which_pretraining-3fa2c1").begin(cells)
    heard = []
    listener = SimpleNamespace(
        epoch=heard.append, result=heard.append, end=lambda complete: "", save=lambda: None
    )
    monkeypatch.setattr("medsmall.send.started", lambda *asked: listener)
    if "medsmall.send" in command:
        monkeypatch.setattr(sys, "argv", shlex.split(command)[2:])
        importlib.import_module("medsmall.send").main()
        assert len(heard) == len(records) * 3  # two epochs, one result
        assert "Sent: 4 runs." in capsys.readouterr().err
        return
    workspaces = pytest.importorskip("wandb_workspaces.workspaces")
    monkeypatch.setattr(workspaces.Workspace, "save", lambda self: heard.append(self.name))
    monkeypatch.setattr(workspaces.Workspace, "url", "https://wandb.ai")
    monkeypatch.setattr(sys, "argv", shlex.split(command)[1:])
    runpy.run_path(str(ROOT / shlex.split(command)[1]), run_name="__main__")
    assert heard == ["Arms: chestxray14"]


@pytest.mark.slow
def test_the_commands_about_using_a_model_run(start, monkeypatch, tmp_path, capsys):
    """Those of docs/using.md in their order, on generated films instead of the real ones."""
    page = ROOT / "docs" / "using.md"
    shown = [line for line in blocks(page) if line]
    first, *others = dict.fromkeys(shown)
    films = ["phantom=true", "dataset.phantom_patients=120"]
    start(first, *films, *TINY, "sample_size.n=40")
    done = next((tmp_path / "phantoms").glob("chest_xray-120-*/test/*"))
    (tmp_path / "films").symlink_to(done)
    for line in others:
        more = films if " on dataset" in line else []
        line = line.replace("sets=0.1", "sets=0.2")  # the phantom has 5 healthy test patients
        start(line.replace("*.png", "*.jpeg").replace("dataset.missing_images=drop", ""), *more)
    told = capsys.readouterr()
    assert "calibrated" in told.out or "not calibrated" in told.err
    assert (tmp_path / "answers.csv").is_file()
    assert len([*(tmp_path / "evaluations").glob("[!.]*")]) == 2
    assert [*(tmp_path / "finals").glob("*/DONE")]


@pytest.mark.slow
def test_the_commands_about_a_bundle_run(start, monkeypatch, tmp_path, capsys):
    """Those of docs/export.md in their order."""
    train, *others = [line for line in blocks(ROOT / "docs" / "export.md") if line]
    start(train, "dataset.phantom_patients=60", *TINY)
    films = next((tmp_path / "phantoms").glob("chestxray14-60-*/images"))
    (tmp_path / "films").symlink_to(films)
    for line in others:
        if line.startswith("python -m"):
            start(line)
            continue
        subprocess.run([sys.executable, *shlex.split(line)[1:]], check=True, timeout=60)
    assert "Hernia" in capsys.readouterr().out
    assert len(pd.read_csv(tmp_path / "answers.csv")) == len(list(films.iterdir()))
    sizes = [(tmp_path / one / "network_0.onnx").stat().st_size for one in ("small", "bundle")]
    assert sizes[0] < sizes[1]
