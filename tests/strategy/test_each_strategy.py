"""Each strategy: which tensors and statistics move, step by step, and at which rates."""

import functools

import pytest
import torch
from fitting import FLAT_CYCLE, LR, STATISTICS, assert_trained, fit, tensors_of
from timm.optim import param_groups_layer_decay

from medsmall.backbone.timm_network import TimmNetwork
from medsmall.errors import MedsmallError
from medsmall.learner.lightning.stages import Stages
from medsmall.schedule.constant import Constant
from medsmall.strategy.bias_only import BiasOnly
from medsmall.strategy.decayed_rates import DecayedRates
from medsmall.strategy.feature_extractor import FeatureExtractor
from medsmall.strategy.finetune_all import FinetuneAll
from medsmall.strategy.gradual_unfreezing import GradualUnfreezing
from medsmall.strategy.norm_only import NormOnly
from medsmall.strategy.partial import Partial
from medsmall.strategy.probe_then_finetune import ProbeThenFinetune
from medsmall.strategy.scratch import Scratch

FLAT = Constant(warmup=0.0)


@functools.cache
def network(name="test_resnet", groups=None):
    return TimmNetwork(name, groups, None).build(1)


def moved(recorder):
    return set().union(*recorder.changed)


def statistics_of(net):
    return {name for name in net.module.state_dict() if name.endswith(STATISTICS)}


@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "test_resnet", "densenet121"])
def test_layer_decay_has_the_rates_of_timms_own_layer_decay(name):
    net = network(name)
    decay = 0.75
    ours = {
        parameter: rate
        for names, rate in DecayedRates(LR, decay, "layer", "adapting", 0.0).stages(net)[0].groups
        for parameter in names
    }
    module = net.module
    theirs = {}
    for group in param_groups_layer_decay(module, weight_decay=0.0, layer_decay=decay):
        for parameter in group["params"]:
            theirs[id(parameter)] = group["lr_scale"] * LR
    body = {n: p for n, p in module.named_parameters() if n not in net.head}
    deepest = max(theirs[id(p)] for p in body.values())
    ours_deepest = max(ours[n] for n in body)
    for n, p in body.items():  # timm counts the head as a layer of its own in some networks only
        assert ours[n] / ours_deepest == pytest.approx(theirs[id(p)] / deepest), n
    assert {ours[n] for n in net.head} == {LR}
    assert ours_deepest == pytest.approx(LR * decay)


def test_with_layer_decay_everything_moves_from_the_first_step_each_layer_at_its_rate():
    strategy = DecayedRates(LR, 0.5, "layer", "adapting", 0.0)
    net, recorder = fit(strategy, epochs=1, steps=2, schedule=FLAT)
    assert_trained(net, recorder, [0, 0, 0])
    layers = len(net.layers)
    assert (
        recorder.rates == [pytest.approx([LR * 0.5 ** (layers - 1 - k) for k in range(layers)])] * 2
    )


def test_discriminative_rates_fall_by_group():
    net, recorder = fit(DecayedRates(LR, 1 / 3, "group", "adapting", 0.0), epochs=1, steps=2,
                        schedule=FLAT)  # fmt: skip
    assert_trained(net, recorder, [0, 0, 0])
    assert recorder.rates == [pytest.approx([LR / 9, LR / 3, LR])] * 2


@pytest.mark.parametrize("frozen", [1, 2, 4])
def test_partial_leaves_the_first_stages_their_tensors_and_statistics(frozen):
    net, recorder = fit(Partial(LR, frozen, "adapting", 0.0), epochs=1, steps=2)
    first = {name for names in net.stages[:frozen] for name in names}
    layers = {name.rpartition(".")[0] for name in first}
    still = {n for n in net.module.state_dict() if n.rpartition(".")[0] in layers}
    assert moved(recorder) == set(net.module.state_dict()) - still
    assert statistics_of(net) & moved(recorder), "what trains adapts"


def test_partial_without_anything_to_train_names_how_many_stages_there_are():
    with pytest.raises(MedsmallError, match="has 5 stages; set at most 4"):
        Partial(LR, 5, "adapting", 0.0).stages(network())
    with pytest.raises(MedsmallError, match="set strategy=finetune_all"):
        Partial(LR, 0, "adapting", 0.0)


def test_norm_only_moves_scales_shifts_statistics_and_the_head():
    net, recorder = fit(NormOnly(LR, "adapting", 0.0), epochs=1, steps=2)
    module = net.module
    norms = {
        f"{name}.{kind}"
        for name, layer in module.named_modules()
        if isinstance(layer, torch.nn.BatchNorm2d)
        for kind in ("weight", "bias")
    }
    assert len(norms) > 10
    assert moved(recorder) == norms | statistics_of(net) | set(net.head)


def test_norm_only_trains_the_layer_norms_of_a_vit():
    net = network("vit_tiny_patch16_224")
    (stage,) = NormOnly(LR, "frozen", 0.0).stages(net)
    assert len(stage.trained - set(net.head)) == 2 * (2 * 12 + 1)


def test_bias_only_moves_biases_and_the_head_and_no_statistics():
    net, recorder = fit(BiasOnly(LR, 0.0), epochs=1, steps=2)
    biases = {n for n, _ in net.module.named_parameters() if n.endswith("bias")}
    assert moved(recorder) == biases | set(net.head)


@pytest.mark.parametrize("strategy", [NormOnly(LR, "adapting", 0.0), BiasOnly(LR, 0.0)])
def test_a_network_without_such_parameters_has_nothing_to_train(strategy):
    net = network()
    bare = type(net)(torch.nn.Linear(3, 1, bias=False), [["weight"]], [["weight"]], [["weight"]],
                     "bare", [0.5] * 3, [0.5] * 3)  # fmt: skip
    with pytest.raises(MedsmallError, match="has nothing to train"):
        strategy.stages(bare)


def test_scratch_trains_everything_and_refuses_pretrained_weights():
    net, recorder = fit(Scratch(LR, 0.0, random_body=True), epochs=1, steps=2)
    assert_trained(net, recorder, [0, 0, 0])
    with pytest.raises(MedsmallError, match="set pretraining=none, or strategy=finetune_all"):
        Scratch(LR, 0.0, random_body=False)


def test_the_head_is_probed_then_everything_is_tuned_at_rates_that_restart():
    strategy = ProbeThenFinetune(10 * LR, 0.4, LR, "adapting", 0.0)
    net, recorder = fit(strategy, epochs=2, steps=5, schedule=FLAT)
    assert_trained(net, recorder, [4, 4, 0])
    assert [rates[-1] for rates in recorder.rates] == pytest.approx([10 * LR] * 4 + [LR] * 6)
    _, recorder = fit(strategy, epochs=2, steps=5, schedule=FLAT_CYCLE)
    starts = [recorder.rates[step][-1] for step in (0, 4)]
    assert starts == pytest.approx([10 * LR / 2, LR / 2]), "the cycle begins anew, at half"


@pytest.mark.parametrize("norm", ["frozen", "reestimated"])
@pytest.mark.parametrize(
    "make",
    [
        lambda norm: FinetuneAll(LR, 0.0, norm),
        lambda norm: DecayedRates(LR, 0.5, "layer", norm, 0.0),
        lambda norm: Partial(LR, 1, norm, 0.0),
        lambda norm: NormOnly(LR, norm, 0.0),
        lambda norm: GradualUnfreezing(LR, 0.5, 0.3, 0.0, norm=norm),
        lambda norm: ProbeThenFinetune(LR, 0.5, LR, norm, 0.0),
        lambda norm: FeatureExtractor(LR, 0.0, norm),
    ],
)
def test_statistics_that_are_not_adapting_do_not_move_while_it_trains(make, norm):
    net, recorder = fit(make(norm), epochs=1, steps=2)
    assert statistics_of(net)
    assert not statistics_of(net) & moved(recorder)


def test_a_network_without_batchnorm_has_no_statistics_to_estimate():
    with pytest.raises(MedsmallError, match="is for networks with BatchNorm, and vit_tiny"):
        Stages(network("vit_tiny_patch16_224"), FinetuneAll(LR, 0.0, "reestimated"))


@pytest.mark.parametrize("groups", [1, 3, 5])
def test_any_number_of_groups_thaws_at_multiples_of_one_number(groups):
    strategy = GradualUnfreezing(LR, 0.5, 0.1, 0.0, body_groups=groups)
    net = network(groups=groups)
    stages = strategy.stages(net)
    assert [stage.at for stage in stages] == pytest.approx([0.1 * k for k in range(groups + 1)])
    for thawed, stage in enumerate(stages):
        assert [names for names, _ in stage.groups] == net.groups[groups - thawed :]
    rates = [rate for _, rate in stages[-1].groups]
    assert rates == pytest.approx([LR * 0.5**k for k in range(groups, -1, -1)])


def test_too_many_groups_for_one_number_are_refused():
    with pytest.raises(MedsmallError, match="rising fractions"):
        GradualUnfreezing(LR, 0.5, 0.3, 0.0, body_groups=4)


def test_groups_moved_by_one_stage_are_those_of_the_network():
    """The helper above is about groups; here the number 0.25 stands for two of them."""
    net, recorder = fit(GradualUnfreezing(LR, 0.5, 0.25, 0.0), epochs=2, steps=4)
    assert_trained(net, recorder, [4, 2, 0])
    assert tensors_of(net, 0) <= recorder.changed[4]
