"""The mean risk less the share with label 1."""

from components.metrics import Metric
from components.metrics.sample import Floats, Sample


def _compute(sample: Sample) -> Floats:
    return sample.weights @ (sample.risk - sample.label) / sample.total


METRIC = Metric(
    "calibration_gap",
    _compute,
    "Risk less truth",
    "The mean risk less the share who {bad}: above 0 it warns too much, below 0 too little.",
    percent=True,
    signed=True,
    order=9,
)
