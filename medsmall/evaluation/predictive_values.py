"""What a call means: likelihood ratios, and predictive values at a stated prevalence.

A test set with many positives makes the positive predictive value (PPV) look high. Sensitivity and
specificity do not depend on the share of positives, if images of a class look alike, and give it
for any prevalence p by Bayes: the odds of the PPV are LR+ p / (1 - p), those of the NPV
(1 - p) / (p LR-). So the intervals of both are those of the log likelihood ratios, moved (the logit
intervals of Mercaldo et al., Stat Med 2007).

The ratios are LR+ = sensitivity / (1 - specificity) and LR- = (1 - sensitivity) / specificity
(Simel et al., J Clin Epidemiol 1991). For their intervals half a patient with chance results is
added to each class, as in `medsmall.evaluation.intervals`; both may have images of one patient.
"""

from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from medsmall.evaluation import scored
from medsmall.evaluation.influence import Codes, Floats, Score, covariance
from medsmall.evaluation.intervals import Interval, shrunk, too_few
from medsmall.evaluation.measured import Measured, measured
from medsmall.evaluation.metrics import missing_class

_Z = 1.959964


class Values(NamedTuple):
    """PPV and NPV at a `prevalence`, that is taken as known."""

    prevalence: float
    ppv: Measured
    npv: Measured


class Calls(NamedTuple):
    """All of the calls of a finding at its threshold.

    `in_test` is at the share of positives of the test, `stated` at the prevalence of the user.
    `overstated` is the PPV of the test minus the stated one.
    """

    sensitivity: Measured
    specificity: Measured
    lr_positive: Measured
    lr_negative: Measured
    in_test: Values
    stated: Values | None
    overstated: Measured | None


class _Ratio(NamedTuple):
    """The ratio above / below; the logarithm of the smoothed one and its standard error."""

    above: float
    below: float
    log: float
    error: float


def of_calls(
    y: Floats, called: NDArray[np.bool_], patient: Codes, prevalence: float | None = None
) -> Calls | str:
    """The values of calls (N,) by labels `y` (N,), 1, 0 or NaN unknown; a reason if none.

    `prevalence` is the share of positives where the model is to be used; ValueError unless between
    0 and 1.
    """
    if prevalence is not None and not 0 < prevalence < 1:
        raise ValueError("the prevalence must lie between 0 and 1")
    known = ~np.isnan(y)
    y, called = y[known], called[known]
    if reason := missing_class(len(y), int(y.sum())):
        return reason
    codes = np.unique(patient[known], return_inverse=True)[1]
    of_call = partial(scored.of_finding, y=y, prob=y, called=called, patient=codes)
    sensitivity, specificity = (
        of_call(name, g=int(codes.max()) + 1) for name in ("sensitivity", "specificity")
    )
    assert sensitivity is not None
    assert specificity is not None
    few = too_few(min(sensitivity, specificity, key=lambda rate: rate.patients))
    if few and min(sensitivity.patients, specificity.patients) < 2:
        return f"the test has one patient of a class: {few}"
    positive, negative = ratios = _ratios(sensitivity, specificity)
    share = float(y.mean())
    return Calls(
        measured("sensitivity", sensitivity, ""),
        measured("specificity", specificity, ""),
        _measured_ratio(positive, few, "no false positive"),
        _measured_ratio(negative, few, "no true negative"),
        _values(ratios, share, few),
        _values(ratios, prevalence, few) if prevalence else None,
        _overstated(positive, share, prevalence, few) if prevalence else None,
    )


def _ratios(sensitivity: Score, specificity: Score) -> tuple[_Ratio, _Ratio]:
    """LR+ and LR-."""
    shared = covariance(np.stack([sensitivity.influence, specificity.influence]))
    (se, var_se), (sp, var_sp) = (
        shrunk(rate, float(shared[k, k])) for k, rate in enumerate((sensitivity, specificity))
    )
    both, true, clear = 2 * float(shared[0, 1]), sensitivity.value, specificity.value
    error = var_se / se**2 + var_sp / (1 - sp) ** 2 + both / (se * (1 - sp))
    positive = _Ratio(true, 1 - clear, float(np.log(se / (1 - sp))), max(error, 0.0) ** 0.5)
    error = var_se / (1 - se) ** 2 + var_sp / sp**2 + both / ((1 - se) * sp)
    return positive, _Ratio(1 - true, clear, float(np.log((1 - se) / sp)), max(error, 0.0) ** 0.5)


def _measured_ratio(of: _Ratio, few: str, absent: str) -> Measured:
    if not of.below:
        return Measured(None, None, f"{absent}, so that the ratio is infinite or undefined")
    value = of.above / of.below
    return Measured(value, None if few else _around(value, *np.exp(_ends(of))), few)


def _values(ratios: tuple[_Ratio, _Ratio], prevalence: float, few: str) -> Values:
    positive, negative = ratios
    ppv, npv = _share(positive, prevalence), _share(negative, prevalence)
    return Values(
        prevalence,
        _measured_share(ppv, expit(_ends(positive) + logit(prevalence)), few, "positive"),
        _measured_share(
            None if npv is None else 1 - npv,
            expit(-_ends(negative)[::-1] - logit(prevalence)), few, "negative",
        ),
    )  # fmt: skip


def _measured_share(value: float | None, ends: Floats, few: str, call: str) -> Measured:
    if value is None:
        return Measured(None, None, f"no image is called {call}")
    return Measured(value, None if few else _around(value, *ends), few)


def _share(of: _Ratio, prevalence: float) -> float | None:
    """The share of positives among images with a call of this ratio."""
    above, below = of.above * prevalence, of.below * (1 - prevalence)
    return above / (above + below) if above + below else None


def _overstated(of: _Ratio, share: float, prevalence: float, few: str) -> Measured:
    """The interval is from the least to the most that it is for a ratio within its own."""
    in_test, there = _share(of, share), _share(of, prevalence)
    if in_test is None or there is None:
        return Measured(None, None, "no image is called positive")
    ratios = np.linspace(of.log - _Z * of.error, of.log + _Z * of.error, 201)
    over = expit(ratios + logit(share)) - expit(ratios + logit(prevalence))
    value = in_test - there
    return Measured(value, None if few else _around(value, over.min(), over.max()), few)


def _ends(of: _Ratio) -> Floats:
    return of.log + of.error * np.array([-_Z, _Z])


def _around(value: float, low: float, high: float) -> Interval:
    """With the value inside, from which smoothing may have moved it."""
    return Interval(float(min(low, value)), float(max(high, value)))
