"""Learners without a strategy beside strategies: one factor."""

from dataclasses import dataclass, field

import pytest

from medsmall.report.ledger import _has_strategy
from medsmall.report.run import Run
from medsmall.report.ways import with_ways


@dataclass
class Rec:
    key: str = "k"
    folder: str = field(default="f")


def run(learner: str, strategy: str | None) -> Run:
    config = {"learner": learner} | ({"strategy": strategy} if strategy else {})
    return Run(Rec(), {}, config, [], [], "auroc", "", "")


def ways(*runs: Run) -> list[tuple[str, str | None]]:
    return [(one.config["learner"], one.config.get("strategy")) for one in with_ways([*runs])]


def test_strategies_are_learners_beside_one_that_has_none():
    found = ways(run("probe", None), run("network", "finetune_all"), run("network", "lora"))
    assert found == [("probe", None), ("finetune_all", None), ("lora", None)]


def test_a_single_strategy_needs_no_name():
    assert ways(run("probe", None), run("network", "lora")) == [("probe", None), ("network", None)]


@pytest.mark.parametrize("runs", [
    [run("network", "lora"), run("network", "finetune_all")], [run("probe", None)],
])  # fmt: skip
def test_where_all_or_none_have_a_strategy_nothing_changes(runs):
    assert with_ways(runs) == runs


def test_the_class_of_the_learner_says_whether_it_has_one():
    def config(target):
        return {"learner": {"_target_": target}}

    assert not _has_strategy(config("medsmall.learner.probe.Probe"))
    assert not _has_strategy(config("medsmall.learner.knn.KNN"))
    assert _has_strategy(config("medsmall.learner.network.NetworkLearner"))
    assert _has_strategy(config("gone.Learner"))
