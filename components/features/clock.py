"""The site's clock: the day that a time falls on, whether it is of the weekend, and whether it is a holiday.

A day is the site's: it goes from midnight to midnight of the course run's time zone, and has 23 or 25 hours where the
clock changes. Days are counted from 1 January 1970. A day is a holiday if its noon lies in a break; all others are days
of teaching. Weeks are the course run's: the first begins on the first day of teaching. A week counts if any of its days
is one of teaching.
"""

from collections.abc import Callable

import ibis
import ibis.expr.types as ir

from earlybell.tables.schema import DEFAULT_TIMEZONE, DEFAULT_WEEKEND, WEEKDAYS

DAY = 86_400
WEEK = 7 * DAY
COUNTS, TAUGHT, WEEKEND = 1, 2, 3  # places of bits

_TIME = "timestamp(6)"
_THURSDAY = "".join((*WEEKDAYS[3:], *WEEKDAYS[:3]))  # 1 January 1970 was one

UTC = ibis.literal("UTC")

Clock = Callable[[ir.Value, ir.Value, ir.Value], ir.Value]  # what one zone's clock shows to what another's shows then


@ibis.udf.scalar.builtin(name="timezone", signature=(("string", _TIME), "timestamp('UTC', 6)"))  # type: ignore[untyped-decorator]
def _instant(zone: str, at: object) -> object: ...


@ibis.udf.scalar.builtin(name="timezone", signature=(("string", "timestamp('UTC', 6)"), _TIME))  # type: ignore[untyped-decorator]
def _shown(zone: str, at: object) -> object: ...


@ibis.udf.scalar.builtin(name="convert_timezone", signature=(("string", "string", _TIME), _TIME))  # type: ignore[untyped-decorator]
def _converted(source: str, zone: str, at: object) -> object: ...


# Each engine's own functions: Ibis has none.
CLOCKS: dict[str, Clock] = {
    "duckdb": lambda source, zone, at: _shown(zone, _instant(source, at)),
    "pyspark": lambda source, zone, at: _converted(source, zone, at),
}


def seconds(at: ir.Value) -> ir.IntegerValue:
    """Seconds since 1970."""
    since_epoch: ir.IntegerValue = at.epoch_seconds().cast("int64")
    return since_epoch


def day_of(shown: ir.Value) -> ir.IntegerValue:
    """The day of a time that a clock shows."""
    return shown.epoch_seconds() // DAY


def course_runs(courses: ir.Table, clock: Clock) -> ir.Table:
    """Each course run with its `zone` and `weekend`, `start` and `end` in seconds, `start_day`, whether it is `raw`.

    From `complete_at`, in seconds, activity is recorded whole; `complete_day` is the first such day. Null: always.
    """
    zone = courses.timezone.fill_null(DEFAULT_TIMEZONE)
    return courses.select(
        "course_id",
        zone=zone,
        weekend=courses.weekend.fill_null(DEFAULT_WEEKEND),
        raw=courses.granularity == "raw",
        start=seconds(courses.starts_at),
        end=seconds(courses.ends_at),
        starts_at=courses.starts_at,
        start_day=day_of(clock(UTC, zone, courses.starts_at)),
        complete_at=seconds(courses.complete_from),
        complete_day=(clock(UTC, zone, courses.complete_from).epoch_seconds() + (DAY - 1)) // DAY,
    )


def holidays(runs: ir.Table, breaks: ir.Table, clock: Clock) -> ir.Table:
    """The holidays of each course run, each day once, as stretches without a gap: `first`, `until` (the day after), and
    the weeks that are holidays altogether, from `first_week` until `until_week`, in the run's own count from 0."""
    t = runs.select("course_id", "zone", "start_day").join(breaks, "course_id")
    first, until = (_noons(clock(UTC, t.zone, at)) for at in (t.starts_at, t.ends_at))
    t = t.select("course_id", "start_day", first=first, until=until)
    t = t.filter(t.until > t.first)
    before = ibis.window(group_by="course_id", order_by=["first", "until"], preceding=(None, 1))
    whole = ibis.window(group_by="course_id", order_by=["first", "until"], preceding=None, following=None)
    t = t.mutate(reached=t.until.max().over(before), last=t.until.max().over(whole))
    t = t.filter(t.reached.isnull() | (t.first > t.reached))  # where a stretch begins
    t = t.mutate(until=t.reached.lead().over(ibis.window(group_by="course_id", order_by="first")).fill_null(t.last))
    return t.select(
        "course_id",
        "first",
        "until",
        first_week=((t.first - t.start_day) / 7).ceil(),
        until_week=(t.until - t.start_day) // 7,
    )


def _noons(shown: ir.Value) -> ir.IntegerValue:
    """The first day whose noon is not before the time."""
    return (shown.epoch_seconds() + (DAY // 2 - 1)) // DAY


def dates(runs: ir.Table, holidays: ir.Table, events: ir.Table, clock: Clock) -> ir.Table:
    """The days of the calendar in UTC, `date`, in which a course run has events, each with the site's `day` that it
    begins in, `which` day that is, and when the next one begins, `next_at` in UTC, and `which_next` day that is.

    Which day it is, in bits: 1, its week counts, it is a day of teaching, it is of the weekend.
    """
    t = events.select("course_id", "occurred_at", date=day_of(events.occurred_at))
    t = t.group_by("course_id", "date").aggregate(at=t.occurred_at.min())
    t = t.filter(t.at.notnull())  # none are; but DuckDB takes it for few rows, as they are
    t = t.join(runs.select("course_id", "zone", "weekend", "start_day"), "course_id")
    t = t.mutate(shown=clock(UTC, t.zone, t.at.truncate("D")))
    t = t.select(
        "course_id",
        "date",
        "weekend",
        "start_day",
        day=day_of(t.shown).cast("int32"),
        next_at=clock(t.zone, UTC, t.shown.truncate("D") + ibis.interval(days=1)),
    )
    t = _with_which(t, holidays, "which", t.day)
    return _without(_with_which(t, holidays, "which_next", t.day + 1), "weekend", "start_day")


def _with_which(t: ir.Table, holidays: ir.Table, name: str, day: ir.IntegerValue) -> ir.Table:
    """With one column more: which day the `day` is."""
    t = t.mutate(of=day, week=(day - t.start_day) // 7)
    off = holidays.select("first", "until", "first_week", "until_week", run="course_id")
    t = t.left_join(off, [t.course_id == off.run, off.first <= t.of, off.until > t.of])
    taught = t.first.isnull()
    counts = taught | (t.week < t.first_week) | (t.week >= t.until_week)
    weekend = t.weekend.contains(ibis.literal(_THURSDAY).substr(3 * (t.of % 7), 3))
    bits = (counts.cast("int16") << COUNTS) + (taught.cast("int16") << TAUGHT) + (weekend.cast("int16") << WEEKEND)
    return _without(t.mutate(**{name: (bits + 1).cast("int16")}), *off.columns, "of", "week")


def _without(t: ir.Table, *names: str) -> ir.Table:
    """A table without some columns; Ibis's own `drop` puts several into the SQL in any order."""
    return t.select(*(column for column in t.columns if column not in names))
