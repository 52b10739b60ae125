"""Why nobody is predicted as of a moment, in words."""

from datetime import datetime
from typing import Any

import duckdb
import numpy as np

from earlybell.tables import DEFAULT_WEEKS
from earlybell.tables.codec import Instance
from earlybell.tables.complete import COMPLETE
from earlybell.tables.run_end import RUN_END, run_end

MOST_RUNS = 5  # that are named


def why_nobody(instance: Instance) -> str:
    """A sentence on why nobody of a request is enrolled at its moment, as far as that is so."""
    courses, enrolments = instance.rows["courses"], instance.rows["enrolments"]
    at, start, end = np.datetime64(instance.as_of), courses["starts_at"][0], courses["ends_at"][0]
    joined, left = enrolments["enrolled_at"], enrolments["unenrolled_at"]
    is_open, last = bool(np.isnat(end)), run_end(start, end)
    if at <= start:
        reason = f"lies {'before' if at < start else 'at'} the start of the course run ({_written(start)})"
    elif at > last:
        reason = f"lies after the end of the course run ({_end(last, is_open)})"
    elif not instance.complete:
        reason = (
            f"lies where records are not whole ({_whole(courses['complete_from'][0], courses['complete_until'][0])})"
        )
    elif not len(joined):
        few = "every enrolment of the request is set aside" if instance.set_aside else "the request has no enrolments"
        reason = f"lies within the course run, but {few}"
    else:
        reason = f"lies within the course run, but of the enrolments {_enrolled(at, joined, left)}"
    return f"as_of {_written(at)} {reason}: nobody is predicted"


def why_nobody_of(connection: duckdb.DuckDBPyConnection, as_of: str) -> str:
    """For each course run of tables, why nobody is enrolled in it.

    Args:
        as_of: SQL for the moment in a course run, as a timestamp.
    """
    rows = connection.execute(f"""
        SELECT course_id, starts_at, {RUN_END}, ends_at IS NULL, {as_of} AS as_of, {COMPLETE},
            count(*) FILTER (enrolled_at >= {as_of}), count(*) FILTER (unenrolled_at < {as_of})
        FROM courses LEFT JOIN enrolments USING (course_id)
        GROUP BY ALL ORDER BY course_id""").fetchall()
    said = "; ".join(_of_run(*row) for row in rows[:MOST_RUNS])
    return f"{said}; and {len(rows) - MOST_RUNS} more" if len(rows) > MOST_RUNS else said


def _of_run(
    course_id: str, start: datetime, end: datetime, is_open: bool, at: datetime, complete: bool, later: int, left: int
) -> str:
    last = f"an open end, taken to be {end:%Y-%m-%d}" if is_open else f"{end:%Y-%m-%d}"
    run = f"{course_id}, from {start:%Y-%m-%d} to {last},"
    if at <= start:
        return f"{run} had not begun"
    if at > end:
        return f"{run} was over"
    if not complete:
        return f"{run} had no whole records (complete_from, complete_until)"
    return f"{run} had nobody enrolled (enrolments that begin later: {later}, that had ended: {left})"


def _enrolled(at: np.datetime64, joined: Any, left: Any) -> str:
    later, gone = int((joined >= at).sum()), int((left < at).sum())
    return f"{later} begin later and {gone} had ended"


def _end(end: np.datetime64, is_open: bool) -> str:
    return f"{_written(end)}, {DEFAULT_WEEKS} weeks from its start, as it states no end" if is_open else _written(end)


def _whole(since: np.datetime64, until: np.datetime64) -> str:
    """From when to when they are, by what a course run states."""
    ends = (("from", since), ("until", until))
    return f"they are {' '.join(f'{word} {_written(end)}' for word, end in ends if not np.isnat(end))}"


def _written(at: np.datetime64) -> str:
    """A day, or a time of one."""
    text = np.datetime_as_string(at, unit="s")
    return str(text.removesuffix("T00:00:00") if text.endswith("T00:00:00") else f"{text}Z")
