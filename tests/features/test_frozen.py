"""Features of a frozen network: the right ones, once, and the same bits whoever computes them."""

import numpy as np
import pytest
import torch
from small_run import HERNIA

from medsmall.batches.batch import Batch
from medsmall.configs import compose
from medsmall.errors import MedsmallError
from medsmall.features.frozen import Frozen
from medsmall.learner.model import new_model
from medsmall.targets import targets_of
from medsmall.task import Task

IMAGES = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (40, 1, 48, 48), dtype="u1"))


@pytest.fixture
def frozen(tmp_path):
    """A frozen random network, by overrides and seed."""

    def make(*overrides: str, seed: int = 1, targets: tuple[str, ...] = ("Hernia",)) -> Frozen:
        cfg = compose([*HERNIA, *overrides, f"seed={seed}", f"cache_root={tmp_path}"])
        network, model = new_model(cfg, targets_of([*targets], Task.MULTILABEL))
        one, _ = new_model(cfg, targets_of(["Hernia"], Task.MULTILABEL))  # the body is drawn last
        body = {k: v for k, v in one.module.state_dict().items() if k not in network.head}
        network.module.load_state_dict(body, strict=False)
        return Frozen(model, cfg)

    return make


def batches(images: torch.Tensor, size: int) -> list[Batch]:
    nothing = torch.zeros(0)
    return [Batch(some, nothing, nothing, nothing) for some in images.split(size)]


@pytest.mark.parametrize("name", ["tiny", "efficientnet_lite0", "densenet121"])
def test_they_are_what_enters_the_last_layer(frozen, name):
    of = frozen(f"backbone={name}")
    found = of.features(batches(IMAGES[:5], 3))
    model = of.model.eval()
    with torch.inference_mode():
        x = (IMAGES[:5].expand(-1, 3, -1, -1) / 255 - model.mean) / model.std
        body = model.module
        expected = body.forward_head(body.forward_features(x), pre_logits=True)
        outputs = model(IMAGES[:5])
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(of.outputs(batches(IMAGES[:5], 3)), outputs, rtol=1e-4, atol=1e-5)


def test_a_view_is_computed_once_for_all_runs(frozen, monkeypatch):
    first = frozen().features(batches(IMAGES, 16))
    monkeypatch.setattr(Frozen, "_computed", lambda *_: pytest.fail("computed again"))
    again = frozen(targets=("Hernia", "Mass", "Edema")).features(batches(IMAGES.flip(0), 7))
    assert again[::-1].tobytes() == first.tobytes()


def test_only_what_is_lacking_is_computed_and_a_copy_once(frozen, monkeypatch):
    frozen().features(batches(IMAGES[:10], 16))
    seen, computed = [], Frozen._computed
    monkeypatch.setattr(Frozen, "_computed", lambda s, x: seen.append(len(x)) or computed(s, x))
    frozen().features(batches(torch.cat([IMAGES[:12], IMAGES[10:12]]), 16))
    assert seen == [2]


@pytest.mark.parametrize("name", ["tiny", "efficientnet_lite0"])
def test_the_bits_do_not_depend_on_who_was_first(frozen, tmp_path, name):
    """Else the predictions of a cell would depend on the order of a sweep."""
    whole = frozen(f"backbone={name}").features(batches(IMAGES, 64))
    order = torch.randperm(len(IMAGES), generator=torch.Generator().manual_seed(0))
    for file in (tmp_path / "features").glob("*.sqlite"):
        file.unlink()
    other = frozen(f"backbone={name}").features(batches(IMAGES[order], 7))
    assert whole[order.numpy()].tobytes() == other.tobytes()


def test_another_network_or_precision_has_another_file(frozen):
    files = {
        of.store.file.name
        for of in (
            frozen(), frozen(seed=2), frozen("backbone=densenet121"),
            frozen("trainer.precision=bf16-mixed"),
        )
    }  # fmt: skip
    assert len(files) == 4
    other = frozen()
    other.model.set_statistics([0.1] * 3, [0.2] * 3)
    assert Frozen(other.model, compose([*HERNIA])).store.file.name not in files
    assert frozen(targets=("Hernia", "Mass")).store.file == frozen().store.file


def test_a_folder_that_cannot_be_written_to_is_one_sentence(frozen, tmp_path):
    (tmp_path / "features").write_text("")
    with pytest.raises(MedsmallError, match="features cannot be written to .*features"):
        frozen().features(batches(IMAGES[:2], 2))
