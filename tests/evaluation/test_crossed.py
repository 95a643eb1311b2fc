import numpy as np
import pytest

from medsmall.evaluation.crossed import components, over_crossed
from medsmall.evaluation.influence import Score

PATIENTS = 60


def table(rng, draw=0.0, seed=0.0, residual=0.0, patients=0.0, shape=(4, 3)):
    """Scores with such standard deviations; the patients' luck is the same for all."""
    luck = rng.normal(0, patients * np.sqrt(PATIENTS), PATIENTS)
    influence = (luck - luck.mean()) / PATIENTS
    of_draw, of_seed = rng.normal(0, draw, shape[0]), rng.normal(0, seed, shape[1])
    values = 0.8 + of_draw[:, None] + of_seed + rng.normal(0, residual, shape) + luck.mean()
    return [[Score(value, influence, 30) for value in row] for row in values]


def test_the_parts_of_the_variance_are_found():
    rng = np.random.default_rng(0)
    of = {"draw": 0.04, "seed": 0.03, "residual": 0.02, "patients": 0.05}
    found = [components(table(rng, **of, shape=(6, 5))) for _ in range(1500)]
    mean = np.mean(found, axis=0)
    assert np.sqrt(mean) == pytest.approx([*of.values()], rel=0.08)


def test_without_an_effect_of_draw_or_seed_their_parts_are_0_on_average():
    rng = np.random.default_rng(0)
    mean = np.mean([components(table(rng, residual=0.02)) for _ in range(3000)], axis=0)
    assert mean == pytest.approx([0, 0, 0.02**2, 0], abs=2e-5)


def test_what_suits_one_run_and_the_same_patients_is_of_the_patients():
    """Each run has its own errors on the images, and nothing else differs."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(1000):
        luck = rng.normal(0, 0.04 * np.sqrt(PATIENTS), (3, 3, PATIENTS))
        found.append(
            components(
                [[Score(0.8 + one.mean(), (one - one.mean()) / PATIENTS, 30) for one in row]
                 for row in luck]
            )
        )  # fmt: skip
    assert np.mean(found, axis=0) == pytest.approx([0, 0, 0, 0.04**2], abs=1e-4)


@pytest.mark.parametrize(
    "of", [{"draw": 0.04}, {"seed": 0.04}, {"draw": 0.02, "seed": 0.03, "residual": 0.02}]
)
def test_the_error_of_the_mean_is_that_of_many_such_tables(of):
    rng = np.random.default_rng(1)
    tables = [table(rng, **of, patients=0.01) for _ in range(3000)]
    found = [over_crossed(one) for one in tables]
    true = np.var([one.value for one in found])
    assert np.mean([one.drawn + one.tested for one in found]) == pytest.approx(true, rel=0.25)
    independent = np.mean([np.var([s.value for row in t for s in row]) / 12 for t in tables])
    assert independent < true / 2  # twelve runs are no twelve repeats
    assert (found[0].repeats, found[0].freedom) == (12, 2)
    assert np.mean([one.single for one in found]) == pytest.approx(
        sum(of.get(part, 0.0) ** 2 for part in ("draw", "seed", "residual")), rel=0.1
    )
    assert found[0].patients == 30


@pytest.mark.parametrize("of", [{"draw": 0.04}, {"seed": 0.04}, {"draw": 0.03, "seed": 0.03}])
def test_its_interval_holds_the_true_mean(of):
    rng = np.random.default_rng(2)
    limits = [
        over_crossed(table(rng, **of, residual=0.01, patients=0.01)).interval() for _ in range(800)
    ]
    assert np.mean([low <= 0.8 <= high for low, high in limits]) > 0.94


def test_one_draw_or_one_seed_is_refused():
    with pytest.raises(ValueError, match="no variance"):
        components(table(np.random.default_rng(0), shape=(1, 4)))
