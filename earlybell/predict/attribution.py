"""The full attribution of a score: base + effects = score, and the map from there to the risk."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from earlybell.bundle import Bundle, Feature
from earlybell.predict.answer import Calibration, Effect

Floats = npt.NDArray[np.floating[Any]]


def read_calibration(bundle: Bundle, correction: float = 0.0) -> Calibration:
    """The map from score to risk that a bundle's reasons.json states, with the correction of the course in it."""
    known = bundle.reasons.calibration
    unit, slope, intercept = bundle.reasons.space, known.slope, known.intercept + correction
    z = "score" if unit == "log-odds" else "log(score / (1 - score))"
    return Calibration(unit, slope, intercept, f"risk = 1 / (1 + exp(-({slope:.6g} * {z} {intercept:+.6g})))")


def attribute(features: tuple[Feature, ...], values: Floats, effects: Floats) -> tuple[Effect, ...]:
    """The effects (features,) of one moment's raw values (features,), in words."""
    return tuple(map(_effect, features, values.tolist(), effects.tolist()))


def _effect(feature: Feature, value: float, effect: float) -> Effect:
    if math.isnan(value):
        return Effect(feature.name, None, effect, f"{feature.title}: not known", feature.changeable)
    return Effect(feature.name, value, effect, feature.say(value), feature.changeable)
