"""The module by itself: inputs, probabilities, losses and validation metrics."""

import numpy as np
import pandas as pd
import pytest
import pytorch_lightning as pl
import torch
from prepared import prepared_of
from sklearn.metrics import log_loss, roc_auc_score
from torch.nn import functional as F

from medsmall.augmentation.none import NoAugmentation
from medsmall.augmentation.paper import Paper
from medsmall.backbone.timm_network import TimmNetwork
from medsmall.batches.batch import Batch
from medsmall.batches.drawn import DrawnImages
from medsmall.errors import MedsmallError
from medsmall.evaluation.prior_shift import Shares
from medsmall.inference import outputs, predictions
from medsmall.learner.lightning.classifier import Classifier
from medsmall.loss.asymmetric import Asymmetric
from medsmall.loss.bce import BCE
from medsmall.loss.cross_entropy import CrossEntropy
from medsmall.loss.focal import Focal
from medsmall.loss.label_smoothing import LabelSmoothing
from medsmall.loss.logit_adjustment import LogitAdjustment
from medsmall.loss.regression import RegressionLoss
from medsmall.model import Model
from medsmall.objective.supervised import Supervised
from medsmall.schedule.one_cycle import OneCycle
from medsmall.strategy.finetune_all import FinetuneAll
from medsmall.targets import targets_of
from medsmall.task import Task

NAN = float("nan")


def make(targets=("a", "b", "c"), task=None, mean=(0.5,) * 3, std=(0.25,) * 3, loss=None,
         weighted=False):  # fmt: skip
    torch.manual_seed(0)
    k = len(targets)
    network = TimmNetwork("test_resnet", None, None).build(k)
    loss = loss or (CrossEntropy(weighted) if task is Task.MULTICLASS else BCE(weighted))
    loss.fit(torch.eye(max(k, 2))[:, :k], task or Task.of_findings(targets))
    schedule = OneCycle(warmup=0.3, start_divisor=25.0, end_divisor=1e4, cycle_momentum=True)
    strategy = FinetuneAll(lr=1e-3, weight_decay=0.0)
    targets = targets_of(list(targets), task or Task.of_findings(targets))
    model = Model(network.module, network.architecture, targets, list(mean), list(std))
    classifier = Classifier(network, model, strategy, schedule, loss, Supervised())
    classifier.trainer = trainer()
    return classifier.eval()


def batch_of(images, labels):
    n = len(images)
    return Batch(images, labels, torch.ones(n, dtype=torch.int64), torch.ones(n, dtype=torch.bool))


def images(n, channels=3, side=32, seed=0):
    torch.manual_seed(seed)
    return torch.randint(0, 256, (n, channels, side, side), dtype=torch.uint8)


def trainer(**options):
    return pl.Trainer(
        accelerator="cpu",
        devices=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        **options,
    )


def data_of(labels, parts, targets, augmentation=None, batch=4):
    draw = pd.DataFrame(labels, columns=list(targets))
    draw.insert(0, "image", [f"{i}.png" for i in range(len(draw))])
    draw.insert(1, "part", parts)
    pixels = images(len(draw), channels=1).permute(0, 2, 3, 1)
    prepared, augmentation = prepared_of(pixels, draw), augmentation or NoAugmentation()
    return DrawnImages(draw, prepared, list(targets), augmentation, batch, 0)


def test_inputs_are_scaled_to_1_and_normalised_channel_by_channel():
    classifier = make(mean=(0.1, 0.2, 0.3), std=(0.4, 0.5, 0.6))
    seen = []
    classifier.model.module.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    x = images(2)
    with torch.no_grad():
        classifier.model(x)
    for channel, (mean, std) in enumerate([(0.1, 0.4), (0.2, 0.5), (0.3, 0.6)]):
        torch.testing.assert_close(seen[0][:, channel], (x[:, channel] / 255 - mean) / std)


def test_a_grey_image_is_three_equal_channels():
    classifier = make()
    grey = images(3, channels=1)
    with torch.no_grad():
        assert classifier.model(grey).equal(classifier.model(grey.repeat(1, 3, 1, 1)))


def test_statistics_and_network_travel_in_the_state_dict():
    state = make(mean=(0.1, 0.2, 0.3)).state_dict()
    assert state["model.mean"].flatten().tolist() == pytest.approx([0.1, 0.2, 0.3])
    other = make(mean=(0.9,) * 3)
    other.load_state_dict(state)
    assert other.model.mean.equal(state["model.mean"])


def test_probabilities_are_sigmoids_of_targets_that_stand_alone():
    logits = torch.tensor([[-2.0, 0.0, 3.0], [50.0, -50.0, 1.0]])
    prob = make().model.predictions(logits)
    assert prob.dtype == np.float64
    np.testing.assert_allclose(prob, 1 / (1 + np.exp(-logits.double().numpy())), rtol=1e-12)


def test_probabilities_are_a_softmax_of_exclusive_targets():
    logits = torch.tensor([[-2.0, 0.0, 3.0], [500.0, -500.0, 1.0]])
    prob = make(task=Task.MULTICLASS).model.predictions(logits)
    e = np.exp(logits.double().numpy() - logits.double().numpy().max(1, keepdims=True))
    np.testing.assert_allclose(prob, e / e.sum(1, keepdims=True), rtol=1e-12)
    np.testing.assert_allclose(prob.sum(1), 1)


def test_one_target_is_binary():
    assert Task.of_classes(["a"]) is Task.BINARY
    prob = make(targets=["a"]).model.predictions(torch.tensor([[0.0], [2.0]]))
    np.testing.assert_allclose(prob[:, 0], [0.5, 1 / (1 + np.exp(-2))])


@pytest.mark.parametrize(
    ("loss", "task", "remedy"),
    [
        (CrossEntropy(False), Task.MULTILABEL, "loss=bce"),
        (BCE(False), Task.MULTICLASS, "loss=cross_entropy"),
        (BCE(False), Task.REGRESSION, "loss=mae"),
        (RegressionLoss(2), Task.MULTILABEL, "loss=bce"),
    ],
)
def test_a_loss_that_does_not_suit_the_targets_is_refused(loss, task, remedy):
    with pytest.raises(MedsmallError, match=f"not for a {task} task .*a, b, c.* set {remedy}"):
        make(loss=loss, task=task)


@pytest.mark.parametrize("loss", [CrossEntropy(False), BCE(False)])
def test_either_loss_suits_one_target(loss):
    make(targets=["a"], loss=loss)


def test_regression_learns_standardised_labels_and_predicts_in_their_unit():
    classifier = make(targets=["months"], task=Task.REGRESSION, loss=RegressionLoss(2))
    labels = torch.tensor([[100.0], [140.0], [NAN], [120.0]], dtype=torch.float64)
    classifier.model.learn_scale(labels)
    spread = float(np.std([100, 140, 120]))
    np.testing.assert_allclose(
        classifier.model.predictions(torch.tensor([[0.0], [1.0]])),
        [[120], [120 + spread]],
        rtol=1e-6,
    )
    y = np.linspace(20, 220, 12)[:, None]
    metrics, predicted = validated(classifier, y, ["months"])
    error = predicted[:, 0] - y[2:, 0]
    assert float(metrics["val_mae"]) == pytest.approx(np.abs(error).mean(), rel=1e-5)
    assert float(metrics["val_loss"]) == pytest.approx(((error / spread) ** 2).mean(), rel=1e-4)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_training_loss_is_the_mean_over_known_labels(weighted):
    classifier = make(weighted=weighted)
    classifier.loss.fit(
        torch.tensor([[1.0, 0, 0], [0, 0, 1], [0, 1, 0], [0, 0, 1]]), Task.MULTILABEL
    )
    x = images(4)
    y = torch.tensor([[1.0, NAN, 0.0], [0.0, 1.0, NAN], [NAN, NAN, NAN], [0.0, 0.0, 1.0]])
    loss = classifier.training_step(batch_of(x, y), 0)
    with torch.no_grad():
        logits = classifier.model(x)
    known = ~y.isnan()
    each = F.binary_cross_entropy_with_logits(logits[known], y[known], reduction="none")
    rows = classifier.loss.class_weight
    weight = torch.where(y == 1, rows[1], rows[0])[known]
    torch.testing.assert_close(loss.detach(), (each * weight).sum() / weight.sum())


def test_the_training_loss_of_exclusive_targets_is_cross_entropy():
    classifier = make(task=Task.MULTICLASS)
    x, classes = images(4), torch.tensor([2, 0, 1, 1])
    loss = classifier.training_step(batch_of(x, F.one_hot(classes, 3).float()), 0)
    with torch.no_grad():
        torch.testing.assert_close(loss.detach(), F.cross_entropy(classifier.model(x), classes))


def test_a_batch_without_a_known_label_has_loss_zero_and_no_gradient():
    classifier = make()
    loss = classifier.training_step(batch_of(images(2), torch.full((2, 3), NAN)), 0)
    loss.backward()
    assert loss.item() == 0
    assert not any(p.grad.any() for p in classifier.model.module.parameters() if p.grad is not None)


CPU = torch.device("cpu")


def test_outputs_are_the_mean_over_the_views():
    model = make().model
    x = images(12)
    with torch.no_grad():
        logits = model(x)
    mean = outputs(model, [batch_of(x, torch.zeros(12, 3))], 3, CPU, "32-true")
    assert mean.shape == (4, 3)
    for image in range(4):
        torch.testing.assert_close(mean[image], logits[3 * image : 3 * image + 3].mean(0))


def test_scores_have_the_order_of_the_draw_and_average_outputs_over_views():
    targets = ["a"]
    model = make(targets).model
    augmentation = Paper(32, rotation_deg=10.0, flip=0.5, crop=0.9, tta_views=2)
    parts = ["train"] * 4 + ["val"] * 4 + ["test"] * 11
    data = data_of(np.zeros((19, 1)), parts, targets, augmentation)
    prob = predictions(model, data.scoring("test"), data.views, CPU, "32-true")
    logits = []
    with torch.no_grad():
        for image in range(11):
            views = data.parts["test"][[(image, 0), (image, 1), (image, 2)]].images
            logits.append(float(model(views).double().mean()))
    np.testing.assert_allclose(prob[:, 0], 1 / (1 + np.exp(-np.array(logits))), rtol=1e-5)


def test_mixed_precision_is_that_of_lightning():
    model, x = make().model, images(8)
    exact, mixed = (
        outputs(model, [batch_of(x, torch.zeros(8, 3))], 1, CPU, precision)
        for precision in ("32-true", "bf16-mixed")
    )
    with (
        torch.no_grad(),
        pl.Trainer(
            accelerator="cpu", precision="bf16-mixed", logger=False
        ).precision_plugin.forward_context(),
    ):
        expected = model(x).float()
    assert mixed.equal(expected)
    assert 0 < (mixed - exact).abs().max() < 0.1


def validated(classifier, labels, targets):
    """Metrics of Lightning's validation loop, and what they must be computed from."""
    data = data_of(labels, ["train"] * 2 + ["val"] * (len(labels) - 2), targets, batch=2)
    found = trainer()
    found.validate(classifier, data.plain("val"), verbose=False)
    x = torch.cat([batch.images for batch in data.plain("val")])
    return found.callback_metrics, classifier.model.predict(x)


def test_validation_logs_the_loss_and_mean_auroc_that_scikit_learn_gives():
    labels = np.random.default_rng(0).integers(0, 2, (40, 3)).astype(float)
    labels[5:15, 1] = NAN
    metrics, prob = validated(make(weighted=True), labels, "abc")
    y = labels[2:]
    known = ~np.isnan(y)
    aurocs = [roc_auc_score(y[known[:, k], k], prob[known[:, k], k]) for k in range(3)]
    assert float(metrics["val_auroc"]) == pytest.approx(np.mean(aurocs), abs=1e-6)
    expected = log_loss(y[known], prob[known])  # unweighted, although the training loss is not
    assert float(metrics["val_loss"]) == pytest.approx(expected, rel=1e-5)


def test_validation_of_exclusive_targets_logs_the_cross_entropy():
    labels = np.eye(3)[np.arange(20) % 3]
    metrics, prob = validated(make(task=Task.MULTICLASS), labels, "abc")
    y = labels[2:].argmax(1)
    assert float(metrics["val_loss"]) == pytest.approx(log_loss(y, prob), rel=1e-5)
    aurocs = [roc_auc_score(y == k, prob[:, k]) for k in range(3)]
    assert float(metrics["val_auroc"]) == pytest.approx(np.mean(aurocs), abs=1e-6)


def test_an_undefined_auroc_is_nan_not_a_number():
    metrics, _ = validated(make(targets=["a"]), np.zeros((8, 1)), ["a"])
    assert np.isnan(float(metrics["val_auroc"]))
    assert np.isfinite(float(metrics["val_loss"]))


def test_train_loss_is_the_mean_over_the_labels_of_the_whole_epoch():
    # batches of 4, 4 and 3 images with 8, 7, ... known labels: no mean of means
    classifier = make(targets=["a", "b"])
    labels = np.random.default_rng(1).integers(0, 2, (15, 2)).astype(float)
    labels[:3, 0] = NAN
    data = data_of(labels, ["train"] * 11 + ["val"] * 4, ["a", "b"])
    sums = []

    class Keep(pl.Callback):
        def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx):
            known = int((~batch.labels.isnan()).sum())
            sums.append((float(outputs["loss"]) * known, known))

    fit = trainer(max_epochs=2, callbacks=[Keep()])
    fit.fit(classifier.train(), data.training(0), data.plain("val"))
    total, known = np.sum(sums[-3:], axis=0)
    assert known == 19
    assert float(fit.callback_metrics["train_loss"]) == pytest.approx(total / known, rel=1e-5)


def test_a_finite_sample_can_be_learnt_by_heart():
    classifier = make(targets=["a"])
    labels = np.array([[0.0], [1.0]] * 8)
    data = data_of(labels, ["train"] * 8 + ["val"] * 8, ["a"])
    fit = trainer(max_epochs=40)
    fit.fit(classifier.train(), data.training(0), data.plain("val"))
    assert float(fit.callback_metrics["train_loss"]) < 0.15


LOSSES = [
    (Task.MULTILABEL, Focal(gamma=2.0, weighted=False)),
    (Task.MULTICLASS, Focal(gamma=2.0, weighted=True)),
    (Task.MULTILABEL, LabelSmoothing(epsilon=0.1)),
    (Task.MULTICLASS, LabelSmoothing(epsilon=0.1)),
    (Task.MULTILABEL, LogitAdjustment(tau=1.0)),
    (Task.MULTICLASS, LogitAdjustment(tau=1.0)),
    (Task.MULTILABEL, Asymmetric(gamma_positive=0.0, gamma_negative=4.0, margin=0.05)),
    (Task.MULTILABEL, BCE(weighted=True, beta=0.9)),
    (Task.MULTILABEL, BCE(weighted=False, pos_weight=3.0)),
    (Task.MULTICLASS, CrossEntropy(weighted=True, beta=0.9)),
]


@pytest.mark.parametrize(("task", "loss"), LOSSES)
def test_a_step_follows_the_loss(task, loss):
    """Its gradient is that of the loss of the outputs, and another one than without a remedy."""
    drawn = torch.eye(3)[torch.tensor([0, 0, 0, 0, 1, 1, 2])]
    y = drawn[[0, 1, 4, 6]]
    steps = []
    for one in (loss, CrossEntropy(False) if task is Task.MULTICLASS else BCE(False)):
        classifier = make(loss=one, task=task)
        classifier.loss.fit(drawn, task)
        value = classifier.training_step(batch_of(images(4), y), 0)
        value.backward()
        each, weights = classifier.loss(classifier.model(images(4)).detach(), y)
        assert float(value) == pytest.approx(float(each.sum() / weights.sum()), rel=1e-4)
        steps.append(torch.cat([p.grad.flatten() for p in classifier.model.module.parameters()]))
    assert steps[0].isfinite().all()
    assert not torch.allclose(*steps, rtol=1e-3)


@pytest.mark.parametrize(("task", "targets"), [(Task.BINARY, ["a"]), (Task.MULTICLASS, "abc")])
def test_after_a_balanced_fit_validation_is_scored_for_its_own_classes(task, targets):
    """Else the epoch that has learnt least would look best."""
    rng = np.random.default_rng(0)
    classes = rng.choice(len(targets) if len(targets) > 1 else 2, 40, p=None)
    y = np.eye(3)[classes] if len(targets) > 1 else classes[:, None].astype(float)
    k = y.shape[1]
    fit, share = np.full(k, 1 / max(k, 2)), np.array([0.05] if k == 1 else [0.8, 0.15, 0.05])
    plain, predicted = validated(make(targets, task), y, list(targets))
    classifier = make(targets, task)
    classifier.shares = Shares(fit, share)
    shifted, _ = validated(classifier, y, list(targets))
    corrected = classifier.model.targets.corrected(predicted, classifier.shares)
    rows = y[-len(predicted) :]
    full = corrected if k > 1 else np.c_[1 - corrected, corrected]
    true = rows.argmax(1) if k > 1 else rows[:, 0].astype(int)
    expected = -np.log(full[np.arange(len(true)), true]).mean()
    assert float(shifted["val_loss"]) == pytest.approx(expected, rel=1e-4)
    assert float(shifted["val_loss"]) != pytest.approx(float(plain["val_loss"]), rel=1e-2)
