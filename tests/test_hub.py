"""What of the hub is known without it: a file that was fetched before, and that it is silent."""

import http.server
import threading
import time

import pytest
import timm
from huggingface_hub import constants

from medsmall import hub
from medsmall.backbone.timm_network import TimmNetwork
from medsmall.configs import compose
from medsmall.errors import MedsmallError
from medsmall.pretraining.imagenet import ImageNet
from medsmall.pretraining.timm_hub import from_timm


@pytest.fixture
def endpoint(monkeypatch):
    """A hub of one's own that answers with an error, as one behind a login would."""

    class Refuses(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_error(403)

        def log_message(self, *arguments):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Refuses)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    yield server
    server.shutdown()
    server.server_close()


def test_a_hub_that_answers_is_reached(endpoint, monkeypatch):
    assert hub.answers()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert not hub.answers()


def test_one_that_is_silent_is_given_up_in_time(monkeypatch):
    monkeypatch.setattr(hub, "PATIENCE_S", 0.2)
    monkeypatch.setattr(hub, "get_session", _no_answer)
    started = time.monotonic()
    assert not hub.answers()
    assert time.monotonic() - started < 1.5


def test_a_certificate_that_is_not_known_is_an_answer(monkeypatch):
    def refuse():
        raise OSError("CERTIFICATE_VERIFY_FAILED: unable to get local issuer certificate")

    monkeypatch.setattr(hub, "get_session", refuse)
    assert hub.answers()


def test_what_cannot_be_fetched_is_one_sentence_with_what_can_be_had(monkeypatch):
    cfg = compose(["backbone=densenet121"])
    monkeypatch.setattr(constants, "HF_HUB_CACHE", "/nowhere")
    monkeypatch.setattr(hub, "answers", lambda: False)
    with pytest.raises(
        MedsmallError, match="backbone=efficientnet_lite0, whose ImageNet weights come"
    ):
        ImageNet(None).reach(cfg)
    monkeypatch.setattr(hub, "answers", lambda: True)
    ImageNet(None).reach(cfg)


def test_weights_in_the_cache_are_taken_from_there_without_the_hub(monkeypatch, tmp_path):
    name = "test_resnet.r160_in1k"
    known = timm.get_pretrained_cfg(name)
    folder = tmp_path / f"models--{known.hf_hub_id.replace('/', '--')}" / "snapshots" / "abc"
    folder.mkdir(parents=True)
    (folder.parents[1] / "refs").mkdir()
    (folder.parents[1] / "refs" / "main").write_text("abc")
    from safetensors.torch import save_file

    state = timm.create_model(name).state_dict()
    save_file(state, folder / "model.safetensors")
    monkeypatch.setattr(hub, "try_to_load_from_cache", _in(tmp_path, hub.try_to_load_from_cache))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(hub, "answers", lambda: False)
    assert hub.may_be_had("test_resnet")
    assert hub.may_be_had(name)
    assert not hub.may_be_had("resnet50")
    assert hub.fetched(known.hf_hub_id) == folder / "model.safetensors"

    loaded = from_timm(name, TimmNetwork(name, None, None).build(1))
    assert all((loaded[key] == value).all() for key, value in state.items())


def _no_answer(*arguments, **options):
    time.sleep(2)
    raise OSError("timed out")


def _in(folder, ask):
    return lambda repo, name, revision=None: ask(repo, name, cache_dir=folder)
