"""The feature table as Ibis expressions over the canonical tables and `moments`.

`moments` has `moment_id` (unique), `course_id`, `learner_id`, `as_of`. Of each learner the records known strictly
before `as_of` are read, and of each course its calendar; nothing of classmates. So a row is the same alone or with the
class, and the same expressions answer for one moment or for many.
"""

import ibis
import ibis.expr.types as ir

from components.features.activity import DAY, KINDS, WEEK, activity
from components.features.where import value_where
from components.features.work import work
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

    at = stage("calendar", _calendar_of(named))
    acts = stage("activity", activity(at, named["events"]))
    done = stage("work", work(at, named["assessments"], named["submissions"], named["extensions"]))
    times = at.drop("course_id", "learner_id", "as_of")
    joined = times.left_join(acts, "moment_id", rname="{name}_activity").left_join(
        done, "moment_id", rname="{name}_work"
    )
    stage("features", _features(joined))
    return found


def _features(t: ir.Table) -> ir.Table:
    found = _calendar(t) | _temporal(t) | _participation(t) | _numeric(t)
    return t.select("moment_id", **{name: value.cast("float64") for name, value in found.items()})


def _schema(table: Table) -> dict[str, str]:
    return {column.name: _IBIS_TYPES[column.type] for column in table.columns}


def _calendar_of(tables: dict[str, ir.Table]) -> ir.Table:
    """Each moment with its times in seconds: `now`, `start`, `finish`, when the learner `joined`, the `begin` of their
    part (the later of both), and the `weeks` of teaching that they have had, without holidays (at least a day)."""
    spans = _spans(tables)
    # A break's time within the learner's part; where the course has none, `on` is the start, and the time 0.
    paused = ibis.greatest(ibis.least(spans.on, spans.now) - ibis.greatest(spans.off, spans.begin), 0)
    kept = [name for name in spans.columns if name not in ("off", "on")]
    found = spans.group_by(kept).aggregate(paused=paused.cast("float64").sum())
    weeks = ibis.greatest((found.now - found.begin - found.paused) / DAY, 1.0) / 7
    return found.select(*kept, weeks=weeks)


def _spans(tables: dict[str, ir.Table]) -> ir.Table:
    """Each moment beside each break of its course (`off` to `on`, in seconds), or once where there is none."""
    known = tables["enrolments"].select("course_id", "learner_id", "enrolled_at", "prior_attempts")
    courses = tables["courses"].select("course_id", "starts_at", "ends_at", "granularity")
    breaks = tables["breaks"].select("course_id", off="starts_at", on="ends_at")
    t = tables["moments"].join(courses, "course_id")
    t = t.left_join(known, ["course_id", "learner_id", known.enrolled_at < t.as_of], rname="{name}_enrolment")
    t = t.left_join(breaks, "course_id", rname="{name}_break")
    t = t.select(
        "moment_id",
        "course_id",
        "learner_id",
        "as_of",
        "prior_attempts",
        "granularity",
        now=_seconds(t.as_of),
        start=_seconds(t.starts_at),
        end=_seconds(t.ends_at),
        enrolled=_seconds(t.enrolled_at),
        off=_seconds(t.off),
        on=_seconds(t.on),
    )
    return t.select(
        "moment_id",
        "course_id",
        "learner_id",
        "as_of",
        "prior_attempts",
        "now",
        "start",
        "off",
        raw=t.granularity == "raw",
        finish=t.end.fill_null(t.start + DEFAULT_WEEKS * WEEK),
        joined=t.enrolled.fill_null(t.start),
        begin=ibis.greatest(t.start, t.enrolled),  # the greatest of what is not null
        on=t.on.fill_null(t.start),
    )


def _seconds(at: ir.Value) -> ir.Value:
    return at.epoch_seconds().cast("int64")


def _calendar(t: ir.Table) -> dict[str, ir.Value]:
    return {
        "progress": ibis.greatest((t.now - t.start) / DAY, 0.0) / ibis.greatest((t.finish - t.start) / DAY, 1.0),
        "days_enrolled_before_start": (t.start - t.joined) / DAY,
        "prior_attempts": t.prior_attempts,
    }


def _temporal(t: ir.Table) -> dict[str, ir.Value]:
    recent = t.clicks_14.fill_null(0.0)
    before = t.clicks_28.fill_null(0.0) - recent
    last_at = ibis.coalesce(t.start + t.last_since, t.begin)  # no activity at all: since the begin
    since = ibis.greatest(t.now - last_at, 0) / DAY
    return {
        "days_since_activity": since,
        "active_days_per_week": t.active_days.fill_null(0.0) / t.weeks,
        "active_days_last_7": t.active_days_7.fill_null(0.0),
        "active_days_last_28": t.active_days_28.fill_null(0.0),
        "active_days_before_start": t.active_days_before.fill_null(0.0),
        "active_weeks_share": ibis.least(t.active_weeks.fill_null(0.0) / ibis.greatest(t.weeks, 1.0), 1.0),
        # The greatest of what is not null.
        "longest_gap_days": ibis.greatest(t.longest_pause / DAY, (t.start + t.first_since - t.begin) / DAY, since),
        "gap_deviation_days": t.gap_deviation,
        "activity_trend": ((recent + 1.0) / (before + 1.0)).ln(),
        "weekend_share": t.weekend_share,
        "sessions_per_week": value_where(t.sessions.fill_null(0.0) / t.weeks, t.raw),
        "minutes_per_session": value_where(t.minutes_per_session, t.raw),
        "mean_delay_days": t.delay,
        "late_share": t.late_share,
    }


def _participation(t: ir.Table) -> dict[str, ir.Value]:
    per_week = {f"{kind}_per_week": t[f"{kind}_clicks"].fill_null(0.0) / t.weeks for kind in KINDS}
    return per_week | {
        "clicks_per_week": t.clicks.fill_null(0.0) / t.weeks,
        "clicks_last_7": t.clicks_7.fill_null(0.0),
        "clicks_last_28": t.clicks_28.fill_null(0.0),
        "kinds_used_last_28": t.kinds_used.fill_null(0.0),
        "forum_posts": t.forum_posts.fill_null(0.0),
    }


def _numeric(t: ir.Table) -> dict[str, ir.Value]:
    return {
        "missed_work": t.missed.fill_null(0.0),
        "missed_share": t.missed_share,
        "missed_weight_share": t.missed_weight_share,
        "missed_last": t.missed_last,
        "handed_in_ahead": t.ahead.fill_null(0.0),
        "attempts_per_work": t.attempts,
        "minutes_per_work": value_where(t.seconds / 60.0, t.raw),
        "mean_score": 100 * t.mean_share,
        "lowest_score": 100 * t.lowest_share,
        "last_score": 100 * t.last_share,
        "score_change": 100 * (t.last_share - t.mean_share),
        "points_share": t.points_share,
        "pre_test_score": 100 * t.pre_test,
        "post_test_score": 100 * t.post_test,
        "test_gain": 100 * (t.post_test - t.pre_test),
        "banked_score": 100 * t.banked_share,
    }
