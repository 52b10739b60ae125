"""Gradient boosting, and the settings that its tuned variant shares."""

from typing import Any

import numpy as np
from xgboost import XGBClassifier

from components.train.candidates import SEED, Candidate, Rows

SETTINGS: dict[str, Any] = {
    "learning_rate": 0.1,
    "subsample": 0.8,
    "colsample_bytree": 0.4,
    "min_child_weight": 30,
    "random_state": SEED,
    "n_jobs": 1,  # candidates are trained side by side; and more threads give other last digits
}


def settings_for(rows: Rows) -> dict[str, Any]:
    """The settings; where there are few rows a leaf may be lighter, or no tree would split at all."""
    share = float(np.average(rows.label, weights=rows.weight))
    lightest = float(rows.weight.sum()) * share * (1 - share) / 20
    return SETTINGS | {"min_child_weight": min(SETTINGS["min_child_weight"], lightest)}


def _fit(rows: Rows, directions: list[int]) -> Any:
    model = XGBClassifier(**settings_for(rows), n_estimators=100, max_depth=3)
    return model.fit(rows.scaled, rows.label, sample_weight=rows.weight)


CANDIDATE = Candidate("xgboost", "XGBoost", "Gradient boosting, 100 trees of depth 3", 5, _fit)
