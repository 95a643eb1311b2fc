"""A map from probabilities to calibrated ones, with 95% intervals; needs NumPy alone.

``temperature`` multiplies the logit of a finding, or the log probabilities of exclusive classes, by
a slope (Guo et al., ICML 2017). ``platt`` adds a bias (Platt, Advances in Large Margin Classifiers
1999; of classes one slope and a bias for each, Alexandari et al., ICML 2020). ``isotonic`` is any
rising function (Zadrozny and Elkan, KDD 2002). `medsmall.evaluation.calibration_fit` fits them.

What comes out is right for the shares of positives in validation. For a population with other
shares an offset in log odds is added, as in `medsmall.evaluation.prior_shift`.
"""

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
METHODS = ("temperature", "platt", "isotonic")
CLIP = 1e-7  # probabilities are clipped to [CLIP, 1 - CLIP]
TINY = 1e-150  # its square is a number, too


@dataclass(frozen=True)
class Calibration:
    """The fitted map of K findings, or of K exclusive classes. All numbers are finite.

    Attributes:
        method: one of METHODS.
        exclusive: whether the probabilities of an image sum to 1.
        names: of the K targets.
        refused: by name, why a target has no map: it keeps its probability, without an interval.
        slope: (K,) on the logit of findings or the log of classes, whose slopes are the same.
        bias: (K,) likewise.
        covariance: of the fit. Findings: K of (2, 2), of slope and bias. Classes: one of
            (1 + K, 1 + K), of the slope and the biases. Empty if isotonic.
        quantile: Student's, by which the standard error is multiplied (K,).
        knots: if isotonic, K times the probabilities before and after, linear in between.
        offset: (K,) added for the population, in log odds of findings, log ratios of classes.
    """

    method: str
    exclusive: bool
    names: list[str]
    refused: dict[str, str]
    slope: list[float]
    bias: list[float]
    covariance: list[list[list[float]]]
    quantile: list[float]
    knots: list[list[list[float]]]
    offset: list[float]

    @property
    def fitted(self) -> NDArray[np.bool_]:
        """Which targets have a map (K,)."""
        return np.array([name not in self.refused for name in self.names], dtype=bool)

    def apply(self, prob: Array) -> Array:
        """Calibrated probabilities (N, K) of `prob` (N, K), 0 to 1.

        The classes that were never seen keep what they have; the others share the rest.
        """
        prob = np.asarray(prob, dtype=np.float64)
        scores, fitted = self._scores(prob), self.fitted
        found = self._shares(scores) * self._mass(prob) if self.exclusive else _expit(scores)
        return np.where(fitted, found, prob)

    def interval(self, prob: Array) -> tuple[Array, Array] | None:
        """The ends (N, K) of 95% intervals of what `apply` gives; None of isotonic maps.

        They hold the uncertainty of the fit, by the delta method on the logit scale; not that of
        the network nor of the offset, nor that the form is wrong: where a bias is needed, those of
        ``temperature`` miss the truth more often. NaN of targets without a map.
        """
        if self.method == "isotonic":
            return None
        prob = np.asarray(prob, dtype=np.float64)
        logits, variance = self._classes(prob) if self.exclusive else self._findings(prob)
        half = np.where(self.fitted, np.array(self.quantile) * np.sqrt(variance), 0.0)
        low, high = _expit(logits - half), _expit(logits + half)
        return np.where(self.fitted, low, np.nan), np.where(self.fitted, high, np.nan)

    def for_population(self, shares_of_validation: Array, population: Array) -> "Calibration":
        """The same for a population with these shares of positives, or of the classes (K,).

        NaN in either: no shift of that target; nor of one without a map, or of which validation
        has all or none. Of classes, state all or none: those stated are weighed against the others
        as they are. An earlier shift is replaced. ValueError if `population` is not between 0 and 1
        for a target with a map.
        """
        old, new = (np.asarray(of, dtype=np.float64) for of in (shares_of_validation, population))
        if not np.all(np.isnan(new) | ((new > 0) & (new < 1)) | ~self.fitted):
            raise ValueError("shares of a population must lie between 0 and 1")
        known = ~np.isnan(new) & (old > 0) & (old < 1) & self.fitted
        old, new = np.where(known, old, 0.5), np.where(known, new, 0.5)
        moved = np.log(new / old) if self.exclusive else _logit(new) - _logit(old)
        return replace(self, offset=moved.tolist())

    def as_json(self) -> dict[str, Any]:
        """All of it as lists, numbers and words; `of_json` gives the same back."""
        return asdict(self)

    @staticmethod
    def of_json(of: dict[str, Any]) -> "Calibration":
        """What `as_json` gave; ValueError for anything else."""
        if set(of) == {one.name for one in fields(Calibration)} and of["method"] in METHODS:
            per_target = (of[name] for name in ("names", "slope", "bias", "quantile", "offset"))
            if len({len(one) for one in per_target}) == 1:
                return Calibration(**of)
        raise ValueError("this is not a calibration as medsmall writes it")

    def _scores(self, prob: Array) -> Array:
        """The calibrated logits of findings, or the logs of classes but for a constant (N, K)."""
        if self.method == "isotonic":
            columns = [
                np.interp(prob[:, k], knots[0], knots[1]) if knots else prob[:, k]
                for k, knots in enumerate(self.knots)
            ]
            scores = scaled(np.stack(columns, axis=1), self.exclusive)
        else:
            scores = np.array(self.slope) * scaled(prob, self.exclusive) + np.array(self.bias)
        return np.asarray(scores + np.array(self.offset))

    def _shares(self, scores: Array) -> Array:
        """Of each class among those that have a map (N, K)."""
        scores = np.where(self.fitted, scores, -np.inf)
        raised = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(raised / raised.sum(axis=1, keepdims=True))

    def _mass(self, prob: Array) -> Array:
        """What these have together (N, 1)."""
        return np.asarray(prob[:, self.fitted].sum(axis=1, keepdims=True))

    def _findings(self, prob: Array) -> tuple[Array, Array]:
        """The calibrated logits and their variances (N, K)."""
        z, c = scaled(prob, exclusive=False), np.array(self.covariance)
        return self._scores(prob), c[:, 0, 0] * z**2 + 2 * c[:, 0, 1] * z + c[:, 1, 1]

    def _classes(self, prob: Array) -> tuple[Array, Array]:
        """The same of classes: the logit of m r_k moves by (ds_k - sum_j r_j ds_j) / (1 - m r_k).

        s are the scores, r their shares, m what the classes with a map have together.
        """
        z, c, k = scaled(prob, exclusive=True), np.array(self.covariance[0]), len(self.names)
        mass, shares = self._mass(prob), self._shares(self._scores(prob))
        rest = np.maximum(1 - mass, 0) + mass * (shares @ (1 - np.eye(k)))  # exact near 0
        moved = np.concatenate([z[:, :, None], np.broadcast_to(np.eye(k), (len(z), k, k))], axis=2)
        moved = moved - np.einsum("nj,njp->np", shares, moved)[:, None, :]
        own, rest = np.maximum(mass * shares, TINY), np.maximum(rest, TINY)
        variance = np.einsum("nkp,pq,nkq->nk", moved, c, moved) / rest**2
        return np.log(own) - np.log(rest), variance.clip(0)


def scaled(prob: Array, exclusive: bool) -> Array:
    """The logits of findings, the logs of classes, of clipped probabilities."""
    clipped = np.clip(prob, CLIP, 1 - CLIP)
    return np.asarray(np.log(clipped)) if exclusive else _logit(clipped)


def _logit(p: Array) -> Array:
    return np.asarray(np.log(p) - np.log1p(-p))


def _expit(x: Array) -> Array:
    return np.asarray(np.exp(-np.logaddexp(0.0, -x)))
