"""The picture of sample sizes, where a record is damaged."""

import json
import runpy
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "plot_sample_sizes.py"


@pytest.mark.parametrize(
    ("config", "metrics"),
    [
        ("{}", {}),
        ("choices: 3", {}),
        ("choices: [", {}),
        ("choices: {experiment: hernia_chexpert}", {}),
        ("", {}),
        ("{}", None),
    ],
)
def test_a_damaged_record_is_named_in_one_sentence(tmp_path, monkeypatch, config, metrics):
    folder = tmp_path / "runs" / "abc"
    folder.mkdir(parents=True)
    (folder / "DONE").touch()
    (folder / "config.yaml").write_text(config)
    text = "garbled" if metrics is None else json.dumps({"schema": 1, "dataset": "x", **metrics})
    (folder / "metrics.json").write_text(text)
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), str(tmp_path), str(tmp_path / "x.png")])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(SCRIPT), run_name="__main__")
    assert str(ended.value.code).startswith(f"The record {folder} is damaged: ")
    assert not (tmp_path / "x.png").exists()
