"""How similar images of different patients are, and so which pairs count as near duplicates."""

from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv

from medsmall.audit.neighbours import distances
from medsmall.audit.similarity import Similarity

# Of 256 bits: copies differ in up to 23 (median 3); 1 in 10^4 unrelated pairs is closer.
RADIUS = 24
SAMPLED = 1000  # images; their pairs are half a million
FEWEST = 100  # pairs of different patients; with fewer, the tail cannot be estimated
EXPECTED = 0.01  # false alarms in a whole audit
FLOOR = 0.8  # correlation: films below it are never called copies
CAP = 0.98  # films above it always are, also where the data are too similar or too few to tell


@dataclass(frozen=True)
class Tail:
    """The upper tail of a statistic: beyond `start`, exponential with mean `scale`.

    Exponential tails are heavier than normal ones, so thresholds err towards fewer false alarms.
    """

    start: float
    scale: float
    share: float

    @classmethod
    def of(cls, values: np.ndarray) -> "Tail":
        """Fitted to the largest 1 % of `values` (20 at least) by their median.

        The median keeps a few copies among the pairs from stretching the tail.
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
    """The correlation from which two images are near duplicates, and the false alarms to expect.

    Attributes:
        threshold: the correlation; the hashes must differ in at most RADIUS bits, too.
        pairs: number of random pairs of images of different patients.
        alarms: how many of these reach the threshold (some may be real copies).
        bound: upper bound of the false-alarm rate per pair, with 95 % confidence.
        compared: number of pairs that the audit compares.
        expected: false alarms among these, from the tail of the correlations; NaN if unknown.
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
        few = "under 1" if self.expected < 1 else f"about {self.expected:,.0f}"
        return (
            f"Near duplicates: correlation of {self.threshold:.3f} or more. Expected false alarms: "
            f"{few if known else 'unknown'} in the {self.compared:,} pairs compared "
            f"({self.alarms:,} of {self.pairs:,} random pairs of different patients reach it)."
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
