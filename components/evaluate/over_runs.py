"""Figures within each course run, averaged over the runs: what a run that comes next may expect.

Rows of several runs together hide that the risks of one run are too high and those of another too low, and rank
learners by the run they are in. So each figure is computed within a run first, and every run counts the same.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from components.metrics import Metric, find_metrics
from components.metrics.sample import Floats


def over_runs(by_run: Sequence[Mapping[str, Floats]], seed: int) -> dict[str, Floats]:
    """The mean over course runs of each figure, by name, (1 + resamples,); resamples draw runs and learners.

    A run in which a figure is not possible, as an AUC with one label, does not count for it. The gap is averaged by its
    size: one run that is too high does not make up for one that is too low.

    Args:
        by_run: the figures (1 + resamples,) of each run, whose resamples draw the same learners for all.
    """
    averaged = [metric for metric in find_metrics().values() if metric.title]  # counts of rows are no averages
    return {
        metric.name: mean_over_runs([bounded(metric, figures[metric.name]) for figures in by_run], seed)
        for metric in averaged
    }


def mean_over_runs(by_run: Sequence[Floats], seed: int) -> Floats:
    """The mean (1 + resamples,) of a figure (1 + resamples,) of each run; resamples draw runs too.

    The same seed and number of runs draw the same runs, so that figures can be compared.
    """
    runs, resamples = len(by_run), len(by_run[0]) - 1
    draws = np.random.default_rng(seed).multinomial(runs, np.full(runs, 1 / runs), resamples)
    return _mean(np.stack(by_run), np.vstack([np.ones(runs), draws]).T)


def bounded(metric: Metric, values: Floats) -> Floats:
    """A figure of one run as it is averaged: a signed one by its size, none below what it can be."""
    if metric.signed:
        return np.abs(values)
    return values if metric.least is None else np.maximum(values, metric.least)


def _mean(values: Floats, weights: Floats) -> Floats:
    """The mean (1 + resamples,) of runs (runs, 1 + resamples) by their weights; NaN where none is possible."""
    possible = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        return np.asarray((np.nan_to_num(values) * weights).sum(axis=0) / (possible * weights).sum(axis=0))
