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
# Lists of words as one text each: see `_place`.
_COMPONENTS = f",{','.join(name for names in KINDS.values() for name in names)},"
_CONTRIBUTIONS = f",{','.join(CONTRIBUTIONS)},"
_FOREVER = 2**30  # seconds to the event after the last one


def activity(calendar: ir.Table, events: ir.Table) -> ir.Table:
    """One row a moment with any activity known before it: `moment_id` and the sums that become features.

    Args:
        calendar: one row a moment with `moment_id`, `course_id`, `learner_id`, `as_of`, and `now`, `start` in seconds.
        events: the canonical table.
    """
    steps = _with_next(_known(calendar, events))
    return steps.group_by("moment_id").aggregate(**_overall(steps), **_sessions(steps), **_by_kind(steps))


def _known(calendar: ir.Table, events: ir.Table) -> ir.Table:
    """Every event beside each moment of its learner that comes after it, with its times in seconds: `since` the start,
    `age` at the moment, and `of_week` since Monday."""
    keys = calendar.select("moment_id", "course_id", "learner_id", "as_of", "now", "start")
    acts = events.select(
        "course_id",
        "learner_id",
        "occurred_at",
        "count",
        place=_place(_COMPONENTS, events.component).cast("int16"),
        contributes=_place(_CONTRIBUTIONS, events.action) >= 0,
    )
    joined = keys.join(acts, ["course_id", "learner_id", acts.occurred_at < keys.as_of])
    at = joined.occurred_at.epoch_seconds().cast("int64")
    return joined.select(
        "place",
        "contributes",
        moment_id=joined.moment_id.cast("int32"),  # narrow, as is all that the window must sort
        clicks=joined["count"].cast("float64"),
        since=(at - joined.start).cast("int32"),
        age=(joined.now - at).cast("int32"),
        of_week=((at + 3 * DAY) % WEEK).cast("int32"),  # 1 January 1970 was a Thursday
    )


def _place(words: str, name: ir.StringValue) -> ir.IntegerValue:
    """Where `name` stands among the words; -1: nowhere.

    Before the join, and as a search in one text: an engine does it once a distinct name, where it would do a list's IN
    or a CASE for each row.
    """
    return ibis.literal(words).find("," + name + ",")


def _with_next(known: ir.Table) -> ir.Table:
    """Each event with the time to the one after it: `pause` and, in whole days, `apart` (seconds); null for the last.

    A day, a week and a session are counted by their last event, so that one which began earlier than the time that is
    looked at counts there too.
    """
    steps = known.mutate(then=known.since.lead().over(ibis.window(group_by="moment_id", order_by="since")))
    steps = steps.mutate(pause=steps.then - steps.since, of_day=steps.of_week % DAY, in_term=steps.since >= 0)
    quiet, days = steps.pause.fill_null(_FOREVER), steps.of_day + steps.pause
    return steps.select(
        "moment_id",
        "since",
        "age",
        "place",
        "contributes",
        "in_term",
        "pause",
        "clicks",
        taught=steps.clicks * steps.in_term.cast("float64"),
        weekend=steps.of_week >= 5 * DAY,
        apart=days - days % DAY,  # a remainder costs less than a division and its floor
        goes_on=quiet <= SESSION_GAP,
        ends_day=steps.of_day + quiet >= DAY,
        ends_week=steps.since % WEEK + quiet >= WEEK,
        ends_wait=quiet >= -steps.since,
    )


def _overall(steps: ir.Table) -> dict[str, ir.Value]:
    clicks, age, in_term = steps.clicks, steps.age, steps.in_term
    gap = ibis.ifelse(in_term & (steps.apart > 0), steps.apart / DAY, ibis.null("float64"))
    return {
        "first_since": -max_where(-steps.since, in_term),
        "last_since": steps.since.max(),
        "clicks": steps.taught.sum(),
        "clicks_7": sum_where(clicks, age <= WEEK),
        "clicks_14": sum_where(clicks, age <= 2 * WEEK),
        "clicks_28": sum_where(clicks, age <= MONTH),
        "weekend_clicks": sum_where(steps.taught, steps.weekend),
        "active_days": count_where(in_term & steps.ends_day),
        "active_days_7": count_where(steps.ends_day & (age <= WEEK)),
        "active_days_28": count_where(steps.ends_day & (age <= MONTH)),
        "active_days_before": count_where(~in_term & (steps.ends_day | steps.ends_wait)),
        "active_weeks": count_where(in_term & steps.ends_week),
        "longest_pause": max_where(steps.pause, in_term),
        "gap_deviation": gap.std(how="pop"),
    }


def _sessions(steps: ir.Table) -> dict[str, ir.Value]:
    return {
        "sessions": count_where(steps.in_term & ~steps.goes_on),
        "session_seconds": sum_where(steps.pause, steps.in_term & steps.goes_on),
    }


def _by_kind(steps: ir.Table) -> dict[str, ir.Value]:
    found: dict[str, ir.Value] = {}
    for kind in KINDS:
        of_kind = _is(steps, kind)
        found[f"{kind}_clicks"] = sum_where(steps.taught, of_kind)
        found[f"{kind}_recent"] = count_where(of_kind & (steps.age <= MONTH))
    return found | {"forum_posts": sum_where(steps.taught, _is(steps, "forum") & steps.contributes)}


def _is(steps: ir.Table, kind: str) -> ir.BooleanValue:
    first, last = (_COMPONENTS.index(f",{name},") for name in (KINDS[kind][0], KINDS[kind][-1]))
    return steps.place.between(first, last)
