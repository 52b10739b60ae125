"""Moments: for whom and as of when a prediction is made."""

from datetime import UTC, datetime

import duckdb
import numpy as np

from earlybell.errors import SettingError
from earlybell.predict.nobody import why_nobody_of
from earlybell.tables.codec import Instance
from earlybell.tables.complete import COMPLETE
from earlybell.tables.run_end import RUN_END
from earlybell.tables.schema import DEFAULT_TIMEZONE, Column, Table
from earlybell.tables.sifting import Columns

MOMENTS = Table(
    "moments",
    "what is asked about",
    (
        Column("moment_id", "integer", "from 0"),
        Column("course_id", "string", "course run"),
        Column("learner_id", "string", "learner"),
        Column("as_of", "timestamp", "the moment"),
    ),
)

_ZONE = f"coalesce(timezone, '{DEFAULT_TIMEZONE}')"


def create_moments(connection: duckdb.DuckDBPyConnection, as_of: str) -> int:
    """Create the table `moments` from `courses` and `enrolments`: one row a learner enrolled at the moment.

    A moment at which the records of a run are not whole is none (`complete_from`, `complete_until`).

    Columns: moment_id (from 1, in the order of course, learner, moment), course_id, learner_id and as_of, in UTC. Who
    had left before the moment is not there.

    Args:
        as_of: a share of the run (`0.4`); a date (`2026-03-01`: the start of that day) or time, which without a zone of
            its own is of each run's clock (`courses.timezone`); `now`; or `weekly` (each week of each run, at the time
            of day that the clock showed at its start, so that one may be 167 or 169 hours after the last).

    Returns:
        The number of moments; as of `now` it may be 0.

    Raises:
        SettingError: `as_of` is none of these, or nobody is enrolled then and it is not `now`.
    """
    at = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}Z" if as_of == "now" else as_of
    connection.execute(f"CREATE OR REPLACE TABLE moments AS {_select(_moments(at))}")
    ((count,),) = connection.execute("SELECT count(*) FROM moments").fetchall()
    if not count and as_of != "now":  # between two terms nobody is enrolled; a date or share was rather mistyped
        known = why_nobody_of(connection, _one(at))
        raise SettingError("nobody is enrolled as of", as_of, f"Course runs: {known}. Choose a moment within one.")
    return int(count)


def check_as_of(as_of: str) -> None:
    """
    Raises:
        SettingError: it is neither a share, a date, `now` nor `weekly`.
    """
    if as_of != "now":
        _moments(as_of)


def moments_of(instance: Instance) -> Columns:
    """The moments of a request by the same rule, as arrays: course_id, learner_id and as_of; maybe none."""
    at = np.datetime64(instance.as_of)
    learners, joined, left = (
        instance.rows["enrolments"][name] for name in ("learner_id", "enrolled_at", "unenrolled_at")
    )
    there = instance.under_way & instance.complete & (joined < at) & (np.isnat(left) | (left >= at))
    rows = np.array(sorted(np.flatnonzero(there), key=learners.__getitem__), dtype=np.int64)
    return {
        "course_id": np.full(len(rows), instance.course_id, dtype=object),
        "learner_id": learners[rows],
        "as_of": np.full(len(rows), at, dtype="datetime64[us]"),
    }


def _select(moments: str) -> str:
    return f"""
        WITH each_run AS (SELECT *, unnest({moments}) AS as_of FROM courses),
        runs AS (SELECT course_id, as_of FROM each_run WHERE {COMPLETE})
        SELECT row_number() OVER (ORDER BY course_id, learner_id, as_of) AS moment_id, course_id, learner_id, as_of
        FROM runs JOIN enrolments USING (course_id)
        WHERE enrolled_at < as_of AND (unenrolled_at IS NULL OR unenrolled_at >= as_of)
        ORDER BY moment_id"""


def _moments(as_of: str) -> str:
    """SQL for the list of moments of one course run."""
    if as_of == "weekly":
        return _WEEKS
    try:
        share = float(as_of)
    except ValueError:
        return _within(_at(as_of))
    if not 0 < share <= 1:
        raise SettingError("--as-of as a share of the course run is above 0 and at most 1", as_of, "Example: 0.4.")
    length = f"CAST(epoch_us({RUN_END}) - epoch_us(starts_at) AS BIGINT)"
    return f"[starts_at + to_microseconds({length} * {round(share * 1000)} // 1000)]"


def _one(as_of: str) -> str:
    """SQL for the moment in a course run, wherever it lies; of weekly ones for the last."""
    if as_of == "weekly":
        return RUN_END
    try:
        float(as_of)
    except ValueError:
        return _at(as_of)
    return f"({_moments(as_of)})[1]"


def _local(time: str) -> str:
    """What the run's clock shows at a time in UTC."""
    return f"timezone({_ZONE}, timezone('UTC', {time}))"


def _utc(shown: str) -> str:
    """The time in UTC at which the run's clock shows this."""
    return f"timezone('UTC', timezone({_ZONE}, {shown}))"


# Weeks are counted on the clock, a day more at the end: the clock may have changed, so UTC decides what is within.
_WEEKS = f"""list_filter(
    list_transform(
        generate_series({_local("starts_at")} + INTERVAL 7 DAY, {_local(RUN_END)} + INTERVAL 1 DAY, INTERVAL 7 DAY),
        lambda shown: {_utc("shown")}),
    lambda moment: moment < {RUN_END})"""


def _within(time: str) -> str:
    return f"CASE WHEN starts_at < {time} AND {time} <= {RUN_END} THEN [{time}] END"


def _at(as_of: str) -> str:
    """SQL for a time in UTC."""
    try:
        at = datetime.fromisoformat(as_of)
        at = at if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise SettingError(
            "--as-of is neither a share, a date, `now` nor `weekly`", as_of, "Examples: 0.4, 2026-03-01, now, weekly."
        ) from None
    literal = f"TIMESTAMP '{at:%Y-%m-%d %H:%M:%S.%f}'"
    return literal if at.tzinfo else _utc(literal)
