"""Releases made of others are known by name."""

import pytest

from medsmall.audit.releases import DERIVED, MEDMNIST, common_source
from medsmall.dataset.medmnist_flags import FLAGS


@pytest.mark.parametrize(
    ("one", "other"),
    [("chest_xray", "pneumoniamnist"), ("pneumoniamnist", "chest_xray"),
     ("chestxray14", "chestmnist"), ("ham10000", "dermamnist"), ("organamnist", "organcmnist")],
)  # fmt: skip
def test_two_releases_of_the_same_images_are_told_with_who_says_so(one, other):
    said = common_source(one, other)
    assert "is made of" in said
    assert "Yang et al., MedMNIST v2" in said


@pytest.mark.parametrize(
    ("one", "other"),
    [("chest_xray", "chest_xray"), ("chest_xray", "chestmnist"), ("octmnist", "pneumoniamnist"),
     ("chexpert", "mura"), ("unknown", "imagenet"), ("lits", "mura")],
)  # fmt: skip
def test_others_have_nothing_in_common(one, other):
    assert common_source(one, other) == ""


def test_the_source_of_every_flag_of_ours_is_in_the_table():
    """The source that medmnist_flags names, by the words that stand for our data sets."""
    words = {"ChestX-ray14": "chestxray14", "HAM10000": "ham10000", "LiTS": "lits",
             "films of Kermany": "chest_xray"}  # fmt: skip
    found = {flag: name for flag in FLAGS for w, name in words.items() if w in FLAGS[flag].source}
    assert found == {flag: source for flag, (source, by) in DERIVED.items() if by == MEDMNIST}


def test_two_releases_of_one_are_told_with_the_source_of_each():
    said = common_source("chestmnist", "rsna_pneumonia")
    assert "chestmnist is made of chestxray14 and rsna_pneumonia is made of chestxray14" in said
    assert said.endswith("(Yang et al., MedMNIST v2, Scientific Data 2023; Shih et al., Radiology: "
                         "Artificial Intelligence 2019)")  # fmt: skip
    assert common_source("organamnist", "organcmnist").count("Yang") == 1
