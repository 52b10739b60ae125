"""Scales on which changes of features are measured: there and back."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt


class Measure(NamedTuple):
    """A scale: from values (any shape) to it, and back from one number on it."""

    of: Callable[[npt.ArrayLike], Any]
    back: Callable[[float], float]


def _logarithm(values: npt.ArrayLike) -> Any:
    return np.sign(values) * np.log1p(np.abs(values))


def _exponential(scaled: float) -> float:
    return math.copysign(math.expm1(abs(scaled)), scaled)


MEASURES = {"linear": Measure(np.asarray, float), "logarithmic": Measure(_logarithm, _exponential)}
