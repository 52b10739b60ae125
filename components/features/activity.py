"""Features of a learner's activity, as Ibis expressions: recency, regularity, trend, sessions, participation by kind.

All of them read `_known`: one row an event and moment, cut to what occurred strictly before the moment.
"""

import ibis
import ibis.expr.types as ir

from components.features.where import count_where, max_where, sum_where

DAY = 86_400
WEEK = 7 * DAY
MONTH = 4 * WEEK
SESSION_GAP = 30 * 60  # a pause of more than 30 minutes ends a session

KINDS: dict[str, tuple[str, ...]] = {
    "forum": ("mod_forum", "mod_hsuforum", "mod_chat"),
    "quiz": ("mod_quiz", "mod_h5pactivity", "mod_lesson", "mod_scorm"),
    "material": ("mod_resource", "mod_url", "mod_page", "mod_book", "mod_folder", "mod_label", "mod_imscp"),
    "assignment": ("mod_assign", "mod_workshop", "mod_turnitintooltwo"),
    "course_page": ("core",),
    "collaboration": ("mod_wiki", "mod_glossary", "mod_data", "mod_choice", "mod_feedback", "mod_questionnaire"),
    "live": ("mod_bigbluebuttonbn", "mod_attendance", "mod_zoom", "mod_lti"),
}
CONTRIBUTIONS = ("created", "posted", "uploaded", "submitted", "updated")


def activity(calendar: ir.Table, events: ir.Table) -> ir.Table:
    """One row a moment with any activity known before it: `moment_id` and the sums that become features.

    Args:
        calendar: one row a moment with `moment_id`, `course_id`, `learner_id`, `as_of`, and `now`, `start` in seconds.
        events: the canonical table.
    """
    steps = _with_pauses(_known(calendar, events))
    return steps.group_by("moment_id").aggregate(**_overall(steps), **_sessions(steps), **_by_kind(steps))


def _known(calendar: ir.Table, events: ir.Table) -> ir.Table:
    """Every event beside each moment of its learner that comes after it."""
    keys = calendar.select("moment_id", "course_id", "learner_id", "as_of", "now", "start")
    joined = keys.join(events, ["course_id", "learner_id", events.occurred_at < keys.as_of])
    at = joined.occurred_at.epoch_seconds().cast("int64")
    kind = ibis.cases(*((joined.component.isin(names), kind) for kind, names in KINDS.items()), else_="other")
    return joined.select(
        "moment_id",
        "count",
        at=at,
        day=at // DAY,
        week=(at - joined.start) // WEEK,
        age=joined.now - at,
        in_term=at >= joined.start,
        kind=kind,
        contributes=joined.action.isin(CONTRIBUTIONS),
    )


def _with_pauses(known: ir.Table) -> ir.Table:
    """Each event with the time since the one before it: `pause` (seconds), `days`, `weeks`; null for the first."""
    order = ibis.window(group_by="moment_id", order_by="at")
    return known.mutate(
        pause=known["at"] - known["at"].lag().over(order),
        days=known.day - known.day.lag().over(order),
        weeks=known.week - known.week.lag().over(order),
    )


def _overall(steps: ir.Table) -> dict[str, ir.Value]:
    clicks, age, in_term = steps["count"], steps.age, steps.in_term
    new_day = steps.days.isnull() | (steps.days > 0)
    new_week = steps.weeks.isnull() | (steps.weeks > 0)
    weekend = (steps.day + 3) % 7 >= 5  # day 0, 1 January 1970, was a Thursday
    gap = ibis.ifelse(in_term & (steps.days > 0), steps.days.cast("float64"), ibis.null("float64"))
    return {
        "last_at": steps["at"].max(),
        "clicks": sum_where(clicks, in_term),
        "clicks_7": sum_where(clicks, age <= WEEK),
        "clicks_14": sum_where(clicks, age <= 2 * WEEK),
        "clicks_28": sum_where(clicks, age <= MONTH),
        "weekend_clicks": sum_where(clicks, in_term & weekend),
        "active_days": count_where(in_term & new_day),
        "active_days_7": count_where(new_day & (age <= WEEK)),
        "active_days_28": count_where(new_day & (age <= MONTH)),
        "active_days_before": count_where(~in_term & new_day),
        "active_weeks": count_where(in_term & new_week),
        "longest_gap": max_where(steps.days, in_term),
        "gap_deviation": gap.std(how="pop"),
    }


def _sessions(steps: ir.Table) -> dict[str, ir.Value]:
    within = steps.pause <= SESSION_GAP
    return {
        "sessions": count_where(steps.in_term & ~within.fill_null(False)),
        "session_seconds": sum_where(steps.pause, steps.in_term & within),
    }


def _by_kind(steps: ir.Table) -> dict[str, ir.Value]:
    found: dict[str, ir.Value] = {}
    for kind in KINDS:
        of_kind = steps.kind == kind
        found[f"{kind}_clicks"] = sum_where(steps["count"], of_kind & steps.in_term)
        found[f"{kind}_last_at"] = max_where(steps["at"], of_kind)
    posts = (steps.kind == "forum") & steps.contributes & steps.in_term
    return found | {"forum_posts": sum_where(steps["count"], posts)}
