"""Learners without a strategy beside strategies: one factor."""

from dataclasses import dataclass, field

import pytest

from medsmall.report.arms import Study
from medsmall.report.run import Run
from medsmall.report.used import used
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


PROBE, NETWORK, PRIOR = (
    f"medsmall.learner.{name}" for name in ("probe.Probe", "network.NetworkLearner", "prior.Prior")
)
TEXTURE = "medsmall.features.texture.Texture"
FLAT = {
    "learner": "x", "strategy": "lora", "strategy.lr": 1, "features": "radiomics",
    "features.lbp": False, "pretraining": "imagenet", "backbone": "tiny", "backbone.groups": None,
}  # fmt: skip


def kept(learner: str, features: str | None = None) -> dict[str, object]:
    resolved = {"learner": {"_target_": learner}, "choices": {"features": "radiomics"}}
    return used(FLAT, resolved | ({"features": {"_target_": features}} if features else {}))


def test_what_a_learner_ignores_tells_no_runs_apart():
    assert "strategy" not in kept(PROBE)
    assert "strategy.lr" not in kept(PROBE)
    assert {"strategy", "pretraining", "backbone.groups"} <= {*kept(NETWORK, TEXTURE)}
    assert not {"features", "features.lbp"} & {*kept(NETWORK, TEXTURE)}
    assert {*kept(PRIOR, TEXTURE)} == {"learner"}
    assert "strategy" in kept("gone.Learner")


def test_texture_stands_in_the_place_of_the_pretraining():
    found = kept(PROBE, TEXTURE)
    assert found["pretraining"] == "radiomics"
    assert not {"features", "backbone", "backbone.groups"} & {*found}
    assert "features.lbp" in found
    assert kept(PROBE, "medsmall.features.network.NetworkFeatures")["pretraining"] == "imagenet"
    both = kept(PROBE, "medsmall.features.with_metadata.WithMetadata")
    assert (both["pretraining"], both["features"]) == ("imagenet", "radiomics")


def study(*arms):
    return Study("a question", ["learner", "pretraining"], {(arm, 50): {} for arm in arms})


PROBED, TRAINED, TEXTURE_ARM, NOTHING = (
    ("probe", "imagenet"), ("network", "imagenet"), ("probe", "radiomics"), ("prior", "None"),
)  # fmt: skip


def pairs(*arms, compare=()):
    return {frozenset(pair) for pair in study(*arms).pairs(compare)}


def test_arms_are_compared_that_differ_in_one_factor_that_both_have():
    assert pairs(PROBED, TRAINED, TEXTURE_ARM) == {
        frozenset({PROBED, TRAINED}), frozenset({PROBED, TEXTURE_ARM})
    }  # fmt: skip
    assert frozenset({NOTHING, TRAINED}) in pairs(PROBED, TRAINED, NOTHING)
    assert study(NOTHING).name(NOTHING) == "prior"


def test_an_arm_like_no_other_is_compared_with_all_unless_a_factor_is_asked_for():
    scratch = ("network", "none")
    assert pairs(scratch, TEXTURE_ARM) == {frozenset({scratch, TEXTURE_ARM})}
    assert pairs(scratch, TEXTURE_ARM, compare=["learner"]) == set()
    assert frozenset({scratch, TEXTURE_ARM}) in pairs(scratch, TRAINED, TEXTURE_ARM)
