"""What a weights file says of itself, and what of it cannot be read."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from made_films import InMemory, textures
from safetensors.torch import save_file

from medsmall.audit.provenance import UNKNOWN, Seen, as_text, learnt_from, marks, of_file
from medsmall.audit.upstream import upstream_overlap
from medsmall.errors import MedsmallError

FILMS = InMemory(textures(6, 32, 0))
DRAW = pd.DataFrame(
    {
        "image": FILMS.images,
        "patient": [f"patient{i}" for i in range(6)],
        "part": ["train", "train", "val", "unlabelled", "test", "test"],
    }
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def written(path, text):
    save_file({"a": torch.ones(2)}, path, metadata={"seen": text})
    return of_file(path)


def test_what_is_written_is_read_and_the_test_part_is_not_in_it(path):
    own = learnt_from("x", "abc", DRAW, FILMS)
    assert own.patients == marks("x", [f"patient{i}" for i in range(4)])
    back, before = written(path, as_text([own, Seen("y", None)]))
    assert (back.dataset, back.run, back.patients) == ("x", "abc", own.patients)
    np.testing.assert_array_equal(back.digests, FILMS.digests[:4])
    assert (before.dataset, before.patients, len(before.digests)) == ("y", None, 0)


def test_no_name_of_a_patient_or_image_stands_in_it():
    text = as_text([learnt_from("x", "abc", DRAW, FILMS)])
    assert not [name for name in (*DRAW["patient"], *DRAW["image"]) if name in text]


def test_patients_of_two_data_sets_have_different_marks():
    assert not marks("x", ["p1"]) & marks("y", ["p1"])


def test_images_are_known_again_by_their_pixels_alone(path):
    (seen,) = written(path, as_text([learnt_from("other", "abc", DRAW, FILMS)]))
    found = upstream_overlap([seen], "x", DRAW, FILMS)
    assert found["image_a"].tolist() == FILMS.images[:4]
    assert found["image_b"].tolist() == [f"other: image {i}" for i in (1, 2, 3, 4)]


def test_other_files_say_nothing(tmp_path, path):
    save_file({"a": torch.ones(2)}, path)
    assert of_file(path) is None
    torch.save({"a": torch.ones(2)}, tmp_path / "a.pth")
    assert of_file(tmp_path / "a.pth") is None


@pytest.mark.parametrize(
    "text",
    ["", "{", "7", '"x"', "[7]", '[{"dataset": "x"}]', '{"a": 1}',
     json.dumps([{"dataset": UNKNOWN, "run": "", "patients": "AAA", "images": ""}]),
     json.dumps([{"dataset": UNKNOWN, "run": "", "patients": "AAAA", "images": ""}]),
     json.dumps([{"dataset": UNKNOWN, "run": "", "patients": 7, "images": "é"}])],
)  # fmt: skip
def test_what_cannot_be_read_is_one_sentence(path, text):
    with pytest.raises(MedsmallError, match=f"{path} does not say what its weights have seen"):
        written(path, text)
