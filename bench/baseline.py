"""A plain scikit-learn baseline for the honest figures: five sums a learner, scaled, logistic regression.

Both are measured in the same way: a whole course run left out in turn, at the same cut-offs, on the same learners.
"""

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd
from msgspec import structs
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from components.evaluate.metrics import intervals, measure, resample
from earlybell.predict import create_moments, open_tables
from earlybell.tables.outcomes import bad_outcome

METRICS = ("roc_auc", "pr_auc", "brier", "calibration_error")
INPUTS = ["clicks", "active_days", "mean_score", "submitted", "prior_attempts"]

_SQL = f"""
SELECT m.course_id, m.learner_id, {bad_outcome("o.outcome")} AS label, n.prior_attempts,
    (SELECT sum(count) FROM events e WHERE e.course_id = m.course_id AND e.learner_id = m.learner_id
        AND e.occurred_at < m.as_of) AS clicks,
    (SELECT count(DISTINCT occurred_at::DATE) FROM events e WHERE e.course_id = m.course_id
        AND e.learner_id = m.learner_id AND e.occurred_at < m.as_of) AS active_days,
    (SELECT count(*) FROM submissions s JOIN assessments a USING (assessment_id) WHERE a.course_id = m.course_id
        AND s.learner_id = m.learner_id AND s.submitted_at < m.as_of) AS submitted,
    (SELECT avg(score) FROM submissions s JOIN assessments a USING (assessment_id) WHERE a.course_id = m.course_id
        AND s.learner_id = m.learner_id AND s.graded_at < m.as_of) AS mean_score
FROM moments m JOIN outcomes o USING (course_id, learner_id) JOIN enrolments n USING (course_id, learner_id)
ORDER BY 1, 2"""


def baseline(tables: Path, cutoffs: list[float]) -> list[dict[str, Any]]:
    """The baseline's figures with a whole course run left out in turn: cutoff, metric, value, low, high."""
    rows = []
    for cutoff in cutoffs:
        data = _sums(tables, cutoff)
        risk = np.full(len(data), np.nan)
        for run in data["course_id"].unique():
            held_out = (data["course_id"] == run).to_numpy()
            model = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression(max_iter=1000))
            model.fit(data.loc[~held_out, INPUTS], data.loc[~held_out, "label"])
            risk[held_out] = model.predict_proba(data.loc[held_out, INPUTS])[:, 1]
        estimates = intervals(measure(_labels(data), risk, resample(np.arange(len(data)), 200, seed=42)))
        rows += [{"cutoff": cutoff, "metric": metric, **structs.asdict(estimates[metric])} for metric in METRICS]
    return rows


def _sums(tables: Path, cutoff: float) -> pd.DataFrame:
    connection: duckdb.DuckDBPyConnection = open_tables(tables)
    create_moments(connection, str(cutoff))
    return connection.execute(_SQL).df()


def _labels(data: pd.DataFrame) -> npt.NDArray[np.int32]:
    return data["label"].to_numpy(dtype=np.int32)
