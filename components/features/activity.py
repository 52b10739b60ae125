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
_COMPONENTS = [name for names in KINDS.values() for name in names]
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
    acts = events.select("course_id", "learner_id", "occurred_at", "count", **_kind(events))
    joined = keys.join(acts, ["course_id", "learner_id", acts.occurred_at < keys.as_of])
    at = joined.occurred_at.epoch_seconds().cast("int64")
    times = {"at": at, "since": (at - joined.start).cast("int32"), "age": (joined.now - at).cast("int32")}
    clicks = joined["count"].cast("float64")
    return joined.select("moment_id", "component", "contributes", clicks=clicks, **times)


def _kind(events: ir.Table) -> dict[str, ir.Value]:
    """`component`, its place among all that are known (-1: none of them), and whether the act `contributes`.

    Looked up in a list before the join: an engine does it once a distinct word, where a CASE costs a comparison a row.
    """
    place = ibis.array(_COMPONENTS).index(events.component)
    return {"component": place.cast("int8"), "contributes": events.action.isin(CONTRIBUTIONS)}


def _with_next(known: ir.Table) -> ir.Table:
    """Each event with the time to the one after it: `pause` and, in whole days, `apart` (seconds); null for the last.

    A day, a week and a session are counted by their last event, so that one which began earlier than the time that is
    looked at counts there too.
    """
    steps = known.mutate(then=known["at"].lead().over(ibis.window(group_by="moment_id", order_by="at")))
    at, then, since = steps["at"], steps.then, steps.since
    pause = then - at
    apart = (then - then % DAY) - (at - at % DAY)  # in whole days; a remainder costs less than a division and its floor
    return steps.select(
        "moment_id",
        "at",
        "clicks",
        "component",
        "contributes",
        "age",
        in_term=since >= 0,
        weekend=(at + 3 * DAY) % WEEK >= 5 * DAY,  # 1 January 1970 was a Thursday
        pause=pause,
        apart=apart,
        ends_day=then.isnull() | (apart > 0),
        ends_week=then.isnull() | (since % WEEK + pause >= WEEK),
        ends_wait=then.isnull() | (since + pause >= 0),
    )


def _overall(steps: ir.Table) -> dict[str, ir.Value]:
    clicks, age, in_term = steps.clicks, steps.age, steps.in_term
    gap = ibis.ifelse(in_term & (steps.apart > 0), steps.apart / DAY, ibis.null("float64"))
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
        of_kind = _is(steps, kind)
        found[f"{kind}_clicks"] = sum_where(steps.clicks, of_kind & steps.in_term)
        found[f"{kind}_recent"] = count_where(of_kind & (steps.age <= MONTH))
    posts = _is(steps, "forum") & steps.contributes & steps.in_term
    return found | {"forum_posts": sum_where(steps.clicks, posts)}


def _is(steps: ir.Table, kind: str) -> ir.BooleanValue:
    first, last = KINDS[kind][0], KINDS[kind][-1]
    return steps.component.between(_COMPONENTS.index(first), _COMPONENTS.index(last))
