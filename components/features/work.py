"""Features of a learner's work, as Ibis expressions: delay, missed work, scores, gain from pre-test to post-test.

A submission is known once it is handed in, its score once it is graded, an extension once it is granted.
"""

import ibis
import ibis.expr.types as ir

from components.features.where import count_where, max_where, mean_where, sum_where


def work(calendar: ir.Table, assessments: ir.Table, submissions: ir.Table, extensions: ir.Table) -> ir.Table:
    """One row a moment whose course asks for work: `moment_id` and sums that become features."""
    pieces = _pieces(calendar, assessments, _records(submissions, extensions))
    return pieces.group_by("moment_id").aggregate(**_handed_in(pieces), **_scores(pieces))


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
    found = _answers(calendar, assessments, records)
    due = ibis.coalesce(found.own_due, found.course_due)
    found = found.mutate(due=due, due_at=due.epoch_seconds().cast("int64"), answered=found.first_at.notnull())
    # Work due before the learner joined was never asked of them, nor what is banked from an earlier run.
    passed = (found.due < found.as_of) & (found.due_at >= found.joined) & (found.banked.fill_null(0) == 0)
    found = found.mutate(passed=passed)
    return found.select(
        "moment_id",
        "role",
        "attempts",
        "seconds",
        "share",
        "banked_share",
        "weight",
        "due_at",
        "answered",
        "passed",
        delay=(found.first_at - found.due_at).cast("float64") / 86_400,
        missed=found.passed & ~found.answered,
        ahead=found.answered & (found.due >= found.as_of),
    )


def _answers(calendar: ir.Table, assessments: ir.Table, records: ir.Table) -> ir.Table:
    """Each assessment asked of a learner, with what was known of it at the moment: the latest own deadline granted, the
    first time that it was handed in, the best known score, the tries."""
    moments = calendar.select("moment_id", "course_id", "learner_id", "as_of", "joined")
    asked = assessments.select("course_id", "assessment_id", "role", "weight", "max_score", course_due="due_at")
    asked = moments.join(asked, "course_id")
    known = asked.left_join(
        records, ["assessment_id", "learner_id", records.known_at < asked.as_of], rname="{name}_known"
    )
    own, banked = known.attempt > 0, known.attempt <= 0
    graded = known.graded_at < known.as_of
    share = known.score / known.max_score.nullif(0.0)
    at = known.known_at.epoch_seconds().cast("int64")
    key = ("moment_id", "assessment_id", "as_of", "joined", "role", "weight", "course_due")
    return known.group_by(*key).aggregate(
        own_due=known.own_due.max(),
        first_at=-max_where(-at, own),
        share=max_where(share, own & graded),
        attempts=count_where(own),
        seconds=sum_where(known.duration_s, own).nullif(0.0),
        banked=count_where(banked),
        banked_share=max_where(share, banked & graded),
    )


def _handed_in(pieces: ir.Table) -> dict[str, ir.Value]:
    return {
        "due": count_where(pieces.passed),
        "missed": count_where(pieces.missed),
        "weight_due": sum_where(pieces.weight, pieces.passed),
        "weight_missed": sum_where(pieces.weight, pieces.missed),
        "last_due_at": max_where(pieces.due_at, pieces.passed),
        "last_met_at": max_where(pieces.due_at, pieces.passed & pieces.answered),
        "handed_in": count_where(pieces.answered),
        "late": count_where(pieces.delay > 0),
        "ahead": count_where(pieces.ahead),
        "delay": pieces.delay.mean(),
        "attempts": mean_where(pieces.attempts.cast("float64"), pieces.answered),
        "seconds": pieces.seconds.mean(),
    }


def _scores(pieces: ir.Table) -> dict[str, ir.Value]:
    graded = pieces.share.notnull()
    latest = pieces.due_at + pieces.share / 2  # of work due in the same second the best; null without a deadline
    return {
        "mean_share": pieces.share.mean(),
        "lowest_share": pieces.share.min(),
        "last_share": pieces.share.argmax(latest, where=latest.notnull()),
        "points": (pieces.weight * pieces.share).sum(),
        "points_asked": sum_where(pieces.weight, graded | pieces.missed),
        "pre_test": mean_where(pieces.share, pieces.role == "pre_test"),
        "post_test": mean_where(pieces.share, pieces.role == "post_test"),
        "banked_share": pieces.banked_share.mean(),
    }
