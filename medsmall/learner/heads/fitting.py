"""A head is fitted to the features of the train images: what all such learners share."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from medsmall import logger
from medsmall.batches.drawn import DrawnImages
from medsmall.case import Case
from medsmall.contract import made
from medsmall.features import Features
from medsmall.features.network import OfNetwork
from medsmall.features.standardised import Standardised
from medsmall.learner import Fitted
from medsmall.learner.heads.examples import Array, Examples, train_examples, unit
from medsmall.learner.heads.fitted import FittedHead, Head, LinearHead
from medsmall.learner.heads.history import one_row
from medsmall.learner.heads.last_layer import FittedLayer, set_last_layer
from medsmall.learner.heads.linear import Linear, stacked

if TYPE_CHECKING:
    from medsmall.logger import Logger

Facts = Sequence[dict[str, float]]  # of each head, what is worth a column of the history
# from the images that one head is fitted to
Solving = Callable[[Examples], tuple[Linear, dict[str, float]]]
# from the images to all heads together, and the images of each
Building = Callable[[Examples, Sequence[Examples]], tuple[Head, Facts]]


def fit_linear(
    case: Case, data: DrawnImages, loggers: "list[Logger]", solve: Solving, train_views: int
) -> Fitted:
    """A linear head. Of a network's features it becomes the last layer, and averages its logits."""
    features = made(case.cfg.features, Features)
    if features.network:
        of = features.of(case, data)
        assert isinstance(of, OfNetwork)
        return _fit_last_layer(case, data, loggers, solve, train_views, of)
    offset, scale = unit(case)

    def build(_: Examples, apart: Sequence[Examples]) -> tuple[Head, Facts]:
        found = [solve(one) for one in apart]
        solved = stacked([head for head, _ in found])
        return LinearHead(solved, case.targets, offset, scale), [facts for _, facts in found]

    return fit_head(case, data, loggers, build, train_views)


def fit_head(
    case: Case, data: DrawnImages, loggers: "list[Logger]", build: Building, train_views: int
) -> FittedHead:
    """A head of any kind, which stays apart from the features."""
    features = made(case.cfg.features, Features)
    described = features.of(case, data)
    if not features.network:
        described = Standardised(described, data)
    examples = train_examples(case, data, described, train_views)
    apart = examples.apart(case.targets.task, case.targets.names)
    head, facts = build(examples, apart)

    def predict(part: str) -> np.ndarray:
        return head.predict(described.features(data.plain(part)))

    history = one_row(case.targets, unit(case)[1], data, predict, facts)
    logger.replay(loggers, history)
    return FittedHead(data, history, _prevalence(case, data, apart), described, head)


def _fit_last_layer(
    case: Case,
    data: DrawnImages,
    loggers: "list[Logger]",
    solve: Solving,
    train_views: int,
    of: OfNetwork,
) -> FittedLayer:
    model, frozen = of.model, of.frozen
    examples = train_examples(case, data, of, train_views)
    apart = examples.apart(case.targets.task, case.targets.names)
    found = [solve(one) for one in apart]
    set_last_layer(model, stacked([head for head, _ in found]))

    def predict(part: str) -> np.ndarray:
        return model.predictions(frozen.outputs(data.plain(part)))

    facts = [facts for _, facts in found]
    history = one_row(case.targets, unit(case)[1], data, predict, facts)
    logger.replay(loggers, history)
    return FittedLayer(
        model, data, history, 1, of.initial_sha256, _prevalence(case, data, apart),
        frozen.device, frozen.precision, frozen=frozen,
    )  # fmt: skip


def _prevalence(case: Case, data: DrawnImages, apart: Sequence[Examples]) -> Array:
    """The shares of the classes among the examples, with those that a sampler made."""
    if case.sampler.between_features:
        return np.concatenate([one.rows[1].mean(0) for one in apart])
    shares: Array = data.shown_labels.nanmean(0).double().numpy()
    return shares
