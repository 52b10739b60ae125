"""What comes after each moment, as canonical tables of its own: so features of it are features like any other."""

from collections.abc import Iterator
from pathlib import Path

import duckdb

from earlybell.tables.run_end import RUN_END
from earlybell.tables.schema import DEFAULT_TIMEZONE
from earlybell.tables.sql import parquet

# A later course begins at the moment. Work handed in before it is banked, neither done nor missed later; a score counts
# for the time in which the work was handed in, whenever it was given. Enrolments, extensions and breaks are all there.
_LATER = {
    "courses": "SELECT c.* REPLACE (greatest(starts_at, cut) AS starts_at) FROM main.courses c "
    "JOIN main.cuts USING (course_id)",
    "events": "SELECT e.* FROM main.events e JOIN main.cuts USING (course_id) WHERE occurred_at >= cut",
    "assessments": "SELECT a.* FROM main.assessments a JOIN main.cuts USING (course_id) "
    "WHERE due_at >= cut OR due_at IS NULL",
    "submissions": "SELECT s.* REPLACE (submitted_at AS graded_at, if(submitted_at < cut, 0, attempt) AS attempt) "
    "FROM main.submissions s JOIN main.assessments USING (assessment_id) JOIN main.cuts USING (course_id)",
    "moments": "SELECT DISTINCT window_id AS moment_id, course_id, learner_id, ended AS as_of "
    "FROM main.windows SEMI JOIN main.cuts USING (course_id, cut)",
}

# SQL for `course_id` and `ended`: a run ends where it says, or with the site's day of its last record.
ENDS = f"""
    WITH last AS (
        SELECT course_id, max(recorded_at) AS recorded_at FROM (
            SELECT course_id, occurred_at AS recorded_at FROM events
            UNION ALL SELECT course_id, submitted_at FROM submissions JOIN assessments USING (assessment_id))
        GROUP BY course_id),
    ends AS (
        SELECT course_id, coalesce(timezone, '{DEFAULT_TIMEZONE}') AS zone,
            {RUN_END} AS ends_at,
            date_trunc('day', timezone(zone, timezone('UTC', recorded_at))) + INTERVAL 1 DAY AS day_ends
        FROM courses LEFT JOIN last USING (course_id))
    SELECT course_id, least(ends_at, timezone('UTC', timezone(zone, day_ends))) AS ended FROM ends"""


def windows(
    connection: duckdb.DuckDBPyConnection, features: Path, least_days: float, whole_run: bool
) -> Iterator[None]:
    """Create the table `windows`, and at each step make the tables' names stand for what comes after some moments.

    A step takes one moment of each course run, with all its learners; `moments` are those, as of the end of the run or
    of the day of its last record. Afterwards names stand for the whole tables again.

    `windows` has one row a moment of `features` with at least `least_days` of the run after it: moment_id, course_id,
    learner_id, as_of; cut (what is before it is left out), ended and window_id (shared by moments with the same cut).

    Args:
        whole_run: nothing is left out, so all moments of a learner share one window.
    """
    _create_windows(connection, features, least_days, whole_run)
    steps = connection.execute("SELECT DISTINCT step FROM windows ORDER BY step").fetchall()
    connection.execute("CREATE TABLE cuts (course_id VARCHAR, cut TIMESTAMP); CREATE SCHEMA later")
    for name, select in _LATER.items():
        connection.execute(f"CREATE VIEW later.{name} AS {select}")
    connection.execute("SET search_path = 'later,main'")
    for (number,) in steps:
        connection.execute(
            f"CREATE OR REPLACE TABLE main.cuts AS SELECT DISTINCT course_id, cut FROM windows WHERE step = {number}"
        )
        yield
    connection.execute("SET search_path = 'main'")


def _create_windows(connection: duckdb.DuckDBPyConnection, features: Path, least_days: float, whole_run: bool) -> None:
    cut, window, step = "as_of", "moment_id", "dense_rank() OVER (PARTITION BY course_id ORDER BY as_of)"
    if whole_run:
        cut, window, step = "'-infinity'::TIMESTAMP", "min(moment_id) OVER (PARTITION BY course_id, learner_id)", "1"
    connection.execute(f"""
        CREATE TABLE windows AS
        SELECT moment_id, course_id, learner_id, as_of, ended, {cut} AS cut, {window} AS window_id, {step} AS step
        FROM {parquet(features)} JOIN ({ENDS}) USING (course_id)
        WHERE as_of + to_microseconds({round(least_days * 86_400_000_000)}) <= ended""")
