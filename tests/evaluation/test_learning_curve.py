import numpy as np
import pytest

from medsmall.evaluation.curve_forms import Points, forms
from medsmall.evaluation.learning_curve import back_test, learning_curve, nested, smoothed

SIZES = np.array([50.0, 84, 141, 238, 400])
TRUE = {
    "power": lambda n: 0.08 + 0.3 * (n / 50) ** -0.7,
    "exponential": lambda n: 0.1 + 0.25 * np.exp(-(n / 50 - 1) / 3),
    "logarithmic": lambda n: 0.4 - 0.08 * np.log(n / 50),
    "sigmoid": lambda n: 0.05 + 0.45 / (1 + (n / 180) ** 2.5),
}


def points(losses, error=0.01, freedom=20):
    variance = np.broadcast_to(error, np.shape(losses)) ** 2.0
    return Points(SIZES[: len(losses)], np.array(losses), np.diag(variance), freedom)


@pytest.mark.parametrize("name", TRUE)
def test_a_curve_without_noise_is_found_again(name):
    curve = learning_curve(points(TRUE[name](SIZES), error=1e-4), np.eye(4)[[*TRUE].index(name)])
    for n in (60, 300, 800, 1200):
        told = curve.at(n)
        assert told.median == pytest.approx(TRUE[name](n), abs=0.01)


def test_a_band_widens_beyond_the_sizes_and_narrows_with_less_error():
    curve = learning_curve(points(TRUE["power"](SIZES)))
    widths = [told.high - told.low for told in map(curve.at, (400, 800, 1200))]
    assert sorted(widths) == widths
    sure = learning_curve(points(TRUE["power"](SIZES), error=0.002))
    assert all(
        sure.at(n).high - sure.at(n).low < w for n, w in zip((200, 800), widths[::2], strict=True)
    )


@pytest.mark.parametrize("error", [0.005, 0.015])
def test_bands_hold_what_they_promise(error):
    """Of 200 noisy sweeps of all kinds of curves: inside, and at two and three times the most."""
    rng = np.random.default_rng(0)
    held = []
    for _ in range(200):
        f, k = rng.uniform(0, 0.8), rng.uniform(0.3, 1.5)
        if rng.random() < 0.5:
            falls = lambda ratio, k=k: ratio**-k  # noqa: E731
        else:
            falls = lambda ratio, k=k: np.exp(-(ratio - 1) / (4 * k))  # noqa: E731
        true = lambda n, f=f, falls=falls: 0.35 * (f + (1 - f) * falls(n / 50))  # noqa: E731
        curve = learning_curve(points(rng.normal(true(SIZES), error), error=error))
        told = [(curve.at(n), true(n)) for n in (100, 800, 1200)]
        held.append([one.low <= loss <= one.high for one, loss in told])
    assert (np.mean(held, 0) > 0.92).all()


def test_images_needed_are_where_the_curve_arrives():
    curve = learning_curve(points(TRUE["exponential"](SIZES), error=0.002))
    needed = curve.needed(float(TRUE["exponential"](200)), 0.0)
    assert needed.low <= needed.median <= needed.high
    assert needed.median == pytest.approx(200, rel=0.05)
    assert curve.needed(1.0, 0.0) == (50, 50, 50)  # the smallest size stands for fewer, too
    assert curve.needed(-0.01, 0.0) == (np.inf, np.inf, np.inf)


def test_an_uncertain_score_takes_an_uncertain_number_of_images():
    curve = learning_curve(points(TRUE["exponential"](SIZES), error=0.002))
    loss = float(TRUE["exponential"](200))
    sure, unsure = curve.needed(loss, 0.0), curve.needed(loss, 0.02)
    assert unsure.low < sure.low < sure.high < unsure.high
    assert unsure.median == pytest.approx(sure.median, rel=0.05)


@pytest.mark.parametrize("name", TRUE)
def test_the_form_that_fits_counts_most_and_noise_leaves_every_form_its_say(name):
    weight = learning_curve(points(TRUE[name](SIZES), error=0.001)).weight
    assert weight.sum() == pytest.approx(1)
    assert weight.argmax() == [*TRUE].index(name)
    unsure = learning_curve(points(TRUE[name](SIZES), error=0.03)).weight
    assert unsure.min() > 0.03


def test_a_back_test_shows_the_sizes_up_to_half_the_largest_and_three_at_least():
    assert back_test(points(TRUE["power"](SIZES))).shown == 3  # 50, 84 and 141 of 400
    wide = np.geomspace(10, 1000, 9)
    losses = 0.1 + 0.3 * (wide / 10) ** -0.5
    assert back_test(Points(wide, losses, np.eye(9) * 1e-4, 9)).shown == 7
    assert Points(wide, losses, np.eye(9), 9).first(7).covariance.shape == (7, 7)


def test_a_back_test_refuses_one_curve_of_twenty_and_those_that_turn():
    rng = np.random.default_rng(0)
    held = []
    for _ in range(200):
        true = TRUE[["power", "exponential"][rng.integers(2)]](SIZES)
        held.append(back_test(points(rng.normal(true, 0.01), error=0.01)).held)
    assert np.mean(held) > 0.9
    turned = TRUE["power"](SIZES)
    turned[-1] = 0.4
    assert not back_test(points(turned)).held


def test_forms_fall_from_one():
    for form in forms(50, 400):
        for small, large in ((50, 100), (100, 1200)):
            assert (form(small) >= form(large) - 1e-12).all()
            assert (form(large) >= 0).all()
        assert form(50) == pytest.approx(np.ones_like(form.f))


def test_variances_are_smoothed_as_a_power_of_the_size():
    true = 0.01 * (SIZES / 50) ** -1.0
    rng = np.random.default_rng(0)
    found = [smoothed(SIZES, true * rng.chisquare(4, 5) / 4, np.full(5, 4)) for _ in range(500)]
    assert np.exp(np.mean(np.log(found), 0)) == pytest.approx(true, rel=0.12)
    raw = np.std(np.log(true * rng.chisquare(4, (500, 5)) / 4), 0)
    assert (np.std(np.log(found), 0) < raw).all()


def test_draws_of_all_images_do_not_vary_and_spoil_nothing():
    found = smoothed(SIZES, np.array([0.01, 0.006, 0.003, 0.001, 0.0]), np.full(5, 4))
    assert (found > 0).all()
    assert found[0] < 0.05
    assert (smoothed(SIZES, np.zeros(5), np.full(5, 4)) > 0).all()


def test_a_size_with_more_repeats_counts_for_more():
    freedom = np.array([1, 1, 1, 1, 50])
    found = smoothed(SIZES, np.array([1.0, 1, 1, 1, 0.01]), freedom)
    assert found[-1] == pytest.approx(0.01, rel=0.3)


def test_means_of_nested_draws_go_together():
    """As measured over many sweeps of means of nested samples, of which some repeats are common."""
    rng = np.random.default_rng(0)
    repeats = [{"a", "b", "c"}, {"a", "b", "c"}, {"b", "c", "d"}]
    sizes, names = np.array([10, 20, 40]), "abcd"
    means = []
    for _ in range(4000):
        images = {name: rng.normal(size=40) for name in names}
        means.append([np.mean([images[name][:n].mean() for name in of])
                      for n, of in zip(sizes, repeats, strict=True)])  # fmt: skip
    found = nested(sizes, 1 / sizes, repeats)
    assert found == pytest.approx(np.cov(np.transpose(means)), rel=0.1)
