"""The share of positives as the loss weighs them, which is where a calibrated network begins."""

import numpy as np
import pytest
import torch

from medsmall.learner.prevalence import prevalence
from medsmall.loss.bce import BCE
from medsmall.loss.cross_entropy import CrossEntropy

NAN = float("nan")
LABELS = torch.tensor([[1.0, 1.0], [0.0, 1.0], [0.0, NAN], [0.0, 1.0]], dtype=torch.float64)


def fitted(loss, labels):
    loss.fit(labels)
    return loss


@pytest.mark.parametrize(("weighted", "expected"), [(False, 0.25), (True, 0.5)])
@pytest.mark.parametrize("kind", [BCE, CrossEntropy])
def test_of_one_finding(kind, weighted, expected):
    labels = LABELS[:, :1]
    found = prevalence(fitted(kind(weighted=weighted), labels), labels)
    assert found == pytest.approx([expected])


def test_of_several_each_counts_its_known_labels():
    plain, weighted = (prevalence(fitted(BCE(weighted=w), LABELS), LABELS) for w in (False, True))
    assert plain == pytest.approx([0.25, 1.0])
    assert weighted == pytest.approx([0.5, 1.0])
    unknown = torch.full((3, 1), NAN, dtype=torch.float64)
    assert np.isnan(prevalence(fitted(BCE(weighted=False), unknown), unknown)).all()


def test_a_network_that_has_learnt_nothing_says_just_that():
    """The constant logit of least loss, by gradient descent."""
    rng = np.random.default_rng(0)
    labels = torch.tensor((rng.random((200, 1)) < 0.1).astype(float))
    for weighted in (False, True):
        loss = fitted(BCE(weighted=weighted), labels)
        logit = torch.zeros(1, requires_grad=True)
        optimizer = torch.optim.LBFGS([logit], max_iter=50)

        def step(loss=loss, logit=logit, optimizer=optimizer):
            optimizer.zero_grad()
            value, weight = loss(logit.expand(200, 1), labels)
            mean = value.sum() / weight.sum()
            mean.backward()
            return mean

        optimizer.step(step)
        assert torch.sigmoid(logit).item() == pytest.approx(prevalence(loss, labels)[0], abs=1e-3)
