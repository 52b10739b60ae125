"""The calibration error, without the noise that it has by its making.

It is the root of the mean squared gap between mean risk and share with label 1, in ten bins of about equal size, less
what noise adds to it (Kumar, Liang and Ma 2019): the resamples tell how much that is. Where chance alone explains more
than there is, it is negative, and 0 to a reader.
"""

import numpy as np

from components.metrics import Metric
from components.metrics.sample import Floats, Sample, calibration_bins


def _compute(sample: Sample) -> Floats:
    """Squared gaps have a noise that adds: the value has it once, a resample twice, its own and the value's."""
    bins, gap = calibration_bins(sample.risk), sample.label - sample.risk
    count = int(bins.max(initial=-1)) + 1
    sums, rows = sample.weights.by(bins, count, gap), sample.weights.by(bins, count)
    squares = (sums**2 / np.maximum(rows, 1.0)).sum(axis=1) / sample.total  # 0 of a bin of which nobody was drawn
    noise = np.nanmean(squares[1:]) - squares[0] if np.isfinite(squares[1:]).any() else 0.0
    free = squares - noise * np.r_[1.0, np.full(len(squares) - 1, 2.0)]
    return np.asarray(np.sign(free) * np.sqrt(np.abs(free)))


METRIC = Metric(
    "calibration_error",
    _compute,
    "Calibration error",
    "How far a stated risk is from the share it came true for (root mean square over ten groups of similar risk, "
    "less what chance alone makes of it).",
    percent=True,
    higher_is_better=False,
    least=0.0,
    order=4,
)
