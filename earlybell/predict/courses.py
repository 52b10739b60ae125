"""The course runs of a folder of tables as a whole, at the moments that are asked about."""

from pathlib import Path

import duckdb

from earlybell.predict.correction import Course, Key
from earlybell.predict.features import Observed, open_tables
from earlybell.tables.run_end import RUN_END

# Who left within the first week counts as never there: training has no moment of them.
_COURSES = f"""
    WITH asked AS (SELECT DISTINCT course_id, as_of FROM moments),
    there AS (
        SELECT course_id, as_of,
            coalesce(unenrolled_at < as_of, false) AS has_left,
            unenrolled_at IS NULL OR unenrolled_at >= greatest(enrolled_at, starts_at) + INTERVAL 7 DAY AS ever,
            prior_attempts > 0 AS repeats
        FROM asked JOIN courses USING (course_id) JOIN enrolments USING (course_id) WHERE enrolled_at < as_of),
    shares AS (
        SELECT course_id, as_of, avg(has_left::INTEGER) FILTER (ever) AS gone, avg(repeats::INTEGER) AS repeaters
        FROM there GROUP BY course_id, as_of)
    SELECT course_id, as_of, code, starts_at,
        (epoch(as_of) - epoch(starts_at)) / greatest(epoch({RUN_END}) - epoch(starts_at), 86400) AS progress,
        coalesce(gone, 0) AS gone, repeaters
    FROM asked JOIN courses USING (course_id) LEFT JOIN shares USING (course_id, as_of)"""


def courses_at(folder: Path, observed: Observed) -> dict[Key, Course]:
    """The course run of every row, as it was then, by a folder of canonical tables."""
    connection = open_tables(folder)
    rows = {"course_id": observed.course_id.astype(object), "as_of": observed.as_of}
    connection.register("observed", rows)
    connection.execute("CREATE TABLE moments AS SELECT DISTINCT course_id::VARCHAR AS course_id, as_of FROM observed")
    return courses_of(connection)


def courses_of(connection: duckdb.DuckDBPyConnection) -> dict[Key, Course]:
    """The course run of every row of `moments`, as it was then."""
    return {
        (course_id, as_of): Course(code, starts_at, min(float(progress), 1.0), float(left), repeaters)
        for course_id, as_of, code, starts_at, progress, left, repeaters in connection.execute(_COURSES).fetchall()
    }
