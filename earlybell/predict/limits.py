"""What a feature can be at all: no counterfactual proposes more active days than there are days, or half a click."""

import math

import numpy as np
import numpy.typing as npt

from earlybell.bundle import Feature

Floats = npt.NDArray[np.float32]


def limits(feature: Feature, days_seen: float) -> tuple[float, float]:
    """The least and the largest value that a feature can have after so many days of teaching."""
    least = -math.inf if feature.least is None else feature.least
    most = math.inf if feature.most is None else feature.most
    if feature.counts_days and math.isfinite(days_seen):
        most = min(most, math.ceil(days_seen))
    return least, most


def possible(features: tuple[Feature, ...], row: Floats, rows: Floats, days_seen: float) -> npt.NDArray[np.bool_]:
    """Which of `rows` (n, features), changed copies of `row` (features,), have only changes that can be: shape (n,)."""
    least, most = np.array([limits(feature, days_seen) for feature in features], dtype=np.float32).T
    whole = np.array([feature.whole for feature in features])
    changed = (rows != row) & ~np.isnan(row)
    wrong = (rows < least) | (rows > most) | (whole & (rows != np.round(rows)))
    return np.asarray(~(changed & wrong).any(axis=1))
