"""The rules by which cells of a grid are left out."""

import pytest
from omegaconf import OmegaConf

from medsmall.configs import compose, config_dir
from medsmall.errors import (
    AbsentDataError,
    AbsentWeightsError,
    BeyondPoolError,
    MedsmallError,
    SawTestError,
)
from medsmall.grid.rules import Rules

SHIPPED = OmegaConf.to_container(OmegaConf.load(config_dir() / "sweep" / "grid.yaml"))["rules"]
RANDOM = ["pretraining=none", "strategy=feature_extractor"]


def test_a_frozen_random_network_is_left_out_and_a_frozen_pretrained_one_is_not():
    rules = Rules(SHIPPED)
    assert "learns only its head" in rules.before(compose(RANDOM))
    assert rules.before(compose(["pretraining=imagenet", RANDOM[1]])) == ""
    assert "random network" in rules.before(compose(["pretraining=none", "learner=probe"]))


@pytest.mark.parametrize(
    "error", [AbsentDataError, AbsentWeightsError, BeyondPoolError, SawTestError]
)
def test_what_is_found_out_leaves_a_cell_out_with_its_sentence_unless_the_rule_is_removed(error):
    cfg = compose([])
    assert Rules(SHIPPED).after(cfg, error("That is why.")) == "That is why."
    (name,) = [name for name, rule in SHIPPED.items() if rule["when"].get("fact") == error.fact]
    assert Rules({**SHIPPED, name: None}).after(cfg, error("That is why.")) == ""


def test_another_refusal_is_a_failure():
    assert Rules(SHIPPED).after(compose([]), MedsmallError("seed must be a number.")) == ""


def test_conditions_are_options_keys_and_lists_of_which_one_holds():
    rule = {"when": {"sample_size.n": [50, None], "phantom": True, "seed": 42}, "why": "so"}
    rules = Rules({"mine": rule})
    assert rules.before(compose(["phantom=true", "sample_size.n=50"])) == "so"
    assert rules.before(compose(["phantom=true"])) == "so"
    for others in (
        ["phantom=false"],
        ["phantom=true", "sample_size.n=60"],
        ["phantom=true", "seed=1"],
    ):
        assert rules.before(compose(others)) == ""


def test_a_fact_may_have_conditions_beside_it():
    when = {"fact": "size_beyond_pool", "dataset": "mura"}
    rules = Rules({"mine": {"when": when, "why": "small"}})
    assert rules.after(compose(["dataset=mura"]), BeyondPoolError("x")) == "small"
    assert rules.after(compose([]), BeyondPoolError("x")) == ""


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ("pretraining=none", "has no condition"),
        ({"when": {}}, "has no condition"),
        ({"when": {"seed": 1}}, "has no reason"),
        ({"when": {"fact": "beyond_pool"}}, "did you mean 'size_beyond_pool'"),
        ({"when": {"nokey": 1}, "why": "so"}, "there is no key or group 'nokey'"),
        ({"when": {"backbone": "tinny"}, "why": "so"}, "did you mean 'tiny'"),
        ({"when": {"seed": []}, "why": "so"}, "takes a value, or a list of values"),
        ({"when": {"seed": {"a": 1}}, "why": "so"}, "takes a value, or a list of values"),
        ({"when": {"seed": 1}, "why": "so", "wen": 1}, "There is no key 'sweep.rules.mine.wen'"),
    ],
)
def test_a_rule_that_cannot_be_read_is_one_sentence(rule, sentence):
    with pytest.raises(MedsmallError, match=sentence):
        Rules({"mine": rule})


def test_a_rule_may_be_about_several_facts():
    rules = Rules({"mine": {"when": {"fact": ["data_absent", "weights_absent"]}}})
    assert rules.after(compose([]), AbsentWeightsError("x")) == "x"
    assert rules.after(compose([]), BeyondPoolError("x")) == ""
