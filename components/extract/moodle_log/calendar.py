"""When each course run begins and ends, and whether it is over: stated, else estimated from its learners' activity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

from components.extract.moodle_log.statements import Statement
from components.extract.teaching import Stretch, Teaching
from earlybell.counts import counted

LATE_END = 21  # days from the log's last row to a stated end, as for marking; with more, the run goes on after them
UNDER_WAY = 7  # days: whoever exports so soon after learners were there exports a course that is still taught
MUCH_SHORTER = 0.6  # than its sibling runs: then the latest run of a course is not over
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Seen:
    """What the exports show of a run.

    Attributes:
        taught: the estimate from activity; None without any.
        first, last: days of the first and the last act of a learner; None without any.
        logged_until: day of the log's last row, whoever's it is.
        exported_on: the day of the export, where a report says it.
        exported_by: the latest day on which it can have been exported: its files have not been written since.
        has_grades: whether final grades with a pass mark are there.
    """

    taught: Teaching | None
    first: date | None
    last: date | None
    exported_on: date | None
    has_grades: bool
    logged_until: date | None = None
    exported_by: date | None = None

    @property
    def until(self) -> date | None:
        """The day of the last row, whoever's it is; None without any."""
        return max(filter(None, (self.last, self.logged_until)), default=None)


@dataclass(frozen=True)
class Calendar:
    """A run's first and last day of teaching by the site's calendar, and whether it is over.

    `ends` is None where the run is under way and nobody stated its end. `because` says in words why it is not over.
    """

    starts: date
    ends: date | None
    over: bool
    because: str = ""

    def midnights(self) -> tuple[datetime, datetime | None]:
        """Its first moment, and the first one after it, by the site's clock."""
        end = None if self.ends is None else datetime.combine(self.ends + _DAY, datetime.min.time())
        return datetime.combine(self.starts, datetime.min.time()), end


def calendar(seen: Seen, statement: Statement, sibling_days: Sequence[int], today: date) -> Calendar | None:
    """The calendar of a run; None where neither a statement nor a learner's act says when it begins.

    Args:
        sibling_days: how many days earlier runs of the same course took.
    """
    stretch = seen.taught.main if seen.taught else None
    starts = statement.starts_at or (stretch.first if stretch else None)
    if starts is None:
        return None
    because = _under_way(seen, statement, stretch, sibling_days, today)
    if because:
        return Calendar(starts, statement.ends_at, over=False, because=because)
    ends = statement.ends_at or max(stretch.last if stretch else starts, starts)
    return Calendar(starts, ends, over=True)


def _under_way(
    seen: Seen, statement: Statement, stretch: Stretch | None, sibling_days: Sequence[int], today: date
) -> str:
    """Why a run is not over; empty where it is."""
    if statement.running is not None:
        return "it is stated" if statement.running else ""
    latest = min(seen.exported_by or today, today)
    if statement.ends_at:
        seen_until = seen.exported_on or (min(seen.until + LATE_END * _DAY, latest) if seen.until else None)
        return f"its end is stated as {statement.ends_at}" if seen_until and seen_until < statement.ends_at else ""
    if not seen.has_grades or stretch is None:
        return "there are no final grades with a pass mark"
    exported = min(seen.exported_on or latest, latest)
    if exported - stretch.last < UNDER_WAY * _DAY:
        return f"learners were active until {stretch.last}, and it was exported on {exported}"
    days = (stretch.last - stretch.first).days + 1
    if sibling_days and days < MUCH_SHORTER * median(sibling_days):
        return f"it has {counted(days, 'day')} so far, where earlier runs of the course took {median(sibling_days):.0f}"
    return ""


def calendars(
    seen: Mapping[str, Seen], statements: Mapping[str, Statement], codes: Mapping[str, str], today: date
) -> dict[str, Calendar]:
    """The calendar of each run, by its folder: the earlier runs of a course are the measure of its latest."""
    by_run: dict[str, Calendar] = {}
    for run in sorted(seen, key=lambda name: str(_begins(seen[name], statements[name]))):
        siblings = [_days(by_run[other]) for other in by_run if codes[other] == codes[run] and by_run[other].over]
        if dates := calendar(seen[run], statements[run], siblings, today):
            by_run[run] = dates
    return by_run


def _begins(seen: Seen, statement: Statement) -> date | None:
    return statement.starts_at or (seen.taught.main.first if seen.taught else None)


def _days(dates: Calendar) -> int:
    return ((dates.ends or dates.starts) - dates.starts).days + 1
