"""The F1 score."""

from components.metrics import Metric
from components.metrics.sample import Floats, Sample


def _compute(sample: Sample) -> Floats:
    tp, fp, fn, _ = sample.confusion
    return 2 * tp / (2 * tp + fp + fn)


METRIC = Metric(
    "f1",
    _compute,
    "F1",
    "Precision and recall in one figure (their harmonic mean).",
    higher_is_better=True,
    order=8,
)
