"""Predictions and metrics: each number again from the predictions with pandas and sklearn alone."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    cohen_kappa_score,
    log_loss,
    recall_score,
    roc_auc_score,
)

from medsmall.errors import MedsmallError
from medsmall.evaluation.prior_shift import Shares
from medsmall.record.scores import check_columns, metrics, predictions, told, units
from medsmall.targets import targets_of
from medsmall.task import Task
from medsmall.threshold.at_least import Sensitivity
from medsmall.threshold.youden import Youden

TARGETS = ["Hernia", "Edema"]
HALF = np.full(2, 0.5)
SHARES = Shares(HALF, HALF)  # in the fit, in the population
FINDINGS = targets_of(TARGETS, Task.MULTILABEL)
NO_SHARES = Shares(np.full(1, np.nan), np.full(1, np.nan))
MONTHS = targets_of(["months"], Task.REGRESSION)


def make(seed=0, n=150):
    """A draw with several images per study and patient, its table, and probabilities."""
    rng = np.random.default_rng(seed)
    image = [f"{i:03}.png" for i in range(n)]
    study = rng.integers(n // 3, size=n)
    labels = rng.integers(0, 2, (n, 2)).astype(float)
    labels[rng.random((n, 2)) < 0.15] = np.nan
    table = pd.DataFrame(
        {
            "image": image,
            "patient": [f"p{s // 2}" for s in study],
            "study": [f"s{s}" for s in study],
        }
    )
    table[TARGETS] = labels
    draw = table[["image", "patient", *TARGETS]].sample(frac=1, random_state=seed)
    draw.insert(2, "part", rng.permutation(["train", "val", "test"] * (n // 3)))
    draw = draw.reset_index(drop=True)
    sizes = draw["part"].value_counts()
    prob = {part: rng.random((sizes[part], 2)) for part in ("val", "test")}
    return draw, table.sample(frac=1, random_state=seed + 1), prob


def test_predictions_hold_the_test_images_in_order_with_labels_and_probabilities():
    draw, table, prob = make()
    frame = predictions(draw, table, "image", FINDINGS, "test", prob["test"], {}, SHARES)
    assert list(frame) == ["image", "patient", *TARGETS, "prob_Hernia", "prob_Edema"]
    test = draw[draw["part"] == "test"].reset_index(drop=True)
    pd.testing.assert_frame_equal(frame[["image", "patient", *TARGETS]], test.drop(columns="part"))
    np.testing.assert_array_equal(frame[["prob_Hernia", "prob_Edema"]], prob["test"])


def test_predictions_name_the_study_of_each_image_where_that_is_scored():
    draw, table, prob = make()
    frame = predictions(draw, table, "study", FINDINGS, "test", prob["test"], {}, SHARES)
    assert list(frame)[:3] == ["image", "patient", "study"]
    study_of = dict(zip(table["image"], table["study"], strict=True))
    assert frame["study"].tolist() == [study_of[image] for image in frame["image"]]


def test_units_follow_the_images_not_the_rows_of_the_table():
    draw, table, _ = make()
    rows = draw[draw["part"] == "val"]
    found = units(rows, table, "study")
    again = units(rows, table.sort_values("image"), "study")
    assert found.tolist() == again.tolist()
    assert len(set(units(rows, table, "image"))) == len(rows)


@pytest.mark.parametrize("unit", ["image", "study"])
def test_every_metric_can_be_recomputed_from_the_predictions(unit):
    draw, table, prob = make()
    result = metrics(draw, table, unit, FINDINGS, prob, Youden(), SHARES)["test"]
    frame = predictions(draw, table, unit, FINDINGS, "test", prob["test"], {}, SHARES)
    if unit == "study":
        scores = [f"prob_{target}" for target in TARGETS]
        frame = frame.groupby("study").agg(
            {**dict.fromkeys(TARGETS, "max"), **dict.fromkeys(scores, "mean")}
        )
    assert result["n"] == len(frame)
    losses, found = [], {}
    for target in TARGETS:
        known = frame[frame[target].notna()]
        y, p = known[target], known[f"prob_{target}"]
        values = result["targets"][target]
        called = p >= values["threshold"]
        found[target] = {
            "auroc": roc_auc_score(y, p),
            "average_precision": average_precision_score(y, p),
            "sensitivity": recall_score(y, called),
            "specificity": recall_score(y, called, pos_label=0),
            "accuracy": (y == called).mean(),
            "balanced_accuracy": balanced_accuracy_score(y, called),
            "cohen_kappa": cohen_kappa_score(y, called),
        }
        assert (values["n"], values["n_positive"]) == (len(y), y.sum())
        for name, expected in found[target].items():
            assert values[name] == pytest.approx(expected), name
        losses.append((log_loss(y, p, normalize=False), len(y)))
    total, known = np.sum(losses, axis=0)
    assert result["loss"] == pytest.approx(total / known)
    for name in found["Hernia"]:
        mean = np.mean([found[target][name] for target in TARGETS])
        assert result["mean"][name] == pytest.approx(mean)


def test_thresholds_come_from_validation_and_serve_both_parts():
    draw, table, prob = make()

    def of(values):
        return metrics(draw, table, "image", FINDINGS, values, Youden(), SHARES)

    result, other = of(prob), of({**prob, "test": 1 - prob["test"]})
    moved = of({**prob, "val": prob["val"] / 4})
    for target in TARGETS:
        threshold = result["val"]["targets"][target]["threshold"]
        assert result["test"]["targets"][target]["threshold"] == threshold
        assert other["test"]["targets"][target]["threshold"] == threshold
        assert moved["test"]["targets"][target]["threshold"] != threshold


def test_the_order_of_the_images_has_no_say():
    draw, table, prob = make()
    result = metrics(draw, table, "study", FINDINGS, prob, Youden(), SHARES)
    order = np.random.default_rng(0).permutation(len(draw))
    shuffled = draw.iloc[order]
    moved = {}
    for part, rows in prob.items():
        place = {image: i for i, image in enumerate(draw.loc[draw["part"] == part, "image"])}
        images = shuffled.loc[shuffled["part"] == part, "image"]
        moved[part] = rows[[place[image] for image in images]]
    again = metrics(shuffled, table, "study", FINDINGS, moved, Youden(), SHARES)
    for part in ("val", "test"):
        for target in TARGETS:
            one, two = (r[part]["targets"][target] for r in (result, again))
            assert {k: v for k, v in one.items() if k != "reasons"} == pytest.approx(
                {k: v for k, v in two.items() if k != "reasons"}
            )


def test_a_class_that_is_absent_gives_null_and_a_reason():
    draw, table, prob = make()
    draw.loc[draw["part"] == "test", "Hernia"] = 0.0
    result = metrics(draw, table, "image", FINDINGS, prob, Youden(), SHARES)["test"]
    hernia = result["targets"]["Hernia"]
    assert hernia["auroc"] is None
    assert "no positive among 50 known labels" in hernia["reasons"]["auroc"]
    assert result["mean"]["auroc"] == result["targets"]["Edema"]["auroc"]
    assert result["mean"]["auroc_over"] == 1


def test_a_regression_is_recorded_in_the_unit_of_its_target_and_averaged_per_study():
    draw, table, _ = make()
    rng = np.random.default_rng(3)
    months = pd.Series(rng.uniform(1, 228, len(draw)), index=draw["image"])
    for frame in (draw, table):
        frame["months"] = frame["image"].map(months)
    sizes = draw["part"].value_counts()
    values = {part: rng.uniform(1, 228, (sizes[part], 1)) for part in ("val", "test")}
    frame = predictions(draw, table, "study", MONTHS, "test", values["test"], {}, NO_SHARES)
    assert list(frame)[-2:] == ["months", "pred_months"]
    result = metrics(draw, table, "study", MONTHS, values, Youden(), NO_SHARES)["test"]
    studies = frame.groupby("study")[["months", "pred_months"]].mean()
    assert result["n"] == len(studies) < len(frame)
    error = studies["pred_months"] - studies["months"]
    assert result["targets"]["months"]["mae"] == pytest.approx(error.abs().mean())
    assert result["targets"]["months"]["mean_error"] == pytest.approx(error.mean())


@pytest.mark.parametrize(
    ("names", "unit"),
    [
        (["a", "prob_a"], "image"), (["image"], "image"), (["patient"], "image"),
        (["part"], "image"), (["predicted"], "image"), (["correct"], "study"),
        (["study"], "study"), (["prob_prob_a", "prob_a"], "image"),
    ],
)  # fmt: skip
def test_a_target_that_is_also_another_column_is_refused(names, unit):
    with pytest.raises(MedsmallError, match="has the name of another column"):
        check_columns(targets_of(names, Task.MULTILABEL), unit)


def test_other_names_are_fine():
    check_columns(targets_of(["a", "prob", "study"], Task.MULTILABEL), "image")
    check_columns(targets_of(["prob_a", "a"], Task.REGRESSION), "study")


def test_validation_figures_name_the_targets_whose_threshold_was_chosen_on_them():
    draw, table, prob = make()
    labels = draw.loc[draw["part"] == "val", "Hernia"]
    draw.loc[labels[labels == 1].index[5:], "Hernia"] = 0.0  # 5 positives are too few
    found = metrics(draw, table, "image", FINDINGS, prob, Youden(), SHARES)
    assert found["val"]["in_sample"] == ["Edema"]
    for part in ("val", "test"):
        hernia = found[part]["targets"]["Hernia"]
        assert (hernia["threshold_from"], hernia["threshold"]) == ("prevalence", 0.5)
        assert found[part]["targets"]["Edema"]["threshold_from"] == "validation"


def test_the_mean_over_what_was_learnt_stands_beside_the_mean_over_all():
    draw, table, prob = make()
    draw.loc[draw["part"] == "train", "Hernia"] = 0.0
    test = metrics(draw, table, "image", FINDINGS, prob, Youden(), SHARES)["test"]
    assert test["targets"]["Hernia"]["n_train_positive"] == 0
    assert (test["mean"]["auroc_over"], test["mean_trained"]["auroc_over"]) == (2, 1)
    assert test["mean_trained"]["auroc"] == test["targets"]["Edema"]["auroc"]


def test_the_prevalence_serves_where_validation_has_too_few():
    draw, table, prob = make()
    labels = draw.loc[draw["part"] == "val", "Hernia"]
    draw.loc[labels[labels == 1].index[5:], "Hernia"] = 0.0
    found = metrics(
        draw, table, "study", FINDINGS, prob, Youden(), Shares(np.array([0.2, 0.3]), HALF)
    )["test"]["targets"]
    assert (found["Hernia"]["threshold"], found["Hernia"]["threshold_from"]) == (0.2, "prevalence")
    assert found["Edema"]["threshold_from"] == "validation"


def test_classes_and_a_single_finding_say_what_an_image_is_taken_for_and_whether_that_is_so():
    draw, table, prob = make()
    one = targets_of(["Hernia"], Task.BINARY)
    result = metrics(
        draw,
        table,
        "study",
        one,
        {p: v[:, :1] for p, v in prob.items()},
        Youden(),
        Shares(HALF[:1], HALF[:1]),
    )
    threshold = result["test"]["targets"]["Hernia"]["threshold"]
    values = prob["test"][:, :1]
    frame = predictions(
        draw, table, "study", one, "test", values, {"Hernia": threshold}, Shares(HALF[:1], HALF[:1])
    )
    studies = frame.groupby("study").agg({"Hernia": "max", "prob_Hernia": "mean"})
    called = (studies["prob_Hernia"] >= threshold).astype(int)
    assert frame["predicted"].tolist() == called[frame["study"]].tolist()  # of the whole study
    known = studies["Hernia"][frame["study"]].notna().to_numpy()
    assert 0 < known.mean() < 1
    truth = studies["Hernia"][frame["study"]].to_numpy()
    right = (frame["predicted"].to_numpy() == truth)[known]
    assert frame["correct"][known].tolist() == right.tolist()
    assert frame["correct"][~known].isna().all()
    accuracy = (called == studies["Hernia"])[studies["Hernia"].notna()].mean()
    assert accuracy == pytest.approx(result["test"]["targets"]["Hernia"]["accuracy"])


def test_classes_are_named_by_the_most_probable_one():
    draw, table, prob = make()
    draw["Hernia"] = draw["Hernia"].fillna(0)
    draw["Edema"] = 1 - draw["Hernia"]
    classes = targets_of(TARGETS, Task.MULTICLASS)
    frame = predictions(draw, table, "image", classes, "test", prob["test"], {}, SHARES)
    hernia = prob["test"][:, 0] > prob["test"][:, 1]
    assert frame["predicted"].tolist() == np.where(hernia, "Hernia", "Edema").tolist()
    assert frame["correct"].tolist() == (hernia == (frame["Hernia"] == 1)).tolist()
    for several in (FINDINGS, MONTHS):  # there is no one answer
        assert not several.decide(prob["test"], prob["test"], {})


def test_probabilities_for_the_population_stand_beside_those_of_the_fit():
    draw, table, prob = make()
    shares = Shares(HALF, np.array([0.1, 0.5]))
    frame = predictions(draw, table, "study", FINDINGS, "test", prob["test"], {}, shares)
    p = frame["prob_Hernia"]
    np.testing.assert_allclose(frame["corrected_Hernia"], p * 0.1 / (p * 0.1 + (1 - p) * 0.9))
    np.testing.assert_allclose(frame["corrected_Edema"], frame["prob_Edema"], rtol=1e-12)
    found = metrics(draw, table, "study", FINDINGS, prob, Youden(), shares)["test"]
    columns = [f"corrected_{name}" for name in TARGETS]
    scored = frame.groupby("study")[[*columns, *TARGETS]].agg(
        dict.fromkeys(columns, "mean") | dict.fromkeys(TARGETS, "max")
    )
    known = scored[TARGETS].notna().to_numpy()
    y, p = scored[TARGETS].to_numpy()[known], scored[columns].to_numpy()[known]
    assert found["corrected_loss"] == pytest.approx(log_loss(y, p))
    plain = metrics(draw, table, "study", FINDINGS, prob, Youden(), SHARES)["test"]
    assert "corrected_loss" not in plain
    assert {k: v for k, v in found.items() if k != "corrected_loss"} == plain


def test_the_record_tells_both_shares():
    shares = Shares(HALF, np.array([0.1, np.nan]))
    found = told(FINDINGS, shares)
    assert found == {
        "fit": {"Hernia": 0.5, "Edema": 0.5},
        "population": {"Hernia": 0.1, "Edema": None},
    }
    assert told(MONTHS, NO_SHARES) == {}


def test_the_rule_chooses_the_threshold_and_is_named():
    draw, table, prob = make()
    found = metrics(draw, table, "image", FINDINGS, prob, Sensitivity(0.9), SHARES)
    assert found["test"]["threshold_aim"] == "a sensitivity of at least 0.9"
    for name in TARGETS:
        assert found["val"]["targets"][name]["sensitivity"] >= 0.9
        assert (
            found["val"]["targets"][name]["threshold"]
            == (found["test"]["targets"][name]["threshold"])
        )
