"""What more repeats would find: power, from the recorded runs or from assumptions."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from medsmall.errors import MedsmallError
from medsmall.evaluation.power import Pilot, assumed_variance, detectable, uncertain
from medsmall.record.predicted import Predicted
from medsmall.report.arms import Study
from medsmall.report.sentences import in_words
from medsmall.report.verdicts import Comparison

ENDLESS = 10_000  # repeats
CORRELATION, REPEAT_SD = 0.1, (0.7, 1.5)  # how far assumptions are varied


class Assumed(NamedTuple):
    """What is assumed of two arms.

    Their AUROC, the correlation of their scores of an image, and the standard deviation of their
    difference over repeats.
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
    """One per number of repeats, then what the test patients allow at most.

    MedsmallError if the runs tell nothing and nothing is assumed.
    """
    if assumed:
        pilots, source = _assumed(study, metric, targets, assumed), "from what is assumed"
    else:
        pilots, source = _pilot(comparisons), "from the runs here"
    together = f"one of {family} comparisons" if family > 1 else "one comparison"
    patients = f"{pilots[0].patients} test patients, of the rarer class for scores of two classes"
    for number in repeats:
        low, high = (detectable(pilot, number, max(family, 1)) for pilot in pilots)
        yield (
            f"{number} repeats find a difference of {low:.3f} to {high:.3f} in {in_words(metric)} "
            f"four times out of five ({together}; {source}; {patients})."
        )
    least = detectable(pilots[0], ENDLESS, max(family, 1))
    yield f"No number of repeats finds less than about {least:.3f}, for want of test patients."


def _pilot(comparisons: Sequence[Comparison]) -> tuple[Pilot, Pilot]:
    """From the mean variances of all comparisons; sizes add their freedom, pairs of arms do not."""
    known = [(one.size, one.found) for one in comparisons if one.found]
    if not known:
        raise MedsmallError(
            "plan= needs two arms with two repeats or more at one size, or assumptions instead: "
            "auroc=0.85 correlation=0.8 repeat_sd=0.02."
        )
    pilot = Pilot(
        float(np.mean([of.drawn * of.repeats for _, of in known])),
        float(np.mean([of.tested for _, of in known])),
        min(of.patients for _, of in known),
    )
    freedom = {size: of.repeats - 1 for size, of in known}
    return uncertain(pilot, sum(freedom.values()))


def _assumed(study: Study, metric: str, targets: Sequence[str], of: Assumed) -> tuple[Pilot, Pilot]:
    """On the test patients of the recorded runs, with the assumptions a little better or worse."""
    if metric != "auroc" or len(targets) != 1 or study.is_kfold:
        raise MedsmallError(
            "auroc=, correlation= and repeat_sd= are for the AUROC of one target on one test set: "
            "name it with target=..."
        )
    test = Predicted.of(study.runs[0].record)
    y = test.y[:, test.targets.names.index(targets[0])]
    known = ~np.isnan(y)
    y, patient = y[known], np.unique(test.patient[known], return_inverse=True)[1]
    rarer = min(len(set(patient[y == label])) for label in (0, 1))
    pilots = []
    for sign, factor in zip((1, -1), REPEAT_SD, strict=True):
        correlation = float(np.clip(of.correlation + sign * CORRELATION, 0, 0.99))
        tested = assumed_variance(y, patient, of.auroc, correlation)
        pilots.append(Pilot((factor * of.repeat_sd) ** 2, tested, rarer))
    return pilots[0], pilots[1]
