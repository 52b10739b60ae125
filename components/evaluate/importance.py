"""Global importance: the mean size of each feature's effect (SHAP) on the score."""

import numpy as np
import numpy.typing as npt

from earlybell.bundle.evaluation import Importance
from earlybell.predict import Predictor

ROWS = 4_000


def importance(predictor: Predictor, values: npt.NDArray[np.float32]) -> tuple[Importance, ...]:
    """Each feature's share of all effects, largest first, and the correlation of its value with its effect."""
    scaled = predictor.score(values[:: max(1, len(values) // ROWS)])[0]
    effects = predictor.effects(scaled)
    sizes = np.abs(effects).mean(axis=0)
    shares = sizes / max(float(sizes.sum()), 1e-12)
    features = predictor.bundle.catalogue.features
    return tuple(
        Importance(
            feature=features[i].name,
            title=features[i].title,
            family=features[i].family,
            share=round(float(shares[i]), 5),
            direction=_correlation(scaled[:, i], effects[:, i]),
        )
        for i in np.argsort(-shares)
        if shares[i] > 0
    )


def _correlation(x: npt.NDArray[np.float32], y: npt.NDArray[np.float32]) -> float | None:
    if not (x.std() > 0 and y.std() > 0):
        return None
    return round(float(np.corrcoef(x, y)[0, 1]), 3)
