from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from medsmall.dataset.files import ImageFiles, absent_files, present_only
from medsmall.errors import MedsmallError


def data_at(root):
    return SimpleNamespace(name="films", files=ImageFiles(root, "error"))


@pytest.mark.parametrize(
    ("grey", "shapes"),
    [(None, [(4, 5), (4, 5, 3)]), (True, [(4, 5), (4, 5)]), (False, [(4, 5, 3), (4, 5, 3)])],
)
def test_grey_decides_what_a_file_is_read_as(tmp_path, grey, shapes):
    Image.new("L", (5, 4), 9).save(tmp_path / "grey.png")
    Image.new("RGB", (5, 4), (9, 9, 9)).save(tmp_path / "colour.png")
    files = ImageFiles(tmp_path, "drop", grey)
    read = [files.read(name) for name in ("grey.png", "colour.png")]
    assert [pixels.shape for pixels in read] == shapes
    assert all((pixels == 9).all() and pixels.dtype == np.uint8 for pixels in read)


def test_files_read_otherwise_are_told_apart(tmp_path):
    assert len({ImageFiles(tmp_path, "error", grey).reading for grey in (None, True, False)}) == 3


def test_names_in_a_folder_that_may_not_be_there(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "c.png").touch()
    files = ImageFiles(str(tmp_path), "error")
    assert files.names_in("a") == {"b", "c.png"}
    assert files.names_in("") == {"a"}
    assert files.names_in("none") == files.names_in("a/c.png") == set()


def test_the_home_folder_is_the_users():
    assert ImageFiles("~/films", "error").file("a/b.png") == Path.home() / "films" / "a" / "b.png"


def test_absent_files_equals_a_look_at_each(tmp_path):
    for name in ("a/1.png", "a/2.png", "b/c/3.png", "top.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    names = ["a/1.png", "a/3.png", "b/c/3.png", "b/3.png", "no/1.png", "top.png", "no.png",
             "top.png/x.png"]  # fmt: skip
    images = pd.Series(names, index=range(10, 10 + len(names)))
    absent = absent_files(data_at(tmp_path), images)
    assert absent.dtype == bool
    assert absent.to_dict() == {i: not (tmp_path / n).is_file() for i, n in images.items()}


def data_of(policy, gone):
    files = SimpleNamespace(
        root=Path("/data/films"),
        missing=policy,
        file=lambda image: Path("/none" if image in gone else Path(__file__).parent) / FILES[image],
    )
    return SimpleNamespace(name="films", files=files)


FILES = dict.fromkeys("abcde", Path(__file__).name)


class TestPresentOnly:
    table = pd.DataFrame({"image": list("abcde"), "y": range(5)}, index=range(5, 10))

    def call(self, gone, policy):
        absent = set(self.table["image"][gone])
        return present_only(data_of(policy, absent), self.table)

    @pytest.mark.parametrize("policy", ["error", "drop"])
    def test_nothing_absent(self, policy):
        kept = self.call([False] * 5, policy)
        assert isinstance(kept.index, pd.RangeIndex)
        assert kept["y"].tolist() == [0, 1, 2, 3, 4]

    def test_drop_keeps_the_rest_in_order(self):
        kept = self.call([True, False, True, False, False], "drop")
        assert kept["image"].tolist() == ["b", "d", "e"]
        assert kept.index.tolist() == [0, 1, 2]

    def test_error_counts_and_shows_the_first_three(self):
        message = (
            "films: 4 of the 5 images listed are absent under /data/films, first: a, b, c; "
            "get them, or go on without them with dataset.missing_images=drop."
        )
        with pytest.raises(MedsmallError) as error:
            self.call([True, True, True, False, True], "error")
        assert str(error.value) == message

    @pytest.mark.parametrize("policy", ["error", "drop"])
    def test_all_absent_is_an_error_either_way(self, policy):
        with pytest.raises(MedsmallError, match="phantom=true"):
            self.call([True] * 5, policy)
