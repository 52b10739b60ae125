"""Features of a learner's work, as Ibis expressions: delay, missed work, scores, gain from pre-test to post-test.

A submission is known once it is handed in, its score once it is graded, an extension once it is granted. Where all
weights of a course run are 0, exams aside, each piece of work weighs the same.
"""

import ibis
import ibis.expr.types as ir

from components.features.clock import DAY, WEEK
from components.features.conditional import one_where, value_where

_EXAM = "exam"


def work(calendar: ir.Table, assessments: ir.Table, submissions: ir.Table, extensions: ir.Table) -> ir.Table:
    """One row a moment whose course asks for work: `moment_id` and sums that become features."""
    pieces = _pieces(calendar, _weights(assessments), _records(submissions, extensions))
    return pieces.group_by("moment_id").aggregate(**_handed_in(pieces), **_scores(pieces))


def _weights(assessments: ir.Table) -> ir.Table:
    """The assessments, with weights that are alike where all are 0; where none is known, none is."""
    before_exams = value_where(assessments.weight, assessments.kind != _EXAM)
    total = before_exams.sum().over(ibis.window(group_by="course_id"))
    return assessments.mutate(weight=ibis.ifelse((total == 0.0).fill_null(False), 1.0, assessments.weight))


def _records(submissions: ir.Table, extensions: ir.Table) -> ir.Table:
    """Submissions and, without an attempt, extensions: both in one table, so that each moment is joined but once."""
    key = ("assessment_id", "learner_id")
    handed_in = submissions.select(
        *key, "graded_at", "attempt", "score", "duration_s", known_at="submitted_at", own_due=ibis.null("timestamp(6)")
    )
    granted = extensions.select(
        *key,
        graded_at=ibis.null("timestamp(6)"),
        attempt=ibis.null("int64"),
        score=ibis.null("float64"),
        duration_s=ibis.null("float64"),
        known_at="granted_at",
        own_due="due_at",
    )
    return handed_in.union(granted)


def _pieces(calendar: ir.Table, assessments: ir.Table, records: ir.Table) -> ir.Table:
    """Each assessment with its deadline for this learner, and what is known of the answer."""
    pieces = _answers(calendar, assessments, records)
    due = ibis.coalesce(pieces.own_due, pieces.course_due)
    pieces = pieces.mutate(due=due, due_at=due.epoch_seconds().cast("int64"), answered=pieces.first_at.notnull())
    # Work due before the learner joined was never asked of them, nor what is banked from an earlier run.
    passed = (pieces.due < pieces.as_of) & (pieces.due_at >= pieces.joined) & (pieces.banked.fill_null(0) == 0)
    wanted = ~pieces.answered & (pieces.due >= pieces.as_of) & (pieces.banked.fill_null(0) == 0)
    pieces = pieces.mutate(passed=passed, open_soon=wanted & (pieces.due_at <= pieces.as_of.epoch_seconds() + WEEK))
    return pieces.select(
        "moment_id",
        "role",
        "seconds",
        "share",
        "banked_share",
        "weight",
        "due_at",
        "answered",
        asked=one_where(pieces.passed),
        asked_at=value_where(pieces.due_at, pieces.passed),
        missed=value_where(one_where(pieces.passed & ~pieces.answered), pieces.due.notnull()),
        attempts=value_where(pieces.attempts, pieces.answered),
        delay=(pieces.first_at - pieces.due_at) / DAY,
        open_soon=value_where(one_where(pieces.open_soon), pieces.due.notnull()),
        ahead=value_where(one_where(pieces.answered & (pieces.due >= pieces.as_of)), pieces.due.notnull()),
    )


def _answers(calendar: ir.Table, assessments: ir.Table, records: ir.Table) -> ir.Table:
    """Each assessment asked of a learner, with what was known of it at the moment: the latest own deadline granted, the
    first time that it was handed in, the best known score, the tries."""
    moments = calendar.select("moment_id", "course_id", "learner_id", "as_of", "joined")
    assigned = assessments.select("course_id", "assessment_id", "role", "weight", "max_score", course_due="due_at")
    assigned = moments.join(assigned, "course_id")
    known = assigned.left_join(
        records, ["assessment_id", "learner_id", records.known_at < assigned.as_of], rname="{name}_known"
    )
    own, banked = known.attempt > 0, known.attempt <= 0
    graded = known.graded_at < known.as_of
    share = known.score / known.max_score.nullif(0.0)
    at = known.known_at.epoch_seconds().cast("int64")
    key = ("moment_id", "assessment_id", "as_of", "joined", "role", "weight", "course_due")
    return known.group_by(*key).aggregate(
        own_due=known.own_due.max(),
        first_at=value_where(at, own).min(),
        share=value_where(share, own & graded).max(),
        attempts=one_where(own).sum(),
        seconds=(known.duration_s * one_where(own)).sum().nullif(0.0),
        banked=one_where(banked).sum(),
        banked_share=value_where(share, banked & graded).max(),
    )


def _handed_in(pieces: ir.Table) -> dict[str, ir.Value]:
    missed, last_due = pieces.missed.sum(), pieces.asked_at.max()
    last_met = value_where(pieces.asked_at, pieces.answered).max()
    return {
        "missed": missed,
        "missed_share": missed / pieces.asked.sum().nullif(0.0),
        "missed_weight_share": _weighed(pieces, pieces.missed) / _weighed(pieces, pieces.asked).nullif(0.0),
        "missed_last": one_where(last_due > last_met.fill_null(-1)),  # null where none was due
        "late_share": one_where(pieces.delay > 0).mean(),  # of work without a deadline nothing is known
        "ahead": pieces.ahead.sum(),
        "open_soon": pieces.open_soon.sum(),
        "delay": pieces.delay.mean(),
        "attempts": pieces.attempts.mean(),
        "seconds": pieces.seconds.mean(),
    }


def _scores(pieces: ir.Table) -> dict[str, ir.Value]:
    latest = pieces.due_at + pieces.share / 2  # of work due in the same second the best; null without a deadline
    counted = one_where(pieces.share.notnull() | (pieces.missed > 0))
    return {
        "mean_share": pieces.share.mean(),
        "lowest_share": pieces.share.min(),
        "last_share": max_by(pieces.share, latest),
        "points_share": _weighed(pieces, pieces.share).fill_null(0.0) / _weighed(pieces, counted).nullif(0.0),
        "pre_test": value_where(pieces.share, pieces.role == "pre_test").mean(),
        "post_test": value_where(pieces.share, pieces.role == "post_test").mean(),
        "banked_share": pieces.banked_share.mean(),
    }


def _weighed(pieces: ir.Table, value: ir.Value) -> ir.Value:
    return (pieces.weight * value).sum()


@ibis.udf.agg.builtin  # type: ignore[untyped-decorator]
def max_by(value: float, key: float) -> float:  # type: ignore[empty-body]
    """The engines' own function: the value of the row with the largest key. Ibis' argmax sorts the rows in DuckDB."""
