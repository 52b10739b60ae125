"""Random small sites: one or two course runs, up to four learners, and whatever may be recorded of them."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from components.features.acts import KINDS
from tests.components.features.small import Moment, Row, Site

START = datetime(2024, 1, 1)
_COMPONENTS = [components[0] for components in KINDS.values()] + ["mod_unheard_of"]
_ZONES = [None, "America/Lima", "Asia/Muscat", "Asia/Kathmandu", "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia"]
_DAYS = (-15, 130)
_BEFORE_ALL = START + timedelta(days=-16)
_ENDS_OF_DAYS = [START + timedelta(days=day, seconds=-1) for day in range(*_DAYS)]


def times(first: int = _DAYS[0], last: int = _DAYS[1]) -> st.SearchStrategy[datetime]:
    """Moments between two days of the site; many on the hour, so that some coincide, some with microseconds."""
    hours = [START + timedelta(hours=hour) for hour in range(first * 24, last * 24)]
    return st.sampled_from(hours) | st.datetimes(START + timedelta(days=first), START + timedelta(days=last))


@st.composite
def sites(draw: st.DrawFn, together: bool = False) -> Site:
    """A site with one to three moments of each enrolled learner; `together`: one, the same for all of them."""
    tables: dict[str, list[Row]] = {"courses": [], "enrolments": [], "breaks": [], "events": []}
    tables |= {"assessments": [], "extensions": [], "submissions": []}
    for number in range(draw(st.integers(1, 2))):
        _course(draw, f"course-{number}", tables)
    as_of = draw(_moments(tables)) if together else None
    moments: list[Moment] = []
    for row in tables["enrolments"]:
        seen = [as_of] if as_of else draw(st.lists(_moments(tables), min_size=1, max_size=3, unique=True))
        moments += [(row["course_id"], row["learner_id"], at) for at in seen if at > row["enrolled_at"]]
    return Site(tables, moments)


def _moments(tables: dict[str, list[Row]]) -> st.SearchStrategy[datetime]:
    """Any time, or exactly that of a record."""
    recorded = [value for rows in tables.values() for row in rows for value in row.values()]
    return times() | st.sampled_from([value for value in recorded if isinstance(value, datetime)])


def _course(draw: st.DrawFn, course_id: str, tables: dict[str, list[Row]]) -> None:
    start = draw(times(0, 20))
    length = draw(st.none() | st.integers(1, 120))
    granularity = draw(st.sampled_from(["raw", "daily"]))
    tables["courses"].append(
        {
            "course_id": course_id,
            "code": "C",
            "starts_at": start,
            "ends_at": None if length is None else start + timedelta(days=length),
            "granularity": granularity,
            "timezone": draw(st.sampled_from(_ZONES)),
            "weekend": draw(st.sampled_from([None, "fri,sat", "sat", "none"])),
            "complete_from": draw(st.none() | times(0, 40)),
        }
    )
    for begin in draw(st.lists(times(), max_size=2)):
        end = begin + timedelta(days=draw(st.integers(0, 20)))
        tables["breaks"].append({"course_id": course_id, "starts_at": begin, "ends_at": end})
    works = [_work(draw, f"{course_id}-work-{number}", course_id) for number in range(draw(st.integers(0, 3)))]
    tables["assessments"] += works
    for number in range(draw(st.integers(1, 4))):
        _learner(draw, course_id, f"learner-{number}", granularity, works, tables)


def _work(draw: st.DrawFn, assessment_id: str, course_id: str) -> Row:
    return {
        "assessment_id": assessment_id,
        "course_id": course_id,
        "kind": "assignment",
        "role": draw(st.sampled_from(["none", "pre_test", "post_test"])),
        "due_at": draw(st.none() | st.sampled_from([START + timedelta(days=40)]) | times()),
        "weight": draw(st.none() | st.sampled_from([0.0, 10.0, 22.5])),
        "max_score": draw(st.sampled_from([0.0, 10.0, 100.0])),
    }


def _learner(
    draw: st.DrawFn, course_id: str, learner_id: str, granularity: str, works: list[Row], tables: dict[str, list[Row]]
) -> None:
    who = {"course_id": course_id, "learner_id": learner_id}
    enrolment = {"unenrolled_at": draw(st.none() | times()), "prior_attempts": draw(st.none() | st.integers(0, 3))}
    enrolled_at = draw(times(-15, 60)) if tables["enrolments"] else _BEFORE_ALL  # so that there is a moment
    tables["enrolments"].append({**who, "enrolled_at": enrolled_at, **enrolment})
    tables["events"] += [{**who, **event} for event in draw(st.lists(_events(granularity), max_size=12))]
    for work in works:
        of = {"assessment_id": work["assessment_id"], "learner_id": learner_id}
        tables["extensions"] += [{**of, **extension} for extension in draw(st.lists(_EXTENSIONS, max_size=2))]
        for attempt in sorted(draw(st.sets(st.sampled_from([0, 1, 2])))):
            tables["submissions"].append({**of, "attempt": attempt, **draw(_submissions(work["max_score"]))})


_EXTENSIONS = st.fixed_dictionaries({"due_at": times(), "granted_at": times()})


def _events(granularity: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "occurred_at": times() if granularity == "raw" else st.sampled_from(_ENDS_OF_DAYS),
            "component": st.sampled_from(_COMPONENTS),
            "action": st.sampled_from(["viewed", "created", "updated"]),
            "target": st.sampled_from(["course_module", "course", "post", "discussion", "course_module_completion"]),
            "object_id": st.none(),
            "count": st.integers(1, 5),
        }
    )


@st.composite
def _submissions(draw: st.DrawFn, max_score: float) -> Row:
    submitted_at = draw(times())
    graded_after = draw(st.none() | st.integers(0, 30 * 24))
    return {
        "submitted_at": submitted_at,
        "graded_at": None if graded_after is None else submitted_at + timedelta(hours=graded_after),
        "score": draw(st.none() | st.sampled_from([0.0, max_score / 3, max_score])),
        "duration_s": draw(st.none() | st.sampled_from([0.0, 90.0, 1234.5])),
    }
