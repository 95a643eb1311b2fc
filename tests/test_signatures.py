"""Signatures read from source text, against those of the imported classes."""

import inspect
from typing import Literal

import pytest
from hydra.utils import get_object
from omegaconf import OmegaConf

from medsmall.configs import config_dir
from medsmall.errors import MedsmallError
from medsmall.signatures import signature


def targets() -> list[str]:
    """Every `_target_` under conf/."""
    found = set()

    def walk(node):
        if isinstance(node, dict):
            found.update([node["_target_"]] if "_target_" in node else [])
            for value in node.values():
                walk(value)

    for file in config_dir().glob("[!h]*/*.yaml"):  # hydra/ is checked by Hydra
        walk(OmegaConf.to_container(OmegaConf.load(file)))
    return sorted(found)


@pytest.mark.parametrize("target", targets())
def test_a_signature_read_from_source_is_that_of_the_imported_class(target):
    read = signature(target)
    real = inspect.signature(get_object(target)).parameters.values()
    named = [p.name for p in real if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    assert list(read.types) == named
    assert read.open_ended == any(p.kind == p.VAR_KEYWORD for p in real)


PARTS = {
    "medsmall.pretraining.distribution.Distribution: base",
    "medsmall.features.with_metadata.WithMetadata: image",
}


def test_types_of_medsmalls_own_arguments_are_all_understood():
    for target in targets():
        if target.startswith("medsmall."):
            for name, kind in signature(target).types.items():
                assert kind is not inspect.Parameter.empty
                made = f"{target}: {name}" in PARTS  # by its own _target_, so it is no plain value
                assert made or str(kind) != "typing.Any", f"{target}: {name}"


def test_reading_a_signature_needs_no_import_of_its_module(tmp_path, monkeypatch):
    package = tmp_path / "heavy_package"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / "thing.py").write_text(
        "raise RuntimeError('imported')\n"
        "class Thing:\n"
        "    def __init__(self, lr: float, kind: Literal['a', 'b'], *, other: Tensor = None,\n"
        "                 sizes: list[int] | None = None, **rest): ...\n"
        "class Data(Thing):\n"
        "    def __init__(self): ...\n"
        "class Child(Thing):\n"
        "    pass\n"
        "def function(x: int, y): ...\n"
        "class Keys(TypedDict):\n"
        "    either: Union[int, Optional[str]]\n"
        "    several: list[int | None]\n"
        "    named: dict[str, bool]\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    thing = signature("heavy_package.thing.Thing")
    assert thing.types["lr"] is float
    assert thing.types["kind"] == Literal["a", "b"]
    assert thing.types["sizes"] == list[int] | None
    assert str(thing.types["other"]) == "typing.Any"  # a type of the library's own
    assert thing.words["kind"] == "one of a, b"
    assert thing.words["sizes"] == "a list of a whole number or null"
    assert thing.open_ended
    assert not signature("heavy_package.thing.Data").open_ended
    assert signature("heavy_package.thing.Child").open_ended  # its arguments are not known here
    assert list(signature("heavy_package.thing.function").types) == ["x", "y"]
    keys = signature("heavy_package.thing.Keys")
    assert keys.types["either"] == int | str | None
    assert not keys.open_ended
    assert keys.words == {
        "either": "a whole number or text or null",
        "several": "a list of a whole number or null",
        "named": "keys with values",
    }


def test_a_class_may_stand_in_a_file_of_its_own(tmp_path, monkeypatch):
    (tmp_path / "my_single_loss.py").write_text(
        "class Mine:\n    def __init__(self, a: int): ...\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert list(signature("my_single_loss.Mine").types) == ["a"]


@pytest.mark.parametrize("target", ["math.sqrt", "_bz2.BZ2Compressor", "nowhere.Thing"])
def test_what_has_no_source_is_refused_in_one_sentence(target):
    with pytest.raises(MedsmallError, match=f"{target}: no module '[a-z0-9_]+' is installed"):
        signature(target)
