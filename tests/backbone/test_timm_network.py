"""Layer groups of timm networks: a partition, in order, with the head last."""

import functools
import itertools
from itertools import chain
from types import SimpleNamespace

import pytest
import timm
import torch
from torch import nn
from torchvision.models import densenet121

from medsmall.backbone.network import Network
from medsmall.backbone.timm_network import TimmNetwork
from medsmall.errors import MedsmallError
from medsmall.learner.lightning.stages import Stages
from medsmall.strategy import Stage

DENSENET_GROUPS = [
    r"^features\.(conv0|norm0|denseblock1|transition1|denseblock2)\b",
    r"^features\.(transition2|denseblock3|transition3|denseblock4|norm5)\b",
]
FAMILIES = [
    "test_resnet", "test_efficientnet", "test_byobnet", "test_convnext", "test_vit",
    "test_vit_relpos", "test_nfnet", "test_coatnet", "test_maxvit", "test_mambaout",
    "tf_efficientnet_lite0", "mobilenetv3_small_050", "regnetx_002", "visformer_tiny",
    "levit_128s",
]  # fmt: skip


def build(name, outputs=2, groups=None):
    return TimmNetwork(name, groups, None).build(outputs)


def count(network, group):
    sizes = {name: p.numel() for name, p in network.module.named_parameters()}
    return sum(sizes[name] for name in network.groups[group])


@pytest.fixture(scope="module", params=FAMILIES)
def network(request):
    """One of each family, built once."""
    return build(request.param)


@functools.cache
def reference_counts():
    """Parameters of the two body groups, from torchvision's modules of the same names."""
    features = densenet121().features
    first = ["conv0", "norm0", "denseblock1", "transition1", "denseblock2"]
    later = ["transition2", "denseblock3", "transition3", "denseblock4", "norm5"]
    return [
        sum(p.numel() for name in names for p in getattr(features, name).parameters())
        for names in (first, later)
    ]


@pytest.mark.parametrize(("outputs", "head"), [(1, 1_025), (14, 14_350)])
def test_densenet121_has_the_groups_of_the_paper(outputs, head):
    network = build("densenet121", outputs, DENSENET_GROUPS)
    assert [count(network, g) for g in range(3)] == [1_297_536, 5_656_320, head]
    assert reference_counts() == [1_297_536, 5_656_320]
    assert network.head == ["classifier.weight", "classifier.bias"]


def test_groups_are_a_partition_of_the_parameters_with_the_head_last(network, request):
    names = [name for group in network.groups for name in group]
    assert sorted(names) == sorted(name for name, _ in network.module.named_parameters())
    assert len(network.groups) == 3
    assert all(network.groups)
    heads = network.module.get_classifier()
    heads = heads if isinstance(heads, tuple) else (heads,)  # two where it is made to distil
    own = {id(p) for head in heads for p in head.parameters()}
    assert network.head == [n for n, p in network.module.named_parameters() if id(p) in own]
    assert network.architecture == request.node.callspec.params["network"]


def test_groups_run_from_input_to_head(network):
    group_of = {n: g for g, names in enumerate(network.groups) for n in names}
    order: list[int] = []

    def note(layer_name):
        def hook(module, inputs, output):
            own = [f"{layer_name}.{n}" for n, _ in module.named_parameters(recurse=False)]
            order.extend(group_of[n] for n in own)

        return hook

    layers = [(name, module) for name, module in network.module.named_modules() if name]
    hooks = [module.register_forward_hook(note(name)) for name, module in layers]
    size = network.module.default_cfg["input_size"]
    with torch.no_grad():
        logits = network.module.eval()(torch.zeros(1, *size))
    for hook in hooks:
        hook.remove()
    assert logits.shape == (1, 2)
    assert order == sorted(order)
    assert set(order) == {0, 1, 2}


def test_the_layers_are_finer_than_the_groups_in_the_same_order(network):
    assert sorted(chain(*network.layers)) == sorted(chain(*network.groups))
    assert len(network.layers) > len(network.groups)
    assert network.layers[-1] == network.head
    group_of = {n: g for g, names in enumerate(network.groups) for n in names}
    order = [group_of[n] for names in network.layers for n in names]
    assert order == sorted(order)


def test_every_batchnorm_and_dropout_is_decided_on_by_parameters_of_one_group(network):
    group_of = {n: g for g, names in enumerate(network.groups) for n in names}
    decided = {id(module): names for module, names in network.modes()}
    assert len(decided) == len(network.modes())
    for layer_name, module in network.module.named_modules():
        leaf = not list(module.children())
        if leaf or isinstance(module, nn.modules.batchnorm._BatchNorm):
            names = decided[id(module)]
            assert len({group_of[n] for n in names}) == 1, layer_name
            own = [f"{layer_name}.{n}" for n, _ in module.named_parameters(recurse=False)]
            assert not own or own == names


def test_each_group_takes_its_own_mode_whatever_the_others_do(network):
    group_of = {n: g for g, names in enumerate(network.groups) for n in names}
    for trains in itertools.product([True, False], repeat=3):
        if not any(trains):
            continue
        network.module.train()
        groups = [(g, 1.0) for g, on in zip(network.groups, trains, strict=True) if on]
        strategy = SimpleNamespace(
            stages=lambda network, groups=groups: [Stage(0.0, groups)],
            weight_decay=0.0,
            restarts=False,
        )
        Stages(network, strategy).apply(0)
        for module, names in network.modes():
            assert module.training == any(trains[group_of[name]] for name in names)
        for parameter, group in group_of.items():
            assert network.module.get_parameter(parameter).requires_grad == trains[group]


@pytest.mark.parametrize("name", ["test_resnet", "test_vit", "tf_efficientnet_lite0", "test_nfnet"])
@pytest.mark.parametrize("outputs", [1, 14])
def test_the_head_begins_as_a_linear_layer_of_torch_does(name, outputs):
    torch.manual_seed(0)
    head = build(name, outputs).module.get_classifier()
    bound = head.in_features**-0.5
    assert head.weight.shape == (outputs, head.in_features)
    for tensor in (head.weight, head.bias):
        assert tensor.abs().max() <= bound
    assert head.weight.abs().max() > 0.9 * bound


def test_the_same_seed_makes_the_same_network():
    states = []
    for _ in range(2):
        torch.manual_seed(7)
        states.append(build("test_resnet").module.state_dict())
    assert all(tensor.equal(states[1][name]) for name, tensor in states[0].items())


def test_statistics_are_those_timm_gives_for_its_weights():
    network = build("tf_efficientnet_lite0")
    given = timm.get_pretrained_cfg("tf_efficientnet_lite0")
    assert network.mean == list(given.mean)
    assert network.std == list(given.std)


@pytest.mark.parametrize(
    ("name", "nearest"), [("densnet121", "densenet121"), ("ResNet50", "resnet50")]
)
def test_an_unknown_network_is_answered_with_the_nearest(name, nearest):
    with pytest.raises(MedsmallError, match=f"no network '{name}'.*'{nearest}'"):
        TimmNetwork(name, None, None)


def test_a_name_with_nothing_near_is_answered_with_a_few():
    with pytest.raises(MedsmallError, match="the nearest are: "):
        TimmNetwork("qqqqqqqqqqqqqqqqqqqqqq", None, None)


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([r"^(conv|bn)1", r"^layer[12]"], "matched by 0 of them"),
        ([r"^(conv|bn|layer)", r"^layer4"], "matched by 2 of them"),
        ([r"^(conv|bn)1", r"^layer", r"^nothing"], "no parameter matches '^nothing'"),
    ],
)
def test_groups_that_are_no_partition_are_refused(groups, message):
    with pytest.raises(MedsmallError) as error:
        build("test_resnet", groups=groups)
    assert message in str(error.value)


def test_a_pattern_that_is_no_regular_expression_is_refused():
    with pytest.raises(MedsmallError, match=r"backbone.groups: '\(' is not a regular expression"):
        build("test_resnet", groups=["("])


def test_a_network_without_stages_asks_for_groups():
    with pytest.raises(MedsmallError, match="no stages for MetaFormer: set backbone.groups"):
        build("poolformer_s12")


def test_any_number_of_groups_may_be_given():
    network = build("test_resnet", groups=[r"^(conv|bn)1", r"^layer1", r"^layer2", r"^layer[34]"])
    assert len(network.groups) == 5
    assert set(network.groups[1]) == {
        name for name, _ in network.module.named_parameters() if name.startswith("layer1.")
    }


@pytest.mark.parametrize(
    ("name", "side"), [("tf_efficientnet_lite0", 64), ("test_vit", 160), ("levit_128s", 224)]
)
def test_the_head_computes_in_float32_under_bfloat16(name, side):
    torch.manual_seed(0)
    module = build(name).module.eval()
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        logits = module(torch.randn(2, 3, side, side))
    assert logits.dtype == torch.float32
    assert (logits.bfloat16().float() != logits).any()


def test_a_head_in_float32_is_timms_own_where_nothing_else_is():
    torch.manual_seed(0)
    module = timm.create_model("tf_efficientnet_lite0", num_classes=2).eval()
    ours = build("tf_efficientnet_lite0").module.eval()
    ours.load_state_dict(module.state_dict())
    image = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        assert ours(image).equal(module(image))


@pytest.mark.parametrize("name", ["tf_efficientnet_lite0", "efficientnet_b0", "lcnet_035"])
def test_an_activation_that_would_copy_its_input_is_not_in_place(name):
    """The gradients are the same to the last bit."""
    network = TimmNetwork(name, None, None).build(1).module.eval()
    x = torch.rand(2, 3, 32, 32)
    found = []
    for in_place in (False, True):
        for layer in network.modules():
            if hasattr(layer, "inplace"):
                assert layer.inplace in (False, isinstance(layer, torch.nn.ReLU)) or in_place
                layer.inplace = in_place
        network.zero_grad()
        network(x).sum().backward()
        found.append([p.grad.clone() for p in network.parameters()])
    assert all(a.equal(b) for a, b in zip(*found, strict=True))


def test_weights_of_normalisation_are_told_from_those_of_an_activation():
    module = nn.Sequential(nn.Conv2d(3, 8, 1), nn.PReLU(8), nn.GroupNorm(2, 8), nn.LayerNorm(4))
    found = Network(module, [], [], [], "made", [0.5], [0.5]).norm_parameters()
    assert found == ["2.weight", "2.bias", "3.weight", "3.bias"]
