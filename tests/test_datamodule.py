"""The batches: which images, in which order, in which views, for any number of processes."""

from itertools import chain
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from prepared import prepared_of

from medsmall.augmentation.none import NoAugmentation
from medsmall.augmentation.own import OwnPipeline
from medsmall.augmentation.paper import Paper
from medsmall.datamodule import DataModule, TrainOrder, augmented_side
from medsmall.errors import MedsmallError

SIDE = 20


def order(images, batch_size, epoch=0, seed=0, rank=0, processes=1):
    sampler = TrainOrder(images, batch_size, seed, rank, processes)
    sampler.set_epoch(epoch)
    batches = list(sampler)
    assert len(batches) == len(sampler)
    return batches


def images_of(batches):
    return [image for batch in batches for image, _ in batch]


sizes = st.integers(2, 70)
batch_sizes = st.sampled_from([6, 16])


@given(sizes, batch_sizes, st.integers(0, 3))
def test_every_image_comes_once_an_epoch(images, batch_size, epoch):
    assert sorted(images_of(order(images, batch_size, epoch))) == list(range(images))


@given(sizes, batch_sizes, st.sampled_from([2, 3]), st.integers(0, 3))
@settings(max_examples=300)
def test_shares_of_processes_are_together_the_batches_of_one(images, batch_size, processes, epoch):
    if images < processes:
        return
    whole = order(images, batch_size, epoch)
    shares = [
        order(images, batch_size, epoch, rank=rank, processes=processes)
        for rank in range(processes)
    ]
    assert len({len(share) for share in shares}) == 1
    joint = [list(chain.from_iterable(parts)) for parts in zip(*shares, strict=True)]
    assert [sorted(batch) for batch in joint] == [sorted(batch) for batch in whole]
    assert sorted(images_of(joint)) == list(range(images))
    for batch, parts in zip(joint, zip(*shares, strict=True), strict=True):
        assert len(batch) >= 2
        lengths = [len(part) for part in parts]
        assert min(lengths) >= 1
        assert max(lengths) - min(lengths) <= 1


@pytest.mark.parametrize("batch_size", [4, 6, 16])
def test_only_the_last_batch_differs_in_size_and_by_less_than_half(batch_size):
    for images in range(2, 71):
        lengths = np.array([len(batch) for batch in order(images, batch_size)])
        assert (lengths[:-1] == batch_size).all()
        assert lengths[-1] < 1.5 * batch_size
        assert lengths[-1] >= min(images, batch_size / 2)


def test_a_batch_that_cannot_be_dealt_out_is_refused():
    with pytest.raises(MedsmallError, match="batch_size to at least 6"):
        order(20, batch_size=4, processes=3)


def test_the_order_is_a_function_of_seed_and_epoch_alone():
    assert order(50, 16, epoch=3, seed=5) == order(50, 16, epoch=3, seed=5)
    orders = {
        tuple(images_of(order(50, 16, epoch, seed))) for seed in range(4) for epoch in range(5)
    }
    assert len(orders) == 20
    sampler = TrainOrder(50, 16, 5, 0, 1)
    for epoch in (0, 1, 3):  # whatever came before
        sampler.set_epoch(epoch)
        list(sampler)
    assert list(sampler) == order(50, 16, epoch=3, seed=5)


def test_each_epoch_has_its_own_view_and_none_is_the_plain_one():
    for epoch in range(3):
        assert {view for batch in order(9, 4, epoch) for _, view in batch} == {epoch + 1}


def test_every_image_may_come_at_every_place():
    places = np.array([images_of(order(6, 4, epoch)) for epoch in range(600)])
    for image in range(6):
        counts = (places == image).sum(0)
        assert (abs(counts - 100) < 5 * np.sqrt(600 / 6 * 5 / 6)).all()


def paper(tta_views=2):
    return Paper(SIDE, rotation_deg=10.0, flip=0.5, crop=0.8, tta_views=tta_views)


def make(augmentation=None, train=10, val=5, test=7, channels=1, batch=4, workers=0, seed=0,
         rank=0, processes=1):  # fmt: skip
    """A data module over images of noise; labels tell the row of the draw."""
    n = train + val + test
    draw = pd.DataFrame(
        {
            "image": [f"{i}.png" for i in range(n)],
            "part": ["train"] * train + ["val"] * val + ["test"] * test,
            "row": np.arange(n, dtype=float),
        }
    )
    rng = np.random.default_rng(0)
    pixels = torch.from_numpy(rng.integers(0, 256, (n, SIDE, SIDE, channels), dtype=np.uint8))
    data = DataModule(
        draw, prepared_of(pixels, draw), ["row"], augmentation or paper(), batch, seed, workers
    )
    data.trainer = SimpleNamespace(global_rank=rank, world_size=processes)
    return data


def all_pixels(data):
    prepared = data.images["train"].prepared
    return torch.tensor(np.stack([prepared.pixels(row) for row in range(len(prepared))]))


def rows(batches):
    return [int(row) for _, labels in batches for row in labels[:, 0]]


def epoch_of(data, epoch):
    loader = data.train_dataloader()
    loader.sampler.set_epoch(epoch)
    return list(loader)


@pytest.mark.parametrize("channels", [1, 3])
def test_batches_are_uint8_channels_first_with_float_labels(channels):
    data = make(channels=channels)
    loaders = [data.train_dataloader(), data.val_dataloader(), data.scoring_dataloader("test")]
    for loader in loaders:
        for images, labels in loader:
            assert images.dtype == torch.uint8
            assert images.shape == (len(labels), channels, 16, 16)
            assert labels.dtype == torch.float32
            assert labels.shape == (len(labels), 1)


def test_labels_belong_to_their_images_in_every_loader():
    data = make(NoAugmentation())
    pixels = all_pixels(data)
    loaders = [data.train_dataloader(), data.val_dataloader(), data.scoring_dataloader("test")]
    for loader in loaders:
        for images, labels in loader:
            for image, label in zip(images, labels, strict=True):
                assert image.permute(1, 2, 0).equal(pixels[int(label)])


def test_training_loader_gives_each_train_image_once_and_no_other():
    for epoch in range(3):
        assert sorted(rows(epoch_of(make(), epoch))) == list(range(10))


def test_augmentation_is_a_function_of_seed_epoch_and_image():
    first, again = (epoch_of(make(), 2) for _ in range(2))
    for one, two in zip(first, again, strict=True):
        assert one[0].equal(two[0])

    def views(epoch, seed=0):
        return {
            int(label): image
            for images, labels in epoch_of(make(seed=seed), epoch)
            for image, label in zip(images, labels, strict=True)
        }

    base, later, other = views(0), views(1), views(0, seed=1)
    for row in range(10):
        assert not base[row].equal(later[row])
        assert not base[row].equal(other[row])


def test_processes_augment_as_one_does():
    whole = {
        int(label): image
        for batch in epoch_of(make(), 1)
        for image, label in zip(*batch, strict=True)
    }
    for rank in (0, 1):
        for batch in epoch_of(make(rank=rank, processes=2), 1):
            for image, label in zip(*batch, strict=True):
                assert image.equal(whole[int(label)])


def test_workers_change_nothing():
    one, two = make(), make(workers=2)
    for loaders in zip(
        (one.train_dataloader(), one.scoring_dataloader("test")),
        (two.train_dataloader(), two.scoring_dataloader("test")),
        strict=True,
    ):
        for epoch in (0, 1):
            for loader in loaders:
                if hasattr(loader.sampler, "set_epoch"):
                    loader.sampler.set_epoch(epoch)
            for mine, theirs in zip(*loaders, strict=True):
                assert mine[0].equal(theirs[0])
                assert mine[1].equal(theirs[1])


def test_validation_gives_plain_views_in_order_to_every_process():
    for rank in (0, 1):
        batches = list(make(val=23, rank=rank, processes=2).val_dataloader())
        assert rows(batches) == list(range(10, 33))
    data = make()
    images = torch.cat([images for images, _ in data.val_dataloader()])
    centre = all_pixels(data)[10:15, 2:18, 2:18].permute(0, 3, 1, 2)
    assert images.equal(centre)


@pytest.mark.parametrize("test", [1, 5, 7, 16, 33])
@pytest.mark.parametrize("tta_views", [0, 1, 4, 30])
def test_scoring_gives_all_views_image_after_image(test, tta_views):
    data = make(paper(tta_views), test=test)
    batches = list(data.scoring_dataloader("test"))
    views = tta_views + 1
    assert rows(batches) == list(np.repeat(np.arange(15, 15 + test), views))
    assert all(len(images) % views == 0 for images, _ in batches)  # whole images
    images = torch.cat([images for images, _ in batches])
    centre = all_pixels(data)[15 : 15 + test, 2:18, 2:18].permute(0, 3, 1, 2)
    assert images[::views].equal(centre)
    for i in range(test):
        of_image = images[i * views : (i + 1) * views]
        if tta_views in (1, 4):
            assert len({view.numpy().tobytes() for view in of_image}) == views


def test_scoring_of_one_part_says_the_same_twice():
    data = make()
    for one, two in zip(
        data.scoring_dataloader("val"), data.scoring_dataloader("val"), strict=True
    ):
        assert one[0].equal(two[0])


def test_an_image_drawn_twice_comes_twice_with_two_augmentations():
    draw = pd.DataFrame(
        {
            "image": ["b", "a", "b", "c", "d"],
            "part": ["train", "train", "train", "val", "test"],
            "row": [1.0, 0.0, 1.0, 2.0, 3.0],
        }
    )
    rng = np.random.default_rng(0)
    pixels = torch.from_numpy(rng.integers(0, 256, (4, SIDE, SIDE, 1), dtype=np.uint8))
    plain = DataModule(draw, prepared_of(pixels, draw), ["row"], NoAugmentation(), 4, 0, 0)
    plain.trainer = SimpleNamespace(global_rank=0, world_size=1)
    ((images, labels),) = plain.train_dataloader()
    assert sorted(labels[:, 0].tolist()) == [0.0, 1.0, 1.0]
    for image, label in zip(images, labels, strict=True):
        assert image[0].equal(pixels[0 if label == 1 else 1, ..., 0])  # in order of appearance
    ((image, _),) = plain.scoring_dataloader("test")
    assert image[0, 0].equal(pixels[3, ..., 0])

    augmented = DataModule(draw, prepared_of(pixels, draw), ["row"], paper(), 4, 0, 0)
    augmented.trainer = plain.trainer
    ((images, labels),) = augmented.train_dataloader()
    twice = images[labels[:, 0] == 1]
    assert not twice[0].equal(twice[1])


@pytest.mark.parametrize(
    ("train", "batch", "processes"), [(10, 1, 1), (10, 1, 2), (10, 2, 3), (2, 4, 3), (1, 4, 1)]
)
def test_batches_that_leave_a_process_or_batchnorm_without_are_refused(train, batch, processes):
    with pytest.raises(MedsmallError, match=f"dealt out to {processes} processes"):
        make(train=train, batch=batch, processes=processes).train_dataloader()


@pytest.mark.parametrize(
    ("transforms", "channels", "said"),
    [
        ([{"Normalize": {}}], 1, "leave out what changes the type"),
        ([{"ToFloat": {}}], 3, "float32 views"),
        ([{"ToRGB": {}}], 1, "leave out what changes the type or the channels"),
        ([{"RandomCrop": {"height": 20, "width": 20, "p": 0.5}}], 1, "20 x 20 px and 32 x 32 px"),
    ],
)
def test_views_that_are_no_equal_uint8_squares_are_refused(transforms, channels, said):
    with pytest.raises(MedsmallError, match=said):
        augmented_side(OwnPipeline(32, transforms, [], 0, False), 32, channels)


def test_the_side_of_the_views_is_that_of_the_crop():
    assert augmented_side(paper(), SIDE, 3) == round(0.8 * SIDE)
