"""Exact Shapley values of a bundle's score: closed form for a linear model, TreeSHAP (Lundberg 2020) for trees.

TreeSHAP is XGBoost's; its data format holds the trees of a forest as well, so that one light library serves both.
"""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from earlybell.bundle import Bundle
from earlybell.bundle.reasons import LinearReasons

Floats = npt.NDArray[np.float32]


class Explainer(Protocol):
    """`effects` of scaled features (n, features), same shape: with `base` they add up to the score."""

    base: float

    def effects(self, scaled: Floats) -> Floats: ...


def make_explainer(bundle: Bundle, threads: int = 0) -> Explainer:
    """The explainer of a bundle's reasons.json.

    Args:
        threads: of one computation; 0: as many as there are processors.
    """
    if isinstance(bundle.reasons, LinearReasons):
        return _Linear(bundle.reasons)
    return _Trees(bundle, threads)


class _Linear:
    """Effect of a feature: its coefficient times its distance from the training mean."""

    def __init__(self, reasons: LinearReasons) -> None:
        self._coefficients = np.asarray(reasons.coefficients, dtype=np.float32)
        self._means = np.asarray(reasons.means, dtype=np.float32)
        self.base = reasons.base

    def effects(self, scaled: Floats) -> Floats:
        found: Floats = (scaled - self._means) * self._coefficients
        return found


class _Trees:
    def __init__(self, bundle: Bundle, threads: int) -> None:
        import xgboost  # only tree models need it

        self._xgboost, self._threads = xgboost, threads
        self._booster = xgboost.Booster({"nthread": threads}, model_file=bundle.path / "trees.ubj")
        self.base = bundle.reasons.base

    def effects(self, scaled: Floats) -> Floats:
        if not len(scaled):  # XGBoost's answer has another shape then
            return scaled
        found: Floats = self._booster.predict(self._xgboost.DMatrix(scaled, nthread=self._threads), pred_contribs=True)
        return found[:, :-1]
