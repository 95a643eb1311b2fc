"""Learning curves of generated sweeps, in words and files."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from made_records import config_of, sweep, write_record
from scipy.stats import norm

from medsmall.errors import MedsmallError
from medsmall.record import Record
from medsmall.report.__main__ import report
from medsmall.report.asked import Asked
from medsmall.report.curves import curves_of
from medsmall.report.forecast import _images
from medsmall.report.question import answer as answered
from medsmall.task import Task

SIZES = (25, 50, 100, 200, 400)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("curves")
    sweep(
        folder, {"none": 0.6, "imagenet": 0.75}, SIZES, repeats=3, scatter=0.01, test=800, gain=0.15
    )
    return folder


def told(capsys, *words):
    folder = report(Asked.of([str(word) for word in words]))
    return capsys.readouterr().out, json.loads((folder / "report.json").read_text())


def numbers(sentence):
    """The median and the ends of a range in a sentence."""
    pattern = r"about ([\d,]+), plausibly (?:fewer than )?([\d,]+) to ([\d,]+)"
    return [int(one.replace(",", "")) for one in re.search(pattern, sentence).groups()]


def test_a_better_arm_saves_images(root, capsys):
    """Imagenet is as far ahead as a doubling gives, so none takes twice the images."""
    out, _ = told(capsys, root)
    lines = [line for line in out.splitlines() if line.startswith("To equal imagenet with ")]
    assert len(lines) >= 2
    for line in lines:
        of = int(re.search(r"with (\d+) labelled", line)[1]) - 13  # of validation
        if of > 25 and "or more" not in line and "probably" not in line:
            median, low, high = numbers(line)
            assert low <= 2 * of + 13 <= high
            assert median == pytest.approx(2 * of + 13, rel=0.35)


def test_the_forecast_is_where_the_arm_goes(root, capsys):
    found = answered(Asked.of([str(root)]))
    for curve in found.curves:
        assert curve.tested.held
        separation = {"none": 0.6, "imagenet": 0.75}[curve.arm[0]] + 0.15 * np.log2(800 / 50)
        true = norm.cdf(2 * separation / np.sqrt(2 * 0.98))
        score = curve.score(800)
        assert score.low - 0.02 <= true <= score.high + 0.02  # its test patients have their luck
        assert score.low <= score.median <= score.high <= 1


def test_every_arm_gets_a_forecast_and_its_back_test(root, capsys):
    out, found = told(capsys, root)
    for arm in ("no pretraining", "imagenet"):
        assert re.search(
            rf"^{arm}: with 1,200 labelled images \(3 times its largest size\), AUROC is expected"
            r" at 0\.\d+ \[0\.\d+, [01]\.\d+\]. As a check, 0\.\d+ \[.*\] was predicted for 413 "
            r"labelled images from the sizes up to 213, and 0\.\d+ was measured: it fits\.",
            out, re.M,
        )  # fmt: skip
    rows = pd.DataFrame(found["curves"])
    assert set(rows["pretraining"]) == {"none", "imagenet"}
    assert (rows["low"] <= rows["median"]).all()
    assert rows["train_images"].max() == 1200
    assert (pd.read_csv(root / "report/curves.csv").round(6) == rows.round(6)).all(axis=None)


def test_images_for_a_wished_score(root, capsys):
    out, _ = told(capsys, root, "reach=0.9")
    (line,) = (one for one in out.splitlines() if one.startswith("imagenet: for AUROC 0.9"))
    median, low, high = numbers(line)
    cells = [c for c in answered(Asked.of([str(root)])).cells if c.arm == ("imagenet",)]
    means = [cell.mean for cell in cells]
    at = np.interp(0.9, means, [cell.labels for cell in cells])
    assert low <= at <= high
    assert median == pytest.approx(at, rel=0.3)


def test_a_score_out_of_reach_or_already_reached(root, capsys):
    assert re.search(r"no pretraining: for AUROC 0\.\d+, 1,200 labelled images \(3 times its",
                     told(capsys, root, "reach=0.9999")[0])  # fmt: skip
    assert (
        "no pretraining: for AUROC 0.3, 38 labelled images are enough, the fewest here."
        in (told(capsys, root, "reach=0.3")[0])
    )
    with pytest.raises(MedsmallError, match="reach=90 is no AUROC below 1: try reach=0.9"):
        told(capsys, root, "reach=90")


def test_too_few_sizes_say_what_is_needed(root, capsys):
    out, found = told(capsys, root, "sample_size.n=25,50,100,200", "reach=0.9")
    assert found["curves"] == []
    assert not (root / "report/curves.csv").exists()
    assert (
        "No answer to reach=0.9 for no pretraining: a learning curve needs 5 sizes of two repeats "
        "or more, the largest 8 times the smallest; there are 25, 50, 100, 200." in out
    )


def test_an_arm_that_follows_no_curve_gets_no_forecast(tmp_path, capsys):
    """The score falls where images double: here the largest size was trained badly."""
    sweep(tmp_path, {"none": 0.6}, SIZES[:4], repeats=3, test=800)
    sweep(tmp_path, {"none": -1.2}, SIZES[4:], repeats=3, test=800)
    out, found = told(capsys, tmp_path, "reach=0.99")
    assert found["curves"] == []
    assert re.search(
        r"all runs: no forecast. As a check, 0\.\d+ \[.*\] was predicted for 413 labelled images "
        r"from the sizes up to 213, but 0\.\d+ was measured: its scores follow no usual", out
    )  # fmt: skip
    assert re.search(
        r"all runs: AUROC 0\.\d+ was measured with 413 labelled images. The images that AUR", out
    )
    assert "is expected at" not in out


def test_without_a_better_arm_no_images_are_saved_and_it_says_so(tmp_path, capsys):
    sweep(tmp_path, {"none": 0.6, "imagenet": 0.6}, SIZES, repeats=2, gain=0.15)
    assert "Images saved: no answer, as no verdict names a better arm." in told(capsys, tmp_path)[0]


def test_a_sweep_that_lacks_one_size_says_that_it_has_no_curve(root, capsys):
    out, _ = told(capsys, root, "sample_size.n=25,50,100,200")
    assert "No learning curves (imagenet: a learning curve needs 5 sizes" in out
    assert "learning curve" not in told(capsys, root, "sample_size.n=25,50,100")[0]


@pytest.mark.parametrize(("metric", "wish"), [("mae", 15), ("r2", 0.75)])
def test_errors_fall_and_r2_rises_with_the_images(tmp_path, capsys, metric, wish):
    rng = np.random.default_rng(0)
    y, shared = rng.uniform(20, 200, (200, 1)), rng.normal(size=(200, 1))
    for n in SIZES:
        for repeat in range(3):
            config = config_of(
                "dataset=rsna_boneage", "split=stratified", "sample_size=natural", "loss=mae",
                "augmentation=none", f"sample_size.n={n}", f"sample_size.repeat={repeat}",
            )  # fmt: skip
            spread = (4 + 40 * (n / 25) ** -0.7) * (1 + rng.normal(0, 0.03))
            predicted = y + spread * (0.6 * shared + 0.8 * rng.normal(size=y.shape))
            write_record(
                Record.of(str(tmp_path), f"{n}{repeat}".ljust(16, "0")), Task.REGRESSION, ["age"],
                {"train": y[:50], "val": y[:40], "test": y},
                {"val": predicted[:40], "test": predicted},
                config=config, dataset="rsna_boneage", n_train=n, labels_used=n + 10,
            )  # fmt: skip
    out, found = told(capsys, tmp_path, f"metric={metric}", f"reach={wish}")
    rows = pd.DataFrame(found["curves"])
    assert (np.diff(rows["median"]) * (1 if metric == "r2" else -1) >= 0).all()
    assert (rows["low"] < rows["median"]).all()
    assert (rows["median"] < rows["high"]).all()
    median, low, high = numbers(out)
    cells = answered(Asked.of([str(tmp_path), f"metric={metric}"])).cells
    means, labels = [cell.mean for cell in cells], [cell.labels for cell in cells]
    order = np.argsort(means)
    at = np.interp(wish, np.array(means)[order], np.array(labels)[order])
    assert low <= at <= high
    assert median == pytest.approx(at, rel=0.4)


def test_metrics_without_a_curve(root):
    study = answered(Asked.of([str(root)])).study
    cells = answered(Asked.of([str(root)])).cells
    curves, why = curves_of(study, cells, "mean_error")
    assert curves == []
    assert "take metric=mae" in why[0]


@pytest.mark.parametrize(
    ("number", "text"), [(7, "7"), (63.4, "63"), (388, "390"), (1234, "1,200"), (25_596, "26,000")]
)
def test_images_are_told_in_two_digits(number, text):
    assert _images(number) == text
