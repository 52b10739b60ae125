"""The feature table as Ibis expressions over the canonical tables and `moments`.

`moments` has `moment_id` (unique), `course_id`, `learner_id`, `as_of`. Of each learner the records known strictly
before `as_of` are read, and of each course its calendar; nothing of classmates. So a row is the same alone or with the
class, and the same expressions answer for one moment or for many.
"""

import functools
import operator

import ibis
import ibis.expr.types as ir

from components.features import work
from components.features.activity import DAY, KINDS, WEEK, activity
from earlybell.tables import BY_NAME, DEFAULT_WEEKS, Table

_IBIS_TYPES = {"string": "string", "integer": "int64", "number": "float64", "timestamp": "timestamp(6)"}

INPUTS = ("courses", "enrolments", "events", "assessments", "extensions", "submissions", "breaks")
MOMENTS = {"moment_id": "int64", "course_id": "string", "learner_id": "string", "as_of": "timestamp(6)"}


def _inputs() -> dict[str, ir.Table]:
    """The input tables by name, bound to no engine."""
    tables = {name: ibis.table(_schema(BY_NAME[name]), name=name) for name in INPUTS}
    return tables | {"moments": ibis.table(MOMENTS, name="moments")}


def stages() -> dict[str, ir.Table]:
    """The expression in named stages, each reading the inputs and earlier stages by name; the last is the answer.

    The last stage has one row a moment: `moment_id` and a float64 column a feature of the catalogue, null where it has
    no value. Stages become the common table expressions of the SQL: Ibis alone would write a shared one out each time.
    """
    named = _inputs()
    found: dict[str, ir.Table] = {}

    def stage(name: str, table: ir.Table) -> ir.Table:
        found[name] = table
        return ibis.table(table.schema(), name=name)

    spans = stage("spans", _spans(named))
    at = stage("calendar", _with_weeks(spans, named["breaks"]))
    acts = stage("activity", activity(at, named["events"]))
    granted = stage("granted", work.granted(at, named["assessments"], named["extensions"]))
    answers = stage("answers", work.answers(at, named["assessments"], named["submissions"]))
    done = stage("work", work.work(at, named["assessments"], granted, answers))
    joined = at.left_join(acts, "moment_id", rname="{name}_activity").left_join(done, "moment_id", rname="{name}_work")
    stage("features", _features(joined))
    return found


def _features(t: ir.Table) -> ir.Table:
    found = _calendar(t) | _temporal(t) | _participation(t) | _numeric(t)
    return t.select("moment_id", **{name: value.cast("float64") for name, value in found.items()})


def _schema(table: Table) -> dict[str, str]:
    return {column.name: _IBIS_TYPES[column.type] for column in table.columns}


def _spans(tables: dict[str, ir.Table]) -> ir.Table:
    """Each moment with its times in seconds: `now`, `start`, `finish`, and when the learner `joined`."""
    spans = tables["courses"].select("course_id", "starts_at", "ends_at", "granularity")
    known = tables["enrolments"].select("course_id", "learner_id", "enrolled_at", "prior_attempts")
    moments = tables["moments"].join(spans, "course_id")
    moments = moments.left_join(
        known, ["course_id", "learner_id", known.enrolled_at < moments.as_of], rname="{name}_enrolment"
    )
    start, joined = _seconds(moments.starts_at), _seconds(ibis.coalesce(moments.enrolled_at, moments.starts_at))
    return moments.select(
        "moment_id",
        "course_id",
        "learner_id",
        "as_of",
        "prior_attempts",
        raw=moments.granularity == "raw",
        now=_seconds(moments.as_of),
        start=start,
        finish=ibis.coalesce(_seconds(moments.ends_at), start + DEFAULT_WEEKS * WEEK),
        joined=joined,
    )


def _with_weeks(spans: ir.Table, breaks: ir.Table) -> ir.Table:
    """The spans with the `weeks` of teaching that the learner has had, without holidays (at least a day)."""
    spans = spans.left_join(_paused(spans, breaks), "moment_id", rname="{name}_break")
    taught = spans.now - ibis.greatest(spans.start, spans.joined) - spans.paused.fill_null(0)
    weeks = ibis.greatest(_days(taught), 1.0) / 7
    return spans.mutate(weeks=weeks).drop("moment_id_break", "paused")


def _paused(spans: ir.Table, breaks: ir.Table) -> ir.Table:
    """Seconds of holidays between the learner's begin and the moment."""
    times = breaks.select("course_id", off=_seconds(breaks.starts_at), on=_seconds(breaks.ends_at))
    both = spans.select("moment_id", "course_id", "now", "start", "joined").join(times, "course_id")
    overlap = ibis.least(both.on, both.now) - ibis.greatest(both.off, both.start, both.joined)
    return both.group_by("moment_id").aggregate(paused=ibis.greatest(overlap, 0).cast("float64").sum())


def _seconds(at: ir.Value) -> ir.Value:
    return at.epoch_seconds().cast("int64")


def _days(seconds: ir.Value) -> ir.Value:
    return seconds.cast("float64") / DAY


def _calendar(t: ir.Table) -> dict[str, ir.Value]:
    return {
        "progress": ibis.greatest(_days(t.now - t.start), 0.0) / ibis.greatest(_days(t.finish - t.start), 1.0),
        "days_enrolled_before_start": _days(t.start - t.joined),
        "prior_attempts": t.prior_attempts,
    }


def _temporal(t: ir.Table) -> dict[str, ir.Value]:
    recent = t.clicks_14.fill_null(0)
    before = t.clicks_28.fill_null(0) - recent
    begin = ibis.greatest(t.start, t.joined)
    last_at = ibis.coalesce(t.start + t.last_since, begin)  # no activity at all: since the begin
    since = _days(ibis.greatest(t.now - last_at, 0))
    waited = _days(t.start + t.first_since - begin).fill_null(0.0)
    return {
        "days_since_activity": since,
        "active_days_per_week": t.active_days.fill_null(0) / t.weeks,
        "active_days_last_7": t.active_days_7.fill_null(0),
        "active_days_last_28": t.active_days_28.fill_null(0),
        "active_days_before_start": t.active_days_before.fill_null(0),
        "active_weeks_share": ibis.least(t.active_weeks.fill_null(0) / ibis.greatest(t.weeks, 1.0), 1.0),
        "longest_gap_days": ibis.greatest(_days(t.longest_pause).fill_null(0.0), waited, since),
        "gap_deviation_days": t.gap_deviation,
        "activity_trend": ((recent + 1.0) / (before + 1.0)).ln(),
        "weekend_share": t.weekend_clicks.fill_null(0) / t.clicks.cast("float64").nullif(0.0),
        "sessions_per_week": ibis.ifelse(t.raw, t.sessions.fill_null(0) / t.weeks, ibis.null("float64")),
        "minutes_per_session": ibis.ifelse(
            t.raw, t.session_seconds.fill_null(0) / 60.0 / t.sessions.cast("float64").nullif(0.0), ibis.null("float64")
        ),
        "mean_delay_days": t.delay,
        "late_share": t.late / t.handed_in.cast("float64").nullif(0.0),
    }


def _participation(t: ir.Table) -> dict[str, ir.Value]:
    used = functools.reduce(operator.add, ((t[f"{kind}_recent"].fill_null(0) > 0).cast("int64") for kind in KINDS))
    per_week = {f"{kind}_per_week": t[f"{kind}_clicks"].fill_null(0) / t.weeks for kind in KINDS}
    return per_week | {
        "clicks_per_week": t.clicks.fill_null(0) / t.weeks,
        "clicks_last_7": t.clicks_7.fill_null(0),
        "clicks_last_28": t.clicks_28.fill_null(0),
        "kinds_used_last_28": used,
        "forum_posts": t.forum_posts.fill_null(0),
    }


def _numeric(t: ir.Table) -> dict[str, ir.Value]:
    due = t.due.cast("float64").nullif(0.0)
    missed_last = ibis.ifelse(t.last_due_at > ibis.coalesce(t.last_met_at, -1), 1, 0)
    return {
        "missed_work": t.missed.fill_null(0),
        "missed_share": t.missed / due,
        "missed_weight_share": t.weight_missed.fill_null(0.0) / t.weight_due.nullif(0.0),
        "missed_last": ibis.ifelse(t.last_due_at.isnull(), ibis.null("int64"), missed_last),
        "handed_in_ahead": t.ahead.fill_null(0),
        "attempts_per_work": t.attempts,
        "minutes_per_work": ibis.ifelse(t.raw, t.seconds / 60.0, ibis.null("float64")),
        "mean_score": 100 * t.mean_share,
        "lowest_score": 100 * t.lowest_share,
        "last_score": 100 * t.last_share,
        "score_change": 100 * (t.last_share - t.mean_share),
        "points_share": t.points.fill_null(0.0) / t.points_asked.nullif(0.0),
        "pre_test_score": 100 * t.pre_test,
        "post_test_score": 100 * t.post_test,
        "test_gain": 100 * (t.post_test - t.pre_test),
        "banked_score": 100 * t.banked_share,
    }
