"""What really trains, step by step, in a fit through Lightning: tensors, statistics and rates."""

import math
from dataclasses import dataclass

import pytest
import torch
from fitting import FLAT_CYCLE, LR, PAPERS_CYCLE, STATISTICS, assert_trained, fit

from medsmall.backbone.timm_network import TimmNetwork
from medsmall.errors import MedsmallError
from medsmall.learner.lightning.stages import Stages
from medsmall.schedule.reduce_on_plateau import ReduceOnPlateau
from medsmall.strategy.feature_extractor import FeatureExtractor
from medsmall.strategy.finetune_all import FinetuneAll
from medsmall.strategy.gradual_unfreezing import GradualUnfreezing
from medsmall.strategy.stage import Stage, parameter_groups

NEVER = 10**6


def test_feature_extractor_changes_the_head_and_nothing_else():
    strategy = FeatureExtractor(lr=LR, weight_decay=0.1)
    network, recorder = fit(strategy, epochs=2, steps=2)
    assert len(recorder.changed) == 4
    assert_trained(network, recorder, [NEVER, NEVER, 0])
    assert set().union(*recorder.changed) == set(network.head)


def test_finetune_all_changes_every_tensor_in_every_step():
    network, recorder = fit(FinetuneAll(lr=LR, weight_decay=0.0), epochs=2, steps=2)
    assert_trained(network, recorder, [0, 0, 0])


@pytest.mark.parametrize(
    ("architecture", "epochs", "steps"),
    [("test_resnet", 3, 5), ("tf_efficientnet_lite0", 3, 2)],
)
def test_groups_thaw_at_their_part_of_the_steps_and_stay_frozen_through_validation(
    architecture, epochs, steps
):
    """First the head trains alone, as in a feature extractor, and last everything."""
    thaw_at = [0.25, 0.7]  # a validation lies between the two, and one behind
    strategy = GradualUnfreezing(lr=LR, alpha=1 / 3, thaw_at=thaw_at, weight_decay=0.01)
    network, recorder = fit(strategy, architecture, epochs, steps)
    total = epochs * steps
    later, earlier = (math.ceil(part * total) for part in thaw_at)
    assert 0 < later <= steps < earlier < total
    assert_trained(network, recorder, [earlier, later, 0])


def test_the_papers_parts_thaw_exactly_at_a_tenth_and_a_fifth_of_the_steps():
    strategy = GradualUnfreezing(lr=LR, alpha=1 / 3, thaw_at=[0.1, 0.2], weight_decay=0.0)
    network, recorder = fit(strategy, epochs=2, steps=5)
    assert_trained(network, recorder, [2, 1, 0])


def test_thaw_steps_are_exact_for_every_number_of_steps():
    strategy = GradualUnfreezing(lr=LR, alpha=0.5, thaw_at=[0.1, 0.2], weight_decay=0.0)
    network = TimmNetwork("test_resnet", None, None).build(1)
    stages = Stages(network, strategy)
    for total in range(1, 200):
        trained = [stages.stages[stages.at(step, total)].trained for step in range(total)]
        for group, tenths in ((1, 1), (0, 2)):
            due = [step for step in range(total) if 10 * step >= tenths * total]
            names = set(network.groups[group])
            assert [step for step in range(total) if names <= trained[step]] == due
            assert not any(names & trained[step] for step in range(total) if step not in due)


def test_with_accumulated_gradients_the_parts_are_of_optimizer_steps():
    strategy = GradualUnfreezing(lr=LR, alpha=1.0, thaw_at=[0.5, 0.5], weight_decay=0.0)
    network, recorder = fit(strategy, epochs=2, steps=4, accumulate=2)
    body = set(network.groups[0]) | set(network.groups[1])
    steps_with_change = [i for i, names in enumerate(recorder.changed) if names & set(network.head)]
    assert steps_with_change == [1, 3, 5, 7]
    assert [i for i, names in enumerate(recorder.changed) if names & body] == [5, 7]


def test_rates_are_discriminative_times_the_schedule():
    strategy = GradualUnfreezing(lr=LR, alpha=1 / 3, thaw_at=[0.1, 0.2], weight_decay=0.0)
    _, recorder = fit(strategy, epochs=2, steps=5, schedule=PAPERS_CYCLE)
    assert len(recorder.rates) == 10
    peak = 0.3 * 10 - 1
    for step, rates in enumerate(recorder.rates):
        if step <= peak:
            height = (1 - math.cos(math.pi * step / peak)) / 2
            head = LR / 25 + (LR - LR / 25) * height
        else:
            height = (1 + math.cos(math.pi * (step - peak) / (9 - peak))) / 2
            head = LR / 25e4 + (LR - LR / 25e4) * height
        assert rates == pytest.approx([head / 9, head / 3, head], rel=1e-9)


@pytest.mark.parametrize("kind", [FeatureExtractor, FinetuneAll])
def test_the_other_strategies_have_one_stage_and_one_rate(kind):
    (stage,) = kind(lr=LR, weight_decay=0.0).stages(TimmNetwork("test_resnet", None, None).build(1))
    assert stage.at == 0
    assert {rate for _, rate in stage.groups} == {LR}


def test_rates_of_gradual_unfreezing_are_lr_times_powers_of_alpha():
    patterns = [r"^(conv|bn)1", r"^layer[12]", r"^layer[34]"]
    network = TimmNetwork("test_resnet", patterns, None).build(1)
    strategy = GradualUnfreezing(lr=2.0, alpha=0.1, thaw_at=[0.1, 0.2, 0.3], weight_decay=0.0)
    last = strategy.stages(network)[-1]
    assert [names for names, _ in last.groups] == network.groups
    assert [rate for _, rate in last.groups] == pytest.approx([0.002, 0.02, 0.2, 2.0])


@pytest.mark.parametrize("alpha", [0.0, -0.5, 1.01, float("nan")])
def test_an_alpha_outside_0_to_1_is_refused(alpha):
    with pytest.raises(MedsmallError, match="strategy.alpha must lie in"):
        GradualUnfreezing(lr=LR, alpha=alpha, thaw_at=[0.1, 0.2], weight_decay=0.0)


@pytest.mark.parametrize("thaw_at", [[0.2, 0.1], [-0.1, 0.2], [0.1, 1.0], [float("nan")]])
def test_parts_that_fall_or_lie_outside_the_training_are_refused(thaw_at):
    with pytest.raises(MedsmallError, match="strategy.thaw_at must be rising fractions"):
        GradualUnfreezing(lr=LR, alpha=0.5, thaw_at=thaw_at, weight_decay=0.0)


@pytest.mark.parametrize("thaw_at", [[], [0.1], [0.1, 0.2, 0.3]])
def test_the_classifier_refuses_too_few_or_too_many_parts_before_training(thaw_at):
    strategy = GradualUnfreezing(lr=LR, alpha=0.5, thaw_at=thaw_at, weight_decay=0.0)
    with pytest.raises(MedsmallError, match=f"each of the 2 body groups .* has {len(thaw_at)}"):
        fit(strategy)


@pytest.mark.parametrize(
    ("lr", "weight_decay"), [(0.0, 0.0), (-1e-3, 0.0), (float("nan"), 0.0), (1e-3, -0.1)]
)
def test_rates_and_decays_that_cannot_train_are_refused(lr, weight_decay):
    with pytest.raises(MedsmallError, match="strategy.lr must be above 0"):
        fit(FinetuneAll(lr=lr, weight_decay=weight_decay))


def test_random_weights_are_not_unfrozen_gradually():
    """There is nothing to keep: the arm without pretraining trains whole, at the full rate."""
    strategy = GradualUnfreezing(0.1, 0.5, [0.1, 0.2], 0.0, random_body=True)
    network = TimmNetwork("test_resnet", None, None).build(1)
    assert strategy.stages(network) == [Stage(0.0, [(names, 0.1) for names in network.groups])]


def test_the_rates_in_the_message_of_a_divergence_are_the_largest():
    network = TimmNetwork("test_resnet", None, None).build(1)
    stages = Stages(network, GradualUnfreezing(0.1, 0.5, [0.1, 0.2], 0.0))
    assert stages.largest_rate == 0.1


@dataclass(frozen=True)
class Staged:
    """Any stages, made from the network by a function."""

    make: object
    restarts: bool = False
    weight_decay: float = 0.0

    def stages(self, network):
        return self.make(network)


def probe_then_fine_tune(network):
    body = [name for names in network.groups[:-1] for name in names]
    return [Stage(0.0, [(network.head, LR)]), Stage(0.4, [(body, LR / 10), (network.head, LR / 5)])]


def test_a_schedule_that_restarts_runs_anew_over_each_stage_at_its_own_rates():
    strategy = Staged(probe_then_fine_tune, restarts=True)
    network, recorder = fit(strategy, epochs=2, steps=5)  # stages of 4 and 6 steps
    assert_trained(network, recorder, [4, 4, 0])
    for start, steps, rate, group in ((0, 4, LR, -1), (4, 6, LR / 5, -1), (4, 6, LR / 10, 0)):
        optimizer = torch.optim.AdamW([torch.zeros(1, requires_grad=True)], lr=rate)
        schedule = FLAT_CYCLE.configure(optimizer, steps)["scheduler"]
        for step in range(start, start + steps):
            assert recorder.rates[step][group] == pytest.approx(optimizer.param_groups[0]["lr"])
            optimizer.step()
            schedule.step()
    assert [rates[0] for rates in recorder.rates[:4]] == [0.0] * 4, "the body is frozen"


def test_another_rate_in_another_stage_takes_a_schedule_that_restarts():
    with pytest.raises(MedsmallError, match=r"trains fc.weight at .* in its stages: different"):
        fit(Staged(probe_then_fine_tune))


def test_single_parameters_may_train_and_frozen_normalisation_keeps_its_statistics():
    def biases(network):
        names = [name for name, _ in network.module.named_parameters() if name.endswith("bias")]
        return [Stage(0.0, [(names, LR)], norm="frozen")]

    network, recorder = fit(Staged(biases), epochs=1, steps=2)
    names = {name for name, _ in network.module.named_parameters() if name.endswith("bias")}
    assert set().union(*recorder.changed) == names


def test_adapting_normalisation_follows_the_batches_where_its_layer_trains():
    def biases(network):
        names = [name for name, _ in network.module.named_parameters() if name.endswith("bias")]
        return [Stage(0.0, [(names, LR)])]

    network, recorder = fit(Staged(biases), epochs=1, steps=2)
    changed = set().union(*recorder.changed)
    statistics = {n for n in network.module.state_dict() if n.endswith(STATISTICS)}
    assert statistics <= changed


def test_layers_may_be_frozen_again():
    def head_after_all(network):
        everything = [(names, LR) for names in network.groups]
        return [Stage(0.0, everything), Stage(0.5, [(network.head, LR)])]

    network, recorder = fit(Staged(head_after_all), epochs=2, steps=2)
    assert set(network.groups[0]) <= recorder.changed[1]
    assert recorder.changed[2] == recorder.changed[3] == set(network.head)


def test_parameters_that_always_train_alike_are_one_group_of_the_optimizer():
    stages = [
        Stage(0.0, [(["d"], 1.0)]),
        Stage(0.2, [(["b", "c"], 0.5), (["d"], 1.0)]),
        Stage(0.4, [(["a"], 0.1), (["b", "c"], 0.5)]),
    ]
    groups = parameter_groups(stages)
    assert [group.names for group in groups] == [["a"], ["b", "c"], ["d"]]
    assert [group.rates for group in groups] == [
        [None, None, 0.1], [None, 0.5, 0.5], [1.0, 1.0, None],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("stages", "said"),
    [
        ([], "begin at rising fractions"),
        ([Stage(0.1, [(["fc.bias"], LR)])], "begin at rising fractions"),
        ([Stage(0.0, [(["fc.bias"], LR)]), Stage(1.0, [(["fc.bias"], LR)])], "all below 1"),
        ([Stage(0.0, [(["no.such"], LR)])], "names no.such, which the network does not have"),
        ([Stage(0.0, [(["fc.bias"], LR), (["fc.bias"], LR)])], "names a parameter twice"),
        ([Stage(0.0, [])], "names none"),
        (
            [Stage(0.0, [(["fc.bias"], LR)], norm="nonsense")],
            "norm='nonsense': set adapting, frozen",
        ),
    ],
)
def test_stages_that_cannot_be_trained_are_refused(stages, said):
    with pytest.raises(MedsmallError, match=said):
        fit(Staged(lambda network: stages))


def test_a_schedule_restarts_with_accumulated_gradients_at_optimizer_steps():
    strategy = Staged(probe_then_fine_tune, restarts=True)
    _, recorder = fit(strategy, epochs=2, steps=10, accumulate=2)  # 10 optimizer steps: 4 and 6
    assert len(recorder.rates) == 10
    assert [rates[0] for rates in recorder.rates[:4]] == [0.0] * 4
    assert all(rates[0] > 0 for rates in recorder.rates[4:])
    assert recorder.rates[4] == pytest.approx([LR / 20, LR / 10])  # FLAT_CYCLE begins at half


def test_a_schedule_by_epoch_takes_the_rates_of_each_stage():
    strategy = Staged(probe_then_fine_tune, restarts=True)
    plateau = ReduceOnPlateau(factor=0.1, tolerance=100.0)  # never reduces
    _, recorder = fit(strategy, epochs=2, steps=5, schedule=plateau)
    assert recorder.rates == [[0.0, LR]] * 4 + [[LR / 10, LR / 5]] * 6
