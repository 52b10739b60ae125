"""One fit: preprocessing, estimator and calibration together."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from components.train.candidates import Candidate, Rows
from components.train.preprocessing import Preprocessing, fit_preprocessing
from earlybell.errors import TrainingError

CALIBRATION_FOLDS = 3
CALIBRATION_ROWS = 4_000  # rows of an inner fit: enough for two numbers, and training stays short
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
    values: Floats,
    label: npt.NDArray[np.int32],
    learner: npt.NDArray[np.int64],
    directions: list[int],
) -> Fitted:
    """Fit one candidate on raw features (n, features), and calibrate it on learners that inner fits did not see.

    Raises:
        TrainingError: the rows hold one label only.
    """
    if len(np.unique(label)) < 2:
        raise TrainingError("training rows hold one outcome only", int(label[0]) if len(label) else None, "Add runs.")
    preprocessing = fit_preprocessing(values)
    rows = Rows(preprocessing.scale(values), label, learner)
    estimator = candidate.fit(rows, directions)
    slope, intercept = _calibrate(candidate, rows, directions)
    return Fitted(candidate, preprocessing, estimator, slope, intercept, rows.scaled.mean(axis=0))


def _calibrate(candidate: Candidate, rows: Rows, directions: list[int]) -> tuple[float, float]:
    """Platt's two numbers (1999), from log-odds of learners that the inner fits did not see."""
    rows = rows.where(_thin(len(rows.label), CALIBRATION_ROWS))
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
    platt = LogisticRegression(C=1e6).fit(z[seen, None], rows.label[seen])
    return max(float(platt.coef_[0, 0]), 1e-3), float(platt.intercept_[0])


def _thin(n: int, most: int) -> npt.NDArray[np.int64]:
    return np.unique(np.linspace(0, n - 1, min(n, most)).astype(np.int64))


def _log_odds(estimator: Any, scaled: Floats) -> npt.NDArray[np.float64]:
    p = np.clip(np.asarray(estimator.predict_proba(scaled)[:, 1], dtype=np.float64), EDGE, 1 - EDGE)
    return np.asarray(np.log(p / (1 - p)))
