"""The feature table as Ibis expressions over the canonical tables and `moments`.

`moments` has `moment_id` (unique), `course_id`, `learner_id`, `as_of`. Of each learner the records known strictly
before `as_of` are read, and of each course its calendar; nothing of classmates. So a row is the same alone or with the
class, and the same expressions answer for one moment or for many.
"""

import ibis
import ibis.expr.types as ir

from components.features.activity import activity
from components.features.calendar import calendar
from components.features.clock import CLOCKS, course_runs, dates, holidays
from components.features.families import Definition, Reach, find_families
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
    "complete_days",
    "complete",
    "complete_7",
    "complete_28",
    "complete_before",
)
# By how far back a feature looks, the factor that is null where activity is not recorded whole for so long.
_COMPLETE: dict[Reach, str] = {
    "before": "complete_before",
    "start": "complete",
    "7 days": "complete_7",
    "28 days": "complete_28",
}
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
    joined = at.select(*_TIMES).left_join(acts, "moment_id", rname="{name}_activity")
    joined = joined.left_join(done, "moment_id", rname="{name}_work")
    for family in find_families().values():
        if family.stage:
            own = stage(f"{family.name}_family", family.stage(at, tables, clock))
            joined = joined.left_join(own, "moment_id", rname=f"{{name}}_{family.name}")
    stage("features", _features(joined))
    return by_name


def _features(t: ir.Table) -> ir.Table:
    definitions = [definition for family in find_families().values() for definition in family.definitions]
    return t.select("moment_id", "days_seen", **{one.feature.name: _value(one, t) for one in definitions})


def _value(definition: Definition, t: ir.Table) -> ir.Value:
    value = definition.value(t).cast("float64")
    return value * t[_COMPLETE[definition.reach]] if definition.reach else value


def _schema(table: Table) -> dict[str, str]:
    return {column.name: _IBIS_TYPES[column.type] for column in table.columns}
