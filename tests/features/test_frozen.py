"""Features of a frozen network: the right ones, once, and the same bits whoever computes them."""

import numpy as np
import pandas as pd
import pytest
import torch
from prepared import prepared_of
from small_run import HERNIA
from torch.utils.data import DataLoader

from medsmall.augmentation.none import NoAugmentation
from medsmall.augmentation.policy import Policy
from medsmall.batches.drawn import DrawnImages
from medsmall.batches.views import Views
from medsmall.configs import compose
from medsmall.errors import MedsmallError
from medsmall.features.frozen import Frozen
from medsmall.initial import new_model
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


def drawn(images: torch.Tensor, augmentation: object = None, size: int = 4) -> DrawnImages:
    """The images as the train part of a draw."""
    draw = pd.DataFrame({"image": [f"{i}.png" for i in range(len(images))], "part": "train"})
    draw["Hernia"] = 1.0
    pixels = images.numpy().transpose(0, 2, 3, 1)
    prepared = prepared_of(pixels, draw)
    return DrawnImages(draw, prepared, ["Hernia"], augmentation or NoAugmentation(), size, 0)


def loader(images: torch.Tensor, size: int = 4) -> DataLoader:
    return drawn(images, size=size).plain("train")


@pytest.mark.parametrize("name", ["tiny", "efficientnet_lite0", "densenet121"])
def test_they_are_what_enters_the_last_layer(frozen, name):
    of = frozen(f"backbone={name}")
    found = of.features(loader(IMAGES[:5]))
    model = of.model.eval()
    with torch.inference_mode():
        x = (IMAGES[:5].expand(-1, 3, -1, -1) / 255 - model.mean) / model.std
        body = model.module
        expected = body.forward_head(body.forward_features(x), pre_logits=True)
        outputs = model(IMAGES[:5])
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(of.outputs(loader(IMAGES[:5])), outputs, rtol=1e-4, atol=1e-5)


def test_a_view_is_computed_once_for_all_runs(frozen, monkeypatch):
    first = frozen().features(loader(IMAGES))
    monkeypatch.setattr(Frozen, "_computed", lambda *_: pytest.fail("computed again"))
    again = frozen(targets=("Hernia", "Mass", "Edema")).features(loader(IMAGES.flip(0)))
    assert again[::-1].tobytes() == first.tobytes()


def test_only_what_is_lacking_is_computed_and_a_copy_once(frozen, monkeypatch):
    frozen().features(loader(IMAGES[:10]))
    seen, computed = [], Frozen._computed
    monkeypatch.setattr(Frozen, "_computed", lambda s, x: seen.append(len(x)) or computed(s, x))
    frozen().features(loader(torch.cat([IMAGES[:12], IMAGES[10:12]])))
    assert seen == [2]


@pytest.mark.parametrize("name", ["tiny", "efficientnet_lite0"])
def test_the_bits_do_not_depend_on_who_was_first(frozen, tmp_path, name):
    """Else the predictions of a cell would depend on the order of a sweep."""
    whole = frozen(f"backbone={name}").features(loader(IMAGES, 16))
    order = torch.randperm(len(IMAGES), generator=torch.Generator().manual_seed(0))
    for file in (tmp_path / "features").glob("*.sqlite"):
        file.unlink()
    other = frozen(f"backbone={name}").features(loader(IMAGES[order], 2))
    assert whole[order.numpy()].tobytes() == other.tobytes()


def test_another_network_or_precision_has_another_file(frozen):
    files = {
        of.kept.store.file.name
        for of in (
            frozen(), frozen(seed=2), frozen("backbone=densenet121"),
            frozen("trainer.precision=bf16-mixed"),
        )
    }  # fmt: skip
    assert len(files) == 4
    other = frozen()
    other.model.set_statistics([0.1] * 3, [0.2] * 3)
    assert Frozen(other.model, compose([*HERNIA])).kept.store.file.name not in files
    assert frozen(targets=("Hernia", "Mass")).kept.store.file == frozen().kept.store.file


def test_a_folder_that_cannot_be_written_to_is_one_sentence(frozen, tmp_path):
    (tmp_path / "features").write_text("")
    with pytest.raises(MedsmallError, match="features cannot be written to .*features"):
        frozen().features(loader(IMAGES[:2]))


def chest(**changes):
    return Policy(48, "chest_safe", "chest", rotation_deg=10.0, noise=0.05, noise_p=0.5,
                  **({"tta_views": 2, "seed": 1} | changes))  # fmt: skip


def test_a_view_whose_features_are_known_is_not_made_again(frozen, monkeypatch):
    """Neither for another network: its features are, from the same pixels."""
    first = frozen().features(drawn(IMAGES, chest()).scoring("train"))
    assert len(first) == 3 * len(IMAGES)
    other = frozen(seed=2).features(drawn(IMAGES, chest()).scoring("train"))
    assert not np.allclose(first, other)
    monkeypatch.setattr(Views, "_view", lambda *_: pytest.fail("made again"))
    more = chest(tta_views=1, strict=True)  # what does not change a view
    again = frozen().features(drawn(IMAGES.flip(0), more).scoring("train"))
    expected = first.reshape(len(IMAGES), 3, -1)[::-1, :2].reshape(again.shape)
    assert again.tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    "changes", [{"seed": 2}, {"rotation_deg": 11.0}, {"noise_p": 0.6}, {"border": "black"}]
)
def test_other_views_are_other_views(frozen, changes):
    options = {"rotation_deg": 10.0, "noise": 0.05, "noise_p": 0.5} | changes
    other = Policy(48, "chest_safe", "chest", tta_views=2, **({"seed": 1} | options))
    one, two = (drawn(IMAGES[:3], of) for of in (chest(), other))
    names = [{of.parts["train"].name(i, v) for i in range(3) for v in (1, 2)} for of in (one, two)]
    assert len(names[0] | names[1]) == 12
    first, second = (frozen().features(of.scoring("train")) for of in (one, two))
    fresh = frozen(seed=3).features(two.scoring("train"))
    assert (first != second).any()
    assert fresh.shape == second.shape


def test_an_augmentation_whose_settings_are_no_plain_values_is_made_each_time(frozen, monkeypatch):
    own = NoAugmentation()
    own.function = lambda x: x
    data = drawn(IMAGES[:4], own)
    assert data.parts["train"].name(0, 0) is None
    first = frozen().features(data.plain("train"))
    monkeypatch.setattr(Frozen, "_computed", lambda *_: pytest.fail("computed again"))
    assert frozen().features(data.plain("train")).tobytes() == first.tobytes()


def test_images_of_one_name_have_the_same_pixels():
    """Over copies, repeats and views: the name follows the pixels, the count and the view."""
    pool = torch.cat([IMAGES[:4], IMAGES[:2]])
    views = drawn(pool, chest()).parts["train"]
    looks: dict = {}
    for image in range(len(pool)):
        for view in range(4):
            pixels = views[[(image, view)]].images.numpy().tobytes()
            assert looks.setdefault(views.name(image, view), pixels) == pixels
    assert len(looks) == 16
