"""Metrics with intervals from resampled learners.

Every metric takes how often each resample has each row: the first has each row once and gives the value, the others
what the bootstrap drew. So all resamples are measured in one pass, and learners are drawn, never rows.

Intervals are bias-corrected percentiles (Efron 1987). From the calibration error the noise is taken that a mean of gaps
has: it is above 0 for a perfect model too, and drawing again adds it once more, so that its percentiles would miss the
truth. How often the intervals hold it is measured in tests/components/evaluate/test_coverage.py.
"""

from collections.abc import Mapping
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from components.metrics import find_metrics, measured
from components.metrics.resamples import Resamples
from components.metrics.sample import Floats, Sample
from earlybell.bundle.figures import Measured

_NORMAL = NormalDist()
_Z = _NORMAL.inv_cdf(0.975)


def resample(learner: npt.NDArray[np.int64], resamples: int, seed: int) -> Resamples:
    """The rows (n,) themselves and so many bootstrap resamples of them, by the learner (n,) of each."""
    learners, at = np.unique(learner, return_inverse=True)
    count = len(learners)
    if not count:
        return Resamples(np.empty((1 + resamples, 0)), at)
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=resamples)
    return Resamples(np.vstack([np.ones(count), drawn]), at)


def interval(values: Floats, *, corrected: bool = True) -> Measured:
    """The value (the first) and its 95% interval from its resamples; those where it was not possible do not count.

    The interval always holds the value.

    Args:
        corrected: for the bias that shows where more than half of the resamples lie on one side of the value; not where
            resamples lie elsewhere on purpose.
    """
    if not len(values) or np.isnan(values[0]):
        return Measured()
    rest = values[1:][~np.isnan(values[1:])]
    if not len(rest):
        return Measured(round(float(values[0]), 6))
    shift = 2 * _bias(values[0], rest) if corrected else 0.0
    low, high = np.quantile(rest, [_NORMAL.cdf(shift - _Z), _NORMAL.cdf(shift + _Z)])
    return Measured(*(round(float(x), 6) for x in (values[0], min(low, values[0]), max(high, values[0]))))


def intervals(found: Mapping[str, Floats]) -> dict[str, Measured]:
    """What `measure` found, each figure with its interval."""
    metrics = find_metrics()
    return {name: _at_least(interval(values), metrics[name].least) for name, values in found.items()}


def measure(label: npt.NDArray[np.int32], risk: Floats, weights: Resamples) -> dict[str, Floats]:
    """Every metric (1 + resamples,) by name, of labels and risks (n,); NaN where not possible, as with one label.

    Raises:
        SettingError: a metric of an extension has another shape.
    """
    sample = Sample(label, risk, weights)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {name: measured(metric, sample) for name, metric in find_metrics().items()}


def _bias(value: float, rest: Floats) -> float:
    """How many standard deviations the value lies above the middle of its resamples, of which equal ones count half."""
    below = (np.sum(rest < value) + np.sum(rest == value) / 2) / len(rest)
    edge = 0.5 / len(rest)
    return _NORMAL.inv_cdf(min(max(float(below), edge), 1 - edge))


def _at_least(one: Measured, least: float | None) -> Measured:
    if least is None or one.value is None:
        return one
    return Measured(*(None if end is None else max(end, least) for end in (one.value, one.low, one.high)))
