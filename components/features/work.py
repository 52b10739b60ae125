"""Features of a learner's work, as Ibis expressions: delay, missed work, scores, gain from pre-test to post-test.

A submission is known once it is handed in, its score once it is graded, an extension once it is granted.
"""

import ibis
import ibis.expr.types as ir

from components.features.where import count_where, max_where, mean_where, sum_where


def work(calendar: ir.Table, assessments: ir.Table, granted: ir.Table, answers: ir.Table) -> ir.Table:
    """One row a moment whose course asks for work: `moment_id` and sums that become features."""
    moments = calendar.select("moment_id", "course_id", "as_of", "joined")
    asked = moments.join(assessments.rename(course_due="due_at"), "course_id")
    pieces = _pieces(asked, granted, answers)
    return pieces.group_by("moment_id").aggregate(**_handed_in(pieces), **_scores(pieces))


def _pieces(asked: ir.Table, granted: ir.Table, answers: ir.Table) -> ir.Table:
    """Each assessment with its deadline for this learner, and what is known of the answer."""
    keys = ["moment_id", "assessment_id"]
    found = asked.left_join(granted, keys, rname="{name}_granted").left_join(answers, keys, rname="{name}_answer")
    due = ibis.coalesce(found.own_due, found.course_due)
    due_at = due.epoch_seconds().cast("int64")
    answered = found.first_at.notnull()
    # Work due before the learner joined was never asked of them, nor what is banked from an earlier run.
    passed = (due < found.as_of) & (due_at >= found.joined) & (found.banked.fill_null(0) == 0)
    return found.select(
        "moment_id",
        "role",
        "attempts",
        "seconds",
        "share",
        "banked_share",
        due_at=due_at,
        weight=found.weight.fill_null(0.0),
        delay=(found.first_at - due_at).cast("float64") / 86_400,
        answered=answered,
        due=passed.fill_null(False),
        missed=(passed & ~answered).fill_null(False),
        ahead=(answered & (due >= found.as_of)).fill_null(False),
    )


def granted(calendar: ir.Table, assessments: ir.Table, extensions: ir.Table) -> ir.Table:
    """The latest own deadline of a moment and assessment, where one was granted before the moment."""
    own = _known(calendar, assessments, extensions, "granted_at")
    return own.group_by("moment_id", "assessment_id").aggregate(own_due=own.due_at.max())


def answers(calendar: ir.Table, assessments: ir.Table, submissions: ir.Table) -> ir.Table:
    """What was handed in before the moment: the first time, the best known score, the tries."""
    known = _known(calendar, assessments, submissions, "submitted_at")
    own = known.attempt > 0
    graded = (known.graded_at < known.as_of).fill_null(False)
    share = known.score / known.max_score.nullif(0.0)
    at = known.submitted_at.epoch_seconds().cast("int64")
    return known.group_by("moment_id", "assessment_id").aggregate(
        first_at=-max_where(-at, own),
        share=max_where(share, own & graded),
        attempts=count_where(own),
        seconds=sum_where(known.duration_s, own).nullif(0.0),
        banked=count_where(~own),
        banked_share=max_where(share, ~own & graded),
    )


def _known(calendar: ir.Table, assessments: ir.Table, records: ir.Table, since: str) -> ir.Table:
    """A learner's records beside each moment that comes after the time in their column `since`."""
    keys = calendar.select("moment_id", "course_id", "learner_id", "as_of")
    found = records.join(assessments.select("assessment_id", "course_id", "max_score"), "assessment_id")
    return keys.join(found, ["course_id", "learner_id", found[since] < keys.as_of])


def _handed_in(pieces: ir.Table) -> dict[str, ir.Value]:
    return {
        "due": count_where(pieces.due),
        "missed": count_where(pieces.missed),
        "weight_due": sum_where(pieces.weight, pieces.due),
        "weight_missed": sum_where(pieces.weight, pieces.missed),
        "last_due_at": max_where(pieces.due_at, pieces.due),
        "last_met_at": max_where(pieces.due_at, pieces.due & pieces.answered),
        "handed_in": count_where(pieces.answered),
        "late": count_where((pieces.delay > 0).fill_null(False)),
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
