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
    steps = _with_next(_known(calendar, events))
    return steps.group_by("moment_id").aggregate(**_overall(steps), **_sessions(steps), **_by_kind(steps))


def _known(calendar: ir.Table, events: ir.Table) -> ir.Table:
    """Every event beside each moment of its learner that comes after it."""
    keys = calendar.select("moment_id", "course_id", "learner_id", "as_of", "now", "start")
    joined = keys.join(events, ["course_id", "learner_id", events.occurred_at < keys.as_of])
    return joined.select(
        "moment_id",
        "now",
        "start",
        "count",
        at=joined.occurred_at.epoch_seconds().cast("int64"),
        kind=ibis.cases(*((joined.component.isin(names), kind) for kind, names in KINDS.items()), else_="other"),
        contributes=joined.action.isin(CONTRIBUTIONS),
    )


def _with_next(known: ir.Table) -> ir.Table:
    """Each event with the time to the one after it: `pause` (seconds), `days`; null for the last.

    A day, a week and a session are counted by their last event, so that one which began earlier than the time that is
    looked at counts there too.
    """
    steps = known.mutate(then=known["at"].lead().over(ibis.window(group_by="moment_id", order_by="at")))
    at, then, start = steps["at"], steps.then, steps.start
    day, week = at // DAY, (at - start) // WEEK
    return steps.select(
        "moment_id",
        "at",
        "count",
        "kind",
        "contributes",
        age=steps.now - at,
        in_term=at >= start,
        weekend=(day + 3) % 7 >= 5,  # day 0, 1 January 1970, was a Thursday
        pause=then - at,
        days=then // DAY - day,
        ends_day=then.isnull() | (then // DAY > day),
        ends_week=then.isnull() | ((then - start) // WEEK > week),
        ends_wait=then.isnull() | (then >= start),
    )


def _overall(steps: ir.Table) -> dict[str, ir.Value]:
    clicks, age, in_term = steps["count"], steps.age, steps.in_term
    gap = ibis.ifelse(in_term & (steps.days > 0), steps.days.cast("float64"), ibis.null("float64"))
    return {
        "first_at": -max_where(-steps["at"], in_term),
        "last_at": steps["at"].max(),
        "clicks": sum_where(clicks, in_term),
        "clicks_7": sum_where(clicks, age <= WEEK),
        "clicks_14": sum_where(clicks, age <= 2 * WEEK),
        "clicks_28": sum_where(clicks, age <= MONTH),
        "weekend_clicks": sum_where(clicks, in_term & steps.weekend),
        "active_days": count_where(in_term & steps.ends_day),
        "active_days_7": count_where(steps.ends_day & (age <= WEEK)),
        "active_days_28": count_where(steps.ends_day & (age <= MONTH)),
        "active_days_before": count_where(~in_term & (steps.ends_day | steps.ends_wait)),
        "active_weeks": count_where(in_term & steps.ends_week),
        "longest_pause": max_where(steps.pause, in_term),
        "gap_deviation": gap.std(how="pop"),
    }


def _sessions(steps: ir.Table) -> dict[str, ir.Value]:
    goes_on = (steps.pause <= SESSION_GAP).fill_null(False)
    return {
        "sessions": count_where(steps.in_term & ~goes_on),
        "session_seconds": sum_where(steps.pause, steps.in_term & goes_on),
    }


def _by_kind(steps: ir.Table) -> dict[str, ir.Value]:
    found: dict[str, ir.Value] = {}
    for kind in KINDS:
        of_kind = steps.kind == kind
        found[f"{kind}_clicks"] = sum_where(steps["count"], of_kind & steps.in_term)
        found[f"{kind}_last_at"] = max_where(steps["at"], of_kind)
    posts = (steps.kind == "forum") & steps.contributes & steps.in_term
    return found | {"forum_posts": sum_where(steps["count"], posts)}
