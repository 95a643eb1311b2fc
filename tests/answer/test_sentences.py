"""What is said and written about answers."""

import csv
import io
import json

import numpy as np
import pytest
from PIL import Image

from medsmall.answer.answers import Answer, answered
from medsmall.answer.facts import Facts, Reading
from medsmall.answer.joined import calls_of, sets_of
from medsmall.answer.sentences import crossing, names, sentence
from medsmall.answer.written import rows, text
from medsmall.cache.resize import square

PARTS = [f"{part}_{finding}" for part in ("ELBOW", "HAND") for finding in ("normal", "abnormal")]


def facts(targets, task="multilabel", thresholds=None, unit="image", **more):
    limits = dict.fromkeys(targets, 0.5) if thresholds is None else thresholds
    reading = Reading(48, "squash")
    return Facts("a run", "films", unit, task, list(targets), reading, limits, **more)


def _called(of, prob):
    found = calls_of([of], prob[None, None])
    return None if found is None else found[0]


def answer(of, prob, name="a.png", **more):
    prob = np.array(prob)
    return Answer(name, (name,), prob, called=_called(of, prob), **more)


def said(of, prob, **more):
    return sentence(answer(of, prob, **more), [of], "a.png")


def test_a_finding_is_there_or_not():
    of = facts(["Hernia"], "binary")
    assert said(of, [0.91]) == "a.png: Hernia, 0.91."
    assert said(of, [0.09]) == "a.png: no Hernia, 0.09."
    calibrated = np.array([[0.84], [0.70], [0.93]])
    assert said(of, [0.91], calibrated=calibrated) == (
        "a.png: Hernia, 0.91; calibrated 0.84 [.70, .93]."
    )
    of = facts(["abnormal"], "binary", negatives={"abnormal": "normal"})
    assert said(of, [0.2]) == "a.png: normal, 0.20."
    assert "no threshold" in said(facts(["Hernia"], "binary", {}), [0.2])


def test_of_many_findings_those_called_come_first():
    of = facts([f"f{k}" for k in range(6)])
    words = said(of, [0.1, 0.9, 0.2, 0.6, 0.3, 0.05])
    assert words == "a.png: f1 0.90, f3 0.60; not f4 0.30, f2 0.20, f0 0.10 and 1 less probable."
    assert said(of, [0.1] * 6).startswith("a.png: nothing called; not ")


def test_classes_that_cross_two_questions_answer_both():
    of = facts(PARTS, "multiclass")
    assert said(of, [0.02, 0.05, 0.40, 0.53]) == "a.png: HAND 0.93, abnormal 0.58."
    assert crossing(["a", "b"]) is None
    assert crossing(PARTS[:3]) is None
    (row,) = rows([answer(of, [0.02, 0.05, 0.40, 0.53])], [of])
    assert (row["first"], row["second"], row["predicted"]) == ("HAND", "abnormal", "HAND_abnormal")


def test_other_classes_tell_the_next_one():
    of = facts(["mel", "nv", "bcc"], "multiclass")
    assert said(of, [0.2, 0.7, 0.1]) == "a.png: nv, 0.70 (then mel 0.20)."


def test_numbers_are_told_with_the_spread_of_several():
    of = facts(["boneage"], "regression")
    found = Answer("a.png", ("a.png",), np.array([132.44]), np.array([3.21]))
    assert sentence(found, [of, of], "a.png") == (
        "a.png: boneage 132.4 (± 3.2 between the networks)."
    )


def test_sets_hold_what_is_within_the_limit():
    of = facts(["mel", "nv", "bcc"], "multiclass", alpha=0.1, limits=[[0.85]])
    prob = np.array([0.2, 0.7, 0.1])
    assert sets_of(of, prob) == (("mel", "nv"),)
    assert "90% set {mel, nv}" in said(of, prob, sets=sets_of(of, prob))
    of = facts(["Hernia"], "binary", alpha=0.2, limits=[[0.6, 0.6]])
    assert sets_of(of, np.array([0.5])) == (("no Hernia", "Hernia"),)
    assert sets_of(of, np.array([0.9])) == (("Hernia",),)


def test_names_are_as_short_as_tells_them_apart():
    def of(*paths):
        return names([Answer(path) for path in paths])

    assert of("/x/y/a.png", "/x/y/b.png") == ["a.png", "b.png"]
    assert of("/x/y/a.png", "/x/z/a.png") == ["y/a.png", "z/a.png"]
    assert of("0", "1") == ["0", "1"]
    assert of("/data/XR_HAND/patient1/study1") == ["XR_HAND/patient1/study1"]


@pytest.mark.parametrize("task", ["binary", "multilabel", "multiclass", "regression"])
def test_all_rows_have_the_same_columns_and_none_runs_in_a_spreadsheet(task):
    of = facts(["a"] if task == "binary" else ["a", "b"], task)
    prob = [0.3] if task == "binary" else [0.3, 0.7]
    table = rows(
        [answer(of, prob, "=cmd()"), Answer("b.png", ("b.png",), refused="b is cut")], [of]
    )
    assert len({tuple(row) for row in table}) == 1
    assert table[1]["refused"] == "b is cut"
    read = list(csv.DictReader(io.StringIO(text(table, ".csv"))))
    assert read[0]["image"] == "'=cmd()"
    assert [one["image"] for one in json.loads(text(table, ".json"))] == ["=cmd()", "b.png"]


def test_studies_in_folders_called_by_numbers_stay_apart(tmp_path):
    """A refused image and a study whose folder has its number are two answers."""
    of = facts(["a"], "binary", unit="study")

    class Asked:
        members, workers = [of], 1
        square = staticmethod(square)
        has_learnt = staticmethod(lambda square: False)
        outputs = staticmethod(lambda squares: np.full((1, len(squares), 1), 0.7))

    grey = np.random.default_rng(0).integers(0, 256, (20, 20), dtype=np.uint8)
    files = [tmp_path / "x.png", *(tmp_path / "0" / f"{k}.png" for k in range(2))]
    (tmp_path / "0").mkdir()
    files[0].write_text("no image")
    for file in files[1:]:
        Image.fromarray(grey).save(file)
    found = answered(Asked(), files)
    assert [bool(one.refused) for one in found] == [True, False]
    assert found[1].name == str(tmp_path / "0")
    assert len(found[1].images) == 2
