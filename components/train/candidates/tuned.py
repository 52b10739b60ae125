"""Boosting whose effects may only go the way that the catalogue allows; depth and length by held-out learners."""

from typing import Any

import numpy as np
from sklearn.model_selection import GroupShuffleSplit
from xgboost import XGBClassifier

from components.train.candidates import SEED, Candidate, Rows
from components.train.candidates.xgboost import settings_for


def _fit(rows: Rows, directions: list[int]) -> Any:
    fit, held_out = _held_out(rows)
    settings = settings_for(rows) | {"monotone_constraints": tuple(directions)}
    best: tuple[float, int, int] | None = None
    for depth in (2, 4):
        model = XGBClassifier(**settings, n_estimators=200, max_depth=depth, early_stopping_rounds=10)
        model.fit(
            rows.scaled[fit],
            rows.label[fit],
            sample_weight=rows.weight[fit],
            eval_set=[(rows.scaled[held_out], rows.label[held_out])],
            sample_weight_eval_set=[rows.weight[held_out]],
            verbose=False,
        )
        trial = (float(model.best_score), depth, int(model.best_iteration) + 1)
        best = min(best or trial, trial)
    assert best is not None  # noqa: S101 (for the type checker: the loop runs)
    model = XGBClassifier(**settings, n_estimators=best[2], max_depth=best[1])
    return model.fit(rows.scaled, rows.label, sample_weight=rows.weight)


def _held_out(rows: Rows) -> tuple[Any, Any]:
    """Rows to fit on, which have both labels, and rows of other learners; all rows for both where that cannot be."""
    everybody = np.arange(len(rows.label))
    if len(np.unique(rows.learner)) < 2:
        return everybody, everybody
    splits = GroupShuffleSplit(20, test_size=0.3, random_state=SEED).split(rows.scaled, rows.label, rows.learner)
    both = ((fit, held_out) for fit, held_out in splits if len(np.unique(rows.label[fit])) == 2)
    return next(both, (everybody, everybody))


CANDIDATE = Candidate(
    "tuned",
    "XGBoost, tuned",
    "Effects only in the direction that the catalogue allows; depth and length by held-out learners",
    6,
    _fit,
)
