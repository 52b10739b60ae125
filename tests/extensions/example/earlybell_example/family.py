"""When in a day a learner is active."""

from collections.abc import Mapping

import ibis.expr.types as ir

from components.features.clock import Clock
from components.features.families import Definition, Family
from earlybell.bundle import Feature


def _stage(at: ir.Table, tables: Mapping[str, ir.Table], clock: Clock) -> ir.Table:
    """A row a moment with any activity: how many events, and how many of them after six in the evening, in UTC."""
    moments = at.select("moment_id", "course_id", "learner_id", "as_of")
    events = tables["events"].select("course_id", "learner_id", "occurred_at")
    known = moments.join(events, ["course_id", "learner_id", events.occurred_at < moments.as_of])
    late = (known.occurred_at.hour() >= 18).cast("float64")
    return known.group_by("moment_id").aggregate(evening_events=late.sum(), all_events=known.count())


FAMILY = Family(
    "daytime",
    (
        Definition(
            Feature(
                "evening_share",
                "Activity in the evening",
                "share",
                "daytime",
                "share of the events so far that came after six in the evening",
                "{value} of the activity is in the evening",
                needs="raw",
            ),
            lambda t: t.evening_events / t.all_events.nullif(0),
        ),
    ),
    stage=_stage,
)
