"""Metrics with intervals from resampled learners.

Every metric takes weights (resamples, n): the first row is ones and gives the value, the others count how often the
bootstrap drew a row's learner. So all resamples are measured in one pass, and learners are drawn, never rows.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

THRESHOLD = 0.5  # of accuracy, precision, recall, F1 and the counts, as in the paper
CALIBRATION_BINS = 10

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """A metric's value and its 95% interval; None where it is not possible (one outcome only)."""

    value: float | None
    low: float | None
    high: float | None


def resample(learner: npt.NDArray[np.int64], resamples: int, seed: int) -> Floats:
    """Bootstrap weights (1 + resamples, n) of rows whose learners are `learner`."""
    _, at = np.unique(learner, return_inverse=True)
    count = int(at.max(initial=-1)) + 1
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / max(count, 1)), size=resamples)
    return np.vstack([np.ones(len(learner)), drawn[:, at]])


def interval(values: Floats) -> Measured:
    """The value and the 2.5% and 97.5% points of its resamples (resamples where it was not possible do not count)."""
    if np.isnan(values[0]):
        return Measured(None, None, None)
    rest = values[1:][~np.isnan(values[1:])]
    low, high = np.quantile(rest, [0.025, 0.975]) if len(rest) else (np.nan, np.nan)
    return Measured(*(None if np.isnan(x) else round(float(x), 6) for x in (values[0], low, high)))


def measure(label: npt.NDArray[np.int32], risk: Floats, weights: Floats) -> dict[str, Floats]:
    """Every metric (1 + resamples,) by name, of labels and risks (n,); NaN where not possible."""
    with np.errstate(invalid="ignore", divide="ignore"):
        counts = _counts(label, risk, weights)
        ranked = _ranked(label, risk, weights)
        total = weights.sum(axis=1)
        return {
            **ranked,
            "brier": weights @ (risk - label) ** 2 / total,
            "calibration_error": _calibration_error(label, risk, weights) / total,
            **_shares(counts),
            "calibration_gap": weights @ (risk - label) / total,
            "base_rate": weights @ label / total,
            **counts,
        }


def calibration_bins(risk: Floats, bins: int = CALIBRATION_BINS) -> npt.NDArray[np.int64]:
    """The bin (n,) of each risk, in bins of about equal size."""
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
    order = np.argsort(-risk, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(risk[order]) != 0])
    found = {"roc_auc": np.empty(len(weights)), "pr_auc": np.empty(len(weights))}
    for i, one in enumerate(weights[:, order]):
        positive = np.add.reduceat(one * label[order], starts)
        negative = np.add.reduceat(one * (1 - label[order]), starts)
        hits, misses = positive.cumsum(), negative.cumsum()
        found["roc_auc"][i] = (positive * (misses[-1] - misses + negative / 2)).sum() / (hits[-1] * misses[-1])
        found["pr_auc"][i] = np.nansum(positive * hits / (hits + misses)) / hits[-1]
    return found


def _calibration_error(label: npt.NDArray[np.int32], risk: Floats, weights: Floats) -> Floats:
    bins = calibration_bins(risk)
    gaps = [weights @ ((label - risk) * (bins == one)) for one in np.unique(bins)]
    return np.asarray(np.abs(gaps).sum(axis=0))
