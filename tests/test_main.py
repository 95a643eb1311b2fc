"""`medsmall COMMAND` is `python -m medsmall.COMMAND`; alone it lists the commands."""

import re
import sys

import pytest

from medsmall.__main__ import COMMANDS, main
from medsmall.configs.options import first_line, options
from medsmall.help import TOLD


@pytest.fixture
def medsmall(monkeypatch, capsys):
    def run(*words):
        monkeypatch.setattr(sys, "argv", ["medsmall", *words])
        try:
            main()
            code = 0
        except SystemExit as ended:
            code = ended.code or 0
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.mark.parametrize("words", [[], ["--help"], ["help"]])
def test_it_lists_the_commands(medsmall, words):
    code, out, _ = medsmall(*words)
    assert code == 0
    assert all(f"\n  medsmall {name} " in out for name in COMMANDS)


def test_a_mistyped_command_is_one_sentence(medsmall):
    assert medsmall("trian") == (2, "", "There is no command 'trian' (did you mean 'train'?).\n")


def test_the_rest_goes_to_the_command(medsmall):
    code, out, _ = medsmall("train", "backbone=tiny", "--cfg", "job")
    assert code == 0
    assert "name: test_resnet" in out
    assert medsmall("train", "backbon=tiny")[2].startswith("There is no key or group 'backbon'")
    assert medsmall("--version")[1] == medsmall("train", "--version")[1]


@pytest.mark.parametrize("command", COMMANDS)
def test_each_help_shows_its_own_examples(medsmall, command):
    code, out, _ = medsmall(command, "--help")
    assert code == 0
    examples = [line for line in out.splitlines() if line.startswith("  python -m medsmall.")]
    assert examples
    assert all(f"medsmall.{command} " in f"{line} " for line in examples)


@pytest.mark.parametrize("group", TOLD)
def test_help_says_of_each_option_what_it_is_in_one_line(medsmall, group):
    _, out, _ = medsmall("train", "--help")
    for option in options(group):
        line = first_line(group, option)
        assert line.endswith((".", "?"))
        assert 20 < len(line) <= 100
        assert re.search(rf"^    {option} +{re.escape(line)}$", out, re.M)


def test_help_lists_data_sets_of_ones_own(medsmall, monkeypatch, tmp_path):
    (tmp_path / "dataset").mkdir()
    (tmp_path / "dataset" / "clinic.yaml").write_text("# mine\nroot: x\n")
    monkeypatch.setenv("MEDSMALL_CONF", str(tmp_path))
    assert "Your own data sets" in (out := medsmall("train", "--help")[1])
    assert "dataset=clinic" in out
