"""MixUp and CutMix: what the network is shown and the labels that go with it."""

import numpy as np
import pytest
import torch

from medsmall.batches.batch import Batch
from medsmall.configs import compose
from medsmall.errors import MedsmallError
from medsmall.loss.bce import BCE
from medsmall.loss.cross_entropy import CrossEntropy
from medsmall.objective.cutmix import CutMix
from medsmall.objective.mixup import MixUp
from medsmall.task import Task
from medsmall.train import train

NAN = float("nan")
KINDS = [MixUp(alpha=0.4), CutMix(alpha=1.0)]


class Shown:
    """A loss that keeps what it is asked; the network gives the mean grey level of each image."""

    def __init__(self):
        self.images, self.labels = [], []

    def model(self, images):
        self.images.append(images)
        return images.float().mean((1, 2, 3))[:, None]

    def __call__(self, outputs, labels):
        self.labels.append(labels)
        return outputs * 0, torch.ones_like(outputs)


def batch_of(labels, side=8):
    """Image i is of grey level i everywhere, so that its share in a blend can be read off it."""
    labels = torch.as_tensor(labels, dtype=torch.float32)
    levels = torch.arange(len(labels), dtype=torch.uint8)
    images = levels[:, None, None, None].expand(-1, 3, side, side).clone()
    known = torch.ones(len(labels), dtype=torch.bool)
    return Batch(images, labels, torch.ones(len(labels), dtype=torch.int64), known)


@pytest.mark.parametrize("objective", KINDS, ids=["mixup", "cutmix"])
def test_labels_have_the_shares_of_the_pixels(objective):
    """With one class for each image, a label tells how much of each image is in the blend."""
    torch.manual_seed(0)
    for _ in range(30):
        shown, batch = Shown(), batch_of(np.eye(12))
        objective(shown.model, batch, shown)
        (images,), (labels,) = shown.images, shown.labels
        torch.testing.assert_close(labels.sum(1), torch.ones(12))
        mean = images.float().mean((1, 2, 3))
        torch.testing.assert_close(labels @ torch.arange(12.0), mean, rtol=1e-5, atol=1e-4)
        assert ((labels > 0).sum(1) <= 2).all()


def test_mixup_leaves_each_image_the_larger_share():
    torch.manual_seed(0)
    shares = []
    for _ in range(200):
        shown = Shown()
        MixUp(alpha=0.4)(shown.model, batch_of(np.eye(16)), shown)
        shares += shown.labels[0].diagonal().tolist()
    assert min(shares) >= 0.5
    s = np.random.default_rng(0).beta(0.4, 0.4, 100_000)
    expected = np.maximum(s, 1 - s).mean() + (1 - np.maximum(s, 1 - s).mean()) / 16  # with itself
    assert np.mean(shares) == pytest.approx(expected, abs=0.01)


def test_cutmix_takes_a_rectangle_of_another_image():
    torch.manual_seed(1)
    areas = []
    for _ in range(300):
        shown = Shown()
        CutMix(alpha=1.0)(shown.model, batch_of(np.eye(6), side=16), shown)
        foreign = shown.images[0][:, 0] != torch.arange(6)[:, None, None]
        for one in foreign[foreign.any((1, 2))]:
            rows, columns = one.any(1), one.any(0)
            assert one.sum() == rows.sum() * columns.sum()  # a rectangle
        areas.append(float(foreign.float().mean()))
        assert shown.images[0].dtype == torch.uint8
    assert 0.1 < np.mean(areas) < 0.45


@pytest.mark.parametrize("objective", KINDS, ids=["mixup", "cutmix"])
def test_an_unknown_label_of_either_image_is_unknown(objective):
    torch.manual_seed(0)
    labels = np.zeros((10, 2))
    labels[::2, 1] = NAN
    for _ in range(20):
        shown = Shown()
        objective(shown.model, batch_of(labels), shown)
        (found,) = shown.labels
        assert not found[:, 0].isnan().any()
        assert found[::2, 1].isnan().all()
        loss = BCE(weighted=False)
        loss.fit(torch.tensor(labels), Task.MULTILABEL)
        each, weight = loss(torch.zeros(10, 2, requires_grad=True), found)
        assert each[found.isnan()].sum() == weight[found.isnan()].sum() == 0


@pytest.mark.parametrize("objective", KINDS, ids=["mixup", "cutmix"])
@pytest.mark.parametrize(
    ("loss", "task", "labels"),
    [
        (BCE(weighted=True), Task.BINARY, [[1.0], [0.0], [0.0], [1.0], [0.0]]),
        (CrossEntropy(weighted=True), Task.MULTICLASS, np.eye(3)[[0, 0, 1, 2, 0]]),
    ],
)
def test_the_loss_is_that_of_the_two_labels_by_their_shares(objective, loss, task, labels):
    torch.manual_seed(0)
    labels = torch.tensor(np.array(labels), dtype=torch.float32)
    loss.fit(labels, task)
    shown, batch = Shown(), batch_of(labels)
    outputs = torch.randn(labels.shape)
    torch.manual_seed(5)
    found = objective(lambda images: outputs, batch, loss)
    torch.manual_seed(5)
    objective(shown.model, batch_of(np.eye(len(labels))), shown)
    shares = shown.labels[0]  # of each image in each blend
    one_by_one = [loss(outputs, labels[[i]].expand_as(labels)) for i in range(len(labels))]
    for number in (0, 1):
        expected = sum(shares[:, [i]] * one_by_one[i][number] for i in range(len(labels)))
        torch.testing.assert_close(found[number], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("objective", "dataset"),
    [("mixup", "chest_xray"), ("mixup", "chexpert"), ("cutmix", "ham10000"),
     ("cutmix", "rsna_boneage")],
)  # fmt: skip
def test_a_run_of_any_task_learns_from_blends(objective, dataset, tmp_path, outputs):
    words = [
        f"dataset={dataset}", "phantom=true", "backbone=tiny", "pretraining=none",
        "image_size_px=32", "sample_size=natural", "trainer.max_epochs=1",
        "augmentation.tta_views=0", f"output_root={tmp_path}", f"cache_root={outputs}/cache",
        "trainer=cpu", "dataset.phantom_patients=60", "sample_size.n=16",
    ]  # fmt: skip
    plain, mixed, again = (
        train(compose([*words, f"objective={one}", f"output_root={tmp_path}/{i}"]))
        for i, one in enumerate(("supervised", objective, objective))
    )
    assert mixed.key == again.key != plain.key
    assert mixed.metrics["weights_sha256"] == again.metrics["weights_sha256"]
    assert mixed.metrics["weights_sha256"] != plain.metrics["weights_sha256"]


@pytest.mark.parametrize("kind", [MixUp, CutMix])
def test_a_wrong_value_is_one_sentence(kind):
    with pytest.raises(MedsmallError, match="objective.alpha must lie between 0.001"):
        kind(alpha=0.0)


def test_processes_that_share_a_batch_would_blend_other_pairs(tmp_path, outputs):
    words = ["dataset=chest_xray", "phantom=true", "backbone=tiny", "pretraining=none",
             "image_size_px=32", "dataset.phantom_patients=60", "sample_size=natural",
             "sample_size.n=16", f"output_root={tmp_path}", "objective=mixup",
             "trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2"]  # fmt: skip
    with pytest.raises(MedsmallError, match="depend on the number of processes"):
        train(compose(words))
