"""Whether data still arrive: the newest record of each course run under way, and the teaching since then."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from earlybell.tables import attach
from earlybell.tables.run_end import RUN_END
from earlybell.tables.sql import connect

MOST = 200  # course runs that are told of: those with the most teaching since their newest record
_UNDER_WAY = f"""
SELECT course_id, starts_at FROM courses
WHERE starts_at <= $now AND {RUN_END} > $now"""
# A clock that is wrong may date records in the future: they say nothing of what arrived.
_NEWEST = """
SELECT course_id, max(made_at) FROM (
    SELECT course_id, occurred_at AS made_at FROM events
    UNION ALL SELECT course_id, submitted_at FROM submissions JOIN assessments USING (assessment_id)
    UNION ALL SELECT course_id, graded_at FROM submissions JOIN assessments USING (assessment_id))
WHERE made_at <= $now GROUP BY 1"""
_BREAKS = "SELECT course_id, starts_at, ends_at FROM breaks WHERE starts_at <= $now ORDER BY starts_at, ends_at"

_Break = tuple[datetime, datetime]


@dataclass(frozen=True)
class Arrival:
    """A course run under way and not in a break.

    Attributes:
        newest: when its newest record was made, in UTC; None without any.
        teaching: seconds since then, or since its start, without its breaks.
    """

    course_id: str
    newest: datetime | None
    teaching: float


def arrivals(tables: Path, now: datetime) -> list[Arrival]:
    """The course runs under way, those with the most teaching since their newest record first, and `MOST` at most.

    Args:
        now: in UTC, without a zone.
    """
    with connect() as connection:
        attach(connection, tables)
        under_way, newest = (
            dict(connection.execute(query, {"now": now}).fetchall()) for query in (_UNDER_WAY, _NEWEST)
        )
        breaks: dict[str, list[_Break]] = {}
        for course, start, end in connection.execute(_BREAKS, {"now": now}).fetchall():
            breaks.setdefault(course, []).append((start, end))
    runs = [
        Arrival(
            course, newest.get(course), _teaching(max(starts, newest.get(course, starts)), now, breaks.get(course, []))
        )
        for course, starts in under_way.items()
        if all(end < now for _, end in breaks.get(course, []))
    ]
    return sorted(runs, key=lambda run: (-run.teaching, run.course_id))[:MOST]


def _teaching(since: datetime, now: datetime, breaks: list[_Break]) -> float:
    """The seconds between two moments that lie in none of the breaks, which are sorted and may overlap."""
    taught, at = timedelta(), since
    for start, end in breaks:
        taught += max(start - at, timedelta())
        at = max(at, end)
    return (taught + max(now - at, timedelta())).total_seconds()
