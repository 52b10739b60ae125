"""What a feature can be at all: no counterfactual proposes more active days than there are days, or half a click."""

import math

import numpy as np
import numpy.typing as npt

from earlybell.bundle import Feature
from earlybell.predict.ties import KINDS

Floats = npt.NDArray[np.float32]

_DAYS = {"active_days_last_7": 7, "active_days_last_28": 28}  # days of a window: there may have been fewer
_MOST = {"active_days_per_week": 7.0, "kinds_used_last_28": float(len(KINDS))}
_LEAST = {"attempts_per_work": 1.0}  # what was handed in took one try


def limits(feature: Feature, days_seen: float) -> tuple[float, float]:
    """The least and the largest value that a feature can have after so many days of teaching."""
    if feature.name in _DAYS:
        return 0.0, float(
            min(_DAYS[feature.name], math.ceil(days_seen)) if math.isfinite(days_seen) else _DAYS[feature.name]
        )
    if feature.unit in ("share", "yes or no"):
        return 0.0, 1.0
    signed = "|" in feature.words  # it has words for what is below zero
    least = _LEAST.get(feature.name, -math.inf if signed else 0.0)
    return least, _MOST.get(feature.name, math.inf)


def possible(features: tuple[Feature, ...], row: Floats, rows: Floats, days_seen: float) -> npt.NDArray[np.bool_]:
    """Which of `rows` (n, features), changed copies of `row` (features,), have only changes that can be: shape (n,)."""
    least, most = np.array([limits(feature, days_seen) for feature in features], dtype=np.float32).T
    whole = np.array([counted(feature) for feature in features])
    changed = (rows != row) & ~np.isnan(row)
    wrong = (rows < least) | (rows > most) | (whole & (rows != np.round(rows)))
    return np.asarray(~(changed & wrong).any(axis=1))


def counted(feature: Feature) -> bool:
    """Whether a feature is a whole number; a mean of tries is none, though catalogue 1 calls it a count."""
    return feature.unit in ("count", "yes or no") and feature.name != "attempts_per_work"
