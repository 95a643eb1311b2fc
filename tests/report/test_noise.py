import json
import re

import numpy as np
import pytest
from made_records import sweep

from medsmall.report.__main__ import report
from medsmall.report.asked import Asked
from medsmall.report.cells import grid
from medsmall.report.noise import of_crossed
from medsmall.report.question import answer


def crossed(draws, seeds):
    return {json.dumps({"sample_size.repeat": d, "seed": s}): (d, s) for d in draws for s in seeds}


def test_draws_and_seeds_are_a_table_where_each_met_each():
    table, reason = grid(crossed([0, 1, 2], [5, 6]))
    assert table == [[(0, 5), (0, 6)], [(1, 5), (1, 6)], [(2, 5), (2, 6)]]
    assert reason == ""


@pytest.mark.parametrize(
    "scores",
    [crossed([0], [1, 2, 3]), crossed([0, 1, 2], [1]), crossed([0], [1]) | crossed([1], [2])],
)
def test_repeats_of_one_seed_each_are_none(scores):
    assert grid(scores) == (None, "")


def test_a_table_with_gaps_is_neither():
    scores = crossed([0, 1, 2], [5, 6])
    scores.popitem()
    assert grid(scores) == (None, "3 draws and 2 seeds are crossed in part: run all 6")


def test_folds_are_no_draws():
    folds = {json.dumps({"split.fold": f, "seed": s}): 1 for f in (0, 1) for s in (5, 6)}
    assert grid(folds) == (None, "")


def test_a_crossed_sweep_says_where_its_noise_comes_from(tmp_path, capsys):
    sweep(tmp_path, {"none": 0.5}, (50,), repeats=3, seeds=3, scatter=0.2)
    report(Asked.of([str(tmp_path)]))
    out = capsys.readouterr().out
    found = answer(Asked.of([str(tmp_path)]))
    parts, draws, seeds = of_crossed(found.cells)
    assert (draws, seeds) == (3, 3)
    draw, seed, residual, patients = np.sqrt(parts)
    assert (
        f"AUROC of one run varies by {draw:.3f} with the draw, {seed:.3f} with the training's seed"
        f", {residual:.3f} with neither alone and {patients:.3f} with the test patients (standard "
        "deviations from 3 draws x 3 seeds, on average over arms and sizes; so few show the order "
        "of magnitude)." in out
    )
    assert re.search("more repeats will|more seeds will", out)
    (cell,) = found.cells
    assert cell.repeats == 9
    assert cell.found.freedom == 2  # of the mean's error
    alone = np.var([one.value for one in cell.scores.values()], ddof=1) / 9
    assert cell.found.drawn > 1.5 * alone


def test_draws_that_meet_several_seeds_say_nothing_of_other_images(tmp_path, capsys):
    sweep(tmp_path, {"none": 0.5, "imagenet": 0.9}, (50,), repeats=3, seeds=3, drawn_share=0.5)
    report(Asked.of([str(tmp_path)]))
    assert "other images like these" not in capsys.readouterr().out
    (one,) = answer(Asked.of([str(tmp_path)])).comparisons
    assert one.verdict is not None
    assert one.new_pool is None


def test_a_sweep_of_paired_seeds_says_nothing_of_it(tmp_path, capsys):
    sweep(tmp_path, {"none": 0.5}, (50,), repeats=3)
    report(Asked.of([str(tmp_path)]))
    assert "of one run varies by" not in capsys.readouterr().out


def test_of_crossed_draws_repeats_alone_promise_nothing(tmp_path, capsys):
    """The seeds would limit what they bring; the other sentence says what helps."""
    sweep(tmp_path, {"none": 0.5, "imagenet": 0.5}, (50,), repeats=3, seeds=3)
    report(Asked.of([str(tmp_path)]))
    out = capsys.readouterr().out
    assert "undecided" in out
    assert "as wide" not in out
    assert re.search("more repeats will|more seeds will", out)
