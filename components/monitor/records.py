"""What arrived of each course run and when: records by hour, and counts by week of the run."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import duckdb
import numpy as np
import numpy.typing as npt

from components.monitor.weeks import Run
from earlybell.tables import BY_NAME

Times = npt.NDArray[np.datetime64]

# The tables that grow while a course is taught, each with the time by which it does.
_GROWING = {
    "events": "SELECT course_id, occurred_at AS made_at FROM events",
    "submissions": "SELECT course_id, submitted_at AS made_at FROM submissions JOIN assessments USING (assessment_id)",
    "grades": "SELECT course_id, graded_at AS made_at FROM submissions JOIN assessments USING (assessment_id)",
}
GROWING = tuple(_GROWING)
_HOURS = "SELECT DISTINCT course_id, date_trunc('hour', made_at) FROM ({}) WHERE made_at IS NOT NULL ORDER BY ALL"
# Of a day of the run, which is its number from the start; events before the start are of none.
_DAYS = """
    SELECT course_id, floor((epoch(made_at) - epoch(starts_at)) / 86400)::INTEGER AS day, {what} AS what,
        sum({count})::DOUBLE
    FROM ({select}) JOIN courses USING (course_id) WHERE made_at >= starts_at GROUP BY ALL ORDER BY ALL"""
ATTRIBUTES = BY_NAME["learners"].names[1:]
_OF_GROUP = """
    SELECT course_id, occurred_at AS made_at, '{name}=' || {name} AS what, count
    FROM events JOIN learners USING (learner_id) WHERE {name} IS NOT NULL"""
_EVENTS = "SELECT course_id, occurred_at AS made_at, component, count FROM events"


@dataclass(frozen=True)
class Daily:
    """Counts (n,) of one course run by day from its start, and what is counted; as components of events."""

    day: npt.NDArray[np.int64]
    what: npt.NDArray[np.object_]
    count: npt.NDArray[np.float64]

    def between(self, first: int, last: int) -> dict[str, float]:
        """What was counted from a day to before another."""
        rows = (self.day >= first) & (self.day < last)
        names, at = np.unique(self.what[rows].astype(str), return_inverse=True)
        return dict(zip(names.tolist(), np.bincount(at, self.count[rows]).tolist(), strict=True))

    def total(self, first: int, last: int) -> float:
        """How much was counted from a day to before another."""
        return float(self.count[(self.day >= first) & (self.day < last)].sum())


_NOTHING = Daily(np.empty(0, dtype=np.int64), np.empty(0, dtype=object), np.empty(0))


@dataclass(frozen=True)
class Records:
    """The records of all course runs.

    Attributes:
        hours: by table and course run, the hours in which records were made, sorted.
        events: by course run, counted by component.
        of_groups: by course run, events counted by group of learners, as `gender=F`.
        submissions: by course run.
    """

    hours: dict[str, dict[str, Times]]
    events: dict[str, Daily]
    of_groups: dict[str, Daily]
    submissions: dict[str, Daily]

    def events_of(self, course_id: str) -> Daily:
        return self.events.get(course_id, _NOTHING)

    def of_groups_of(self, course_id: str) -> Daily:
        return self.of_groups.get(course_id, _NOTHING)

    def submissions_of(self, course_id: str) -> Daily:
        return self.submissions.get(course_id, _NOTHING)

    def newest(self, table: str, run: Run, at: datetime) -> datetime | None:
        """When the newest record before a moment was made, to the hour; None without any."""
        times = self._before(table, run, at)
        return times[-1].item() if len(times) else None

    def longest_pause(self, table: str, run: Run) -> float | None:
        """The most days of teaching of a run between two records, from its start to the first, or to its end."""
        times = self._before(table, run, run.ends_at)
        if not len(times):
            return None
        taught = np.array([*(run.taught(at) for at in times.tolist() if at >= run.starts_at), run.taught(run.ends_at)])
        return float(np.diff(taught, prepend=0.0).max(initial=0.0))

    def _before(self, table: str, run: Run, at: datetime) -> Times:
        times = self.hours[table].get(run.course_id, np.empty(0, dtype="datetime64[us]"))
        return times[: np.searchsorted(times, np.datetime64(at))]


def read_records(connection: duckdb.DuckDBPyConnection) -> Records:
    """Of the canonical tables that are attached."""
    hours = {name: dict(_times(connection, _HOURS.format(select))) for name, select in _GROWING.items()}
    by_component = _DAYS.format(what="component", count="count", select=_EVENTS)
    handed_in = _DAYS.format(what="'work'", count="1", select=_GROWING["submissions"])
    every = " UNION ALL ".join(_OF_GROUP.format(name=name) for name in ATTRIBUTES)
    by_group = _DAYS.format(what="what", count="count", select=every)
    counted = (dict(_daily(connection, sql)) for sql in (by_component, by_group, handed_in))
    return Records(hours, *counted)


def _times(connection: duckdb.DuckDBPyConnection, sql: str) -> Iterator[tuple[str, Times]]:
    course, at = connection.execute(sql).fetchnumpy().values()
    for name, rows in _groups(np.asarray(course)):
        yield name, np.asarray(at)[rows].astype("datetime64[us]")


def _daily(connection: duckdb.DuckDBPyConnection, sql: str) -> Iterator[tuple[str, Daily]]:
    course, day, what, count = map(np.asarray, connection.execute(sql).fetchnumpy().values())
    for name, rows in _groups(course):
        yield name, Daily(day[rows].astype(np.int64), what[rows], count[rows].astype(np.float64))


def _groups(course: npt.NDArray[np.object_]) -> Iterator[tuple[str, slice]]:
    """The rows of each course run, of an array that is sorted by it."""
    names = course.astype(str)
    if not len(names):
        return
    starts = np.flatnonzero(np.r_[True, names[1:] != names[:-1]]).tolist()
    for start, end in zip(starts, [*starts[1:], len(names)], strict=True):
        yield str(names[start]), slice(start, end)
