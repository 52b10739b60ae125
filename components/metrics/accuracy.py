"""The accuracy."""

from components.metrics import Metric
from components.metrics.sample import Floats, Sample


def _compute(sample: Sample) -> Floats:
    tp, fp, fn, tn = sample.confusion
    return (tp + tn) / (tp + fp + fn + tn)


METRIC = Metric(
    "accuracy",
    _compute,
    "Accuracy",
    "Share of all learners who were rightly flagged or rightly not.",
    percent=True,
    higher_is_better=True,
    order=5,
)
