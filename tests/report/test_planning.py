import re

import pytest
from made_records import sweep

from medsmall.errors import MedsmallError
from medsmall.report.__main__ import report
from medsmall.report.asked import Asked


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pilot")
    sweep(folder, {"none": 0.5, "imagenet": 0.6}, (50, 100), repeats=3, scatter=0.2)
    return folder


def told(capsys, *words):
    report(Asked.of([str(word) for word in words]))
    return capsys.readouterr().out


def ranges(out):
    pattern = r"(\d+) repeats would find a .* of (0\.\d+) in four .* it might take (0\.\d+|more)"
    found = [(n, low, 1 if high == "more" else high) for n, low, high in re.findall(pattern, out)]
    return {int(n): (float(low), float(high)) for n, low, high in found}


def test_more_repeats_find_smaller_differences_up_to_a_limit(root, capsys):
    out = told(capsys, root, "plan=3,10,100")
    found = ranges(out)
    assert [*found] == [3, 10, 100]
    assert found[3] > found[10] > found[100]
    assert all(low < high for low, high in found.values())
    limit = float(
        re.search(r"no number of repeats would find a difference below about (0\.\d+)", out)[1]
    )
    assert limit <= found[100][0]
    assert "At 100 training images, 10 repeats would find" in out
    assert "as one of 2 comparisons, from the runs here" in out
    assert "that takes more than the 30 test patients of the rarer class here." in out


def test_without_two_arms_assumptions_serve(root, capsys):
    one = [root, "pretraining=none", "plan=5,20"]
    assert "No answer to plan=: there is one arm: add another, or auroc=" in told(capsys, *one)
    out = told(capsys, *one, "auroc=0.8", "correlation=0.8", "repeat_sd=0.02")
    found = ranges(out)
    assert found[5] > found[20]
    assert "as assumed" in out
    noisier = ranges(told(capsys, *one, "auroc=0.8", "correlation=0.3", "repeat_sd=0.05"))
    assert noisier[5] > found[5]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["plan=5,1"], "plan=5,1 must be numbers of repeats from 2 to 10,000, such as plan=5,10"),
        (["plan=99999"], "plan=99999 must be numbers of repeats from 2 to 10,000"),
        (["plan=x"], "plan=x must be numbers of repeats"),
        (["plan=5", "repeat_sd=1e308"], "repeat_sd=1e308 must be a number between 0 and 1"),
        (["reach=nan"], "reach=nan must be a number above 0, such as reach=0.9"),
        (["plan=5", "auroc=0.8"], "auroc asks for correlation, repeat_sd too"),
        (["auroc=.8", "correlation=.5", "repeat_sd=.02"], "belong to plan=: add plan=5,10."),
        (["auroc=1.5"], "auroc=1.5 must be a number between 0 and 1"),
        (
            ["plan=5", "metric=f1", "auroc=.8", "correlation=.5", "repeat_sd=.02"],
            "are for the AUROC",
        ),
    ],
)
def test_bad_words_are_one_sentence(root, capsys, words, sentence):
    with pytest.raises(MedsmallError, match=re.escape(sentence)):
        told(capsys, root, *words)


def test_what_no_score_can_differ_by_is_not_found(root, capsys):
    out = told(capsys, root, "plan=2", "sample_size.n=50")
    assert re.search("2 repeats find (no difference|.*it might take more than there can be)", out)
