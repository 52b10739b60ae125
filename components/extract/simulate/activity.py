"""Activity: sessions spread over the week and the day, and the events inside them.

Rows are columns of equal length; `learner` is a position in the cohort.
"""

import numpy as np

from components.extract.simulate.cohort import Cohort
from components.extract.simulate.plan import HOUR, WEEK, Columns, Flags, Floats, Ints, Run
from components.extract.simulate.words import VERBS, verb

_EVENTS_A_SESSION = 6.0
_PAUSE = 100.0  # mean seconds between two events of a session
_BEFORE_START = 0.25  # share of the first week's sessions that learners who enrolled early hold before the start
_ONLINE = 4.0  # times as much activity, where all teaching is on Moodle
_DEAD = ("mod_forum", "mod_quiz")
_LOST = 0.8  # of the events of a group
_EARLIER_WEEK = 0.6  # probability that an event is about this week's material; geometric in weeks back

_WEEKDAYS = np.array([1.2, 1.25, 1.2, 1.1, 0.75, 0.55, 0.95])
_HOURS = np.array([2, 1, 0.5, 0.3, 0.3, 0.5, 1, 2, 4, 6, 7, 7, 6, 6, 7, 7, 7, 6, 6, 7, 8, 8, 6, 4])
_HOURS_OF_WEEK = np.cumsum(np.outer(_WEEKDAYS, _HOURS) / np.outer(_WEEKDAYS, _HOURS).sum())
_SHARES = np.cumsum([word.share for word in VERBS])

_COMPONENTS, _ACTIONS, _TARGETS = (np.array([word[part] for word in VERBS], dtype=object) for part in range(3))


def expected(run: Run, cohort: Cohort) -> float:
    """Events in sessions that this cohort should have, at a rate of one event a usual learner and week."""
    return float((_intensity(run, cohort) * _overlap(run, cohort)).sum())


def handing_in(work: Columns) -> Columns:
    """Events of handing in work: a form opened, an assignment submitted; an attempt started, submitted and reviewed."""
    quiz, assignment, graded = work["quiz"], ~work["quiz"], ~np.isnan(work["score"])
    parts = (
        (assignment, "started_at", verb("mod_assign", "viewed", "submission_form")),
        (assignment, "submitted_at", verb("mod_assign", "submitted", "assessable")),
        (quiz, "started_at", verb("mod_quiz", "started", "attempt")),
        (quiz, "submitted_at", verb("mod_quiz", "submitted", "attempt")),
        (quiz & graded, "submitted_at", verb("mod_quiz", "reviewed", "attempt")),
    )
    return _joined(
        [
            {
                "learner": work["learner"][mask],
                "at": work[at][mask],
                "verb": np.full(mask.sum(), number),
                "place": work["place"][mask],
            }
            for mask, at, number in parts
        ]
    )


def browsing(run: Run, cohort: Cohort, rate: float, rng: np.random.Generator) -> Columns:
    """Events in sessions, at `rate` events a usual learner and week."""
    learner, week, starts_at = _sessions(run, cohort, rate, rng)
    session, at = _inside(starts_at, rng)
    enrolled = (at < cohort.until[learner[session]]) & (at >= cohort.enrolled_at[learner[session]])
    first = np.diff(session, prepend=-1) > 0
    session, at, first = session[enrolled], at[enrolled], first[enrolled]
    verbs = _verbs(cohort.engagement[learner, week], session, first, rng)
    back = rng.geometric(_EARLIER_WEEK, len(session)) - 1
    about = (week[session] - back).clip(0)
    return {"learner": learner[session], "at": at, "verb": verbs, "place": _shelf(run)[verbs, about]}


def recorded(run: Run, cohort: Cohort, parts: list[Columns], rng: np.random.Generator) -> Columns:
    """Of the rows of `handing_in` and `browsing` those that the log has, as the run's scenario leaves them."""
    rows = _joined(parts)
    late = rows["at"] >= run.strikes_at
    if run.scenario == "broken_ingestion":
        lost = late
    elif run.scenario == "dead_feature":
        lost = late & np.isin(_COMPONENTS[rows["verb"]], _DEAD)
    elif run.scenario == "one_group":
        deprived = cohort.attributes["deprivation"] == "most"
        lost = late & deprived[rows["learner"]] & (rng.random(len(late)) < _LOST)
    else:
        return rows
    return {name: column[~lost] for name, column in rows.items()}


def events(run: Run, rows: Columns) -> Columns:
    """The rows of the table from those that were recorded."""
    return {
        "learner": rows["learner"],
        "occurred_at": rows["at"],
        "component": _COMPONENTS[rows["verb"]],
        "action": _ACTIONS[rows["verb"]],
        "target": _TARGETS[rows["verb"]],
        "object_id": run.objects[rows["place"]],
        "count": np.ones(len(rows["at"]), dtype=np.int64),
    }


def _joined(parts: list[Columns]) -> Columns:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _intensity(run: Run, cohort: Cohort) -> Floats:
    """Activity of each learner in each week relative to a usual one: style, engagement, calendar. Learners x weeks."""
    online = np.where(np.arange(run.weeks) >= run.onset, _ONLINE, 1.0) if run.scenario == "pandemic" else 1.0
    return np.asarray(cohort.style[:, None] * np.exp(0.55 * cohort.engagement) * run.pace * online)


def _overlap(run: Run, cohort: Cohort) -> Floats:
    """The share of each week in which the learner is enrolled and records are kept. Learners x weeks."""
    begins = run.starts_at + WEEK * np.arange(run.weeks)
    first = np.maximum(cohort.enrolled_at[:, None], begins)
    last = np.minimum(cohort.until[:, None], begins + WEEK)
    return ((last - first) / WEEK).clip(0)


def _sessions(run: Run, cohort: Cohort, rate: float, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """Learner, week and start of every session."""
    enrolled = _overlap(run, cohort) > 0
    number = rng.poisson(rate / _EVENTS_A_SESSION * _intensity(run, cohort) * enrolled)
    learner, week = (np.repeat(place, number.ravel()) for place in np.indices(number.shape).reshape(2, -1))
    hour = np.searchsorted(_HOURS_OF_WEEK, rng.random(len(week))).clip(max=7 * 24 - 1)
    starts_at = run.starts_at + week * WEEK + hour * HOUR + rng.integers(0, HOUR, len(week))
    return learner, week, _some_earlier(run, cohort.enrolled_at[learner], week, starts_at, rng)


def _some_earlier(run: Run, enrolled_at: Ints, week: Ints, starts_at: Ints, rng: np.random.Generator) -> Ints:
    moved = (week == 0) & (enrolled_at < run.starts_at) & (rng.random(len(week)) < _BEFORE_START)
    wait = run.starts_at - enrolled_at
    return np.where(moved, enrolled_at + (rng.random(len(week)) * wait).astype(np.int64), starts_at)


def _inside(starts_at: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Session and time of every event; each session has one at its start."""
    number = rng.geometric(1 / _EVENTS_A_SESSION, len(starts_at))
    session = np.repeat(np.arange(len(starts_at)), number)
    elapsed = rng.exponential(_PAUSE, len(session)).cumsum()
    firsts = number.cumsum() - number
    return session, starts_at[session] + (elapsed - elapsed[firsts][session]).astype(np.int64)


def _verbs(engagement: Floats, session: Ints, first: Flags, rng: np.random.Generator) -> Ints:
    """The course page first; then by the verbs' shares, the engaged towards the active end."""
    drawn = rng.random(len(session)) ** np.exp(-0.25 * engagement)[session]
    return np.where(first, 0, np.searchsorted(_SHARES, drawn * _SHARES[-1]))


def _shelf(run: Run) -> Ints:
    """What each verb acts on in each week, as places in the run's objects. Verbs x weeks."""
    return np.array([run.shelf[word.about] for word in VERBS])
