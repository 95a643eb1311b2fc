"""Weights from the hub, on files made in the layout of its repositories, in a cache without it."""

import json

import pytest
import timm
import torch
from huggingface_hub import constants
from omegaconf import OmegaConf
from safetensors.torch import save_file
from small_run import HERNIA

from medsmall import hub
from medsmall.backbone.timm_network import TimmNetwork
from medsmall.configs import compose
from medsmall.errors import MedsmallError
from medsmall.model import Model
from medsmall.pretraining.hub import Hub
from medsmall.pretraining.imagenet import ImageNet
from medsmall.pretraining.published import terms
from medsmall.record import Record

CONFIG = {
    "architecture": "test_vit",
    "num_classes": 0,
    "global_pool": "token",
    "pretrained_cfg": {
        "input_size": [3, 96, 96], "fixed_input_size": True, "mean": [0.5, 0.5, 0.5],
        "std": [0.25, 0.25, 0.25], "num_classes": 0, "license": "cc-by-nc-4.0",
    },
}  # fmt: skip


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The hub's cache on disk; the hub itself is silent."""
    ask = hub.try_to_load_from_cache
    monkeypatch.setattr(
        hub,
        "try_to_load_from_cache",
        lambda repo, name, revision=None: ask(repo, name, cache_dir=tmp_path, revision=revision),
    )
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(hub, "answers", lambda: False)

    def repository(name, **files):
        folder = tmp_path / f"models--{name.replace('/', '--')}"
        snapshot = folder / "snapshots" / "abc"
        snapshot.mkdir(parents=True)
        (folder / "refs").mkdir()
        (folder / "refs" / "main").write_text("abc")
        for file, write in files.items():
            write(snapshot / file.replace("__", "."))
        return snapshot

    return repository


def vit(**arguments):
    torch.manual_seed(3)
    module = timm.create_model("test_vit", num_classes=0, **arguments)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return module.eval()


def described(cache, module, config=CONFIG, name="lab/film-vit"):
    return cache(
        name,
        config__json=lambda path: path.write_text(json.dumps(config)),
        model__safetensors=lambda path: save_file(module.state_dict(), path),
    )


def loaded(source, network):
    mean, std, _ = source.open().load_into(network)
    return mean, std


def test_a_repository_made_for_timm_is_one_line(cache):
    """Features equal those of timm's own network, and the statistics are the repository's."""
    module = vit(img_size=96)
    folder = described(cache, module)
    name = "hf-hub:lab/film-vit"
    cfg = OmegaConf.create({"backbone": {"name": name}})
    source_maker = Hub(None, None)
    source_maker.reach(cfg)
    source = source_maker.source(cfg, None)
    network = TimmNetwork(name, None, None).build(2)
    assert loaded(source, network) == ([0.5] * 3, [0.25] * 3)
    images = torch.randn(2, 3, 96, 96)
    got = network.module.eval().forward_head(network.module.forward_features(images), True)
    assert got.allclose(module(images), atol=1e-5)
    assert network.architecture == "test_vit"
    facts = source.provenance()
    assert facts["licence"] == "cc-by-nc-4.0"
    assert facts["file"] == str(folder / "model.safetensors")
    assert len(facts["sha256"]) == 64
    assert source.notices == (
        "The weights of lab/film-vit are not free for every use: cc-by-nc-4.0.",
    )
    assert [one.dataset for one in source.patients()] == ["unknown"]


@pytest.mark.slow
def test_a_run_on_it_is_recorded_and_read_again(cache, outputs):
    """The record holds all that makes the network again, at another size, without the hub."""
    from medsmall.train import train

    described(cache, vit(img_size=96), name="lab/other-vit")
    cfg = compose([*HERNIA, "backbone=timm", "backbone.name=hf-hub:lab/other-vit",
                   "pretraining=hub", "pretraining.trained_on=elsewhere", "learner=probe",
                   "backbone.pooling=both", "augmentation=chest_safe",
                   f"output_root={outputs}"])  # fmt: skip
    record = Record.open(train(cfg).folder)
    assert record.metrics["provenance"]["licence"] == "cc-by-nc-4.0"
    assert any("cc-by-nc-4.0" in notice for notice in record.metrics["notices"])
    model = Model.load(record.model)
    assert model.module.head.in_features == 2 * 64
    images = torch.zeros(1, 1, 48, 48, dtype=torch.uint8)
    assert model.predict(images).shape == (1, 1)


def test_the_tower_of_a_larger_model_is_found_by_its_prefix(cache):
    """As BiomedCLIP: open_clip's names, a projection and a text model beside the tower."""
    module = vit()
    state = {f"visual.trunk.{name}": tensor for name, tensor in module.state_dict().items()}
    state |= {"visual.head.proj.weight": torch.zeros(4, 64), "text.embed.weight": torch.zeros(9, 4)}
    state |= {"logit_scale": torch.tensor(1.0)}
    cache("lab/clip", open_clip_pytorch_model__bin=lambda path: torch.save(state, path))
    at = {"repository": "lab/clip", "file": "open_clip_pytorch_model.bin", "licence": "MIT",
          "prefix": "visual.trunk.", "mean": [0.4] * 3, "std": [0.2] * 3,
          "trained_on": "pmc"}  # fmt: skip
    cfg = OmegaConf.create({"backbone": {"name": "test_vit"}})
    source = Hub(at, None).source(cfg, None)
    network = TimmNetwork("test_vit", None, None, "cls").build(1)
    assert loaded(source, network) == ([0.4] * 3, [0.2] * 3)
    assert network.module.norm.weight.equal(module.norm.weight)
    assert source.notices == ()
    assert [one.dataset for one in source.patients()] == ["pmc"]


def test_the_shipped_backbones_of_the_hub_have_what_their_cards_say():
    small, clip = (compose([f"backbone={name}", "pretraining=hub"]) for name in
                   ("dinov2_small", "biomedclip"))  # fmt: skip
    known = timm.get_pretrained_cfg(small.backbone.name)
    source = Hub(None, None).source(small, None)
    weights = source.open()
    assert weights.mean == list(known.mean)
    assert source.provenance()["licence"] == "apache-2.0"
    assert [one.dataset for one in source.patients()] == ["lvd142m"]
    assert clip.pretraining.at.prefix == "visual.trunk."
    source = Hub(OmegaConf.to_container(clip.pretraining.at), None).source(clip, None)
    assert "for research" in source.notices[0]


def test_positional_embeddings_are_resampled_for_another_size():
    """As timm resamples them, not cut or stretched by us."""
    from timm.layers import resample_abs_pos_embed

    network = TimmNetwork("test_vit", None, None).build(1)
    module = network.module.eval()
    images = torch.randn(1, 3, 64, 64)
    tokens = module.patch_embed(images)
    grid = resample_abs_pos_embed(
        module.pos_embed, (4, 4), num_prefix_tokens=0 if module.no_embed_class else 1
    )
    got = module._pos_embed(tokens)
    prefix = module.num_prefix_tokens
    patches = grid if module.no_embed_class else grid[:, 1:]
    assert got[:, prefix:].allclose(tokens.flatten(1, 2) + patches, atol=1e-5)


@pytest.mark.parametrize(
    ("pooling", "features"),
    [
        ("cls", lambda x, prefix: x[:, 0]),
        ("mean", lambda x, prefix: x[:, prefix:].mean(1)),
        ("both", lambda x, prefix: torch.cat([x[:, 0], x[:, prefix:].mean(1)], 1)),
    ],
)
def test_the_head_sees_what_pooling_says_of_the_normalised_tokens(pooling, features):
    network = TimmNetwork("test_vit", None, None, pooling).build(3)
    module = network.module.eval()
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        tokens = module.forward_features(images)
        assert module(images).allclose(module.head(features(tokens, module.num_prefix_tokens)))
    plain = TimmNetwork("test_vit", None, None).build(3)
    body = set(network.module.state_dict()) - set(network.head)
    assert body == set(plain.module.state_dict()) - set(plain.head), "the same pretrained tensors"


@pytest.mark.parametrize(
    ("name", "tag", "said"),
    [
        ("resnet50", "a1_in2k", r"resnet50.a1_in2k: Invalid pretrained tag .*a1_in1k"),
        ("vit_small_patch14_dinov2.lvd142m", None, "not of ImageNet: set pretraining=hub"),
        ("hf-hub:lab/film-vit", None, "set pretraining=hub, or pretraining=none"),
    ],
)  # fmt: skip
def test_imagenet_weights_are_of_imagenet_and_of_a_tag_that_there_is(name, tag, said):
    cfg = OmegaConf.create({"backbone": {"name": name}})
    with pytest.raises(MedsmallError, match=said):
        ImageNet(None, tag).source(cfg, None)


def test_a_tag_is_another_key_and_has_its_own_statistics():
    cfg = OmegaConf.create({"backbone": {"name": "resnet50.tv_in1k"}})
    plain, other = ImageNet(None).source(cfg, None), ImageNet(None, "a1_in1k").source(cfg, None)
    assert (plain.fingerprint, other.fingerprint) == (
        "timm/resnet50/tv_in1k", "timm/resnet50/a1_in1k",
    )  # fmt: skip
    assert other.open().mean == list(timm.get_pretrained_cfg("resnet50.a1_in1k").mean)


def test_a_repository_that_was_never_fetched_is_one_sentence_at_once(cache):
    cfg = OmegaConf.create({"backbone": {"name": "hf-hub:no/where"}})
    with pytest.raises(MedsmallError, match="of no/where could not be fetched from the hub"):
        Hub(None, None).reach(cfg)
    with pytest.raises(MedsmallError, match=r"config.json of no/where could not be fetched"):
        TimmNetwork("hf-hub:no/where", None, None).build(1)


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"model_type": "bert"}', '{"architecture": "x", "pretrained_cfg": 3}']
)
def test_a_repository_of_another_library_is_told(cache, text):
    cache("lab/bert", config__json=lambda path: path.write_text(text))
    with pytest.raises(MedsmallError, match="hf-hub:lab/bert does not describe a network of timm"):
        TimmNetwork("hf-hub:lab/bert", None, None).build(1)


def test_a_key_of_the_place_that_does_not_exist_names_the_nearest():
    with pytest.raises(MedsmallError, match=r"no key 'backbone.hub.prefx'.*prefix"):
        Hub({"prefx": "visual."}, None)


@pytest.mark.parametrize(
    ("licence", "said"),
    [
        ("apache-2.0", None), ("MIT", None), ("", "is not known here"),
        ("cc-by-nc-4.0", "not free for every use"), ("dinov3-license", "a licence of their own"),
    ],
)  # fmt: skip
def test_a_licence_is_told_unless_it_is_free(licence, said):
    found = terms("x", licence)
    assert (found == ()) if said is None else (said in found[0])


@pytest.mark.parametrize("name", ["", "a/b/c", "../../x", "white space/x"])
def test_what_is_no_name_of_a_repository_is_one_sentence(name):
    with pytest.raises(MedsmallError, match=r"is no name of a repository.*OWNER/REPOSITORY"):
        TimmNetwork(f"hf-hub:{name}", None, None).build(1)


@pytest.mark.parametrize(
    "config",
    [
        {"architecture": 3},
        {"architecture": "test_vit", "pretrained_cfg": {"mean": "abc"}},
        {"architecture": "test_vit", "pretrained_cfg": {"mean": [0.5]}},
        {"architecture": "test_vit", "pretrained_cfg": {"std": None}},
    ],
)
def test_facts_that_timm_would_not_write_are_one_sentence(cache, config):
    cache("lab/odd", config__json=lambda path: path.write_text(json.dumps(config)))
    with pytest.raises(MedsmallError, match="hf-hub:lab/odd does not describe a network of timm"):
        TimmNetwork("hf-hub:lab/odd", None, None).build(1)


@pytest.mark.parametrize("more", [{"architecture": "none"}, {"model_args": {"zzz": 1}}])
def test_a_description_that_timm_cannot_make_is_one_sentence(cache, more):
    cache("lab/odd", config__json=lambda path: path.write_text(json.dumps({**CONFIG, **more})))
    with pytest.raises(MedsmallError, match=r"hf-hub:lab/odd describes .* timm cannot make"):
        TimmNetwork("hf-hub:lab/odd", None, None).build(1)


def test_several_licences_are_told(cache):
    facts = {**CONFIG["pretrained_cfg"], "license": ["mit", "cc-by-nc-4.0"]}
    described(cache, vit(img_size=96), {**CONFIG, "pretrained_cfg": facts})
    cfg = OmegaConf.create({"backbone": {"name": "hf-hub:lab/film-vit"}})
    (said,) = Hub(None, None).source(cfg, None).notices
    assert "mit or cc-by-nc-4.0" in said


def test_what_is_said_of_packaged_weights_counts_and_may_be_allowed():
    cfg = OmegaConf.create({"backbone": {"name": "tf_efficientnet_lite0"}})
    file = compose(["backbone=efficientnet_lite0"]).backbone.packaged_weights
    source = Hub(None, "chest_xray", file).source(cfg, None)
    assert [one.dataset for one in source.patients()] == ["chest_xray"]
    with pytest.raises(MedsmallError, match="allow_test_overlap=true"):
        source.refuse_overlap("chest_xray", {"7"})
    allowed = Hub(None, "chest_xray", file, allow_test_overlap=True).source(cfg, None)
    assert "allowed by pretraining" in allowed.refuse_overlap("chest_xray", {"7"})[0]


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ({"repository": 3}, "backbone.hub.repository must be text, but is 3"),
        ({"repository": "a/b", "mean": 0.5}, "backbone.hub.mean must be a list of three numbers"),
        ({"repository": "a/b", "std": ["x"] * 3}, "backbone.hub.std must be a list of three"),
        ({"repository": "a/b", "file": ["x"]}, "backbone.hub.file must be text"),
        ({"prefix": "x"}, "backbone.hub has no repository"),
    ],
)
def test_a_wrong_value_of_the_place_is_one_sentence(at, said):
    with pytest.raises(MedsmallError, match=said):
        Hub(at, None)
