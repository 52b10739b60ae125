"""The share with label 1."""

from components.metrics import Metric
from components.metrics.sample import Floats, Sample


def _compute(sample: Sample) -> Floats:
    return sample.base_rate


METRIC = Metric(
    "base_rate",
    _compute,
    "Base rate",
    "Share of all learners measured who {bad}.",
    percent=True,
    order=10,
)
