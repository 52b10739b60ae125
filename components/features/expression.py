"""The feature table as Ibis expressions over the canonical tables and `moments`.

`moments` has `moment_id` (unique), `course_id`, `learner_id`, `as_of`. Of each learner the records known strictly
before `as_of` are read, and of each course its calendar; nothing of classmates. So a row is the same alone or with the
class, and the same expressions answer for one moment or for many.
"""

import ibis
import ibis.expr.types as ir

from components.features.activity import activity
from components.features.acts import KINDS
from components.features.calendar import calendar
from components.features.clock import CLOCKS, DAY, course_runs, dates, holidays
from components.features.conditional import value_where
from components.features.work import work
from earlybell.tables import BY_NAME, Table

_IBIS_TYPES = {"string": "string", "integer": "int64", "number": "float64", "timestamp": "timestamp(6)"}

INPUTS = ("courses", "enrolments", "events", "assessments", "extensions", "submissions", "breaks")
_TIMES = (
    "moment_id",
    "now",
    "start",
    "finish",
    "joined",
    "begin",
    "raw",
    "prior_attempts",
    "days_seen",
    "weeks_seen",
)
MOMENTS = {"moment_id": "int64", "course_id": "string", "learner_id": "string", "as_of": "timestamp(6)"}


def _inputs() -> dict[str, ir.Table]:
    """The input tables by name, bound to no engine."""
    tables = {name: ibis.table(_schema(BY_NAME[name]), name=name) for name in INPUTS}
    return tables | {"moments": ibis.table(MOMENTS, name="moments")}


def stages(engine: str = "duckdb") -> dict[str, ir.Table]:
    """The expression in named stages, each reading the inputs and earlier stages by name; the last is the answer.

    The last stage has one row a moment: `moment_id`, `days_seen` (the learner's days of teaching) and a float64 column
    a feature of the catalogue, null where it has no value. Stages become the common table expressions of the SQL: Ibis
    alone would write a shared one out each time.
    """
    tables, clock = _inputs(), CLOCKS[engine]
    by_name: dict[str, ir.Table] = {}

    def stage(name: str, table: ir.Table) -> ir.Table:
        by_name[name] = table
        return ibis.table(table.schema(), name=name)

    runs = stage("runs", course_runs(tables["courses"], clock))
    off = stage("holidays", holidays(runs, tables["breaks"], clock))
    at = stage("calendar", calendar(tables["moments"], runs, off, tables["enrolments"], clock))
    dated = stage("dates", dates(runs, off, tables["events"], clock))
    acts = stage("activity", activity(at, dated, tables["events"]))
    done = stage("work", work(at, tables["assessments"], tables["submissions"], tables["extensions"]))
    # No more than is used: a join costs by the columns that it carries.
    times = at.select(*_TIMES)
    joined = times.left_join(acts, "moment_id", rname="{name}_activity")
    stage("features", _features(joined.left_join(done, "moment_id", rname="{name}_work")))
    return by_name


def _features(t: ir.Table) -> ir.Table:
    values = _calendar(t) | _temporal(t) | _participation(t) | _numeric(t)
    return t.select("moment_id", "days_seen", **{name: value.cast("float64") for name, value in values.items()})


def _schema(table: Table) -> dict[str, str]:
    return {column.name: _IBIS_TYPES[column.type] for column in table.columns}


def _calendar(t: ir.Table) -> dict[str, ir.Value]:
    return {
        "progress": ibis.least(
            ibis.greatest((t.now - t.start) / DAY, 0.0) / ibis.greatest((t.finish - t.start) / DAY, 1.0), 1.0
        ),
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
        "active_days_per_week": _a_week(t, t.active_days),
        "active_days_last_7": t.active_days_7.fill_null(0.0),
        "active_days_last_28": t.active_days_28.fill_null(0.0),
        "active_days_before_start": t.active_days_before.fill_null(0.0),
        "active_weeks_share": t.active_weeks.fill_null(0.0) / t.weeks_seen.nullif(0.0),
        # The greatest of what is not null.
        "longest_gap_days": ibis.greatest(t.longest_pause / DAY, (t.start + t.first_since - t.begin) / DAY, since),
        "gap_deviation_days": t.gap_deviation,
        "activity_trend": ((recent + 1.0) / (before + 1.0)).ln(),
        "weekend_share": t.weekend_share,
        "sessions_per_week": value_where(_a_week(t, t.sessions), t.raw),
        "minutes_per_session": value_where(t.minutes_per_session, t.raw),
        "mean_delay_days": t.delay,
        "late_share": t.late_share,
    }


def _participation(t: ir.Table) -> dict[str, ir.Value]:
    per_week = {f"{kind}_per_week": _a_week(t, t[f"{kind}_clicks"]) for kind in KINDS}
    return per_week | {
        "clicks_per_week": _a_week(t, t.clicks),
        "clicks_last_7": t.clicks_7.fill_null(0.0),
        "clicks_last_28": t.clicks_28.fill_null(0.0),
        "kinds_used_last_28": t.kinds_used.fill_null(0.0),
        "forum_posts": value_where(t.forum_posts.fill_null(0.0), t.raw),
    }


def _numeric(t: ir.Table) -> dict[str, ir.Value]:
    return {
        "missed_work": t.missed,
        "missed_share": t.missed_share,
        "missed_weight_share": t.missed_weight_share,
        "missed_last": t.missed_last,
        "handed_in_ahead": t.ahead,
        "attempts_per_work": value_where(t.attempts, t.raw),
        "minutes_per_work": value_where(t.seconds / 60.0, t.raw),
        "mean_score": 100 * t.mean_share,
        "lowest_score": 100 * t.lowest_share,
        "last_score": 100 * t.last_share,
        "score_change": 100 * (t.last_share - t.mean_share),
        "points_share": ibis.ifelse(t.points_share > 1.0, 1.0, t.points_share),  # extra credit is more than all
        "pre_test_score": 100 * t.pre_test,
        "post_test_score": 100 * t.post_test,
        "test_gain": 100 * (t.post_test - t.pre_test),
        "banked_score": 100 * t.banked_share,
    }


def _a_week(t: ir.Table, count: ir.Value) -> ir.Value:
    """By week of teaching; without a day of it there is no value. In this order seven of seven days are exactly 7."""
    return 7.0 * count.fill_null(0.0) / t.days_seen.nullif(0.0)
