"""Metrics of classes: against torchmetrics and scikit-learn, beside the majority class."""

import numpy as np
import pytest
from sklearn.metrics import (
    balanced_accuracy_score,
    cohen_kappa_score,
    confusion_matrix,
    precision_recall_fscore_support,
    roc_auc_score,
)

from medsmall.evaluation.classes import OVERALL, evaluate_classes

CLASSES = list("ABCD")


def simulated(n=400, seed=0, shares=(0.6, 0.2, 0.15, 0.05), signal=1.5):
    rng = np.random.default_rng(seed)
    true = rng.choice(4, size=n, p=shares)
    logits = rng.normal(size=(n, 4)) + signal * np.eye(4)[true] + np.log(shares)
    prob = np.exp(logits)
    return true, np.eye(4)[true], prob / prob.sum(1, keepdims=True)


@pytest.mark.parametrize("seed", range(3))
def test_it_agrees_with_scikit_learn(seed):
    true, y, prob = simulated(seed=seed)
    called = prob.argmax(1)
    found = evaluate_classes(y, prob, CLASSES)
    precision, recall, f1, images = precision_recall_fscore_support(true, called, zero_division=0)
    assert found["accuracy"] == pytest.approx(np.mean(called == true))
    assert found["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(true, called))
    assert found["macro_f1"] == pytest.approx(f1.mean())
    assert found["cohen_kappa"] == pytest.approx(cohen_kappa_score(true, called))
    assert found["confusion"] == confusion_matrix(true, called).tolist()
    for k, name in enumerate(CLASSES):
        values = found["targets"][name]
        assert (values["n"], values["n_positive"]) == (len(y), images[k])
        assert values["recall"] == pytest.approx(recall[k])
        assert values["f1"] == pytest.approx(f1[k])
        if values["precision"] is None:
            assert not (called == k).any()
            assert values["reasons"]["precision"] == "the class is never the most probable one"
        else:
            assert values["precision"] == pytest.approx(precision[k])
        assert values["auroc"] == pytest.approx(roc_auc_score(y[:, k], prob[:, k]))
    assert found["mean"]["auroc"] == pytest.approx(
        roc_auc_score(y, prob, average="macro", multi_class="ovr")
    )


def test_loss_and_auroc_agree_with_torch():
    torch = pytest.importorskip("torch")
    from torchmetrics.functional import classification as tm

    true, y, prob = simulated(seed=1)
    y[:20] = np.nan
    found = evaluate_classes(y, prob, CLASSES)
    p, t = torch.tensor(prob[20:]), torch.tensor(true[20:])
    assert found["n"] == 400
    assert found["mean"]["auroc"] == pytest.approx(float(tm.multiclass_auroc(p, t, 4)), abs=1e-6)
    assert found["loss"] == pytest.approx(float(torch.nn.functional.nll_loss(p.log(), t)))


def test_one_who_always_says_the_commonest_class_is_the_majority_and_chance():
    """One-vs-rest at a threshold per class gave this very classifier an accuracy near 0.8."""
    _, y, _ = simulated()
    always = np.full(y.shape, 0.1)
    always[:, 0] = 0.7
    found = evaluate_classes(y, always, CLASSES)
    assert {k: found[k] for k in OVERALL} == {k: found["majority"][k] for k in OVERALL}
    assert found["majority"]["class"] == "A"
    assert found["balanced_accuracy"] == 1 / 4
    assert found["cohen_kappa"] == 0
    assert found["accuracy"] == y[:, 0].mean()
    assert found["mean"]["auroc"] == 0.5


def test_it_is_that_of_the_most_probable_class_whatever_its_probability():
    _, y, prob = simulated()
    sharper = prob**3 / (prob**3).sum(1, keepdims=True)
    flat, sharp = (evaluate_classes(y, p, CLASSES) for p in (prob, sharper))
    for metric in (*OVERALL, "confusion", "majority"):
        assert flat[metric] == sharp[metric]


def test_a_class_that_is_absent_is_null_with_its_reason():
    true, y, prob = simulated()
    y = y[true != 3]
    found = evaluate_classes(y, prob[true != 3], CLASSES)
    assert found["balanced_accuracy"] is found["macro_f1"] is None
    assert found["reasons"]["macro_f1"] == f"no image of D among {len(y)}"
    assert found["targets"]["D"]["recall"] is found["targets"]["D"]["auroc"] is None
    assert found["mean"]["recall_over"] == 3
    assert found["accuracy"] > 0.5

    one = evaluate_classes(np.eye(4)[[0, 0, 0]], prob[:3], CLASSES)
    assert one["reasons"]["cohen_kappa"] == "all 3 images are of one class"


def test_few_images_of_a_class_make_its_values_unreliable():
    _, y, prob = simulated(n=100, shares=(0.6, 0.2, 0.15, 0.05))
    found = evaluate_classes(y, prob, CLASSES)
    few = {name for name in CLASSES if found["targets"][name]["n_positive"] < 10}
    assert "D" in few
    assert {name for name in CLASSES if not found["targets"][name]["reliable"]} == few
    assert found["mean"]["unreliable"] == len(few)


def test_labels_of_no_class_or_several_are_refused():
    _, y, prob = simulated()
    with pytest.raises(ValueError, match="exactly one 1"):
        evaluate_classes(np.ones_like(y), prob, CLASSES)
    with pytest.raises(ValueError, match="K=2 targets"):
        evaluate_classes(y, prob, CLASSES[:2])
