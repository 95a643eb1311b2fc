"""LoRA: what trains, that it begins at the pretrained outputs, and ends in an ordinary network."""

import pytest
import timm
import torch
from fitting import LR, fit

from medsmall.backbone.adapters import add_lora, merge_adapters
from medsmall.backbone.network import Network
from medsmall.backbone.timm_module import head_names
from medsmall.backbone.timm_network import TimmNetwork
from medsmall.errors import MedsmallError
from medsmall.strategy.lora import LoRA

pytest.importorskip("peft")


def built(name, outputs=1):
    torch.manual_seed(0)
    return TimmNetwork(name, None, None).build(outputs)


@pytest.mark.parametrize(
    ("name", "adapted"),
    [("vit_tiny_patch16_224", 24), ("test_resnet", 15), ("tf_efficientnet_lite0", 32)],
)
def test_the_outputs_begin_as_they_were_and_the_sum_ends_with_the_same_names(name, adapted):
    network = built(name)
    module = network.module.eval()
    images = torch.randn(2, 3, 32, 32)
    before, names = module(images), list(module.state_dict())
    adapters = add_lora(network, 4, 8, None)
    assert len(adapters) == 2 * adapted
    assert module(images).allclose(before, atol=1e-6)
    with torch.no_grad():
        for parameter_name, parameter in module.named_parameters():
            if ".lora_B" in parameter_name:
                parameter.normal_(std=0.1)
    trained = module(images)
    assert not trained.allclose(before, atol=1e-3)
    merge_adapters(module)
    assert list(module.state_dict()) == names
    assert module(images).allclose(trained, rtol=1e-3, atol=1e-4)


SHALLOW = {
    "beit_base_patch16_224": {"depth": 1, "embed_dim": 32, "num_heads": 2, "img_size": 32},
    "swinv2_tiny_window8_256": {"depths": (1, 1), "embed_dim": 16, "num_heads": (1, 2),
                                "img_size": 64},
}  # fmt: skip


@pytest.mark.parametrize("name", SHALLOW)
def test_every_adapter_trains_also_where_an_attention_uses_a_weight_past_its_layer(name):
    module = timm.create_model(name, num_classes=1, **SHALLOW[name])
    names = [[name for name, _ in module.named_parameters()], head_names(module)]
    network = Network(module, names, names, names, name, [0.5] * 3, [0.5] * 3)
    adapters = add_lora(network, 1, 1, None)
    side = SHALLOW[name]["img_size"]
    module(torch.randn(1, 3, side, side)).sum().backward()
    own = dict(module.named_parameters())
    assert adapters
    assert [one for one in adapters if own[one].grad is None] == []


def test_a_standardised_weight_gets_no_adapter_as_their_sum_would_be_standardised_too():
    with pytest.raises(MedsmallError, match="no convolution of its body can have one"):
        add_lora(built("resnetv2_50x1_bit"), 1, 1, None)


def test_adding_adapters_freezes_nothing_as_ddp_leaves_out_what_is_frozen_when_it_begins():
    network = built("test_resnet")
    add_lora(network, 2, 4, None)
    assert all(parameter.requires_grad for parameter in network.module.parameters())


def test_the_change_of_a_weight_is_alpha_over_rank_times_a_product_of_low_rank():
    network = built("vit_tiny_patch16_224")
    layer = "blocks.0.attn.qkv"
    before = network.module.get_submodule(layer).weight.detach().clone()
    add_lora(network, 3, 6, r"^blocks\.0\.attn\.qkv$")
    adapted = network.module.get_submodule(layer)
    a, b = adapted.lora_A["default"].weight, adapted.lora_B["default"].weight
    with torch.no_grad():
        b.normal_()
    merge_adapters(network.module)
    change = network.module.get_submodule(layer).weight.detach() - before
    assert torch.linalg.matrix_rank(change, rtol=1e-4) == 3
    assert change.allclose(6 / 3 * b @ a, atol=1e-5)


@pytest.mark.parametrize("name", ["test_resnet", "test_vit"])
def test_only_adapters_and_head_move(name):
    network, recorder = fit(LoRA(LR, rank=2, alpha=4, layers=None, weight_decay=0.0), name,
                            epochs=1, steps=3)  # fmt: skip
    moved = set().union(*recorder.changed)
    assert set(network.head) <= moved
    assert moved - set(network.head)
    assert all(".lora_" in name for name in moved - set(network.head))
    expected = {n for n, _ in network.module.named_parameters() if ".lora_" in n}
    assert moved - set(network.head) == expected, "B at the first step, A from the second on"


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        ("nonsense", r"by strategy.layers='nonsense': its layers are named like conv1"),
        ("(", "is not a regular expression"),
    ],
)
def test_a_pattern_that_fits_no_layer_is_told_with_names_that_there_are(layers, said):
    with pytest.raises(MedsmallError, match=said):
        add_lora(built("test_resnet"), 2, 4, layers)


def test_a_network_without_such_layers_is_refused():
    network = built("test_resnet")
    bare = type(network)(torch.nn.Linear(3, 1), [["weight", "bias"]], [["weight", "bias"]],
                         [["weight", "bias"]], "bare", [0.5] * 3, [0.5] * 3)  # fmt: skip
    with pytest.raises(MedsmallError, match="no linear layer and no convolution of its body"):
        add_lora(bare, 2, 4, None)


@pytest.mark.parametrize(("rank", "alpha"), [(0, 8), (4, 0)])
def test_rank_and_scale_are_at_least_1(rank, alpha):
    with pytest.raises(MedsmallError, match=r"strategy.rank and strategy.alpha must be at least 1"):
        LoRA(LR, rank, alpha, None, 0.0)
