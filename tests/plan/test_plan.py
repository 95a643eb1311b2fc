"""What a sweep will cost and can tell, before anything is trained."""

import re
import shutil

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from small_run import HERNIA

from medsmall.evaluation.influence import auroc
from medsmall.plan import tells
from medsmall.plan.__main__ import main
from medsmall.task import Task
from medsmall.train import main as train


@pytest.fixture
def planned(commanded, tmp_path):
    """The plan of the overrides."""

    def run(*words: str, command=main, base=HERNIA) -> tuple[int, str, str]:
        given = {word.partition("=")[0] for word in words}
        base = [word for word in base if word.partition("=")[0] not in given]
        return commanded(command, *base, f"output_root={tmp_path}", *words)

    return run


def test_it_counts_what_is_left_and_trains_decodes_and_records_nothing(planned, tmp_path):
    sizes, ways = "sample_size.n=10,12,5000", "strategy=feature_extractor,finetune_all"
    status, out, said = planned("-m", sizes, ways, "seed=-1,1,2")
    assert status == 0
    assert "18 cells: 0 recorded, 4 to run, 11 left out, 3 refused." in out
    assert "Refused: sample_size.n=10 strategy=finetune_all seed=-1 and 2 more: seed" in out
    assert "seed must lie in" in out
    assert said.count("Left out: ") == 2
    assert re.search(r"\d+ images of chestxray14 are to be decoded at 48 px first", out)
    assert "(0 cells from records of their arm, the others from a few steps;" in out
    assert {file.name for file in tmp_path.iterdir()} <= {"phantoms"}


def test_afterwards_it_knows_the_records_and_learns_from_them(planned, tmp_path):
    words = ["sample_size.n=10", "trainer.max_epochs=1"]
    assert planned("-m", *words, "seed=1,2", command=train)[0] == 0
    _, out, _ = planned("-m", *words, "seed=1,2,3")
    assert "3 cells: 2 recorded, 1 to run" in out
    assert "to be decoded" not in out
    assert "(1 cells from records of their arm" in out
    assert len(list(tmp_path.glob("runs/*/DONE"))) == 2


def test_records_of_one_other_size_do_not_tell_what_a_size_takes(planned):
    words = ["trainer.max_epochs=1", "seed=1"]
    assert planned("-m", *words, "sample_size.n=8", command=train)[0] == 0
    _, out, _ = planned("-m", *words, "sample_size.n=8,12")
    assert "(0 cells from records of their arm" in out
    assert planned("-m", *words, "sample_size.n=10", command=train)[0] == 0
    _, out, _ = planned("-m", *words, "sample_size.n=8,10,12")
    assert "(1 cells from records of their arm" in out


def test_an_upstream_is_named_once(planned):
    upstream = "['pretraining=none','trainer.max_epochs=1','dataset.phantom_patients=40']"
    words = ["pretraining=chexpert", f"pretraining.overrides={upstream}", "seed=1,2"]
    assert planned("-m", *words, command=train, base=HERNIA)[0] == 0  # images are prepared by it
    shutil.rmtree("runs")
    _, out, _ = planned("-m", *words)
    assert out.count("Trained first: ") == 1
    assert "2 to run" in out


def test_a_single_run_is_a_plan_of_one_cell(planned):
    _, out, _ = planned("sample_size.n=10")
    assert "1 cell: 0 recorded, 1 to run" in out
    assert "are fewer than 10" in out or "One repeat compares no two arms" in out


def test_a_mistake_is_one_sentence(planned):
    status, out, said = planned("-m", "sample_size.m=10,20")
    assert (status, out) == (2, "")
    assert len(said.strip().splitlines()) == 1


def test_a_search_has_no_plan(planned):
    status, _, said = planned("-m", "seed=1,2", "hydra/sweeper=basic")
    assert status == 2
    assert "A plan is of a grid: leave out hydra/sweeper." in said


def draw(positives: int, negatives: int, unknown: int = 0) -> pd.DataFrame:
    y = np.r_[np.ones(positives), np.zeros(negatives), np.full(unknown, np.nan)]
    rows = pd.DataFrame({"x": y, "many": np.arange(len(y)) % 2 * 1.0, "part": "test"})
    rows["patient"] = [f"p{i}" for i in range(len(y))]
    return rows


def test_the_test_set_is_that_of_the_rarest_target_without_unknown_labels():
    of = tells.test_set(Task.MULTILABEL, ["many", "x"], draw(20, 60, 9))
    assert of is not None
    assert (of.target, of.rarer, len(of.y)) == ("x", 20, 80)
    assert tells.test_set(Task.REGRESSION, ["x"], draw(20, 60)) is None


def test_an_arm_s_width_is_that_of_simulated_test_sets():
    """Beside 1,000 test sets drawn anew, and beside the interval of a report."""
    rng = np.random.default_rng(0)
    of = tells.test_set(Task.BINARY, ["x"], draw(40, 120))
    assert of is not None
    tested = tells.Tested(of)
    t_patients, t = norm_t(39), norm_t(4)
    for k, assumed in enumerate((tells.EASY, tells.HARD)):
        shift = np.sqrt(2) * stats.norm.ppf(assumed.auroc)
        y, patient = np.r_[np.ones(40), np.zeros(120)], np.arange(160)
        areas = [
            auroc(y, rng.standard_normal(160) + shift * y, patient, 160)[0] for _ in range(1000)
        ]
        over_tests = t_patients * np.std(areas)
        assert tested.width(n=50, repeats=1)[k] == pytest.approx(over_tests, rel=0.15)
        over_draws = t * assumed.scatter / np.sqrt(2 * 50 * 5)
        both = np.hypot(over_tests, over_draws)
        assert tested.width(n=50, repeats=5)[k] == pytest.approx(both, rel=0.15)


def norm_t(freedom: int) -> float:
    return float(stats.t.ppf(0.975, freedom))


def test_more_repeats_and_images_show_smaller_differences():
    of = tells.test_set(Task.BINARY, ["x"], draw(40, 120))
    assert of is not None
    tested = tells.Tested(of)
    few = tested.difference(50, 5, 1)
    assert few.low > tested.difference(50, 10, 1).low > tested.difference(5000, 10, 1).low
    assert few.low < tested.difference(50, 5, 6).low  # as one of six
    assert few.low < few.high


@pytest.mark.parametrize(
    ("of", "folds", "repeats", "sentence"),
    [
        (None, False, 5, "is not known beforehand"),
        (tells.test_set(Task.BINARY, ["x"], draw(9, 50)), False, 5, "no verdict is possible"),
        (tells.test_set(Task.BINARY, ["x"], draw(30, 50)), True, 5, "One fold alone gives no"),
        (tells.test_set(Task.BINARY, ["x"], draw(30, 50)), False, 1, "compares no two arms"),
    ],
)
def test_what_it_cannot_know_is_said(of, folds, repeats, sentence):
    assert sentence in " ".join(tells.sentences(of, [50], repeats, 1, folds))


def test_features_are_paid_for_once(planned):
    """Cells of the probe that share a network share its features; random ones are each another."""
    words = ["learner=probe", "augmentation.tta_views=60", "image_size_px=96", "sweep.rules=null"]
    assert planned("-m", *words, "seed=1", command=train)[0] == 0
    shutil.rmtree("runs")
    _, out, _ = planned("-m", *words, "seed=1", "sample_size.repeat=0,1,2,3,4,5,6,7")
    assert "8 to run" in out
    shared = looked_up(out)
    _, out, _ = planned("-m", *words, "seed=1,2,3,4,5,6,7,8")
    assert "8 to run" in out
    assert shared < looked_up(out)  # of the same steps, timed once


def looked_up(out: str) -> int:
    """The seconds of a plan."""
    ((number, unit),) = re.findall(r"Time: about (\d+) (s|min)", out)
    return int(number) * {"s": 1, "min": 60}[unit]
