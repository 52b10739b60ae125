"""What the course's calendar and the enrolment say."""

from typing import Any

import ibis
import ibis.expr.types as ir

from components.features.clock import DAY
from components.features.families import PRE, Definition, Family, Value
from earlybell.bundle import Feature


def _defined(
    name: str, title: str, unit: Any, family: str, meaning: str, words: str, *, value: Value, **more: Any
) -> Definition:
    return Definition(Feature(name, title, unit, family, meaning, words, **more), value)


def _progress(t: ir.Table) -> ir.Value:
    passed, length = (t.now - t.start) / DAY, (t.finish - t.start) / DAY
    return ibis.least(ibis.greatest(passed, 0.0) / ibis.greatest(length, 1.0), 1.0)


FAMILY = Family(
    "calendar",
    (
        _defined(
            "progress",
            "Progress of the course",
            "share",
            "calendar",
            "share of the course run that has passed, at most all of it",
            "{value} of the course has passed",
            value=_progress,
        ),
        _defined(
            "days_enrolled_before_start",
            "Days enrolled before the start",
            "days",
            "temporal",
            "days from joining to the first day of teaching; negative for those who joined late",
            "joined {value} after the start|joined {value} before the start",
            element=PRE,
            indicator="attendance_confirmation",
            value=lambda t: (t.start - t.joined) / DAY,
        ),
        _defined(
            "prior_attempts",
            "Earlier attempts",
            "count",
            "numeric",
            "earlier attempts at this course",
            "earlier attempts at this course: {value}",
            direction=1,
            value=lambda t: t.prior_attempts,
        ),
    ),
    never_reasons=True,
    order=1,
)
