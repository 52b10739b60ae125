"""The Brier score."""

from components.metrics import Metric
from components.metrics.sample import Floats, Sample


def _compute(sample: Sample) -> Floats:
    return sample.brier


METRIC = Metric(
    "brier",
    _compute,
    "Brier score",
    "Mean squared distance of the risk from what happened; lower is better.",
    higher_is_better=False,
    order=3,
)
