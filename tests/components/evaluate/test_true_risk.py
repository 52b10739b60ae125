"""The range around a risk against the true risk, which a simulated site knows."""

from pathlib import Path

import duckdb
import numpy as np

from components.extract.simulate import parse, simulate
from earlybell.bundle import read_bundle
from earlybell.predict import Predictor
from earlybell.tables.sql import quoted

FURTHEST = 0.08  # in courses of another site, whose learners and work differ from those it learned from


def test_in_each_tenth_of_another_site_the_true_risk_is_in_the_range_or_near_it(bundle: Path, tmp_path: Path) -> None:
    simulate(tmp_path / "other", parse("learners=600,weeks=10,courses=1,runs=2,events=80,seed=77,current=false"))
    _call_its_course_otherwise(tmp_path / "other")
    predicted = Predictor(read_bundle(bundle)).predict_tables(tmp_path / "other", "weekly")
    known = duckdb.connect().execute(f"SELECT * FROM '{tmp_path}/other/truth/true_risk.parquet'").fetchall()
    truth = {(course, learner, np.datetime64(as_of, "us")): risk for course, learner, as_of, risk in known}
    seen = predicted.observed
    true = np.array([truth[key] for key in zip(seen.course_id, seen.learner_id, seen.as_of, strict=True)])
    tenth = np.searchsorted(np.quantile(predicted.risk, np.linspace(0, 1, 11)[1:-1]), predicted.risk)

    beyond = []
    for one in range(10):
        low, mean, high = (values[tenth == one].mean() for values in (predicted.low, true, predicted.high))
        beyond.append(max(low - mean, mean - high, 0.0))

    assert max(beyond) < FURTHEST
    assert sum(one == 0.0 for one in beyond) >= 3
    assert np.corrcoef(predicted.risk, true)[0, 1] > 0.5


def _call_its_course_otherwise(site: Path) -> None:
    """All simulated sites call their first course alike; that of another site is another course, without a history."""
    courses = quoted(site / "courses.parquet")
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE courses AS SELECT * REPLACE ('another' AS code) FROM {courses}")
    connection.execute(f"COPY courses TO {courses} (FORMAT parquet)")
