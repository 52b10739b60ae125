"""The simplest candidate that sees every feature."""

from typing import Any

from sklearn.linear_model import LogisticRegression

from components.train.candidates import SEED, Candidate, Rows


def _fit(rows: Rows, directions: list[int]) -> Any:
    model = LogisticRegression(C=0.3, solver="newton-cholesky", max_iter=200, random_state=SEED)
    return model.fit(rows.scaled, rows.label, rows.weight)


CANDIDATE = Candidate("logistic", "Logistic regression", "Additive: the simplest to explain", 3, _fit)
