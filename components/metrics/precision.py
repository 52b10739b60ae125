"""The precision."""

from components.metrics import Metric
from components.metrics.sample import Floats, Sample


def _compute(sample: Sample) -> Floats:
    tp, fp, _, _ = sample.confusion
    return tp / (tp + fp)


METRIC = Metric(
    "precision",
    _compute,
    "Precision",
    "Of those flagged, the share who {bad}.",
    percent=True,
    higher_is_better=True,
    order=6,
)
