"""Samplers by their counts, against imbalanced-learn, and in whole runs."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from imblearn.over_sampling import ADASYN, SMOTE

from medsmall.configs import compose
from medsmall.errors import MedsmallError
from medsmall.learner.heads.examples import Examples
from medsmall.learner.heads.penalty import chosen
from medsmall.learner.probe import FINDINGS
from medsmall.resolve import resolve
from medsmall.sampler.between import Adasyn, Smote
from medsmall.sampler.repeated import Oversample, Undersample
from medsmall.task import Task
from medsmall.train import train

COUNTS = st.lists(st.integers(0, 40), min_size=2, max_size=5).filter(lambda c: sum(c) > 0)
RATIOS = st.sampled_from([0.1, 0.5, 0.8, 1.0])


def classes_of(counts, seed=0):
    return np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))


@given(COUNTS, RATIOS, st.integers(0, 100))
@settings(max_examples=80, deadline=None)
def test_oversampling_fills_up_and_repeats_evenly(counts, ratio, seed):
    classes = classes_of(counts)
    shown = Oversample(ratio, seed).shown(classes)
    wanted = [max(n, round(ratio * max(counts))) if n else 0 for n in counts]
    assert np.bincount(classes[shown], minlength=len(counts)).tolist() == wanted
    assert shown[: len(classes)].tolist() == list(range(len(classes)))
    times = np.bincount(shown, minlength=len(classes))
    for number, n in enumerate(counts):
        if n:
            assert np.ptp(times[classes == number]) <= 1


@given(COUNTS, RATIOS, st.integers(0, 100))
@settings(max_examples=80, deadline=None)
def test_undersampling_leaves_out_and_repeats_nothing(counts, ratio, seed):
    classes = classes_of(counts)
    shown = Undersample(ratio, seed).shown(classes)
    most = round(min(n for n in counts if n) / ratio)
    assert np.bincount(classes[shown], minlength=len(counts)).tolist() == [
        min(n, most) for n in counts
    ]
    assert len(set(shown)) == len(shown)
    assert (np.diff(shown) > 0).all()


def test_the_seed_decides_which():
    classes = classes_of([30, 4])
    for kind in (Oversample, Undersample):
        first, again, other = (kind(0.9, seed).shown(classes) for seed in (1, 1, 2))
        assert first.tolist() == again.tolist() != other.tolist()


def clouds(counts, seed=0):
    classes = classes_of(counts, seed)
    return np.random.default_rng(seed).normal(size=(len(classes), 3)) + classes[:, None], classes


def test_smote_of_two_classes_is_imbalanced_learns():
    features, classes = clouds([40, 8])
    found = Smote(1.0, 5, seed=3).between(features, classes)
    expected = SMOTE(k_neighbors=5, random_state=3).fit_resample(features, classes)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)


def test_adasyn_of_two_classes_is_imbalanced_learns():
    features, classes = clouds([40, 8])
    found = Adasyn(1.0, 5, seed=3).between(features, classes)
    expected = ADASYN(n_neighbors=5, random_state=3).fit_resample(features, classes)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)


@given(st.lists(st.integers(1, 20), min_size=2, max_size=4), RATIOS, st.integers(0, 50))
@settings(max_examples=60, deadline=None)
def test_smote_makes_points_between_two_of_a_class_however_few_there_are(counts, ratio, seed):
    features, classes = clouds(counts, seed)
    found, of = Smote(ratio, 5, seed).between(features, classes)
    wanted = [max(n, round(ratio * max(counts))) for n in counts]
    assert np.bincount(of, minlength=len(counts)).tolist() == wanted
    np.testing.assert_array_equal(found[: len(features)], features)
    for x, number in zip(found[len(features) :], of[len(features) :], strict=True):
        own = features[classes == number]
        assert (x >= own.min(0) - 1e-9).all()
        assert (x <= own.max(0) + 1e-9).all()


def test_adasyn_without_a_border_is_smote_and_says_so(capsys):
    features, classes = clouds([30, 8])
    apart = features + 1000 * classes[:, None]
    found = Adasyn(1.0, 5, seed=0).between(apart, classes)
    expected = Smote(1.0, 5, seed=0).between(apart, classes)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)


def test_folds_make_examples_of_their_own_images_only():
    """No new example of a fold lies between images that the fold holds out."""
    features, classes = clouds([30, 8])
    of = Examples(
        features[:, None], classes[:, None].astype(float), np.arange(38), classes,
        sampler=Smote(1.0, 5, seed=0),
    )  # fmt: skip
    assert len(of.rows[0]) == 60
    some = of.at(np.flatnonzero(classes == 0).tolist() + np.flatnonzero(classes == 1)[:4].tolist())
    x, y = some.rows
    made = x[34:]
    own = features[np.flatnonzero(classes == 1)[:4]]
    assert len(made) == 26
    assert (y[34:] == 1).all()
    assert ((made >= own.min(0) - 1e-9) & (made <= own.max(0) + 1e-9)).all()


RARE = [
    "dataset=ham10000", "phantom=true", "backbone=tiny", "image_size_px=32", "pretraining=none",
    "sample_size=natural", "sample_size.n=60", "augmentation=none", "trainer.max_epochs=1",
    "dataset.phantom_patients=150",
    "sweep.rules.random_features=null", "trainer=cpu",
]  # fmt: skip


def run(tmp_path, outputs, *more):
    words = [*RARE, f"output_root={tmp_path}", f"cache_root={outputs}/cache", *more]
    return train(compose(words))


@pytest.mark.parametrize("learner", ["network", "probe"])
def test_a_run_shows_its_classes_equally_often_and_spends_the_same_labels(
    learner, tmp_path, outputs
):
    plain = run(tmp_path, outputs, f"learner={learner}")
    more = run(tmp_path, outputs, f"learner={learner}", "sampler=oversample")
    less = run(tmp_path, outputs, f"learner={learner}", "sampler=undersample")
    names = list(plain.metrics["test"]["targets"])
    assert len({record.key for record in (plain, more, less)}) == 3
    for record, sign in ((more, 1), (less, -1)):
        draw = pd.read_csv(record.folder / "draw.csv")
        train_rows = draw[draw["part"] == "train"]
        held = train_rows[names].sum()
        held = held[held > 0]
        times = train_rows[names].mul(train_rows["shown"], axis=0).sum()[held.index]
        assert set(times) == {held.max() if sign > 0 else held.min()}
        assert draw.loc[draw["part"] != "train", "shown"].isna().all()
        pd.testing.assert_frame_equal(
            draw.drop(columns="shown"), pd.read_csv(plain.folder / "draw.csv")
        )
        assert record.metrics["labels_used"] == plain.metrics["labels_used"]
        fit = record.metrics["prevalence"]["fit"]
        assert [fit[name] for name in held.index] == pytest.approx([1 / len(held)] * len(held))
        assert "corrected_" + names[0] in pd.read_csv(record.folder / "predictions.csv")


def test_smote_changes_the_probe_and_its_prevalence(tmp_path, outputs):
    plain = run(tmp_path, outputs, "learner=probe")
    smote = run(tmp_path, outputs, "learner=probe", "sampler=smote")
    fit = [v for v in smote.metrics["prevalence"]["fit"].values() if v]
    assert fit == pytest.approx([1 / len(fit)] * len(fit))
    assert plain.metrics["weights_sha256"] != smote.metrics["weights_sha256"]
    assert "shown" not in pd.read_csv(smote.folder / "draw.csv")


def test_weights_are_taken_from_what_is_shown(tmp_path, outputs, monkeypatch):
    seen = []
    from medsmall.loss.cross_entropy import CrossEntropy

    fit = CrossEntropy.fit
    monkeypatch.setattr(
        CrossEntropy, "fit",
        lambda self, labels, task: (fit(self, labels, task), seen.append(self.class_weight)),
    )  # fmt: skip
    run(tmp_path, outputs, "loss=cross_entropy_weighted", "sampler=oversample")
    there = seen[-1]
    torch.testing.assert_close(there, torch.ones_like(there) * there.max(), rtol=0.5, atol=0)
    assert json.dumps(there.tolist()).count("1.0") <= len(there)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["sampler=smote"], "between their pixels lies a double exposure"),
        (["sampler=adasyn", "learner=ridge"], "learner=ridge takes none"),
        (
            ["dataset=chexpert", "sampler=oversample"],
            "an image that is rare for one is frequent for another: set loss=bce_weighted",
        ),
        (
            ["dataset=rsna_boneage", "sampler=undersample"],
            "is for classes, but boneage are numbers",
        ),
        (["sampler=smote", "learner=probe", "learner.train_views=2"], "set learner.train_views=0"),
        (["sampler=oversample", "sampler.ratio=0"], "sampler.ratio must lie above 0"),
        (
            ["sampler=smote", "learner=probe", "sampler.seed=4294967296"],
            "is too large: choose 0",
        ),
        (
            ["sampler=oversample", "sampler.seed=-1"],
            "sampler.seed=-1 is negative: choose 0",
        ),
        (
            ["learner=random_forest", "learner.seed=-1"],
            "learner.seed=-1 is negative",
        ),
        (["sampler=smote", "learner=probe", "sampler.neighbours=0"], "must be 1 or more"),
    ],
)
def test_what_cannot_be_sampled_is_one_sentence(words, sentence, outputs):
    with pytest.raises(MedsmallError, match=sentence):
        resolve(compose([*RARE, f"output_root={outputs}", *words]))


def test_each_finding_of_several_may_have_examples_of_its_own(outputs):
    words = ["dataset=chexpert", "learner=probe", "sampler=smote"]
    case = resolve(compose([*RARE, f"output_root={outputs}", *words]))
    assert case.targets.task == Task.MULTILABEL


def test_an_image_weighs_as_its_class_does_among_the_examples():
    features, classes = clouds([30, 10])
    labels = classes[:, None].astype(float)
    of = Examples(features[:, None], labels, np.arange(40), classes, sampler=Smote(1.0, 5, seed=0))
    assert np.bincount(classes, of.weights) == pytest.approx([20, 20])
    assert (replace(of, sampler=None).weights == 1).all()


def test_a_sampler_without_effect_says_so(tmp_path, outputs, capsys):
    more = ["sampler=undersample", "sampler.ratio=0.001", "learner=prior"]
    run(tmp_path, outputs, *more)
    assert "sampler=undersample changes nothing" in capsys.readouterr().err


def test_the_penalty_is_chosen_for_the_classes_as_the_head_sees_them(monkeypatch):
    """By held-out images as they come, a head for balanced classes seems to need less of it."""
    rng = np.random.default_rng(0)
    classes = (np.arange(200) < 20).astype(int)
    signal = np.zeros(200)
    signal[:10] = 0.6
    features = rng.normal(size=(200, 200)) + classes[:, None] * signal
    of = Examples(
        features[:, None], classes[:, None].astype(float), np.arange(200), classes, "x",
        Smote(1.0, 5, seed=0),
    )  # fmt: skip
    found = chosen(of, FINDINGS, None).inverse_penalty
    monkeypatch.setattr(Examples, "weights", np.ones(200))
    assert found < chosen(of, FINDINGS, None).inverse_penalty


def test_the_epoch_is_scored_for_the_classes_of_validation(tmp_path, outputs):
    """The last row of the history, again from the predictions of validation."""
    more = ["loss=cross_entropy_weighted", "select_by=last", "trainer.max_epochs=2"]
    record = run(tmp_path, outputs, *more, "sample_size.n=100")
    val = pd.read_csv(record.folder / "val_predictions.csv")
    names = list(record.metrics["test"]["targets"])
    y, p = val[names].to_numpy(), val[[f"prob_{name}" for name in names]].to_numpy()
    fit = np.array([record.metrics["prevalence"]["fit"][name] for name in names])
    shifted = p * np.where(fit > 0, y.mean(0) / np.where(fit > 0, fit, 1), 1)
    shifted /= shifted.sum(1, keepdims=True)
    loss = record.history["val_loss"].iloc[-1]
    assert loss == pytest.approx(-np.log(shifted[y == 1].clip(1e-7)).mean(), rel=1e-3)
    assert loss != pytest.approx(-np.log(p[y == 1]).mean(), rel=1e-2)
