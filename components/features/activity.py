"""Features of a learner's activity, as Ibis expressions: recency, regularity, trend, sessions, participation by kind.

All of them read `_known`: one row an event and moment, cut to what occurred strictly before the moment.
"""

import ibis
import ibis.expr.types as ir

from components.features.acts import KINDS, bit, is_of, is_post, kinds_among, with_acts
from components.features.clock import COUNTS, TAUGHT, WEEKEND, day_of, seconds
from components.features.conditional import one_where, value_where

SESSION_GAP = 30 * 60  # a pause of more than 30 minutes ends a session

VISITED = ("quiz", "forum")  # kinds whose last visit is known

_FOREVER = 2**30  # seconds, and days, to the event after the last one


def activity(calendar: ir.Table, dates: ir.Table, events: ir.Table) -> ir.Table:
    """One row a moment with any activity known before it: `moment_id` and the sums that become features.

    Args:
        calendar: one row a moment; see `components.features.calendar`.
        dates: the site's days; see `components.features.clock`.
        events: the canonical table.
    """
    steps = _with_next(_known(calendar, dates, events))
    return steps.group_by("moment_id").aggregate(**_overall(steps), **_sessions(steps), **_by_kind(steps))


def _known(calendar: ir.Table, dates: ir.Table, events: ir.Table) -> ir.Table:
    """Every event beside each moment of its learner that comes after it: `clicks`, `what` it is, seconds `since` the
    start, its `day` from the start's on, its `age`: how many days before the last one that windows show, and `which`
    day that is (see `dates`); 0 outside of the learner's part of the run."""
    keys = calendar.select(
        "moment_id", "course_id", "learner_id", "as_of", "start", "start_day", "begin_day", "last_day"
    )
    acts = with_acts(events)
    acts = acts.mutate(date=day_of(acts.occurred_at))
    dated = acts.join(dates, ["course_id", "date"])
    late = dated.occurred_at >= dated.next_at
    dated = dated.select(
        "course_id",
        "learner_id",
        "occurred_at",
        "clicks",
        "what",
        day=dated.day + late.cast("int32"),
        which=dated.which + late.cast("int16") * (dated.which_next - dated.which),
    )
    joined = keys.join(dated, ["course_id", "learner_id", dated.occurred_at < keys.as_of])
    term = (joined.day >= joined.begin_day) & (joined.day <= joined.last_day)
    return joined.select(
        "clicks",
        "what",
        moment_id=joined.moment_id.cast("int32"),  # narrow, as is all that the window must sort
        since=(seconds(joined.occurred_at) - joined.start).cast("int32"),
        day=(joined.day - joined.start_day).cast("int32"),
        age=(joined.last_day - joined.day).cast("int32"),
        which=(term.cast("int16") * joined.which).cast("int16"),
    )


def _with_next(known: ir.Table) -> ir.Table:
    """Each event with what is between it and the next one, and what it counts for, as factors of 0 and 1.

    `quiet`, seconds, and `apart`, days, are very long after the last event; `pause` and `gap` are null there and before
    the term. A day, a week and a session are counted by their last event.
    """
    ordered = ibis.window(group_by="moment_id", order_by="since")
    steps = known.mutate(then=known.since.lead().over(ordered), next_day=known.day.lead().over(ordered))
    pause, gap = (steps.then - steps.since).cast("int32"), (steps.next_day - steps.day).cast("int32")
    in_term = steps.which > 0
    steps = steps.mutate(
        quiet=pause.fill_null(_FOREVER),
        apart=gap.fill_null(_FOREVER),
        pause=value_where(pause, in_term),
        gap=value_where(gap, in_term),
        first_since=value_where(steps.since, in_term),
        term=bit(steps.which, 0),
        taught=bit(steps.which, TAUGHT),
        there=one_where(steps.age >= 0),
    )
    steps = steps.mutate(last_28=one_where(steps.age < 28) * steps.there, goes_on=one_where(steps.quiet <= SESSION_GAP))
    return steps.select(
        "moment_id",
        "since",
        "first_since",
        "pause",
        "gap",
        "quiet",
        "clicks",
        "term",
        "taught",
        "last_28",
        clicks_term=steps.clicks * steps.term,
        clicks_taught=steps.clicks * steps.taught,
        weekend=bit(steps.which, WEEKEND),
        term_goes_on=steps.term * steps.goes_on,
        taught_goes_on=steps.taught * steps.goes_on,
        ends_day=one_where(steps.apart > 0),
        ends_week=one_where(steps.apart + steps.day % 7 >= 7) * bit(steps.which, COUNTS),
        before=one_where(steps.day < 0),
        last_7=one_where(steps.age < 7) * steps.there,
        last_14=one_where(steps.age < 14) * steps.there,
        what_28=steps.what * steps.last_28.cast("int16"),
        posts=is_post(steps.what),
        **{kind: is_of(steps.what, kind) for kind in KINDS},
    )


def _overall(steps: ir.Table) -> dict[str, ir.Value]:
    return {
        "first_since": steps.first_since.min(),
        "last_since": steps.since.max(),
        "clicks": steps.clicks_taught.sum(),
        "clicks_7": (steps.clicks * steps.last_7).sum(),
        "clicks_14": (steps.clicks * steps.last_14).sum(),
        "clicks_28": (steps.clicks * steps.last_28).sum(),
        "weekend_share": (steps.clicks_term * steps.weekend).sum() / steps.clicks_term.sum().nullif(0.0),
        "active_days": (steps.ends_day * steps.taught).sum(),
        "active_days_7": (steps.ends_day * steps.last_7).sum(),
        "active_days_28": (steps.ends_day * steps.last_28).sum(),
        "active_days_before": (steps.ends_day * steps.before).sum(),
        "active_weeks": steps.ends_week.sum(),
        "longest_pause": steps.pause.max(),
        "gap_deviation": steps.gap.nullif(0).std(how="pop"),
    }


def _sessions(steps: ir.Table) -> dict[str, ir.Value]:
    """Sessions of the days of teaching, which are counted, and of all days since the begin, whose length is taken."""
    all_days = (steps.term - steps.term_goes_on).sum()
    length = (steps.quiet * steps.term_goes_on).sum() / 60.0 / all_days.nullif(0.0)
    return {"sessions": (steps.taught - steps.taught_goes_on).sum(), "minutes_per_session": length}


def _by_kind(steps: ir.Table) -> dict[str, ir.Value]:
    clicks = {f"{kind}_clicks": (steps.clicks_taught * steps[kind]).sum() for kind in KINDS}
    visits = {
        f"last_{kind}": value_where(steps.since, (steps[kind] > 0) & (steps.since >= 0)).max() for kind in VISITED
    }
    return (
        clicks
        | visits
        | {
            "forum_posts": (steps.clicks * steps.posts).sum(),
            "kinds_used": kinds_among(steps.what_28),
        }
    )
