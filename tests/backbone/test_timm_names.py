"""Names read from timm's source are those that timm knows when it is imported."""

import timm
from timm.models._registry import is_model

from medsmall.backbone import timm_module  # noqa: F401  (registers our own)
from medsmall.backbone.timm_names import timm_names, timm_tags


def test_every_network_is_found():
    assert set(timm.list_models()) <= timm_names()
    assert all(is_model(name) for name in timm_names())


def test_every_tag_of_a_network_is_found_or_none():
    for name in timm.list_pretrained():
        network, _, tag = name.partition(".")
        assert not timm_tags(network) or not tag or tag in timm_tags(network), name
