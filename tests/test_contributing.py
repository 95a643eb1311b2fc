"""The examples of CONTRIBUTING.md: as they stand there, they make a run."""

import re
from pathlib import Path

from medsmall.configs import compose
from medsmall.train import train

ROOT = Path(__file__).parents[1]
DATASET = """# The data set of the example.
_target_: mine.example.Example
root: ${data_root}/example
targets: null
missing_images: error
phantom_patients: 60
"""


def block(kind, holding):
    """The one fenced block of a language that holds a text."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    [found] = [b for b in re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL) if holding in b]
    return found


def test_the_data_set_and_the_strategy_train_together(tmp_path, monkeypatch):
    files = {
        "mine/__init__.py": "",
        "mine/example.py": block("python", "class Example"),
        "mine/surgical.py": block("python", "class Surgical"),
        "conf/dataset/example.yaml": DATASET,
        "conf/strategy/surgical.yaml": block("yaml", "surgical").replace(
            "medsmall.strategy.surgical", "mine.surgical"
        ),
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setenv("MEDSMALL_CONF", str(tmp_path / "conf"))
    monkeypatch.syspath_prepend(tmp_path)
    options = ["dataset=example", "strategy=surgical", "phantom=true", "split=stratified",
               "sample_size.n=20", "backbone=tiny", "image_size_px=48", "pretraining=none",
               "augmentation=none", "trainer.max_epochs=1", f"output_root={tmp_path}"]  # fmt: skip
    record = train(compose(options))
    assert list(record.history.filter(like="lr_")) == ["lr_0", "lr_1"]
    assert record.metrics["dataset"] == "example"
