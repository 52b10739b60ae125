"""Work handed in: extensions, and submissions with their delays, attempts and scores.

Rows are columns of equal length; `learner` is a position in the cohort.
"""

from collections.abc import Iterator

import numpy as np

from components.extract.simulate.cohort import Cohort
from components.extract.simulate.plan import (
    DAY,
    HOUR,
    NEVER,
    WEEK,
    Assessment,
    Columns,
    Flags,
    Floats,
    Ints,
    Run,
    logistic,
)

_EXTENSION = WEEK
_MOST_LATE = 13 * DAY
_MOST_EARLY = 6 * DAY
_ATTEMPTS = 3  # of a quiz; the pre-test and the post-test allow one
_UNGRADED = 0.02  # share of assignments that are never graded


def grant(run: Run, cohort: Cohort, rng: np.random.Generator) -> Ints:
    """When each learner was granted more time for each assignment; NEVER: not. Shape: learners x assessments.

    It is granted before the work is due, and is likelier with a declared disability.
    """
    due_at = np.array([item.due_at for item in run.assessments])
    assignment = np.array([item.kind == "assignment" for item in run.assessments])
    likely = np.where(cohort.attributes["disability"] == "yes", 0.25, 0.03)[:, None] * assignment
    at = due_at - rng.integers(HOUR, 5 * DAY, likely.shape)
    granted = (rng.random(likely.shape) < likely) & (at > cohort.enrolled_at[:, None]) & (at < cohort.until[:, None])
    return np.where(granted, at, NEVER)


def extensions(run: Run, granted: Ints) -> Columns:
    """The rows of the table, by learner and assessment."""
    learner, number = np.nonzero(granted != NEVER)
    due_at = np.array([item.due_at for item in run.assessments])[number]
    return {
        "learner": learner,
        "assessment_id": run.objects[_places(run)[number]],
        "due_at": due_at + _EXTENSION,
        "granted_at": granted[learner, number],
    }


def submissions(run: Run, cohort: Cohort, granted: Ints, rng: np.random.Generator) -> Columns:
    """The rows of the table, and beside its columns `started_at`, and `place` and `quiz` of the assessment."""
    own_due = [item.due_at + _EXTENSION * (granted[:, number] != NEVER) for number, item in enumerate(run.assessments)]
    attempts = [
        {**attempt, "number": np.full(len(attempt["learner"]), number)}
        for number, item in enumerate(run.assessments)
        for attempt in _attempts(item, cohort, own_due[number], rng)
    ]
    rows = {name: np.concatenate([attempt[name] for attempt in attempts]) for name in attempts[0]}
    place = _places(run)[rows["number"]]
    quiz = np.array([item.kind == "quiz" for item in run.assessments])[rows["number"]]
    seconds = np.where(quiz, rows["submitted_at"] - rows["started_at"], np.nan)  # Moodle times quizzes alone
    return rows | {"assessment_id": run.objects[place], "place": place, "quiz": quiz, "duration_s": seconds}


def _places(run: Run) -> Ints:
    return np.array([item.place for item in run.assessments])


def _attempts(item: Assessment, cohort: Cohort, due_at: Ints, rng: np.random.Generator) -> Iterator[Columns]:
    """The first attempts at one assessment, the second ones, and so on."""
    size, effort = len(cohort), cohort.engagement[:, item.week]
    tries = rng.random(size) < logistic(1.7 + 1.1 * effort + 0.3 * cohort.ability[:, item.week])
    talent = rng.normal(0, 0.11, size)  # luck with this topic, the same for every attempt
    submitted_at = _first_at(item, effort, due_at, rng)
    started_at = submitted_at - _seconds(size, rng)
    for number in range(1, _most_attempts(item) + 1):
        submitted = tries & (started_at > cohort.enrolled_at) & (submitted_at < cohort.until)
        graded_at = _graded_at(item, submitted_at, cohort.until, rng)
        score = _score(item, cohort, talent + 0.05 * number, submitted_at > due_at, rng)
        yield {
            "learner": np.flatnonzero(submitted),
            "attempt": np.full(submitted.sum(), number),
            "started_at": started_at[submitted],
            "submitted_at": submitted_at[submitted],
            "graded_at": graded_at[submitted],
            "score": np.where(graded_at == NEVER, np.nan, score)[submitted],
        }
        started_at = submitted_at + rng.exponential(8 * HOUR, size).astype(np.int64) + 60
        submitted_at = started_at + _seconds(size, rng)
        tries = tries & (rng.random(size) < logistic(-0.4 + 0.5 * effort)) & (submitted_at <= due_at)


def _most_attempts(item: Assessment) -> int:
    return _ATTEMPTS if item.kind == "quiz" and item.role == "none" else 1


def _first_at(item: Assessment, effort: Floats, due_at: Ints, rng: np.random.Generator) -> Ints:
    """The engaged hand in earlier and are seldom late; a quiz closes at its deadline."""
    ahead = rng.exponential(20 * HOUR * np.exp(0.35 * effort)).clip(60, _MOST_EARLY)
    behind = rng.exponential(30 * HOUR * np.exp(-0.3 * effort)).clip(60, _MOST_LATE)
    late = (rng.random(len(effort)) < logistic(-1.9 - 0.7 * effort)) & (item.kind == "assignment")
    return due_at + np.where(late, behind, -ahead).astype(np.int64)


def _seconds(size: int, rng: np.random.Generator) -> Ints:
    """How long an attempt takes: 20 minutes at the median, 90 at most."""
    return rng.lognormal(np.log(1200), 0.5, size).clip(120, 5400).astype(np.int64)


def _score(item: Assessment, cohort: Cohort, luck: Floats, late: Flags, rng: np.random.Generator) -> Floats:
    """Ability, effort and noise; the pre-test knows of no effort yet. In points, to one decimal."""
    ability, effort = cohort.ability[:, item.week], cohort.engagement[:, item.week]
    share = 0.38 + 0.09 * ability if item.role == "pre_test" else 0.6 + 0.08 * ability + 0.05 * effort - 0.05 * late
    noise = rng.normal(0, 0.06, len(cohort))
    return np.round(item.max_score * (share + item.ease + luck + noise).clip(0, 1), 1)


def _graded_at(item: Assessment, submitted_at: Ints, until: Ints, rng: np.random.Generator) -> Ints:
    """A quiz is graded at once, an assignment some days after, if the learner's records go on until then."""
    if item.kind == "quiz":
        return submitted_at
    waits = rng.integers(2 * DAY, 9 * DAY, len(submitted_at))
    graded_at = np.maximum(submitted_at, item.due_at) + waits
    never = (rng.random(len(submitted_at)) < _UNGRADED) | (graded_at >= until)
    return np.where(never, NEVER, graded_at)
