"""Unfamiliar images are told, and familiar ones rarely."""

import json

import numpy as np

from medsmall.answer.fitted_look import familiar
from medsmall.answer.look import Familiar, look


def pictures(n, shift=0.0, seed=0, channels=1):
    """Smooth blobs at slightly different places; with a shift, elsewhere."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:48, :48] / 48
    found = []
    for _ in range(n):
        centre = rng.normal(0.5 + shift, 0.08, 2)
        blob = np.exp(-((y - centre[0]) ** 2 + (x - centre[1]) ** 2) / 0.05)
        grey = np.clip(40 + 180 * blob + rng.normal(0, 6, blob.shape), 0, 255).astype(np.uint8)
        found.append(np.repeat(grey[..., None], channels, axis=2))
    return found


def looks(of):
    return np.array([look(one) for one in of])


def test_its_numbers_are_few_finite_and_the_same_for_grey_as_colour():
    one, three = looks(pictures(3)), looks(pictures(3, channels=3))
    assert one.shape == (3, 86)
    assert np.isfinite(one).all()
    np.testing.assert_allclose(one.astype(float), three.astype(float), atol=0.02)
    assert look(np.zeros((4, 4, 1), np.uint8)).shape == (86,)


def test_of_familiar_images_as_many_are_rare_as_is_promised():
    """Averaged over trainings: p values of new images of the same kind are uniform."""
    rare, ps = [], []
    for seed in range(12):
        known = familiar(looks(pictures(120, seed=seed)), np.arange(120))
        p = known.p(looks(pictures(100, seed=100 + seed)))
        ps += p.tolist()
        rare += [known.is_rare(one) for one in p]
    assert np.mean(rare) < 0.025
    assert 0.03 < np.mean(np.array(ps) <= 0.1) < 0.17


def test_other_images_are_unfamiliar():
    known = familiar(looks(pictures(60)), np.arange(60))
    noise = [np.random.default_rng(k).integers(0, 256, (48, 48, 1), np.uint8) for k in range(5)]
    for others in (pictures(5, shift=0.3), noise, [255 - one for one in pictures(5)]):
        assert all(known.is_rare(p) for p in known.p(looks(others)))


def test_it_survives_json():
    known = familiar(looks(pictures(60)), np.arange(60) // 2)
    again = Familiar.of_json(json.loads(json.dumps(known.as_json())))
    new = looks(pictures(9, seed=5))
    np.testing.assert_allclose(again.distance(new), known.distance(new), rtol=1e-5)


def test_few_patients_say_nothing():
    assert familiar(looks(pictures(20)), np.arange(20) // 3) is None
