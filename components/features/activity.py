"""Features of a learner's activity, as Ibis expressions: recency, regularity, trend, sessions, participation by kind.

All of them read `_known`: one row an event and moment, cut to what occurred strictly before the moment.
"""

import functools
import operator

import ibis
import ibis.expr.types as ir

from components.features.where import one_where, value_where

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
        contributes=ibis.literal(_CONTRIBUTIONS).contains(_word(events.action)),
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
    return ibis.literal(words).find(_word(name))


def _word(name: ir.StringValue) -> ir.StringValue:
    return "," + name + ","


def _with_next(known: ir.Table) -> ir.Table:
    """Each event with the time to the one after it (`quiet`, in seconds; null for the last: `pause`, and in whole days
    `apart`, of the term alone), and what it counts for as factors of 0 and 1.

    A day, a week and a session are counted by their last event, so that one which began earlier than the time that is
    looked at counts there too.
    """
    steps = known.mutate(then=known.since.lead().over(ibis.window(group_by="moment_id", order_by="since")))
    pause, in_term = (steps.then - steps.since).cast("int32"), steps.since >= 0
    steps = steps.mutate(
        quiet=pause.fill_null(_FOREVER),
        pause=value_where(pause, in_term),
        first=value_where(steps.since, in_term),
        term=one_where(in_term),
        of_day=steps.of_week % DAY,
    )
    quiet, days = steps.quiet, steps.of_day + steps.pause
    return steps.select(
        "moment_id",
        "since",
        "first",
        "contributes",
        "pause",
        "quiet",
        "clicks",
        "term",
        taught=steps.clicks * steps.term,
        weekend=one_where(steps.of_week >= 5 * DAY),
        apart=days - days % DAY,  # a remainder costs less than a division and its floor
        goes_on=steps.term * one_where(quiet <= SESSION_GAP),
        ends_day=one_where(steps.of_day + quiet >= DAY),
        ends_week=one_where(steps.since % WEEK + quiet >= WEEK),
        ends_before=one_where(quiet >= ibis.least(DAY - steps.of_day, -steps.since)),  # the day, or the wait
        last_7=one_where(steps.age <= WEEK),
        last_14=one_where(steps.age <= 2 * WEEK),
        last_28=one_where(steps.age <= MONTH),
        **{kind: _is(steps, kind) for kind in KINDS},
    )


def _overall(steps: ir.Table) -> dict[str, ir.Value]:
    gap = steps.apart.nullif(0) / DAY
    return {
        "first_since": steps["first"].min(),
        "last_since": steps.since.max(),
        "clicks": steps.taught.sum(),
        "clicks_7": (steps.clicks * steps.last_7).sum(),
        "clicks_14": (steps.clicks * steps.last_14).sum(),
        "clicks_28": (steps.clicks * steps.last_28).sum(),
        "weekend_share": (steps.taught * steps.weekend).sum() / steps.taught.sum().nullif(0.0),
        "active_days": (steps.ends_day * steps.term).sum(),
        "active_days_7": (steps.ends_day * steps.last_7).sum(),
        "active_days_28": (steps.ends_day * steps.last_28).sum(),
        "active_days_before": (steps.ends_before * (1.0 - steps.term)).sum(),
        "active_weeks": (steps.ends_week * steps.term).sum(),
        "longest_pause": steps.pause.max(),
        "gap_deviation": gap.std(how="pop"),
    }


def _sessions(steps: ir.Table) -> dict[str, ir.Value]:
    sessions = (steps.term - steps.goes_on).sum()
    seconds = (steps.quiet * steps.goes_on).sum()
    return {"sessions": sessions, "minutes_per_session": seconds / 60.0 / sessions.nullif(0.0)}


def _by_kind(steps: ir.Table) -> dict[str, ir.Value]:
    found = {f"{kind}_clicks": (steps.taught * steps[kind]).sum() for kind in KINDS}
    return found | {
        "forum_posts": (steps.taught * steps.forum * one_where(steps.contributes)).sum(),
        "kinds_used": functools.reduce(operator.add, ((steps.last_28 * steps[kind]).max() for kind in KINDS)),
    }


def _is(steps: ir.Table, kind: str) -> ir.FloatingValue:
    first, last = (_COMPONENTS.index(f",{name},") for name in (KINDS[kind][0], KINDS[kind][-1]))
    return one_where(steps.place.between(first, last))
