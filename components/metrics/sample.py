"""What metrics are measured on, and what several of them need of it, made once."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from components.metrics.resamples import Resamples

THRESHOLD = 0.5  # of accuracy, precision, recall, F1 and the counts, as in the paper
CALIBRATION_BINS = 10
_AT_ONCE = 2**18  # weights that are ranked at once: 2 MiB

Floats = npt.NDArray[np.float64]


class Confusion(NamedTuple):
    """How many rows (resamples,) of each kind there are where a risk of 0.5 or more is a flag."""

    true_positives: Floats
    false_positives: Floats
    false_negatives: Floats
    true_negatives: Floats


class Ranking(NamedTuple):
    """Figures (resamples,) of the order of the risks."""

    roc_auc: Floats
    pr_auc: Floats


@dataclass(frozen=True)
class Sample:
    """Labels (n,) and risks (n,), and how often each resample has each row (resamples, n)."""

    label: npt.NDArray[np.int32]
    risk: Floats
    weights: Resamples

    @cached_property
    def total(self) -> Floats:
        """The weight (resamples,) of all rows."""
        return self.weights.total

    @cached_property
    def brier(self) -> Floats:
        """The mean squared distance (resamples,) of the risk from the label."""
        return np.asarray(self.weights @ (self.risk - self.label) ** 2 / self.total)

    @cached_property
    def base_rate(self) -> Floats:
        """The share (resamples,) with label 1."""
        return np.asarray(self.weights @ self.label / self.total)

    @cached_property
    def confusion(self) -> Confusion:
        missed, good = self.risk < THRESHOLD, self.label == 0
        return Confusion(*self.weights.by(2 * missed + good, 4).T)

    @cached_property
    def ranking(self) -> Ranking:
        """ROC-AUC (ties count half) and PR-AUC (average precision), from sums over equal risks."""
        label, risk = self.label, self.risk
        auc, precision = (np.full(len(self.weights), np.nan) for _ in Ranking._fields)
        if not len(risk):
            return Ranking(auc, precision)
        order = np.argsort(-risk, kind="stable")
        ends = np.flatnonzero(np.r_[np.diff(risk[order]) != 0, True])
        step = max(1, _AT_ONCE // len(risk))
        for start in range(0, len(self.weights), step):
            some = slice(start, start + step)
            weights = self.weights.dense(some, order)
            hits = (weights * label[order]).cumsum(axis=1)[:, ends]
            misses = weights.cumsum(axis=1)[:, ends] - hits
            positive, negative = np.diff(hits, axis=1, prepend=0.0), np.diff(misses, axis=1, prepend=0.0)
            all_hits, all_misses = hits[:, -1], misses[:, -1]
            auc[some] = (positive * (all_misses[:, None] - misses + negative / 2)).sum(axis=1) / (all_hits * all_misses)
            precision[some] = np.nansum(positive * hits / (hits + misses), axis=1) / all_hits
        return Ranking(auc, precision)


def calibration_bins(risk: Floats, bins: int = CALIBRATION_BINS) -> npt.NDArray[np.int64]:
    """The bin (n,) of each risk, in bins of about equal size."""
    if not len(risk):
        return np.empty(0, dtype=np.int64)
    edges = np.unique(np.quantile(risk, np.linspace(0, 1, bins + 1)[1:-1]))
    return np.searchsorted(edges, risk)
