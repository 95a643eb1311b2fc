"""How alike images of different patients are, and so from where on two are copies of one."""

from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv  # type: ignore[import-untyped]

from medsmall.audit.neighbours import distances
from medsmall.audit.similarity import Similarity

# Of 256 bits: copies differ in up to 23 (median 3), of different patients one pair in 10^4 in less.
RADIUS = 24
SAMPLED = 1000  # images; their pairs are half a million
FEWEST = 100  # pairs of different patients below which nothing can be said of their tail
EXPECTED = 0.01  # false alarms in a whole audit
FLOOR = 0.8  # correlation: films alike to a lesser degree are no copies, however rare that is
CAP = 0.98  # and those beyond are, also where the data are too alike or too few to say so


@dataclass(frozen=True)
class Tail:
    """The upper tail of a statistic: beyond `start`, exponential with mean `scale`.

    Exponential tails are heavier than those of a normal variable: thresholds err on the side of
    fewer false alarms.
    """

    start: float
    scale: float
    share: float

    @classmethod
    def of(cls, values: np.ndarray) -> "Tail":
        """Fitted to the largest 1 % of `values` (20 at least) by their median.

        The median, so that some copies among the pairs do not stretch the tail.
        """
        beyond = min(len(values) - 1, max(20, len(values) // 100))
        tail = np.sort(values)[-beyond - 1 :]
        scale = float(np.median(tail[1:] - tail[0])) / np.log(2)
        return cls(float(tail[0]), max(scale, 1e-6), beyond / len(values))

    def probability(self, value: float) -> float:
        """That a value is beyond `value`."""
        return self.share * float(np.exp(-max(0.0, value - self.start) / self.scale))

    def upper_quantile(self, probability: float) -> float:
        """The value that is exceeded with `probability`."""
        return self.start + self.scale * max(0.0, float(np.log(self.share / probability)))


@dataclass(frozen=True)
class Calibration:
    """From which correlation on two images are near duplicates, and how often that is wrong.

    Attributes:
        threshold: the correlation; the hashes must differ in at most RADIUS bits, too.
        pairs: random pairs of different patients that were looked at.
        alarms: how many of those would be called near duplicates (copies there may be among them).
        bound: with 95 % confidence, the false-alarm rate of a pair is at most this.
        compared: pairs that are compared in all.
        expected: false alarms in all of them, by the tail of the correlations; NaN if unknown.
    """

    threshold: float
    pairs: int
    alarms: int
    bound: float
    compared: int
    expected: float

    def __str__(self) -> str:
        """One line for people."""
        known = np.isfinite(self.expected)
        expected = f"about {self.expected:.2g} false alarms" if known else "unknown false alarms"
        return (
            f"Near duplicates: correlation of {self.threshold:.3f} or more. Of {self.pairs:,} "
            f"random pairs of different patients {self.alarms:,} reach it, so that (95 % "
            f"confidence) at most {self.bound:.1e} of such pairs do; {expected} expected in the "
            f"{self.compared:,} pairs compared."
        )


def calibrate(
    similarity: Similarity,
    hashes: np.ndarray,
    patients: np.ndarray,
    rows: np.ndarray,
    compared: int,
    seed: int = 0,
) -> Calibration:
    """The threshold with EXPECTED false alarms in `compared` pairs, within FLOOR and CAP.

    Args:
        similarity: of the images.
        hashes: uint64 (N, W).
        patients: a code (int) of the patient of each of the N images.
        rows: the images to choose from, no two of them with equal pixels.
        compared: how many pairs the threshold will be applied to.
        seed: of the choice of SAMPLED images.
    """
    rng = np.random.default_rng(seed)
    sample = np.sort(rng.permutation(rows)[:SAMPLED])
    i, j = np.triu_indices(len(sample), 1)
    asked = patients[sample[i]] != patients[sample[j]]
    i, j = i[asked], j[asked]
    if len(i) < FEWEST:
        correlation = similarity.correlations(sample[i], sample[j])
        threshold, expected = CAP, float("nan")
    else:
        textures = similarity.of(sample)
        correlation = (textures @ textures.T)[i, j]
        tail = Tail.of(fisher(correlation))
        wanted = np.tanh(tail.upper_quantile(EXPECTED / max(1, compared)))
        threshold = float(np.clip(wanted, FLOOR, CAP))
        expected = compared * tail.probability(float(fisher(threshold)))
    near = correlation >= threshold
    alarms = int((distances(hashes[sample[i[near]]], hashes[sample[j[near]]]) <= RADIUS).sum())
    return Calibration(
        threshold, len(i), alarms, upper_bound(alarms, len(i)), int(compared), expected
    )


def fisher(correlation: float | np.ndarray) -> np.ndarray:
    """Fisher's z, in which correlations are about normal."""
    return np.arctanh(np.clip(correlation, -0.999999, 0.999999))


def upper_bound(events: int, trials: int, confidence: float = 0.95) -> float:
    """One-sided Clopper-Pearson bound of a rate; of no event in n trials about 3 / n."""
    return 1.0 if events >= trials else float(betaincinv(events + 1, trials - events, confidence))
