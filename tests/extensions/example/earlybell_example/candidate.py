"""Trees of one question each."""

from typing import Any

from xgboost import XGBClassifier

from components.train.candidates import SEED, Candidate, Rows


def _fit(rows: Rows, directions: list[int]) -> Any:
    model = XGBClassifier(n_estimators=40, max_depth=1, random_state=SEED, n_jobs=1)
    return model.fit(rows.scaled, rows.label)


CANDIDATE = Candidate("stump", "Boosted stumps", "40 trees of one question each", 4, _fit)
