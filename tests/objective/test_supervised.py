"""The supervised objective: the loss of the labels, and nothing of what is unknown."""

import torch

from medsmall.batches.batch import Batch
from medsmall.loss.bce import BCE
from medsmall.objective.supervised import Supervised
from medsmall.task import Task

NAN = float("nan")


def test_it_is_the_loss_of_the_labelled_images_alone():
    torch.manual_seed(0)
    images = torch.randint(0, 256, (4, 1, 3, 3), dtype=torch.uint8)
    labels = torch.tensor([[1.0, 0.0], [NAN, NAN], [0.0, NAN], [1.0, 1.0]])
    labelled = torch.tensor([True, False, True, True])
    batch = Batch(images, labels, torch.ones(4, dtype=torch.int64), labelled)
    layer = torch.nn.Linear(9, 2)

    def model(x):
        return layer(x.flatten(1).float() / 255)

    loss = BCE(weighted=True)
    loss.fit(labels, Task.MULTILABEL)
    each, weight = Supervised()(model, batch, loss)
    expected, expected_weight = loss(model(images), labels)
    assert each.shape == weight.shape == (4, 2)
    assert each.equal(expected)
    assert weight.equal(expected_weight)
    assert not weight[1].any()
    (each.sum() / weight.sum()).backward()
    known = [0, 2, 3]
    alone, weight_alone = loss(model(images[known]), labels[known])
    torch.testing.assert_close(
        layer.weight.grad,
        torch.autograd.grad(alone.sum() / weight_alone.sum(), layer.weight)[0],
    )
