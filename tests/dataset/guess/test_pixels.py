import numpy as np
import pytest
from PIL import Image

from medsmall.configs import compose
from medsmall.dataset.depth import common_span
from medsmall.dataset.files import ImageFiles
from medsmall.dataset.folder import Folder
from medsmall.dataset.guess.infer import infer
from medsmall.dataset.table import Table
from medsmall.errors import MedsmallError
from medsmall.init import yaml_of
from medsmall.record.key import relevant


def folder(root, most, kind=np.uint16):
    rng = np.random.default_rng(0)
    for i in range(8):
        pixels = rng.integers(0, most, (9, 9)).astype(kind)
        pixels[0, 0] = most
        (root / "ab"[i % 2]).mkdir(exist_ok=True)
        Image.fromarray(pixels).save(root / "ab"[i % 2] / f"{i}.tif")
    return root


def test_one_range_is_found_for_12_bits_in_16(tmp_path):
    found = infer(folder(tmp_path, 4000), "mine")
    assert found.settings["range"] == (0, 4095)
    assert "values from" in found.reasons["range"]
    pixels = found.data.files.read(found.rows["image"][0])
    assert pixels.max() == round(4000 / 4095 * 255)
    written = yaml_of(found, "mine")
    assert "\nrange: [0, 4095]  # " in written


@pytest.mark.parametrize("kind", ["eight bits", "sixteen bits"])
def test_images_that_use_their_bits_need_no_range(tmp_path, kind):
    most, of = (255, np.uint8) if kind == "eight bits" else (60_000, np.uint16)
    assert "range" not in infer(folder(tmp_path, most, of), "mine").settings


def test_a_fault_of_many_images_is_told_once(tmp_path):
    for file in sorted(folder(tmp_path, 255, np.uint8).rglob("*.tif")):
        with Image.open(file) as frame:
            frame.save(file, save_all=True, append_images=[frame.copy()])
    told = [one for one in infer(tmp_path, "mine").warnings if "2 frames" in one]
    assert len(told) == 1
    assert told[0].endswith("dataset.frame (7 more of the images looked at are like it).")


@pytest.mark.parametrize(
    ("ends", "span"),
    [((0, 200), (0, 255)), ((3, 1000), (0, 1023)), ((0, 4095), (0, 4095)), ((0, 9000), (0, 16383)),
     ((0, 20_000), None), ((-1000, 900), (-1000, 900)), ((0, 0.9), (0, 1)),
     ((0, 1e6), (0, 1e6))],
)  # fmt: skip
def test_the_range_is_that_of_a_detector_or_of_the_values(ends, span):
    assert common_span(*ends) == span


@pytest.mark.parametrize(
    ("options", "part"),
    [({"range": [5]}, "is not a range"), ({"range": [9, 1]}, "is not a range"),
     ({"frame": 0}, "count from 1")],
)  # fmt: skip
def test_a_range_or_frame_that_is_none(options, part):
    for kind in (Table, Folder):
        with pytest.raises(MedsmallError, match=part):
            kind("x", **options)


def test_range_and_frame_tell_caches_and_keys_apart(tmp_path):
    told = {ImageFiles(tmp_path, "error", None, (), *deep).reading
            for deep in ((None, None), ((0, 1), None), ((0, 2), None), (None, 1))}  # fmt: skip
    assert len(told) == 4
    cfg = compose(["dataset=folder", "dataset.range=[0,4095]", "dataset.frame=2"])
    kept = relevant({"dataset": dict(cfg.dataset)}, [])["dataset"]
    assert (list(kept["range"]), kept["frame"]) == ([0, 4095], 2)
