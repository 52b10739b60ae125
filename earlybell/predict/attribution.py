"""The full attribution of a score: base + effects = score, and the map from there to the risk."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from earlybell.bundle import Bundle, Feature

EDGE = 1e-6  # as in the model's graph: probabilities are cut here before they become log-odds

Floats = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Effect:
    """What one feature adds to the score of one moment. `value` is None where it is not known: the model then takes the
    median of training, so that even this has an effect."""

    feature: str
    value: float | None
    effect: float
    words: str
    changeable: bool


@dataclass(frozen=True)
class Calibration:
    """The map from score to risk: sigmoid(slope * z + intercept), where z are the score's log-odds.

    `unit` says what a score and its effects are: `log-odds`, which are z, or a `probability`, whose log-odds z are.
    """

    unit: str
    slope: float
    intercept: float

    def risk(self, score: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Risk of scores, same shape."""
        z = np.asarray(score, dtype=np.float64)
        if self.unit == "probability":
            p = np.clip(z, EDGE, 1 - EDGE)
            z = np.log(p / (1 - p))
        return np.asarray(1 / (1 + np.exp(-(self.slope * z + self.intercept))))

    @property
    def formula(self) -> str:
        """The map in one line, for a reader."""
        z = "score" if self.unit == "log-odds" else "log(score / (1 - score))"
        return f"risk = 1 / (1 + exp(-({self.slope:.6g} * {z} {self.intercept:+.6g})))"


@dataclass(frozen=True)
class Explanation:
    """Why one moment has its risk: `base` and the effect of every feature add up to `score`; `calibration` leads on to
    `risk`. The effects are exact Shapley values, in the catalogue's order."""

    base: float
    effects: tuple[Effect, ...]
    score: float
    calibration: Calibration
    risk: float


def read_calibration(bundle: Bundle) -> Calibration:
    """The map that a bundle's reasons.json states."""
    known = bundle.reasons.calibration
    return Calibration(bundle.reasons.space, known.slope, known.intercept)


def attribute(features: tuple[Feature, ...], values: Floats, effects: Floats) -> tuple[Effect, ...]:
    """The effects (features,) of one moment's raw values (features,), in words."""
    return tuple(
        _effect(feature, float(value), float(effect))
        for feature, value, effect in zip(features, values, effects, strict=True)
    )


def _effect(feature: Feature, value: float, effect: float) -> Effect:
    if np.isnan(value):
        return Effect(feature.name, None, effect, f"{feature.title}: not known", feature.changeable)
    return Effect(feature.name, value, effect, feature.say(value), feature.changeable)
