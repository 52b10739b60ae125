"""What is known of each moment by now: who missed the next work, who left, and how it ended."""

from dataclasses import dataclass
from datetime import datetime

import duckdb
import numpy as np
import numpy.typing as npt

from components.monitor.weeks import Floats
from earlybell.predict import Observed
from earlybell.tables.outcomes import bad_outcome

WEEKS_SINCE = 4  # after which it is looked back
WEEKS_DUE = 3  # work that is due within so many weeks: a week more is for who is late

# As the target `next_work`: what is due first, of several the weightiest, by the deadline that the learner had then.
# What is handed in or banked already is a fact. Work that nobody of the run has handed in by now is not in the source.
_EARLY = f"""
    WITH own AS (
        SELECT row, assessment_id, max(due_at) AS due_at
        FROM looks JOIN extensions USING (learner_id) WHERE granted_at < as_of GROUP BY ALL),
    asked AS (SELECT DISTINCT assessment_id FROM submissions WHERE attempt > 0 AND submitted_at < $now),
    handed_in AS (
        SELECT assessment_id, learner_id, min(submitted_at) FILTER (attempt > 0) AS first_at,
            bool_or(attempt = 0) AS banked
        FROM submissions GROUP BY ALL),
    ahead AS (
        SELECT row, assessment_id, coalesce(own.due_at, work.due_at) AS due, coalesce(weight, 0) AS weight,
            coalesce(first_at < as_of + INTERVAL {WEEKS_SINCE} WEEK, false) AS handed_in
        FROM looks JOIN assessments AS work USING (course_id) SEMI JOIN asked USING (assessment_id)
        LEFT JOIN own USING (row, assessment_id) LEFT JOIN handed_in USING (assessment_id, learner_id)
        WHERE due >= as_of AND due < as_of + INTERVAL {WEEKS_DUE} WEEK
            AND NOT coalesce(banked, false) AND coalesce(first_at >= as_of, true))
    SELECT row, (NOT handed_in)::INTEGER AS missed FROM ahead
    QUALIFY row_number() OVER (PARTITION BY row ORDER BY due, weight DESC, assessment_id) = 1"""
_LEFT = f"""
    SELECT row FROM looks JOIN enrolments USING (course_id, learner_id)
    WHERE unenrolled_at < as_of + INTERVAL {WEEKS_SINCE} WEEK"""
_OUTCOMES = f"""
    SELECT row, {bad_outcome()} AS bad, epoch_us(decided_at) AS decided
    FROM looks JOIN outcomes USING (course_id, learner_id) WHERE decided_at < $now"""


@dataclass(frozen=True)
class Labels:
    """Of n moments.

    Attributes:
        early: whether the next work was missed (1) or handed in (0) within four weeks; NaN: not known, or none was due.
        left: who left within four weeks.
        outcome: 1 for a bad end, 0 for a good one; NaN: not known by now.
        decided: when the outcome was known; NaT: not yet.
    """

    early: Floats
    left: npt.NDArray[np.bool_]
    outcome: Floats
    decided: npt.NDArray[np.datetime64]


def read_labels(connection: duckdb.DuckDBPyConnection, observed: Observed, now: datetime) -> Labels:
    """Of the canonical tables that are attached, by what was known at `now`, in UTC without a zone.

    A moment less than four weeks before has no early label.
    """
    count = len(observed)
    columns = {"course_id": observed.course_id.astype(object), "learner_id": observed.learner_id.astype(object)}
    connection.register("every_look", columns | {"row": np.arange(count), "as_of": observed.as_of})
    since = f"as_of + INTERVAL {WEEKS_SINCE} WEEK <= $now"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE looks AS FROM every_look WHERE {since}", {"now": now})
    early, left = np.full(count, np.nan), np.zeros(count, dtype=bool)
    found = connection.execute(_EARLY, {"now": now}).fetchnumpy()
    early[np.asarray(found["row"])] = np.asarray(found["missed"])
    left[np.asarray(connection.execute(_LEFT).fetchnumpy()["row"])] = True
    connection.execute("CREATE OR REPLACE TEMP TABLE looks AS FROM every_look")
    outcome, decided = np.full(count, np.nan), np.full(count, np.datetime64("NaT", "us"))
    found = connection.execute(_OUTCOMES, {"now": now}).fetchnumpy()
    rows = np.asarray(found["row"])
    outcome[rows], decided[rows] = found["bad"], np.asarray(found["decided"]).astype("datetime64[us]")
    connection.unregister("every_look")
    return Labels(early, left, outcome, decided)
