"""What more repeats would find: power, from the recorded runs or from assumptions."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from medsmall.errors import MedsmallError
from medsmall.evaluation.power import Pilot, assumed_variance, detectable, uncertain
from medsmall.evaluation.scales import lowest
from medsmall.evaluation.threshold import FEW
from medsmall.record.predicted import Predicted
from medsmall.report.arms import Study
from medsmall.report.sentences import in_words, test_patients
from medsmall.report.verdicts import Comparison

MOST_REPEATS = 10_000
CORRELATION, REPEAT_SD = 0.1, (0.7, 1.5)  # how far assumptions are varied


class Assumed(NamedTuple):
    """What is assumed of two arms.

    Their AUROC; the correlation of an image's scores, each averaged over many repeats; and the
    standard deviation of their difference over repeats.
    """

    auroc: float
    correlation: float
    repeat_sd: float


def sentences(
    study: Study,
    comparisons: Sequence[Comparison],
    metric: str,
    targets: Sequence[str],
    repeats: Sequence[int],
    assumed: Assumed | None,
    family: int,
) -> Iterator[str]:
    """One per number of repeats, then what the test patients allow at most; or why there are none.

    MedsmallError if the assumptions are not about these runs.
    """
    known = [one for one in comparisons if one.found]
    if study.is_kfold or not (assumed or known):
        yield f"No answer to plan=: {_why_none(study, comparisons)}."
        return
    together = f"as one of {family} comparisons" if family > 1 else "as the only comparison"
    if assumed:
        pilots = _assumed(study, metric, targets, assumed)
        yield from _of(study, pilots, "", metric, repeats, family, f"{together}, as assumed")
        return
    undecided = {one.size for one in known if one.verdict and one.verdict.word == "undecided"}
    for size in sorted(undecided) or [max(one.size for one in known)]:
        at, source = f"At {study.at(size)}, ", f"{together}, from the runs here"
        yield from _of(study, _pilot(known, size), at, metric, repeats, family, source)


def _of(
    study: Study,
    pilots: tuple[Pilot, Pilot],
    at: str,
    metric: str,
    repeats: Sequence[int],
    family: int,
    source: str,
) -> Iterator[str]:
    """What each number of repeats finds, and what none does."""
    most = np.inf if (low := lowest(metric)) is None else 1 - low
    for number in repeats:
        ends = [detectable(pilot, number, max(family, 1)) for pilot in pilots]
        if ends[0] >= most:
            yield f"{at}{number} repeats find no difference ({source})."
            continue
        high = f"{ends[1]:.3f}" if ends[1] < most else "more than there can be"
        yield (
            f"{at}{number} repeats would find a true {in_words(metric)} difference of "
            f"{ends[0]:.3f} in four sweeps of five; as the scatter is uncertain, it might take "
            f"{high} ({source})."
        )
    least = detectable(pilots[0], MOST_REPEATS, max(family, 1))
    yield (
        f"{at}no number of repeats would find a difference below about {least:.3f} so often: that "
        f"takes more than the {test_patients(study, metric, pilots[0].patients)} here."
    )


def _why_none(study: Study, comparisons: Sequence[Comparison]) -> str:
    if study.is_kfold:
        return "it is for repeats, but these are folds"
    if comparisons:
        return comparisons[0].reason
    return "there is one arm: add another, or auroc=0.85 correlation=0.8 repeat_sd=0.02"


def _pilot(comparisons: Sequence[Comparison], size: int) -> tuple[Pilot, Pilot]:
    """From the mean variances of all pairs of arms at one size, which do not add their freedom."""
    known = [one.found for one in comparisons if one.found and one.size == size]
    pilot = Pilot(
        float(np.mean([of.single for of in known])),
        float(np.mean([of.tested for of in known])),
        min(of.patients for of in known),
    )
    return uncertain(pilot, min(of.freedom for of in known))


def _assumed(study: Study, metric: str, targets: Sequence[str], of: Assumed) -> tuple[Pilot, Pilot]:
    """On the test patients of the recorded runs, with the assumptions a little better or worse."""
    if metric != "auroc" or len(targets) != 1:
        raise MedsmallError(
            "auroc=, correlation= and repeat_sd= are for the AUROC of one target on one test set: "
            "name it with target=..."
        )
    test = Predicted.of(study.runs[0].record)
    y = test.y[:, test.targets.names.index(targets[0])]
    known = ~np.isnan(y)
    y, patient = y[known], np.unique(test.patient[known], return_inverse=True)[1]
    rarer = min(len(set(patient[y == label])) for label in (0, 1))
    if rarer < FEW:
        raise MedsmallError(
            f"plan= cannot be answered: the test has {rarer} patients of one class."
        )
    pilots = []
    for sign, factor in zip((1, -1), REPEAT_SD, strict=True):
        correlation = float(np.clip(of.correlation + sign * CORRELATION, 0, 0.99))
        tested = assumed_variance(y, patient, of.auroc, correlation)
        pilots.append(Pilot((factor * of.repeat_sd) ** 2, tested, rarer))
    return pilots[0], pilots[1]
