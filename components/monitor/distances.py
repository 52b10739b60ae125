"""How far two samples are apart, and how far by chance."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist
from scipy.stats import chi2, pearson3, wasserstein_distance

Floats = npt.NDArray[np.float64]

BINS = 10


def ks(now: npt.NDArray[np.floating[Any]], before: npt.NDArray[np.floating[Any]]) -> Floats:
    """The distance of two samples (n, columns) and (m, columns) in each column; a missing value is the least of all."""
    values = np.concatenate([now, before]).astype(np.float64)
    values[np.isnan(values)] = -np.inf
    order = np.argsort(values, axis=0, kind="stable")
    ordered = np.take_along_axis(values, order, axis=0)
    step = np.where(order < len(now), 1 / max(len(now), 1), -1 / max(len(before), 1))
    ends = np.ones(values.shape, dtype=bool)  # of equal values only the last tells
    ends[:-1] = ordered[1:] != ordered[:-1]
    return np.asarray((np.abs(step.cumsum(axis=0)) * ends).max(axis=0, initial=0.0))


def by_chance(alpha: float, now: int, before: int) -> float:
    """The distance that two samples of one distribution exceed with a probability of `alpha` at most.

    The bound of Dvoretzky, Kiefer, Wolfowitz and Massart for two samples (Wei and Dudley 2012).
    """
    return float(np.sqrt(-np.log(alpha / 2) / 2 * (1 / now + 1 / before)))


def psi(now: Floats, before: Floats, alpha: float) -> tuple[float, float]:
    """The population stability index in bins of the second sample, and its sampling threshold; missing is a bin.

    Under no difference it is about chi-squared with a degree of freedom less than bins, times (1/n + 1/m) (Yurdakul and
    Naranjo 2020).
    """
    known = before[~np.isnan(before)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1])) if len(known) else np.empty(0)
    bins = len(edges) + 2
    at = [np.where(np.isnan(sample), bins - 1, np.searchsorted(edges, sample)) for sample in (now, before)]
    counts = np.array([np.bincount(place, minlength=bins) for place in at], dtype=np.float64)
    counts = counts[:, counts.any(axis=0)] + 0.5  # an empty bin has no share to compare
    shares = counts / counts.sum(axis=1, keepdims=True)
    value = float(((shares[0] - shares[1]) * np.log(shares[0] / shares[1])).sum())
    return value, float(chi2.isf(alpha, max(counts.shape[1] - 1, 1)) * (1 / len(now) + 1 / len(before)))


def wasserstein(now: Floats, before: Floats) -> float | None:
    """Wasserstein's distance in standard deviations of the second sample; None where that has none."""
    now, before = now[~np.isnan(now)], before[~np.isnan(before)]
    deviation = float(before.std()) if len(before) else 0.0
    return float(wasserstein_distance(now, before)) / deviation if len(now) and deviation > 0 else None


def mmd(now: Floats, before: Floats, alpha: float) -> tuple[float, float]:
    """The maximum mean discrepancy of two samples (n, columns) and (m, columns), and its sampling threshold.

    It sees what no column shows alone, as that two of them no longer rise together. A value counts by its place in the
    second sample, from 0 to 1, and a missing one as -1. The kernel is Gaussian, as wide as the middle distance of two
    rows. Under no difference the square is a sum of squares of normal variables, one for each eigenvalue of the centred
    kernel (Gretton and others 2009, A fast, consistent kernel two-sample test). Its law is taken to be the gamma law
    with the same mean, variance and skewness: with two moments alone the tail would be too light.

    Returns:
        From 0, where they are alike, to at most the root of 2; and what is exceeded with a probability of `alpha`.
    """
    rows = np.concatenate([_places(now, before), _places(before, before)])
    squares = cdist(rows, rows, "sqeuclidean")
    width = float(np.median(squares[np.triu_indices(len(rows), 1)])) or 1.0
    kernel = np.exp(-squares / (2 * width))
    sides = np.repeat([1 / len(now), -1 / len(before)], [len(now), len(before)])
    centred = kernel - kernel.mean(axis=0) - kernel.mean(axis=1)[:, None] + kernel.mean()
    value = np.sqrt(max(float(sides @ kernel @ sides), 0.0))
    return value, np.sqrt((1 / len(now) + 1 / len(before)) * _exceeded(centred / len(rows), alpha))


def _exceeded(kernel: Floats, alpha: float) -> float:
    """What a sum of squares of normal variables, weighed by the eigenvalues of a matrix, exceeds so seldom."""
    square = kernel @ kernel
    first, second, third = float(np.trace(kernel)), float(np.trace(square)), float((square * kernel).sum())
    if second <= 0:
        return 0.0
    return max(float(pearson3.isf(alpha, 8 * third / (2 * second) ** 1.5, loc=first, scale=np.sqrt(2 * second))), 0.0)


def _places(values: Floats, among: Floats) -> Floats:
    """Where values lie among those of another sample, by column: the share below, with half of the equal ones."""
    places = np.full(values.shape, -1.0)
    for column, known in enumerate(np.sort(among, axis=0).T):
        known, here = known[~np.isnan(known)], ~np.isnan(values[:, column])
        ends = [np.searchsorted(known, values[here, column], side=side) for side in ("left", "right")]
        places[here, column] = (ends[0] + ends[1]) / max(2 * len(known), 1)
    return places
