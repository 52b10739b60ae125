"""The candidates: what is fitted, and how simple it is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupShuffleSplit
from xgboost import XGBClassifier

SEED = 42


@dataclass(frozen=True)
class Rows:
    """Training rows: scaled features (n, features), labels (n,), and the learner of each (n,), as numbers."""

    scaled: npt.NDArray[np.float32]
    label: npt.NDArray[np.int32]
    learner: npt.NDArray[np.int64]

    def where(self, mask: npt.NDArray[Any]) -> "Rows":
        return Rows(self.scaled[mask], self.label[mask], self.learner[mask])


@dataclass(frozen=True)
class Candidate:
    """A kind of model. `complexity` orders candidates: where the difference is noise, the simpler is chosen.

    `fit` takes rows and, for each feature, the direction its effect may have (1, 0 or -1).
    """

    name: str
    title: str
    remarks: str
    complexity: int
    fit: Callable[[Rows, list[int]], Any]


def _logistic(rows: Rows, directions: list[int]) -> Any:
    model = LogisticRegression(C=0.3, solver="newton-cholesky", max_iter=200, random_state=SEED)
    return model.fit(rows.scaled, rows.label)


def _forest(rows: Rows, directions: list[int]) -> Any:
    """The first paper's, section 3.5, phase 5."""
    return RandomForestClassifier(max_depth=4, random_state=SEED, n_jobs=1).fit(rows.scaled, rows.label)


def _boosting(rows: Rows, directions: list[int]) -> Any:
    return XGBClassifier(**_boosted(rows), n_estimators=100, max_depth=3).fit(rows.scaled, rows.label)


def _tuned(rows: Rows, directions: list[int]) -> Any:
    """Boosting whose effects may only go the way that the catalogue allows; depth and length by held-out learners."""
    fit, held_out = _held_out(rows)
    settings = _boosted(rows) | {"monotone_constraints": tuple(directions)}
    best: tuple[float, int, int] | None = None
    for depth in (2, 4):
        model = XGBClassifier(**settings, n_estimators=200, max_depth=depth, early_stopping_rounds=10)
        held = [(rows.scaled[held_out], rows.label[held_out])]
        model.fit(rows.scaled[fit], rows.label[fit], eval_set=held, verbose=False)
        trial = (float(model.best_score), depth, int(model.best_iteration) + 1)
        best = min(best or trial, trial)
    assert best is not None  # noqa: S101 (for the type checker: the loop runs)
    return XGBClassifier(**settings, n_estimators=best[2], max_depth=best[1]).fit(rows.scaled, rows.label)


def _held_out(rows: Rows) -> tuple[Any, Any]:
    """Rows to fit on, which have both labels, and rows of other learners; all rows for both where that cannot be."""
    everybody = np.arange(len(rows.label))
    if len(np.unique(rows.learner)) < 2:
        return everybody, everybody
    splits = GroupShuffleSplit(20, test_size=0.3, random_state=SEED).split(rows.scaled, rows.label, rows.learner)
    both = ((fit, held_out) for fit, held_out in splits if len(np.unique(rows.label[fit])) == 2)
    return next(both, (everybody, everybody))


def _boosted(rows: Rows) -> dict[str, Any]:
    """The settings; where there are few rows a leaf may be lighter, or no tree would split at all."""
    share = float(rows.label.mean())
    lightest = len(rows.label) * share * (1 - share) / 20
    return _BOOSTING | {"min_child_weight": min(_BOOSTING["min_child_weight"], lightest)}


_BOOSTING: dict[str, Any] = {
    "learning_rate": 0.1,
    "subsample": 0.8,
    "colsample_bytree": 0.4,
    "min_child_weight": 30,
    "random_state": SEED,
    "n_jobs": 1,  # candidates are trained side by side; and more threads give other last digits
}

CANDIDATES: dict[str, Candidate] = {
    candidate.name: candidate
    for candidate in (
        Candidate("logistic", "Logistic regression", "Additive: the simplest to explain", 1, _logistic),
        Candidate("forest", "Random forest", "The paper's: 100 trees of depth 4", 2, _forest),
        Candidate("xgboost", "XGBoost", "Gradient boosting, 100 trees of depth 3", 3, _boosting),
        Candidate(
            "tuned",
            "XGBoost, tuned",
            "Effects only in the direction that the catalogue allows; depth and length by held-out learners",
            4,
            _tuned,
        ),
    )
}
