"""A head that trains on kept features: as through the frozen body, and only where that is so."""

import numpy as np
import pytest
from small_run import HERNIA

from medsmall.learner import head_alone
from medsmall.learner.head_alone import OnFeatures
from medsmall.model import Model
from medsmall.record import Record

PLAIN = ["augmentation=none", "strategy=feature_extractor", "trainer.max_epochs=4"]
SMALL = [word for word in HERNIA if "augmentation" not in word]


@pytest.fixture
def shortcuts(monkeypatch):
    """How often a training went over features."""
    taken = []
    made = OnFeatures.__init__
    monkeypatch.setattr(OnFeatures, "__init__", lambda s, m: (taken.append(1), made(s, m))[1])
    return taken


def test_its_run_is_that_through_the_body_except_for_rounding(
    train_small, tmp_path, shortcuts, monkeypatch
):
    short = Record.open(train_small(*PLAIN, base=SMALL, output_root=tmp_path / "short"))
    assert shortcuts == [1]
    monkeypatch.setattr(head_alone, "trains_alone", lambda *_: False)
    long = Record.open(train_small(*PLAIN, base=SMALL, output_root=tmp_path / "long"))
    assert shortcuts == [1]
    assert short.key == long.key
    assert short.metrics["chosen_epoch"] == long.metrics["chosen_epoch"]
    for column in ("train_loss", "val_loss", "lr_0"):
        np.testing.assert_allclose(short.history[column], long.history[column], rtol=1e-4)
    np.testing.assert_allclose(
        short.predictions["prob_Hernia"], long.predictions["prob_Hernia"], atol=1e-5
    )
    one, other = (Model.load(record.model).module.state_dict() for record in (short, long))
    for name, tensor in one.items():
        assert tensor.allclose(other[name], atol=1e-5), name
    assert short.history["train_loss"].iloc[-1] != short.history["train_loss"].iloc[0]


def test_the_body_runs_once_for_each_image(train_small, tmp_path, monkeypatch):
    ran = []
    forward = Model.forward
    monkeypatch.setattr(Model, "forward", lambda s, x: (ran.append(len(x)), forward(s, x))[1])
    record = Record.open(train_small(*PLAIN, base=SMALL, output_root=tmp_path))
    images = record.draw["image"].nunique()
    blocks = 16 * sum(-(-n // 16) for n in record.draw["part"].value_counts())
    checks = 4  # of whether the network takes the size and ends in a linear layer
    assert images <= sum(ran) <= blocks + checks


@pytest.mark.parametrize(
    "overrides",
    [
        ["augmentation=chest_safe"],
        ["strategy=finetune_all"],
        ["strategy.norm=reestimated"],
        ["strategy=bias_only"],
    ],
)
def test_where_anything_else_moves_it_trains_on_images(train_small, tmp_path, shortcuts, overrides):
    words = [*PLAIN[:2], "trainer.max_epochs=1", *overrides]
    words = words[1:] if overrides[0].startswith("augmentation") else words
    words = [w for w in words if not (overrides[0].startswith("strategy=") and w == PLAIN[1])]
    train_small(*words, base=SMALL, output_root=tmp_path)
    assert not shortcuts
