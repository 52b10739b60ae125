"""When a learner is active, and when their work comes in."""

from typing import Any, Literal

import ibis
import ibis.expr.types as ir

from components.features.clock import DAY
from components.features.conditional import value_where
from components.features.families import POST, PRE, WORK, Definition, Family, Reach, Value, a_week
from earlybell.bundle import Feature


def _temporal(
    name: str,
    title: str,
    unit: Any,
    meaning: str,
    words: str,
    *,
    value: Value,
    reach: Reach | Literal[""] = "start",
    **more: Any,
) -> Definition:
    feature = Feature(name, title, unit, "temporal", meaning, words, **{"changeable": True, **more})
    return Definition(feature, value, reach)


def _since(t: ir.Table) -> ir.Value:
    last_at = ibis.coalesce(t.start + t.last_since, t.begin)  # no activity at all: since the begin
    return ibis.greatest(t.now - last_at, 0) / DAY


def _known_since(t: ir.Table) -> ir.Value:
    since = _since(t)
    return value_where(since, since <= t.complete_days)


def _since_visit(kind: str) -> Value:
    return lambda t: (t.now - t.start - t[f"last_{kind}"]) / DAY


def _longest_gap(t: ir.Table) -> ir.Value:
    """The greatest of what is not null."""
    return ibis.greatest(t.longest_pause / DAY, (t.start + t.first_since - t.begin) / DAY, _since(t))


def _trend(t: ir.Table) -> ir.Value:
    recent = t.clicks_14.fill_null(0.0)
    before = t.clicks_28.fill_null(0.0) - recent
    return ((recent + 1.0) / (before + 1.0)).ln()


FAMILY = Family(
    "temporal",
    (
        _temporal(
            "days_since_activity",
            "Days since last activity",
            "days",
            "days from the last activity to now; without any, from the start or from joining",
            "no activity for {value}",
            element=PRE,
            indicator="timely_login",
            direction=1,
            reach="",  # missing where the last activity may not be recorded: see the value
            value=_known_since,
        ),
        *(
            _temporal(
                f"days_since_{kind}",
                f"Days since last visit of a {kind}",
                "days",
                f"days from the last click on a {kind} since the start to now; missing without any",
                f"no visit of a {kind} for {{value}}",
                element=POST,
                indicator=indicator,
                changeable=False,  # what changes is days_since_activity, which it cannot be below
                direction=1,
                reach="",  # a click that is recorded is known
                value=_since_visit(kind),
            )
            for kind, indicator in (("quiz", "self_assessment"), ("forum", "participation_in_debrief"))
        ),
        _temporal(
            "active_days_per_week",
            "Active days a week",
            "per week",
            "days of teaching with activity since the start, by week of teaching: at most 7",
            "active days: {value}",
            element=PRE,
            indicator="timely_login",
            direction=-1,
            most=7.0,
            value=lambda t: a_week(t, t.active_days),
        ),
        _temporal(
            "active_days_last_7",
            "Active days in the last 7",
            "count",
            "days with activity among the last 7 of the site's days",
            "active on {value} of the last 7 days",
            element=PRE,
            indicator="timely_login",
            direction=-1,
            most=7.0,
            counts_days=True,
            reach="7 days",
            value=lambda t: t.active_days_7.fill_null(0.0),
        ),
        _temporal(
            "active_days_last_28",
            "Active days in the last 28",
            "count",
            "days with activity among the last 28 of the site's days",
            "active on {value} of the last 28 days",
            element=PRE,
            indicator="timely_login",
            direction=-1,
            most=28.0,
            counts_days=True,
            reach="28 days",
            value=lambda t: t.active_days_28.fill_null(0.0),
        ),
        _temporal(
            "active_days_before_start",
            "Active days before the start",
            "count",
            "days with activity before the day on which teaching begins",
            "days with activity before the course began: {value}",
            element=PRE,
            indicator="accessed_orientation_resources",
            changeable=False,
            direction=-1,
            reach="before",
            value=lambda t: t.active_days_before.fill_null(0.0),
        ),
        _temporal(
            "active_weeks_share",
            "Weeks attended",
            "share",
            "share of the course run's weeks since the start with any activity, without those that are all holidays",
            "active in {value} of the weeks so far",
            element=PRE,
            indicator="attendance_confirmation",
            direction=-1,
            value=lambda t: t.active_weeks.fill_null(0.0) / t.weeks_seen.nullif(0.0),
        ),
        _temporal(
            "longest_gap_days",
            "Longest absence",
            "days",
            "longest stretch without activity since the start, the present one included",
            "longest absence {value}",
            element=PRE,
            indicator="timely_login",
            changeable=False,  # it can only grow
            direction=1,
            value=_longest_gap,
        ),
        _temporal(
            "gap_deviation_days",
            "Irregularity",
            "days",
            "standard deviation of the days from one active day to the next, since the start",
            "pauses between active days vary by {value}",
            element=PRE,
            indicator="timely_login",
            direction=1,
            value=lambda t: t.gap_deviation,
        ),
        _temporal(
            "activity_trend",
            "Trend of activity",
            "ratio",
            "logarithm of clicks in the last 14 days over clicks in the 14 days before, each number with 1 added",
            "less active in the last two weeks than in the two before|"
            "at least as active in the last two weeks as before",
            direction=-1,
            reach="28 days",
            value=_trend,
        ),
        _temporal(
            "weekend_share",
            "Activity at weekends",
            "share",
            "share of clicks since the start on days of the site's weekend",
            "{value} of the activity is at weekends",
            value=lambda t: t.weekend_share,
        ),
        _temporal(
            "sessions_per_week",
            "Sessions a week",
            "per week",
            "stretches of activity without a pause of more than 30 minutes since the start, by week of teaching",
            "sessions: {value}",
            element=PRE,
            indicator="timely_login",
            needs="raw",
            direction=-1,
            value=lambda t: value_where(a_week(t, t.sessions), t.raw),
        ),
        _temporal(
            "minutes_per_session",
            "Length of a session",
            "minutes",
            "mean time from the first to the last click of a session since the start",
            "sessions last {value} on average",
            element=PRE,
            indicator="review_of_learning_materials",
            needs="raw",
            value=lambda t: value_where(t.minutes_per_session, t.raw),
        ),
        _temporal(
            "mean_delay_days",
            "Mean delay of work",
            "days",
            "mean of days from the deadline (the learner's own, if extended) to handing in; negative is early",
            "hands work in {value} before the deadline on average|hands work in {value} after the deadline on average",
            element=WORK,
            indicator="on_time_submission",
            direction=1,
            reach="",
            value=lambda t: t.delay,
        ),
        _temporal(
            "late_share",
            "Late work",
            "share",
            "share of the work handed in, of that which has a deadline, that came after it",
            "{value} of the work came late",
            element=WORK,
            indicator="on_time_submission",
            direction=1,
            reach="",
            value=lambda t: t.late_share,
        ),
    ),
    order=2,
)
