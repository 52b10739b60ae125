"""The Brier skill: what is gained over telling everybody the base rate."""

import numpy as np

from components.metrics import Metric
from components.metrics.sample import Floats, Sample


def _compute(sample: Sample) -> Floats:
    """Of the very rows that are measured: a base rate that nobody knew beforehand, which is hard to beat."""
    variance = sample.base_rate * (1 - sample.base_rate)
    return 1 - sample.brier / np.where(variance > 0, variance, np.nan)


METRIC = Metric(
    "brier_skill",
    _compute,
    "Brier skill",
    "How much closer the risks are to what happened than the base rate of the same learners is: "
    "1 is perfect, 0 is no better than telling everybody the base rate, below 0 is worse than that.",
    higher_is_better=True,
    order=3,
)
