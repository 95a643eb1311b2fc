import numpy as np
import pandas as pd
import pytest
from PIL import Image
from stand_in import StandIn, findings, table

from medsmall.explore import pixels
from medsmall.page.thumbnails import Sheet, Thumbnail, shrunk
from medsmall.task import Task


def test_a_sample_is_seeded_without_repeats_and_in_order():
    names = [f"{k:04d}" for k in range(1000)]
    one = pixels.sample(names, 50, seed=1)
    assert one == pixels.sample(names, 50, seed=1) != pixels.sample(names, 50, seed=2)
    assert one == sorted(set(one))
    assert pixels.sample(names[:3], 50, seed=1) == names[:3]


@pytest.mark.parametrize("grey", [True, False])
def test_measures_and_histogram_of_an_image(grey):
    dataset = StandIn(table(4, findings(4, ["a"])), ["a"], Task.BINARY, grey)
    look = pixels.look(dataset, "i00000")
    image = dataset.files.read("i00000")
    assert look.measures["mean"] == pytest.approx(image.mean())
    assert (look.measures["height"], look.measures["width"]) == (20, 30)
    assert look.measures["channels"] == (1 if grey else 3)
    assert look.histogram.sum(axis=1) == pytest.approx(1)
    dark = (image.reshape(600, -1)[:, 0] < 4).mean()
    assert look.histogram[0, 0] == pytest.approx(dark)


def test_a_grey_image_in_a_colour_file_is_grey(monkeypatch):
    dataset = StandIn(table(1, {"a": 1.0}), ["a"], Task.BINARY)
    grey = np.arange(12, dtype=np.uint8).reshape(3, 4)
    monkeypatch.setattr(dataset.files, "read", lambda image: np.dstack([grey] * 3))
    look = pixels.look(dataset, "x")
    assert look.measures["channels"] == len(look.histogram) == 1


def test_thumbnails_keep_the_proportions_and_are_not_enlarged():
    assert shrunk(np.zeros((400, 200), np.uint8), 100).shape == (100, 50)
    assert shrunk(np.zeros((40, 20, 3), np.uint8), 100).shape == (40, 20, 3)
    assert shrunk(np.zeros((3000, 1), np.uint8), 100).shape == (100, 1)


def test_files_are_described_by_their_headers(tmp_path):
    Image.new("RGBA", (5, 4)).save(tmp_path / "a.png")
    dataset = StandIn(table(1, {"a": 1.0}), ["a"], Task.BINARY)
    dataset.files.root = tmp_path
    found = pixels.header(dataset, "a.png")
    assert (found["format"], found["mode"]) == ("PNG", "RGBA")
    assert found["bytes"] == (tmp_path / "a.png").stat().st_size
    assert pixels.header(dataset, "absent.png") == {}


def test_sizes_are_counted():
    measured = pd.DataFrame({"width": [3, 3, 5], "height": [4, 4, 4]})
    assert pixels.sizes(measured).to_dict("list") == {
        "width": [3, 5],
        "height": [4, 4],
        "images": [2, 1],
    }


def test_grey_and_colour_images_have_lines_of_their_own():
    looks = [
        pixels.look(StandIn(table(1, {"a": 1.0}), ["a"], Task.BINARY, grey), "i00000")
        for grey in (True, False)
    ]
    levels = pixels.grey_levels(looks)
    assert list(levels) == ["level", "grey", "grey_low", "grey_high", "red", "green", "blue"]
    assert levels[["grey", "red"]].sum().to_numpy() == pytest.approx(1)


def test_a_sheet_is_one_picture_with_all_of_them():
    white = [Thumbnail(np.full((100, 80), 255, np.uint8), "w", "caption") for _ in range(7)]
    coarse = [Thumbnail(np.zeros((28, 28, 1), np.uint8), "c")]
    sheet = Sheet("s", "title", white + coarse)
    assert sheet.png[:4] == b"\x89PNG"
    assert coarse[0].source.startswith("data:image/png;base64,")
    assert white[0].source.startswith("data:image/jpeg;base64,")
