"""Schedules against their closed formulas and on losses made by hand."""

import math
from itertools import pairwise

import pytest
import torch

from medsmall.errors import MedsmallError
from medsmall.schedule.constant import Constant
from medsmall.schedule.cosine import Cosine
from medsmall.schedule.one_cycle import OneCycle
from medsmall.schedule.reduce_on_plateau import ReduceOnPlateau


def optimizer(*rates: float) -> torch.optim.AdamW:
    return torch.optim.AdamW(
        [{"params": [torch.zeros(1, requires_grad=True)], "lr": rate} for rate in rates]
    )


def cycle(
    steps: int, *rates: float, warmup=0.3, start_divisor=25.0, end_divisor=1e4, momentum=True
) -> tuple[list[list[float]], list[float]]:
    """Rates of every group and beta1 at each step, as training would meet them."""
    adam = optimizer(*rates)
    options = OneCycle(warmup, start_divisor, end_divisor, momentum).configure(adam, steps)
    assert options["interval"] == "step"
    met, beta1 = [], []
    for _ in range(steps):
        met.append([group["lr"] for group in adam.param_groups])
        beta1.append(adam.param_groups[0]["betas"][0])
        adam.step()
        options["scheduler"].step()
    return met, beta1


def cosine(start: float, end: float, part: float) -> float:
    return start + (end - start) * (1 - math.cos(math.pi * part)) / 2


def test_one_cycle_runs_from_4e_5_to_1e_3_at_30_percent_and_to_4e_9():
    met, _ = cycle(100, 1e-3)
    rates = [rate for (rate,) in met]
    assert rates[0] == pytest.approx(4e-5)
    assert max(rates) == rates[29] == pytest.approx(1e-3)
    assert rates[-1] == pytest.approx(4e-9)


@pytest.mark.parametrize("steps", [7, 100, 333])
def test_one_cycle_is_a_cosine_on_both_sides(steps):
    met, _ = cycle(steps, 1e-3)
    peak, last = 0.3 * steps - 1, steps - 1
    for step, (rate,) in enumerate(met):
        expected = (
            cosine(4e-5, 1e-3, step / peak)
            if step <= peak
            else cosine(1e-3, 4e-9, (step - peak) / (last - peak))
        )
        assert rate == pytest.approx(expected, rel=1e-9)


def test_one_cycle_gives_each_group_its_own_maximum_and_the_same_shape():
    met, _ = cycle(50, 1e-3 / 9, 1e-3 / 3, 1e-3)
    for first, second, third in met:
        assert [first * 9, second * 3] == pytest.approx([third, third])


def test_one_cycle_moves_beta1_against_the_rate():
    _, beta1 = cycle(100, 1e-3)
    assert beta1[0] == pytest.approx(0.95)
    assert beta1[29] == min(beta1) == pytest.approx(0.85)
    assert beta1[-1] == pytest.approx(0.95)
    assert beta1[:30] == sorted(beta1[:30], reverse=True)
    assert beta1[29:] == sorted(beta1[29:])


def test_without_cycle_momentum_beta1_stays():
    _, beta1 = cycle(20, 1e-3, momentum=False)
    assert set(beta1) == {0.9}


@pytest.mark.parametrize("warmup", [0.0, 0.1, 0.25, 0.3, 0.5, 0.9])
@pytest.mark.parametrize("steps", [1, 2, 3, 4, 9, 10, 11])
def test_one_cycle_survives_very_short_runs(warmup, steps):
    met, _ = cycle(steps, 1e-3, warmup=warmup)
    rates = [rate for (rate,) in met]
    assert all(0 < rate <= 1e-3 * (1 + 1e-12) for rate in rates)
    assert rates[-1] == min(rates) or steps < 3


@pytest.mark.parametrize("warmup", [-0.1, 1.0, 1.5])
def test_a_warmup_outside_the_training_is_refused(warmup):
    with pytest.raises(MedsmallError, match="schedule.warmup must lie in"):
        OneCycle(warmup, start_divisor=25.0, end_divisor=1e4, cycle_momentum=True)


def reduced(losses: list[float], factor=0.1, tolerance=0.001) -> list[int]:
    """Epochs (from 1) after whose validation loss the rate falls."""
    adam = optimizer(1.0, 0.5)
    options = ReduceOnPlateau(factor, tolerance).configure(adam, 100)
    assert options["interval"] == "epoch"
    assert options["monitor"] == "val_loss"
    epochs = []
    for epoch, loss in enumerate(losses, start=1):
        before = [group["lr"] for group in adam.param_groups]
        options["scheduler"].step(loss)
        after = [group["lr"] for group in adam.param_groups]
        if after != before:
            assert after == pytest.approx([rate * factor for rate in before])
            epochs.append(epoch)
    return epochs


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        ([1.0, 0.9, 0.8, 0.7], []),
        ([1.0, 1.0, 1.0], []),
        ([1.0, 1.01, 0.9], [2]),
        ([1.0, 1.0005, 1.0010, 1.0015], []),  # each rises by less than the tolerance
        ([1.0, 1.5, 1.2, 1.1], [2]),  # falls again: compared with the epoch before, not the best
        ([1.0, 1.1, 1.2, 1.3], [2, 3, 4]),
        ([1.0, 0.5, 0.6, 0.7, 0.65], [3, 4]),
    ],
)
def test_reduce_on_plateau_reduces_after_an_epoch_whose_loss_rose(losses, expected):
    assert reduced(losses) == expected
    rises = [b - a > 0.001 for a, b in pairwise(losses)]
    assert expected == [epoch for epoch, rose in enumerate(rises, start=2) if rose]


def test_a_larger_tolerance_lets_larger_rises_pass():
    assert reduced([1.0, 1.05, 1.2], tolerance=0.1) == [3]


@pytest.mark.parametrize(("factor", "tolerance"), [(0.0, 0.1), (1.0, 0.1), (0.5, -1.0)])
def test_a_factor_that_does_not_reduce_or_a_negative_tolerance_is_refused(factor, tolerance):
    with pytest.raises(MedsmallError, match="schedule"):
        ReduceOnPlateau(factor, tolerance)


def met(schedule, steps: int, *rates: float) -> list[list[float]]:
    """Rates of every group at each step."""
    adam = optimizer(*rates)
    options = schedule.configure(adam, steps)
    assert options["interval"] == "step"
    found = []
    for _ in range(steps):
        found.append([group["lr"] for group in adam.param_groups])
        adam.step()
        options["scheduler"].step()
    return found


def test_a_cosine_rises_in_a_line_and_falls_to_nearly_0_at_the_ratio_of_the_groups():
    rates = met(Cosine(warmup=0.2), 50, 1.0, 0.1)
    assert [rate for rate, _ in rates[:10]] == pytest.approx([(k + 1) / 10 for k in range(10)])
    fall = [(1 + math.cos(math.pi * k / 40)) / 2 for k in range(40)]
    assert [rate for rate, _ in rates[10:]] == pytest.approx(fall)
    assert all(small == pytest.approx(large / 10) for large, small in rates)
    assert rates[-1][0] < 0.01


def test_a_cosine_without_warm_up_is_that_of_torch():
    adam = optimizer(1.0)
    torchs = torch.optim.lr_scheduler.CosineAnnealingLR(adam, T_max=20)
    for (rate,) in met(Cosine(warmup=0.0), 20, 1.0):
        assert rate == pytest.approx(adam.param_groups[0]["lr"])
        adam.step()
        torchs.step()


def test_a_constant_rate_stays_after_its_warm_up():
    assert met(Constant(warmup=0.0), 4, 2.0) == [[2.0]] * 4
    assert met(Constant(warmup=0.5), 8, 1.0) == [[0.25], [0.5], [0.75], *[[1.0]] * 5]


@pytest.mark.parametrize("kind", [Cosine, Constant])
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_a_short_stage_has_rates_above_0(kind, steps):
    assert all(rate > 0 for (rate,) in met(kind(warmup=0.3), steps, 1.0))


@pytest.mark.parametrize("kind", [Cosine, Constant])
@pytest.mark.parametrize("warmup", [-0.1, 1.0, float("nan")])
def test_a_warm_up_outside_the_training_is_refused(kind, warmup):
    with pytest.raises(MedsmallError, match=r"schedule.warmup must lie in \[0, 1\)"):
        kind(warmup=warmup)
