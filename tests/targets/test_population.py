"""The shares of a population: counted in the train part, or stated."""

import numpy as np
import pytest

from medsmall.errors import MedsmallError
from medsmall.targets.population import population
from medsmall.task import Task

NAN = np.nan
POOL = np.array([[1, 0], [0, 1], [0, NAN], [1, NAN], [0, NAN]])


def test_they_are_counted_among_the_known_labels():
    np.testing.assert_allclose(population(["a", "b"], Task.MULTILABEL, POOL, None), [0.4, 0.5])
    nothing = population(["a"], Task.BINARY, np.full((3, 1), NAN), None)
    assert np.isnan(nothing).all()
    assert np.isnan(population(["age"], Task.REGRESSION, POOL[:, :1], None)).all()


def test_what_is_stated_replaces_them():
    assert population(["a"], Task.BINARY, POOL[:, :1], 0.02).tolist() == [0.02]
    stated = {"b": 0.3, "a": 0.7}
    assert population(["a", "b"], Task.MULTICLASS, POOL, stated).tolist() == [0.7, 0.3]


@pytest.mark.parametrize(
    ("names", "task", "stated", "words"),
    [
        (["a", "b"], Task.MULTILABEL, 0.1, "is for one finding, but there are 2 targets"),
        (["a", "b"], Task.MULTILABEL, {"a": 0.1}, "no share of b"),
        (["a"], Task.BINARY, {"A": 0.1}, r"names A, no target \(did you mean 'a'\?\)"),
        (["a"], Task.BINARY, 1.0, "must lie between 0 and 1"),
        (["a", "b"], Task.MULTICLASS, {"a": 0.5, "b": 0.4}, "sum to 0.9"),
        (["age"], Task.REGRESSION, 0.1, "no meaning for numbers"),
    ],
)
def test_shares_that_are_none_are_one_sentence(names, task, stated, words):
    with pytest.raises(MedsmallError, match=words):
        population(names, task, POOL[:, : len(names)], stated)
