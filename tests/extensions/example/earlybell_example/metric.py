"""The log loss of a risk."""

import numpy as np

from components.metrics import Metric
from components.metrics.sample import Floats, Sample


def _compute(sample: Sample) -> Floats:
    risk = np.clip(sample.risk, 1e-6, 1 - 1e-6)
    loss = -np.where(sample.label == 1, np.log(risk), np.log(1 - risk))
    return np.asarray(sample.weights @ loss / sample.total)


METRIC = Metric(
    "log_loss",
    _compute,
    "Log loss",
    "How surprising it is who {bad}, by the stated risks: 0 is no surprise at all.",
    higher_is_better=False,
)
