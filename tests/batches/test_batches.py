"""The batches: which images, in which order, in which views, for any number of processes."""

from contextlib import contextmanager
from itertools import chain

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
from medsmall.batches import order as orders
from medsmall.batches.drawn import DrawnImages
from medsmall.batches.order import PlainOrder, TrainOrder
from medsmall.batches.views import augmented_side
from medsmall.errors import MedsmallError

SIDE = 20


@contextmanager
def as_process(rank):
    """What runs inside is the process of this number."""
    real, orders.process = orders.process, lambda: rank
    try:
        yield
    finally:
        orders.process = real


def order(images, batch_size, epoch=0, seed=0, rank=0, processes=1):
    sampler = TrainOrder(images, batch_size, seed, processes)
    sampler.set_epoch(epoch)
    with as_process(rank):
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
    sampler = TrainOrder(50, 16, 5)
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


def paper(tta_views=2, seed=0):
    return Paper(SIDE, rotation_deg=10.0, flip=0.5, crop=0.8, tta_views=tta_views, seed=seed)


def make(augmentation=None, train=10, val=5, test=7, channels=1, batch=4, workers=0):
    """The images of a draw, of noise; labels tell the row of the draw."""
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
    prepared = prepared_of(pixels, draw)
    return DrawnImages(draw, prepared, ["row"], augmentation or paper(), batch, workers)


def all_pixels(data):
    prepared = data.prepared
    return torch.tensor(np.stack([prepared.pixels(row) for row in range(len(prepared))]))


def rows(batches):
    return [int(row) for batch in batches for row in batch.labels[:, 0]]


def epoch_of(data, epoch, rank=0, processes=1):
    loader = data.training(seed=0, processes=processes)
    loader.sampler.set_epoch(epoch)
    with as_process(rank):
        return list(loader)


@pytest.mark.parametrize("channels", [1, 3])
def test_batches_are_uint8_channels_first_with_float_labels(channels):
    data = make(channels=channels)
    loaders = [data.training(0), data.plain("val"), data.scoring("test")]
    for loader in loaders:
        for images, labels, views, labelled in loader:
            assert images.dtype == torch.uint8
            assert images.shape == (len(labels), channels, 16, 16)
            assert labels.dtype == torch.float32
            assert labels.shape == (len(labels), 1)
            assert (views.dtype, views.shape) == (torch.int64, (len(labels),))
            assert (labelled.dtype, labelled.shape) == (torch.bool, (len(labels),))
            assert labelled.all()


def test_labels_belong_to_their_images_in_every_loader():
    data = make(NoAugmentation())
    pixels = all_pixels(data)
    loaders = [data.training(0), data.plain("val"), data.scoring("test")]
    for loader in loaders:
        for batch in loader:
            for image, label in zip(batch.images, batch.labels, strict=True):
                assert image.permute(1, 2, 0).equal(pixels[int(label)])


def test_training_loader_gives_each_train_image_once_and_no_other():
    for epoch in range(3):
        assert sorted(rows(epoch_of(make(), epoch))) == list(range(10))


def views_of(data, epoch=0):
    """Row of the draw -> its view of an epoch."""
    return {
        int(label): image
        for batch in epoch_of(data, epoch)
        for image, label in zip(batch.images, batch.labels, strict=True)
    }


def test_augmentation_is_a_function_of_its_seed_the_epoch_and_the_image():
    first, again = (epoch_of(make(), 2) for _ in range(2))
    for one, two in zip(first, again, strict=True):
        assert one.images.equal(two.images)
    base, later, other = views_of(make()), views_of(make(), 1), views_of(make(paper(seed=1)))
    for row in range(10):
        assert not base[row].equal(later[row])
        assert not base[row].equal(other[row])


def test_a_film_looks_the_same_in_every_draw_that_has_it():
    """Not where it stands in the draw, nor what else is in it, decides on its views."""
    rng = np.random.default_rng(0)
    pixels = torch.from_numpy(rng.integers(0, 256, (12, SIDE, SIDE, 1), dtype=np.uint8))
    names = np.array([f"{i}.png" for i in range(12)])

    def views(rows, renamed=""):
        draw = pd.DataFrame(
            {
                "image": names[rows],
                "part": ["train"] * (len(rows) - 2) + ["val", "test"],
                "row": rows,
            }
        )
        draw["image"] = renamed + draw["image"]
        data = DrawnImages(draw, prepared_of(pixels[rows], draw), ["row"], paper(), 4, 0)
        return views_of(data, epoch=3)

    few, many = views([4, 2, 7, 0, 1]), views([7, 9, 2, 4, 8, 5, 0, 1])
    for row in (4, 2, 7):
        assert few[row].equal(many[row])
        assert few[row].equal(views([2, 4, 7, 0, 1], renamed="other/")[row])


def test_the_seed_of_the_training_changes_the_order_and_no_view():
    data = make()
    loaders = [data.training(seed=seed) for seed in (0, 1)]
    by_seed = [
        {int(y): x for batch in loader for x, y in zip(batch.images, batch.labels, strict=True)}
        for loader in loaders
    ]
    assert list(by_seed[0]) != list(by_seed[1])
    assert all(by_seed[0][row].equal(by_seed[1][row]) for row in range(10))


def test_processes_augment_as_one_does():
    whole = views_of(make(), 1)
    for rank in (0, 1):
        for batch in epoch_of(make(), 1, rank, processes=2):
            for image, label in zip(batch.images, batch.labels, strict=True):
                assert image.equal(whole[int(label)])


def test_workers_change_nothing():
    one, two = make(), make(workers=2)
    for loaders in zip(
        (one.training(0), one.scoring("test")), (two.training(0), two.scoring("test")), strict=True
    ):
        for epoch in (0, 1):
            for loader in loaders:
                if hasattr(loader.sampler, "set_epoch"):
                    loader.sampler.set_epoch(epoch)
            for mine, theirs in zip(*loaders, strict=True):
                assert all(a.equal(b) for a, b in zip(mine, theirs, strict=True))


def test_plain_views_come_in_the_order_of_the_draw():
    data = make(val=23)
    assert rows(data.plain("val")) == list(range(10, 33))
    images = torch.cat([batch.images for batch in data.plain("val")])
    centre = all_pixels(data)[10:33, 2:18, 2:18].permute(0, 3, 1, 2)
    assert images.equal(centre)
    assert not any(batch.views.any() for batch in data.plain("val"))


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_plain_views_are_dealt_out_to_the_processes_each_once(processes):
    data = make(val=23)
    found = []
    for rank in range(processes):
        with as_process(rank):
            loader = data.plain("val", processes)
            batches = list(loader)
            assert len(loader) == len(batches) >= 1
            found += rows(batches)
    assert sorted(found) == list(range(10, 33))


def test_more_processes_than_validation_images_are_refused():
    with pytest.raises(MedsmallError, match="The 5 images cannot be shared among 6"):
        PlainOrder(5, 16, processes=6)


def test_unlabelled_images_are_handed_out_without_their_labels():
    draw = pd.DataFrame(
        {
            "image": list("abcdef"),
            "part": ["train", "train", "unlabelled", "unlabelled", "val", "test"],
            "row": np.arange(6.0),
        }
    )
    pixels = torch.zeros((6, SIDE, SIDE, 1), dtype=torch.uint8)
    data = DrawnImages(draw, prepared_of(pixels, draw), ["row"], NoAugmentation(), 4, 0)
    assert set(data.parts) == {"train", "unlabelled", "val", "test"}
    (batch,) = data.plain("unlabelled")
    assert batch.labels.isnan().all()
    assert not batch.labelled.any()
    assert data.shown_labels.flatten().tolist() == [0.0, 1.0]


@pytest.mark.parametrize("test", [1, 5, 7, 16, 33])
@pytest.mark.parametrize("tta_views", [0, 1, 4, 30])
def test_scoring_gives_all_views_image_after_image(test, tta_views):
    data = make(paper(tta_views), test=test)
    batches = list(data.scoring("test"))
    views = tta_views + 1
    assert rows(batches) == list(np.repeat(np.arange(15, 15 + test), views))
    assert all(len(batch.images) % views == 0 for batch in batches)  # whole images
    images = torch.cat([batch.images for batch in batches])
    assert torch.cat([batch.views for batch in batches]).tolist() == list(range(views)) * test
    centre = all_pixels(data)[15 : 15 + test, 2:18, 2:18].permute(0, 3, 1, 2)
    assert images[::views].equal(centre)
    for i in range(test):
        of_image = images[i * views : (i + 1) * views]
        if tta_views in (1, 4):
            assert len({view.numpy().tobytes() for view in of_image}) == views


def test_shown_views_are_the_plain_one_and_those_of_the_first_epochs():
    data = make(paper(0))
    batches = list(data.shown("train", 3))
    images = torch.cat([batch.images for batch in batches])
    assert images[::3].equal(torch.cat([batch.images for batch in data.plain("train")]))
    loader = data.training(0)
    for epoch in range(2):
        loader.sampler.set_epoch(epoch)
        for batch in loader:
            for image, label in zip(batch.images, batch.labels, strict=True):
                of_label = torch.cat([b.labels for b in batches])[1 + epoch :: 3].eq(label).all(1)
                assert any(image.equal(one) for one in images[1 + epoch :: 3][of_label])


def test_scoring_of_one_part_says_the_same_twice():
    data = make()
    for one, two in zip(data.scoring("val"), data.scoring("val"), strict=True):
        assert one.images.equal(two.images)


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
    plain = DrawnImages(draw, prepared_of(pixels, draw), ["row"], NoAugmentation(), 4, 0)
    (batch,) = plain.training(0)
    assert sorted(batch.labels[:, 0].tolist()) == [0.0, 1.0, 1.0]
    for image, label in zip(batch.images, batch.labels, strict=True):
        assert image[0].equal(pixels[0 if label == 1 else 1, ..., 0])  # in order of appearance
    (batch,) = plain.scoring("test")
    assert batch.images[0, 0].equal(pixels[3, ..., 0])

    augmented = DrawnImages(draw, prepared_of(pixels, draw), ["row"], paper(), 4, 0)
    (batch,) = augmented.training(0)
    twice = batch.images[batch.labels[:, 0] == 1]
    assert not twice[0].equal(twice[1])


@pytest.mark.parametrize(
    ("train", "batch", "processes"), [(10, 1, 1), (10, 1, 2), (10, 2, 3), (2, 4, 3), (1, 4, 1)]
)
def test_batches_that_leave_a_process_or_batchnorm_without_are_refused(train, batch, processes):
    with pytest.raises(MedsmallError, match=f"shared among {processes} processes"):
        make(train=train, batch=batch).training(0, processes)


@pytest.mark.parametrize(
    ("transforms", "channels", "said"),
    [
        ([{"Normalize": {}}], 1, "that change the type"),
        ([{"ToFloat": {}}], 3, "into float32"),
        ([{"ToRGB": {}}], 1, "leave out transforms that change the type or the channels"),
        ([{"RandomCrop": {"height": 20, "width": 20, "p": 0.5}}], 1, "20 x 20 px and 32 x 32 px"),
    ],
)
def test_views_that_are_no_equal_uint8_squares_are_refused(transforms, channels, said):
    with pytest.raises(MedsmallError, match=said):
        augmented_side(OwnPipeline(32, transforms, [], 0, False), 32, channels)


def test_the_side_of_the_views_is_that_of_the_crop():
    assert augmented_side(paper(), SIDE, 3) == round(0.8 * SIDE)
