"""What is recorded of a cohort beside activity and work: who enrolled, how it ended, teachers' ratings and messages.

Rows are columns of equal length; `learner` is a position in the cohort.
"""

from collections.abc import Iterable

import numpy as np

from components.extract.simulate.cohort import Cohort
from components.extract.simulate.plan import DAY, HOUR, NEVER, WEEK, Columns, Floats, Ints, Objects, Run, logistic
from earlybell.tables.schema import DEFAULT_TIMEZONE, DEFAULT_WEEKEND

# Some indicators of the rubric (Appendix B of the paper), and how much engagement shows in each.
_INDICATORS = {
    "timely_login": 0.8,
    "review_of_learning_materials": 0.6,
    "participation_in_pre_discussions": 0.6,
    "asked_clarifying_questions": 0.4,
    "participation_in_debrief": 0.6,
    "peer_collaboration": 0.5,
    "on_time_submission": 0.8,
    "completeness": 0.6,
}
_RATED_AT = (0.25, 0.5, 0.75)  # shares of the run
_MESSAGED_AT = (0.3, 0.45, 0.6)
_DECIDED_AFTER = 28 * DAY
_PASS_MARK, _DISTINCTION = 40, 85


def calendar(runs: list[Run]) -> dict[str, Columns]:
    """The tables that are known before any learner: courses, assessments and holidays."""
    items = [(run.course_id, item) for run in runs for item in run.assessments]
    breaks = [(run.course_id, run.starts_at + week * WEEK) for run in runs for week in sorted(run.breaks)]
    return {
        "courses": {
            "course_id": _words(run.course_id for run in runs),
            "code": _words(run.code for run in runs),
            "starts_at": np.array([run.starts_at for run in runs]),
            "ends_at": np.array([run.ends_at for run in runs]),
            "granularity": _words("raw" for _ in runs),
            "timezone": _words(DEFAULT_TIMEZONE for _ in runs),
            "weekend": _words(DEFAULT_WEEKEND for _ in runs),
            "complete_from": np.full(len(runs), NEVER),
            "complete_until": np.array([run.records_end for run in runs]),
        },
        "assessments": {
            "assessment_id": _words(item.assessment_id for _, item in items),
            "course_id": _words(course_id for course_id, _ in items),
            "kind": _words(item.kind for _, item in items),
            "role": _words(item.role for _, item in items),
            "due_at": np.array([item.due_at for _, item in items]),
            "weight": np.array([item.weight for _, item in items]),
            "max_score": np.array([item.max_score for _, item in items]),
        },
        "breaks": {
            "course_id": _words(course_id for course_id, _ in breaks),
            "starts_at": np.array([starts_at for _, starts_at in breaks]),
            "ends_at": np.array([starts_at + WEEK - 1 for _, starts_at in breaks]),
        },
    }


def enrolments(run: Run, cohort: Cohort) -> Columns:
    """Everyone; a departure that the run's records do not reach is not known."""
    return {
        "learner": np.arange(len(cohort)),
        "enrolled_at": cohort.enrolled_at,
        "unenrolled_at": np.where(cohort.left_at < run.records_end, cohort.left_at, NEVER),
        "prior_attempts": cohort.prior_attempts,
    }


def learners(cohort: Cohort) -> Columns:
    """Everyone's protected attributes."""
    return {"learner": np.arange(len(cohort)), **cohort.attributes}


def outcomes(run: Run, cohort: Cohort, rng: np.random.Generator) -> Columns:
    """The end as it was drawn; the final score agrees with it, and the run under way has none."""
    strength = cohort.ability.mean(axis=1) + cohort.engagement.mean(axis=1) + rng.normal(0, 0.7, len(cohort))
    withdrawn = cohort.left_at != NEVER
    passed = np.where(rng.random(len(cohort)) < logistic(1.6 * strength - 2.6), "distinction", "pass")
    outcome = np.where(withdrawn, "withdrawn", np.where(cohort.failed, "fail", passed)).astype(object)
    learner = np.arange(len(cohort) if run.finished else 0)
    return {
        "learner": learner,
        "outcome": outcome[learner],
        "final_score": _final_score(outcome, strength)[learner],
        "decided_at": np.where(withdrawn, cohort.left_at, run.ends_at + _DECIDED_AFTER)[learner],
    }


def ratings(run: Run, cohort: Cohort, rng: np.random.Generator) -> Columns:
    """Seven learners in ten are rated on three Fridays; one impression colours every indicator."""
    rated = rng.random(len(cohort)) < 0.7
    parts = []
    for week in (int(share * run.weeks) for share in _RATED_AT):
        at = run.starts_at + week * WEEK + 4 * DAY + 12 * HOUR
        present = np.flatnonzero(rated & (cohort.enrolled_at < at) & (cohort.until > at))
        impression = cohort.engagement[present, week] + rng.normal(0, 0.7, len(present))
        parts += [_rating(present, name, at, shown * impression, rng) for name, shown in _INDICATORS.items()]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def interventions(run: Run, cohort: Cohort, rng: np.random.Generator) -> Columns:
    """Some learners who look disengaged get a message or a call, which changes nothing."""
    week = np.array([int(share * run.weeks) for share in _MESSAGED_AT])
    at = run.starts_at + week * WEEK + 2 * DAY + rng.integers(9 * HOUR, 17 * HOUR, (len(cohort), len(week)))
    present = (cohort.enrolled_at[:, None] < at) & (cohort.until[:, None] > at)
    likely = 0.25 * (cohort.engagement[:, week] < -0.8)
    learner, turn = np.nonzero(present & (rng.random(at.shape) < likely))
    kinds = np.array(["message", "call"], dtype=object)[(rng.random(len(learner)) < 0.2).astype(int)]
    return {
        "learner": learner,
        "kind": kinds,
        "shown_at": at[learner, turn],
        "arm": np.full(len(learner), None, dtype=object),
    }


def _final_score(outcome: Objects, strength: Floats) -> Floats:
    """Percent to one decimal: the stronger, the higher within the outcome's range; none after leaving."""
    bounds = {"fail": (5, _PASS_MARK - 1), "pass": (_PASS_MARK, _DISTINCTION - 1), "distinction": (_DISTINCTION, 100)}
    score = np.full(len(outcome), np.nan)
    for name, (low, high) in bounds.items():
        score = np.where(outcome == name, low + (high - low) * logistic(strength), score)
    return score.round(1)


def _rating(learner: Ints, name: str, at: int, shown: Floats, rng: np.random.Generator) -> Columns:
    rating = (3.3 + shown + rng.normal(0, 0.6, len(learner))).round().clip(1, 5)
    return {
        "learner": learner,
        "indicator": np.full(len(learner), name, dtype=object),
        "rating": rating.astype(np.int64),
        "rated_at": np.full(len(learner), at),
    }


def _words(words: Iterable[str]) -> Objects:
    return np.array(list(words), dtype=object)
