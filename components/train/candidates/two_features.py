"""A baseline: what anybody would look at first."""

from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from components.train.candidates import Candidate, Rows

FEATURES = ("missed_share", "active_weeks_share")


def _fit(rows: Rows, directions: list[int]) -> Any:
    """All other features are 0 to the fit, and so are their coefficients.

    A feature without any value is a constant: without both, everybody has the base rate.
    """
    seen = np.isin(rows.names, FEATURES)
    return LogisticRegression(solver="newton-cholesky").fit(rows.scaled * seen, rows.label, rows.weight)


CANDIDATE = Candidate(
    "two_features", "Two features", "A baseline: the share of work missed and of weeks attended", 2, _fit, baseline=True
)
