"""The calendar of each moment: its times, the last day of its windows, and the learner's days and weeks of teaching."""

import ibis
import ibis.expr.types as ir

from components.features.clock import DAY, UTC, WEEK, Clock, day_of, seconds
from components.features.conditional import value_where
from earlybell.tables import DEFAULT_WEEKS

_OF_THE_MOMENT = (
    "moment_id",
    "course_id",
    "learner_id",
    "as_of",
    "prior_attempts",
    "raw",
    "now",
    "start",
    "finish",
    "joined",
    "begin",
    "start_day",
    "begin_day",
    "last_day",
    "complete_days",
    "complete_on_joining",
)
FOREVER = 2**30  # days
_ONE = ibis.literal(1.0)


def calendar(moments: ir.Table, runs: ir.Table, holidays: ir.Table, enrolments: ir.Table, clock: Clock) -> ir.Table:
    """Each moment with its times in seconds: `now`, `start`, `finish`, when the learner `joined`, the `begin` of their
    part (the later of both); with `start_day`, `begin_day` and the `last_day` that windows show; with `days_seen`, the
    days of teaching from the begin to that day, and `weeks_seen`, how many weeks with such days they touch.

    `complete_days` are the days up to the last one whose activity is recorded whole, `FOREVER` where the learner's part
    is. `complete`, `complete_7` and `complete_28` are 1 where their part, and the last 7 and 28 days, are recorded
    whole, and null elsewhere: factors of what looks back so far. `complete_before` likewise, from joining on.

    The last day is that of the last instant before the moment. Where records are a day's sums it is the last day whose
    sum can be known.
    """
    t = _times(moments, runs, enrolments, clock)
    off = holidays.select("first", "until", "first_week", "until_week", run="course_id")
    t = t.left_join(off, [t.course_id == off.run, off.first <= t.last_day, off.until > t.begin_day])
    days = ibis.least(t.until, t.last_day + 1) - ibis.greatest(t.first, t.begin_day)
    first_week, last_week = ((day - t.start_day) // 7 for day in (t.begin_day, t.last_day))
    weeks = ibis.least(t.until_week, last_week + 1) - ibis.greatest(t.first_week, first_week)
    t = t.select(
        *_OF_THE_MOMENT,
        days=t.last_day - t.begin_day + 1,
        weeks=last_week - first_week + 1,
        days_off=ibis.ifelse(t.first.isnull(), 0, days),
        weeks_off=ibis.ifelse(t.first.isnull(), 0, ibis.greatest(weeks, 0)),
    )
    t = t.group_by(*_OF_THE_MOMENT, "days", "weeks").aggregate(days_off=t.days_off.sum(), weeks_off=t.weeks_off.sum())
    return t.select(
        *_OF_THE_MOMENT,
        days_seen=ibis.greatest(t.days - t.days_off, 0).cast("float64"),
        weeks_seen=ibis.greatest(t.weeks - t.weeks_off, 0).cast("float64"),
        complete=value_where(_ONE, t.complete_days == FOREVER),
        complete_7=value_where(_ONE, t.complete_days >= 7),
        complete_28=value_where(_ONE, t.complete_days >= 28),
        complete_before=value_where(_ONE, t.complete_on_joining),
    )


def _times(moments: ir.Table, runs: ir.Table, enrolments: ir.Table, clock: Clock) -> ir.Table:
    known = enrolments.select("course_id", "learner_id", "enrolled_at", "prior_attempts")
    t = moments.join(runs.drop("weekend"), "course_id")
    t = t.left_join(known, ["course_id", "learner_id", known.enrolled_at < t.as_of], rname="{name}_enrolment")
    t = t.select(  # first the times alone: engines would compute one again wherever it is used
        "moment_id",
        "course_id",
        "learner_id",
        "as_of",
        "prior_attempts",
        "raw",
        "start",
        "end",
        "start_day",
        "complete_at",
        "complete_day",
        enrolled=seconds(t.enrolled_at),
        now=seconds(t.as_of),
        begun=clock(UTC, t.zone, ibis.greatest(t.starts_at, t.enrolled_at)),
        before=clock(UTC, t.zone, t.as_of - ibis.interval(microseconds=1)),
    )
    day_sum = ibis.ifelse(t.raw, 0, DAY - 1)  # what is dated by the day's last second is known no earlier
    t = t.select(
        "moment_id",
        "course_id",
        "learner_id",
        "as_of",
        "prior_attempts",
        "raw",
        "start",
        "start_day",
        "now",
        "complete_at",
        "complete_day",
        finish=t.end.fill_null(t.start + DEFAULT_WEEKS * WEEK),
        joined=t.enrolled.fill_null(t.start),
        begin=ibis.greatest(t.start, t.enrolled),  # the greatest of what is not null
        begin_day=day_of(t.begun),
        last_day=(t.before.epoch_seconds() - day_sum) // DAY,
    )
    whole = t.complete_day.isnull() | (t.complete_day <= t.begin_day)
    days = ibis.greatest(t.last_day - t.complete_day + 1, 0)
    return t.mutate(
        complete_days=ibis.ifelse(whole, FOREVER, days),
        complete_on_joining=t.complete_at.isnull() | (t.complete_at <= t.joined),
    )
