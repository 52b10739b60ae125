"""Extracts of a course run, as requests carry them: one to spoil by hand, and random valid ones with odd values."""

import copy
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

from earlybell.tables.schema import BY_NAME, EARLIEST, GRANULARITIES, LARGEST, LATEST, ROLES
from earlybell.tables.words import unknown_words

LEARNER, OTHER = "5f2c0e6b1d7a49f8a3b1c2d4e5f60718", "a3b1c2d4e5f607185f2c0e6b1d7a49f8"
AS_OF = "2026-03-02T00:00:00Z"
EXTRACT: dict[str, Any] = {
    "as_of": AS_OF,
    "courses": [
        {
            "course_id": "mathematics-2026",
            "code": "mathematics",
            "starts_at": "2026-02-02T00:00:00Z",
            "ends_at": "2026-05-24T00:00:00Z",
            "granularity": "raw",
        }
    ],
    "enrolments": [
        {"learner_id": LEARNER, "enrolled_at": "2026-01-20T09:00:00Z", "unenrolled_at": None, "prior_attempts": 0},
        {"learner_id": OTHER, "enrolled_at": "2026-01-21T09:00:00Z"},
    ],
    "events": {
        "learner_id": [LEARNER, LEARNER],
        "occurred_at": ["2026-02-03T10:15:00Z", "2026-02-20T18:40:12Z"],
        "component": ["mod_forum", "mod_quiz"],
        "action": ["viewed", "submitted"],
        "target": ["discussion", "attempt"],
        "object_id": ["7", None],
        "count": [1, 1],
    },
    "assessments": [
        {
            "assessment_id": "quiz-1",
            "kind": "quiz",
            "role": "none",
            "due_at": "2026-02-20T23:59:59Z",
            "weight": 10,
            "max_score": 10,
        }
    ],
    "extensions": [
        {
            "assessment_id": "quiz-1",
            "learner_id": LEARNER,
            "due_at": "2026-02-22T23:59:59Z",
            "granted_at": "2026-02-19T08:00:00Z",
        }
    ],
    "submissions": [
        {
            "assessment_id": "quiz-1",
            "learner_id": LEARNER,
            "submitted_at": "2026-02-20T18:40:12Z",
            "graded_at": "2026-02-20T18:40:12Z",
            "attempt": 1,
            "score": 4.5,
            "duration_s": 600,
        }
    ],
    "breaks": [{"starts_at": "2026-02-14T00:00:00Z", "ends_at": "2026-02-16T00:00:00Z"}],
}
LEFT_OUT = object()


def changed(value: object, *path: str | int) -> dict[str, Any]:
    """`EXTRACT` with another value at a path; `LEFT_OUT` takes out what is there."""
    extract = copy.deepcopy(EXTRACT)
    place: Any = extract
    for step in path[:-1]:
        place = place[step]
    if value is LEFT_OUT:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return extract


def enrolled(extract: dict[str, Any]) -> set[str]:
    """Who the answer is about: enrolled at the moment, which lies within the course run and its whole records."""
    at, (course,) = moment(extract["as_of"]), extract["courses"]
    starts, ends = moment(course["starts_at"]), course.get("ends_at")
    if not starts < at <= (moment(ends) if ends else starts + timedelta(weeks=16)):
        return set()
    since, until = (course.get(name) for name in ("complete_from", "complete_until"))
    if (since and at <= moment(since)) or (until and at > moment(until)):
        return set()
    rows = extract["enrolments"]
    return {
        row["learner_id"]
        for row in rows
        if moment(row["enrolled_at"]) < at and not (row["unenrolled_at"] and moment(row["unenrolled_at"]) < at)
    }


def moment(text: str) -> datetime:
    """A time of a request; without a zone it is UTC."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


_TEXTS = st.one_of(
    st.sampled_from([" ", "mod_quiz", "core", "viewed", "' OR 1=1 --", "\N{GRINNING FACE}", "null", "a,b"]),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8),
)
_IDS = _TEXTS.map(lambda text: text.strip(" ")).filter(lambda text: text and not text.endswith(".0"))
_OBJECTS = _IDS.filter(lambda text: text not in unknown_words(BY_NAME["events"].column("object_id")))
_COUNTS = st.one_of(st.integers(1, 50), st.integers(1, int(LARGEST)))
_AMOUNTS = st.one_of(st.just(0), st.integers(0, 100), st.floats(0, LARGEST))
_ZONES = st.sampled_from([None, UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-11))])


@st.composite
def _times(draw: st.DrawFn, near: datetime, not_before: datetime = EARLIEST) -> str:
    """A time as a client may write it: mostly around a course run, at times any plausible one."""
    day = timedelta(days=1)
    low, high = max(not_before, EARLIEST, near - 60 * day), min(LATEST, max(not_before, near + 200 * day))
    if draw(st.integers(0, 19)) == 0 or low > high:
        low, high = not_before, LATEST
    at, zone = draw(st.datetimes(low, high)), draw(_ZONES)
    if zone is None:
        return at.isoformat(draw(st.sampled_from(["T", " "])))
    if zone is UTC:
        return f"{at.isoformat()}Z"
    return at.replace(tzinfo=UTC).astimezone(zone).isoformat()


@st.composite
def extracts(draw: st.DrawFn) -> dict[str, Any]:
    """A valid extract in rows, every table of it with values that are odd and allowed."""
    start = draw(st.one_of(st.just(datetime(2026, 2, 2)), st.datetimes(EARLIEST, LATEST - timedelta(days=1))))
    at = _times(start)
    end = draw(st.none() | _times(start, start))
    course = {
        "course_id": draw(_IDS),
        "code": draw(_TEXTS),
        "starts_at": f"{start.isoformat()}Z",
        "ends_at": end,
        "granularity": draw(st.sampled_from(GRANULARITIES)),
        "timezone": draw(st.none() | st.sampled_from(["Asia/Kathmandu", "America/Lima", "Pacific/Apia"])),
        "weekend": draw(st.none() | st.sampled_from(["fri,sat", "sat", "none", "sat,sun"])),
        "complete_from": draw(st.none() | at),
        "complete_until": draw(st.none() | st.just(f"{LATEST.isoformat()}Z")),
    }
    for name in ("timezone", "weekend", "complete_from", "complete_until"):  # older clients do not know them
        if draw(st.booleans()):
            del course[name]
    learners = draw(st.lists(_IDS, max_size=4, unique=True))
    assessments = _assessments(draw, at)
    maximum = {assessment["assessment_id"]: assessment["max_score"] for assessment in assessments}
    return {
        "as_of": draw(at),
        "courses": [course],
        "enrolments": [_enrolment(draw, learner, at) for learner in learners],
        "events": [_event(draw, learners, at) for _ in range(draw(st.integers(0, 6)) if learners else 0)],
        "assessments": assessments,
        "extensions": [_extension(draw, *pair, at) for pair in _pairs(draw, list(maximum), learners)],
        "submissions": [
            _submission(draw, *pair, maximum[pair[0]], attempt, at)
            for attempt, pair in enumerate(_pairs(draw, list(maximum), learners))
        ],
        "breaks": _breaks(draw, start),
    }


def _pairs(draw: st.DrawFn, assessments: list[str], learners: list[str]) -> list[tuple[str, str]]:
    if not assessments or not learners:
        return []
    return draw(st.lists(st.tuples(st.sampled_from(assessments), st.sampled_from(learners)), max_size=5))


def _enrolment(draw: st.DrawFn, learner: str, at: st.SearchStrategy[str]) -> dict[str, Any]:
    prior = draw(st.none() | st.integers(0, 3) | st.integers(0, int(LARGEST)))
    return {
        "learner_id": learner,
        "enrolled_at": draw(at),
        "unenrolled_at": draw(st.none() | at),
        "prior_attempts": prior,
    }


def _event(draw: st.DrawFn, learners: list[str], at: st.SearchStrategy[str]) -> dict[str, Any]:
    words = {name: draw(_TEXTS) for name in ("component", "action", "target")}
    who = {"learner_id": draw(st.sampled_from(learners)), "occurred_at": draw(at)}
    return who | words | {"object_id": draw(st.none() | _OBJECTS), "count": draw(_COUNTS)}


def _assessments(draw: st.DrawFn, at: st.SearchStrategy[str]) -> list[dict[str, Any]]:
    return [
        {
            "assessment_id": assessment_id,
            "kind": draw(_TEXTS),
            "role": draw(st.sampled_from(ROLES)),
            "due_at": draw(st.none() | at),
            "weight": draw(st.none() | _AMOUNTS),
            "max_score": draw(_AMOUNTS),
        }
        for assessment_id in draw(st.lists(_IDS, max_size=3, unique=True))
    ]


def _extension(draw: st.DrawFn, assessment: str, learner: str, at: st.SearchStrategy[str]) -> dict[str, Any]:
    return {"assessment_id": assessment, "learner_id": learner, "due_at": draw(at), "granted_at": draw(at)}


def _submission(
    draw: st.DrawFn, assessment: str, learner: str, most: float, attempt: int, at: st.SearchStrategy[str]
) -> dict[str, Any]:
    return {
        "assessment_id": assessment,
        "learner_id": learner,
        "submitted_at": draw(at),
        "graded_at": draw(st.none() | at),
        "attempt": attempt,
        "score": draw(st.none() | st.floats(0, most)),
        "duration_s": draw(st.none() | _AMOUNTS),
    }


def _breaks(draw: st.DrawFn, start: datetime) -> list[dict[str, Any]]:
    breaks = []
    for _ in range(draw(st.integers(0, 2))):
        first = draw(st.datetimes(max(EARLIEST, start - timedelta(days=9)), min(LATEST, start + timedelta(days=90))))
        breaks.append({"starts_at": f"{first.isoformat()}Z", "ends_at": draw(_times(first, first))})
    return breaks


_ODD: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(
        [None, True, -1, 0, 1.5, 2**63, -(2**63), 1e308, "", "0.4", "\0", "2026-03-02", [], {}, [None], [[]]]
    ),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    _TEXTS,
    st.dictionaries(st.sampled_from(["learner_id", "course_id", "qq"]), st.lists(st.none() | _TEXTS, max_size=2)),
)


@st.composite
def mutated(draw: st.DrawFn, good: st.SearchStrategy[dict[str, Any]]) -> dict[str, Any]:
    """A good one, spoiled in up to three places: another value there, none, one more; or another form of a table."""
    extract = copy.deepcopy(draw(good))
    for _ in range(draw(st.integers(1, 3))):
        place: Any = extract
        while isinstance(place, dict | list) and len(place):
            steps = list(place) if isinstance(place, dict) else list(range(len(place)))
            step = draw(st.sampled_from(steps))
            if draw(st.integers(0, 2)) == 0 or not isinstance(place[step], dict | list) or not place[step]:
                _spoil(draw, place, step)
                break
            place = place[step]
    return extract


def _spoil(draw: st.DrawFn, place: Any, step: Any) -> None:
    how = draw(st.sampled_from(["value", "value", "none", "more", "columns"]))
    if how == "none":
        del place[step]
    elif how == "more" and isinstance(place, list):
        place.append(copy.deepcopy(place[step]))
    elif how == "more":
        place[draw(_TEXTS)] = copy.deepcopy(draw(_ODD))
    elif how == "columns" and isinstance(place[step], list) and all(isinstance(row, dict) for row in place[step]):
        names = {name for row in place[step] for name in row}
        place[step] = {name: [row.get(name) for row in place[step]] for name in sorted(names)}
    else:
        place[step] = copy.deepcopy(draw(_ODD))
