"""Runs exported in this process, each network written once."""

from pathlib import Path

import pytest

from medsmall.backbone.weights import sha256
from medsmall.export import bundled
from medsmall.export.__main__ import export

AS_ONNX, KNOWN = bundled.as_onnx, {}


def exported(record: Path | str, to: Path, *words: str, anew: bool = False) -> Path:
    """The bundle of a record's folder; with `anew` torch writes its network again."""

    def as_onnx(model, side, crop):
        name = sha256(model.state_dict()), model.targets.task, side, crop
        if anew or name not in KNOWN:
            KNOWN[name] = AS_ONNX(model, side, crop)
        return KNOWN[name]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bundled, "as_onnx", as_onnx)
        return export([str(record), f"to={to}", *words])
