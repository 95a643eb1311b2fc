"""Made features whose labels they tell more or less, for tests of heads."""

import numpy as np

from medsmall.learner.heads.examples import Examples
from medsmall.task import Task


def examples(n=60, signal=2.0, width=200, seed=0, task=Task.BINARY, per_patient=2, views=1, k=3):
    """`n` images, `per_patient` of each patient; the first features hold `signal`."""
    rng = np.random.default_rng(seed)
    patients = np.arange(n) // per_patient
    score = rng.normal(size=n)
    centre = rng.normal(size=(n, width)) * np.exp(-np.arange(width) / 30) + 5.0
    centre[:, 0] += signal * score
    features = centre[:, None] + 0.1 * rng.normal(size=(n, views, width))
    if task == Task.REGRESSION:
        return Examples(features, score[:, None], patients)
    if task == Task.MULTICLASS:
        classes = np.digitize(score, np.quantile(score, np.arange(1, k) / k))
        return Examples(features, np.eye(k)[classes], patients, classes)
    y = (score + 0.5 * rng.normal(size=n) > 0).astype(int)
    return Examples(features, y[:, None].astype(float), patients, y)
