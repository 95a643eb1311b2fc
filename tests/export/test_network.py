"""A network as ONNX gives what PyTorch gives."""

import numpy as np
import pytest
from small_run import HERNIA

from medsmall.bundle.network import Network
from medsmall.errors import MedsmallError
from medsmall.export.network import as_onnx, crop_of, difference
from medsmall.model import Model
from medsmall.record import Record

PLAIN = [word for word in HERNIA if "tta_views" not in word]


def squares(count, side=48, channels=1):
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (side, side, channels), dtype=np.uint8) for _ in range(count)]


def test_a_network_that_differs_is_refused(train_small):
    record = Record.open(train_small())
    network = Network(as_onnx(Model.load(record.model), 48, None), 1)
    with pytest.raises(MedsmallError, match="differs from PyTorch by 2.0e-04, more than 1e-04"):
        difference(network, lambda images: network(images) + 2e-4, squares(16), np.ones(1))
    with pytest.raises(MedsmallError, match="differs from PyTorch by inf"):
        difference(network, lambda images: network(images) * np.nan, squares(16), np.ones(1))


def test_the_plain_view_is_the_image_its_centre_or_refused(train_small, monkeypatch):
    assert crop_of(Record.open(train_small())) == 45  # the paper's 234 of 250
    assert crop_of(Record.open(train_small("augmentation=none", base=PLAIN))) is None
    record = Record.open(train_small())
    config = record.config
    config["augmentation"] = {
        "_target_": "medsmall.augmentation.own.OwnPipeline", "image_size_px": 48, "strict": False,
        "transforms": [], "plain": [{"VerticalFlip": {"p": 1.0}}], "tta_views": 0,
    }  # fmt: skip
    config["choices"]["augmentation"] = "own"
    monkeypatch.setattr(Record, "config", config)
    with pytest.raises(MedsmallError, match="plain view of augmentation=own is neither the whole"):
        crop_of(record)
