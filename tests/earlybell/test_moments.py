"""Who is enrolled at a moment: the rule of the tables in SQL and that of a request in NumPy are one rule."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earlybell.errors import SettingError
from earlybell.predict.moments import create_moments, moments_of
from earlybell.tables import DEFAULT_WEEKS
from earlybell.tables.codec import Instance, decode
from earlybell.tables.sql import connect

START, END = datetime(2026, 2, 2), datetime(2026, 3, 30)
AS_OF = datetime(2026, 3, 2, 12)
SECOND = timedelta(seconds=1)
Who = Callable[[Instance], list[str]]

# enrolled_at, unenrolled_at, and whether the learner is enrolled at AS_OF, by the words of `create_moments`
EDGES = {
    "joined long before": (START, None, True),
    "joined a second before": (AS_OF - SECOND, None, True),
    "joins at that very moment": (AS_OF, None, False),
    "joins a second later": (AS_OF + SECOND, None, False),
    "left a second before": (START, AS_OF - SECOND, False),
    "leaves at that very moment": (START, AS_OF, True),
    "leaves a second later": (START, AS_OF + SECOND, True),
    "joined and left in the second before": (AS_OF - SECOND, AS_OF - SECOND, False),
    "joins and leaves at that very moment": (AS_OF, AS_OF, False),
}
# a run's start and end, and whether a learner who joined before it is enrolled at AS_OF
RUNS = {
    "begins at that very moment": (AS_OF, END, False),
    "began a second before": (AS_OF - SECOND, END, True),
    "ends at that very moment": (START, AS_OF, True),
    "ended a second before": (START, AS_OF - SECOND, False),
    "without an end: within the weeks of a site": (AS_OF - timedelta(weeks=DEFAULT_WEEKS), None, True),
    "without an end: a second after them": (AS_OF - timedelta(weeks=DEFAULT_WEEKS) - SECOND, None, False),
}


def _instance(
    start: datetime, end: datetime | None, enrolments: list[tuple[datetime, datetime | None]], as_of: datetime
) -> Instance:
    course: dict[str, object] = {
        "course_id": "c",
        "code": "c",
        "starts_at": start,
        "ends_at": end,
        "granularity": "raw",
    }
    rows: list[dict[str, object]] = [
        {"learner_id": f"l{number}", "enrolled_at": joined, "unenrolled_at": left}
        for number, (joined, left) in enumerate(enrolments)
    ]
    written = [_as_json(row) for row in (course, *rows)]
    data = {"as_of": as_of.isoformat(), "courses": written[:1], "enrolments": written[1:]}
    return decode(data, "instances[0]", as_of)


def _as_json(row: dict[str, object]) -> dict[str, object]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}


def _by_numpy(instance: Instance) -> list[str]:
    return [str(learner) for learner in moments_of(instance)["learner_id"]]


def _by_sql(instance: Instance) -> list[str]:
    connection = connect()
    for name in ("courses", "enrolments"):
        columns = {column: values for column, values in instance.rows[name].items() if column != "prior_attempts"}
        connection.register(f"{name}_given", columns)
        times = ", ".join(f"{column}::TIMESTAMP AS {column}" for column in columns if column.endswith("_at"))
        others = ", ".join(f"{column}::VARCHAR AS {column}" for column in columns if not column.endswith("_at"))
        connection.execute(f"CREATE TABLE {name} AS SELECT {times}, {others} FROM {name}_given")
    try:
        create_moments(connection, f"{instance.as_of.isoformat()}+00:00")
    except SettingError:  # nobody is enrolled then
        return []
    return [row[0] for row in connection.execute("SELECT learner_id FROM moments ORDER BY moment_id").fetchall()]


@pytest.mark.parametrize("who", [_by_numpy, _by_sql])
@pytest.mark.parametrize("edge", EDGES)
def test_who_is_enrolled_at_the_edges(who: Who, edge: str) -> None:
    joined, left, enrolled = EDGES[edge]
    assert who(_instance(START, END, [(joined, left)], AS_OF)) == (["l0"] if enrolled else [])


@pytest.mark.parametrize("who", [_by_numpy, _by_sql])
@pytest.mark.parametrize("run", RUNS)
def test_a_moment_is_within_a_run_from_after_its_start_to_its_end(who: Who, run: str) -> None:
    start, end, within = RUNS[run]
    joined = start - timedelta(days=3)
    assert who(_instance(start, end, [(joined, None)], AS_OF)) == (["l0"] if within else [])


_TIMES = st.sampled_from([timedelta(), SECOND, -SECOND, timedelta(microseconds=1), -timedelta(microseconds=1)])
_NEAR = st.builds(
    lambda base, by: base + by, st.sampled_from([START, AS_OF, END, AS_OF - timedelta(weeks=DEFAULT_WEEKS)]), _TIMES
)


@st.composite
def _instances(draw: st.DrawFn) -> Instance:
    start, end = draw(_NEAR), draw(st.none() | _NEAR)
    if end is not None and end < start:
        start, end = end, start
    enrolments = []
    for _ in range(draw(st.integers(0, 4))):
        joined, left = draw(_NEAR), draw(st.none() | _NEAR)
        enrolments.append((joined, max(joined, left) if left else None))
    return _instance(start, end, enrolments, draw(_NEAR))


@settings(max_examples=60, deadline=None)
@given(instance=_instances())
def test_both_rules_are_one(instance: Instance) -> None:
    assert _by_numpy(instance) == _by_sql(instance)
