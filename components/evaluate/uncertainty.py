"""How sure a risk is: Venn-Abers intervals from rows that the model had not seen.

Vovk and Petej (2014): isotonic calibration is fitted twice with the new learner added, once as label 0 and once as
label 1; the two answers are the ends of the interval. All rows together weigh as much as there are learners: a
learner's weeks are not other people, and counting them as such would make the interval too narrow.
"""

import numpy as np
import numpy.typing as npt
from sklearn.isotonic import IsotonicRegression

from components.evaluate.metrics import interval, resample
from components.examples import Examples
from components.metrics.resamples import Resamples
from components.metrics.sample import Floats, calibration_bins
from earlybell.bundle.bands import Interval
from earlybell.bundle.evaluation import CoverageRow

GRID = 101  # risks at which the interval is known; between them it is interpolated
RESAMPLES = 200
BINS = 400  # equal risks are one row to the calibration: enough for a fine curve, and quick


def venn_abers(risk: Floats, examples: Examples) -> Interval:
    """The ends of the interval on a grid of risks.

    Args:
        risk: (n,), of the examples by models that had not seen them, without missing values.
    """
    weight = np.full(len(risk), len(np.unique(examples.learner)) / len(risk))
    centre, share, weight = _binned(risk, examples.label.astype(np.float64), weight)
    grid = np.unique(np.r_[0.0, np.quantile(risk, np.linspace(0, 1, GRID - 2)), 1.0])
    low, high = ([_calibrated(centre, share, weight, at, label) for at in grid.tolist()] for label in (0.0, 1.0))
    return Interval(_rounded(grid.tolist()), _rounded(low), _rounded(high))


def _binned(risk: Floats, label: Floats, weight: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean risk, share of label 1 and weight of bins of about equal size."""
    edges = np.unique(np.quantile(risk, np.linspace(0, 1, BINS + 1)[1:-1]))
    bins = np.searchsorted(edges, risk)
    total = np.bincount(bins, weight)
    kept = total > 0
    centre, share = (np.bincount(bins, weight * values)[kept] / total[kept] for values in (risk, label))
    return centre, share, np.asarray(total[kept], dtype=np.float64)


def _calibrated(centre: Floats, share: Floats, weight: Floats, risk: float, label: float) -> float:
    isotonic = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")  # rounding may put the risk outside by a bit
    isotonic.fit(np.r_[centre, risk], np.r_[share, label], sample_weight=np.r_[weight, 1.0])
    return float(isotonic.predict([risk])[0])


def _rounded(values: list[float]) -> tuple[float, ...]:
    return tuple(round(value, 6) for value in values)


def ranges(examples: Examples, names: list[str]) -> dict[str, tuple[float, float]]:
    """The lowest and highest value of each feature seen in training; features without any value are left out."""
    found: dict[str, tuple[float, float]] = {}
    for i, name in enumerate(names):
        values = examples.values[:, i]
        if not np.isnan(values).all():
            found[name] = (float(np.nanmin(values)), float(np.nanmax(values)))
    return found


def unseen_ends(risk: Floats, examples: Examples, fold: npt.NDArray[np.int64]) -> Floats:
    """Ends (2, n) of the interval of each risk (n,), as it is served, from other folds alone; NaN without any."""
    ends = np.full((2, len(risk)), np.nan)
    for one in np.unique(fold):
        mask = fold == one
        if not mask.all():
            known = venn_abers(risk[~mask], examples.where(~mask))
            ends[:, mask] = [np.interp(risk[mask], known.risk, end) for end in (known.low, known.high)]
    return np.stack([np.minimum(ends[0], risk), np.maximum(ends[1], risk)])


def coverage(
    ends: Floats, risk: Floats, shares: Floats, learner: npt.NDArray[np.int64], seed: int, bins: int = 10
) -> tuple[CoverageRow, ...]:
    """What came true beside the interval, in bins of about equal size of the risk.

    Args:
        ends: of the intervals (2, n); where they are NaN, a row does not count.
        risk: (n,), without missing values.
        shares: true risks or labels (n,).
        learner: (n,), who are resampled.
    """
    known = ~np.isnan(ends[0])
    if not known.any():
        return ()
    ends, risk, shares, learner = ends[:, known], risk[known], shares[known], learner[known]
    at = calibration_bins(risk, bins)
    weights = resample(learner, RESAMPLES, seed)
    groups = (at == one for one in np.unique(at))
    return tuple(_covered(ends[:, group], risk[group], shares[group], weights.where(group)) for group in groups)


def _covered(ends: Floats, risk: Floats, shares: Floats, weights: Resamples) -> CoverageRow:
    with np.errstate(invalid="ignore"):
        seen = interval(weights @ shares / weights.total)
    low, high = (round(float(end), 6) for end in ends.mean(axis=1))
    return CoverageRow(
        risk=round(float(risk.mean()), 6),
        low=low,
        high=high,
        seen=seen,
        within=seen.value is not None and low <= seen.value <= high,
        rows=len(risk),
    )
