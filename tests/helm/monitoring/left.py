"""What a site's pipelines leave at its Pushgateway when they have succeeded."""

from datetime import datetime

import pytest

from components.pushgateway import push
from components.watched import WATCHED, Row, Status

WATCHED_ON_DASHBOARDS = ("estimated_auc", "adjusted_auc", "early_auc", "ks_earlier_runs", "flagged")


def leave(address: str) -> None:
    """Push the gauges of the pipelines; monitoring has figures of a course run, one of each status that asks."""
    rows = [_row(figure, "ok") for figure in WATCHED_ON_DASHBOARDS]
    rows += [_row("coverage", "warning"), _row("brier", "problem")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EARLYBELL_PUSHGATEWAY", address)
        for pipeline in ("training", "retraining"):
            push(pipeline, "2026-03-02T01:00:00Z", {"learners": 20})
        push("prediction", "2026-03-02T02:00:00Z", {}, by_course={"data_age_seconds": {"A": 60}})
        push("monitoring", "", {"course_runs": 1}, watched=rows)


def _row(figure: str, status: Status) -> Row:
    return Row(
        course_id="A",
        version="3",
        as_of=datetime(2026, 3, 2),
        week=4,
        family=WATCHED[figure].family,
        figure=figure,
        value=0.5,
        status=status,
        sentence="" if status == "ok" else "Made up.",
    )
