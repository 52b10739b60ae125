"""Metrics with intervals from resampled learners.

Every metric takes weights (resamples, n): the first row is ones and gives the value, the others count how often the
bootstrap drew a row's learner. So all resamples are measured in one pass, and learners are drawn, never rows.

Intervals are bias-corrected percentiles (Efron 1987). From the calibration error the noise is taken that a mean of gaps
has: it is above 0 for a perfect model too, and drawing again adds it once more, so that its percentiles would miss the
truth. How often the intervals hold it is measured in tests/components/evaluate/test_coverage.py.
"""

from collections.abc import Mapping
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from earlybell.bundle.figures import Measured

THRESHOLD = 0.5  # of accuracy, precision, recall, F1 and the counts, as in the paper
CALIBRATION_BINS = 10
LEAST = {"calibration_error": 0.0}  # of a figure whose values may lie below what it can be

_NORMAL = NormalDist()
_Z = _NORMAL.inv_cdf(0.975)

Floats = npt.NDArray[np.float64]


def resample(learner: npt.NDArray[np.int64], resamples: int, seed: int) -> Floats:
    """Bootstrap weights (1 + resamples, n) of rows whose learners are `learner`."""
    learners, at = np.unique(learner, return_inverse=True)
    count = len(learners)
    if not count:
        return np.empty((1 + resamples, 0))
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=resamples)
    return np.vstack([np.ones(len(learner)), drawn[:, at]])


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
    return {name: _at_least(interval(values), LEAST.get(name)) for name, values in found.items()}


def measure(label: npt.NDArray[np.int32], risk: Floats, weights: Floats) -> dict[str, Floats]:
    """Every metric (1 + resamples,) by name, of labels and risks (n,); NaN where not possible, as with one label.

    `calibration_error` is the root of the mean squared gap between mean risk and share with label 1, in ten bins of
    about equal size, less what noise adds to it (Kumar, Liang and Ma 2019): the resamples tell how much that is. Where
    chance alone explains more than there is, it is negative, and 0 to a reader (see `intervals`).
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        counts = _counts(label, risk, weights)
        ranked = _ranked(label, risk, weights)
        total = weights.sum(axis=1)
        return {
            **ranked,
            "brier": weights @ (risk - label) ** 2 / total,
            "calibration_error": _calibration_error(label, risk, weights),
            **_shares(counts),
            "calibration_gap": weights @ (risk - label) / total,
            "base_rate": weights @ label / total,
            **counts,
        }


def calibration_bins(risk: Floats, bins: int = CALIBRATION_BINS) -> npt.NDArray[np.int64]:
    """The bin (n,) of each risk, in bins of about equal size."""
    if not len(risk):
        return np.empty(0, dtype=np.int64)
    edges = np.unique(np.quantile(risk, np.linspace(0, 1, bins + 1)[1:-1]))
    return np.searchsorted(edges, risk)


def _counts(label: npt.NDArray[np.int32], risk: Floats, weights: Floats) -> dict[str, Floats]:
    flagged = risk >= THRESHOLD
    return {
        "true_positives": weights @ (flagged & (label == 1)),
        "false_positives": weights @ (flagged & (label == 0)),
        "false_negatives": weights @ (~flagged & (label == 1)),
        "true_negatives": weights @ (~flagged & (label == 0)),
    }


def _shares(counts: dict[str, Floats]) -> dict[str, Floats]:
    tp, fp, fn, tn = counts.values()
    return {
        "accuracy": (tp + tn) / (tp + fp + fn + tn),
        "precision": tp / (tp + fp),
        "recall": tp / (tp + fn),
        "f1": 2 * tp / (2 * tp + fp + fn),
    }


def _ranked(label: npt.NDArray[np.int32], risk: Floats, weights: Floats) -> dict[str, Floats]:
    """ROC-AUC (ties count half) and PR-AUC (average precision), from sums over equal risks."""
    found = {name: np.full(len(weights), np.nan) for name in ("roc_auc", "pr_auc")}
    if not len(risk):
        return found
    order = np.argsort(-risk, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(risk[order]) != 0])
    for i, one in enumerate(weights[:, order]):
        positive = np.add.reduceat(one * label[order], starts)
        negative = np.add.reduceat(one * (1 - label[order]), starts)
        hits, misses = positive.cumsum(), negative.cumsum()
        found["roc_auc"][i] = (positive * (misses[-1] - misses + negative / 2)).sum() / (hits[-1] * misses[-1])
        found["pr_auc"][i] = np.nansum(positive * hits / (hits + misses)) / hits[-1]
    return found


def _calibration_error(label: npt.NDArray[np.int32], risk: Floats, weights: Floats) -> Floats:
    """Squared gaps have a noise that adds: the value has it once, a resample twice, its own and the value's."""
    bins = calibration_bins(risk)
    squares = sum((_square(label - risk, weights, bins == one) for one in np.unique(bins)), np.zeros(len(weights)))
    squares = squares / weights.sum(axis=1)
    noise = squares[1:].mean() - squares[0] if len(squares) > 1 else 0.0
    free = squares - noise * np.r_[1.0, np.full(len(squares) - 1, 2.0)]
    return np.asarray(np.sign(free) * np.sqrt(np.abs(free)))


def _square(gap: Floats, weights: Floats, group: npt.NDArray[np.bool_]) -> Floats:
    """The squared mean gap (1 + resamples,) of a group, times its weight; 0 where nobody of it was drawn."""
    sums, counts = weights[:, group] @ gap[group], weights[:, group].sum(axis=1)
    return np.asarray(sums**2 / np.maximum(counts, 1.0))


def _bias(value: float, rest: Floats) -> float:
    """How many standard deviations the value lies above the middle of its resamples, of which equal ones count half."""
    below = (np.sum(rest < value) + np.sum(rest == value) / 2) / len(rest)
    edge = 0.5 / len(rest)
    return _NORMAL.inv_cdf(min(max(float(below), edge), 1 - edge))


def _at_least(one: Measured, least: float | None) -> Measured:
    if least is None or one.value is None:
        return one
    return Measured(*(None if end is None else max(end, least) for end in (one.value, one.low, one.high)))
