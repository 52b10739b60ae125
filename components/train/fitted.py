"""One fit: preprocessing, estimator and calibration together."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from components.train.candidates import Candidate, Rows
from components.train.preprocessing import Preprocessing, fit_preprocessing
from components.train.thinning import thin
from earlybell.bundle import Catalogue
from earlybell.errors import TrainingError

CALIBRATION_FOLDS = 3
CALIBRATION_ROWS = 4_000  # enough for two numbers: with more than that, one row of each learner
LEAST_SLOPE = 1e-3  # a higher score never means a lower risk
EDGE = 1e-6  # probabilities are cut here before they become log-odds

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Fitted:
    """A fitted candidate. Risk is sigmoid(slope * z + intercept), where z are the log-odds of the estimator."""

    candidate: Candidate
    preprocessing: Preprocessing
    estimator: Any
    slope: float
    intercept: float
    means: Floats  # of the scaled training rows: what effects of a linear model are measured from

    def predict(self, values: Floats) -> npt.NDArray[np.float64]:
        """Risk (n,) of raw features (n, features), by the estimators themselves: what a bundle is tested against."""
        z = _log_odds(self.estimator, self.preprocessing.scale(values))
        return np.asarray(1 / (1 + np.exp(-(self.slope * z + self.intercept))))


def fit(
    candidate: Candidate,
    catalogue: Catalogue,
    values: Floats,
    label: npt.NDArray[np.int32],
    learner: npt.NDArray[np.int64],
    weight: npt.NDArray[np.float64],
) -> Fitted:
    """Fit one candidate on raw features (n, features), and calibrate it on learners that inner fits did not see.

    Args:
        catalogue: of the features.
        weight: how many moments each row (n,) stands for.

    Raises:
        TrainingError: the rows hold one label only.
    """
    if len(np.unique(label)) < 2:
        raise TrainingError("training rows hold one outcome only", int(label[0]) if len(label) else None, "Add runs.")
    preprocessing = fit_preprocessing(values)
    rows = Rows(tuple(catalogue.names), values, preprocessing.scale(values), label, learner, weight / weight.mean())
    directions = [feature.direction for feature in catalogue.features]
    estimator = candidate.fit(rows, directions)
    slope, intercept = _calibrate(candidate, rows, directions)
    return Fitted(
        candidate, preprocessing, estimator, slope, intercept, np.average(rows.scaled, axis=0, weights=rows.weight)
    )


def _calibrate(candidate: Candidate, rows: Rows, directions: list[int]) -> tuple[float, float]:
    """Platt's two numbers (1999), from log-odds of learners that the inner fits did not see."""
    if len(rows.label) > CALIBRATION_ROWS:
        weeks = max(1, CALIBRATION_ROWS // len(np.unique(rows.learner)))
        stands_for = thin(rows.learner, weeks)
        rows = replace(rows, weight=rows.weight * stands_for).where(stands_for > 0)
    folds = min(CALIBRATION_FOLDS, len(np.unique(rows.learner)))
    if folds < 2:
        return 1.0, 0.0
    z, seen = np.zeros(len(rows.label)), np.zeros(len(rows.label), dtype=bool)
    for fit_on, held_out in GroupKFold(folds).split(rows.scaled, rows.label, rows.learner):
        if len(np.unique(rows.label[fit_on])) == 2:
            z[held_out] = _log_odds(candidate.fit(rows.where(fit_on), directions), rows.scaled[held_out])
            seen[held_out] = True
    if len(np.unique(rows.label[seen])) < 2:
        return 1.0, 0.0
    platt = LogisticRegression(C=1e6).fit(z[seen, None], rows.label[seen], rows.weight[seen])
    slope, intercept = float(platt.coef_[0, 0]), float(platt.intercept_[0])
    if slope < LEAST_SLOPE:  # what held-out learners contradict says nothing: about the base rate for everybody
        base_rate = np.average(rows.label[seen], weights=rows.weight[seen])
        return LEAST_SLOPE, float(np.log(base_rate / (1 - base_rate)))
    return slope, intercept


def _log_odds(estimator: Any, scaled: Floats) -> npt.NDArray[np.float64]:
    p = np.clip(np.asarray(estimator.predict_proba(scaled)[:, 1], dtype=np.float64), EDGE, 1 - EDGE)
    return np.asarray(np.log(p / (1 - p)))
