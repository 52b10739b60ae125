"""The recall."""

from components.metrics import Metric
from components.metrics.sample import Floats, Sample


def _compute(sample: Sample) -> Floats:
    tp, _, fn, _ = sample.confusion
    return tp / (tp + fn)


METRIC = Metric(
    "recall",
    _compute,
    "Recall",
    "Of those who {bad}, the share who were flagged.",
    percent=True,
    higher_is_better=True,
    order=7,
)
