"""What is known by a moment, by hand: missed work, who left, outcomes; and when records arrived."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import duckdb
import numpy as np
import pytest

from components.monitor.labels import read_labels
from components.monitor.records import read_records
from components.monitor.weeks import Run
from earlybell.predict import Observed
from earlybell.tables import TABLES
from earlybell.tables.schema import SQL_TYPES
from earlybell.tables.sql import connect

START = datetime(2026, 1, 5)
DAY = timedelta(days=1)
LOOK = START + 14 * DAY
RUN = Run("A", "A", START, START + 70 * DAY, trained=False)


@pytest.fixture
def tables() -> Iterator[duckdb.DuckDBPyConnection]:
    """Empty canonical tables, and the course run A."""
    connection = connect()
    for table in TABLES:
        columns = ", ".join(f"{column.name} {SQL_TYPES[column.type]}" for column in table.columns)
        connection.execute(f"CREATE TABLE {table.name} ({columns})")
    connection.execute("INSERT INTO courses (course_id, code, starts_at) VALUES ('A', 'A', ?)", [START])
    yield connection
    connection.close()


def _work(tables: duckdb.DuckDBPyConnection, name: str, due: int, weight: float = 1.0) -> None:
    tables.execute(
        "INSERT INTO assessments VALUES (?, 'A', 'quiz', 'none', ?, ?, 10)", [name, START + due * DAY, weight]
    )


def _handed_in(tables: duckdb.DuckDBPyConnection, name: str, learner: str, day: int, attempt: int = 1) -> None:
    row = [name, learner, START + day * DAY, attempt]
    tables.execute(
        "INSERT INTO submissions (assessment_id, learner_id, submitted_at, attempt) VALUES (?, ?, ?, ?)", row
    )


def _observed(*learners: str) -> Observed:
    count = len(learners)
    at = np.full(count, np.datetime64(LOOK, "us"))
    return Observed(
        np.full(count, "A", dtype=object),
        np.array(learners, dtype=object),
        at,
        np.zeros(count),
        np.zeros((count, 1), dtype=np.float32),
    )


LEARNERS = ("early", "in time", "late", "too late", "never", "banked", "extended")


def test_the_next_work_is_missed_where_it_was_not_handed_in_within_four_weeks(
    tables: duckdb.DuckDBPyConnection,
) -> None:
    _work(tables, "next", due=20)
    _work(tables, "after", due=30)
    for learner, day in (("early", 10), ("in time", 19), ("late", 41), ("too late", 42)):
        _handed_in(tables, "next", learner, day)
    _handed_in(tables, "next", "banked", 19, attempt=0)
    _handed_in(tables, "after", "early", 29)
    tables.execute("INSERT INTO extensions VALUES ('next', 'extended', ?, ?)", [START + 60 * DAY, START + 5 * DAY])
    labels = read_labels(tables, _observed(*LEARNERS), LOOK + 28 * DAY)
    known = dict(zip(LEARNERS, labels.early.tolist(), strict=True))
    # Who had handed in, banked or more time has "after" for the next work; "early" alone handed it in.
    assert known == {"early": 0, "in time": 0, "late": 0, "too late": 1, "never": 1, "banked": 1, "extended": 1}


@pytest.mark.parametrize(
    ("due", "handed_in_by", "now"),
    [(20, "never", 41), (35, "in time", 42), (20, "", 42), (13, "in time", 42)],
    ids=["four weeks have not passed", "due too late", "in the source of nobody", "due before"],
)
def test_without_work_in_these_weeks_nothing_is_known(
    tables: duckdb.DuckDBPyConnection, due: int, handed_in_by: str, now: int
) -> None:
    _work(tables, "next", due)
    if handed_in_by:
        _handed_in(tables, "next", handed_in_by, 19)
    labels = read_labels(tables, _observed("never"), START + now * DAY)
    assert np.isnan(labels.early).all()


def test_who_left_within_four_weeks_and_which_outcomes_have_come(tables: duckdb.DuckDBPyConnection) -> None:
    for learner, day in (("left", 30), ("later", 43)):
        row = [learner, START, START + day * DAY]
        tables.execute("INSERT INTO enrolments VALUES ('A', ?, ?, ?, 0)", row)
    for learner, outcome, day in (("left", "withdrawn", 30), ("later", "pass", 50)):
        tables.execute("INSERT INTO outcomes VALUES ('A', ?, ?, NULL, ?)", [learner, outcome, START + day * DAY])
    at_45, at_51 = (read_labels(tables, _observed("left", "later"), START + day * DAY) for day in (45, 51))
    assert at_45.left.tolist() == [True, False]
    assert at_45.outcome.tolist()[0] == 1
    assert np.isnan(at_45.outcome[1])
    assert at_51.outcome.tolist() == [1, 0]
    assert at_51.decided.tolist() == [START + 30 * DAY, START + 50 * DAY]


def test_records_are_those_before_a_moment_and_pauses_are_of_teaching(tables: duckdb.DuckDBPyConnection) -> None:
    for day, component, count in ((-20, "core", 1), (1, "core", 2), (2, "mod_quiz", 3), (12, "core", 4)):
        row = [START + day * DAY, component, count]
        tables.execute("INSERT INTO events VALUES ('A', 'x', ?, ?, 'viewed', 'course', NULL, ?)", row)
    records = read_records(tables)
    assert records.newest("events", RUN, START + 12 * DAY) == START + 2 * DAY
    assert records.newest("submissions", RUN, START + 12 * DAY) is None
    assert records.longest_pause("events", RUN) == 58.0  # from the last, at day 12, to the end
    short = Run("A", "A", START, START + 13 * DAY, trained=False)
    assert records.longest_pause("events", short) == 10.0
    assert records.longest_pause("grades", RUN) is None
    with_break = Run("A", "A", START, START + 13 * DAY, False, ((START + 3 * DAY, START + 10 * DAY),))
    assert records.longest_pause("events", with_break) == 3.0
    events = records.events_of("A")
    assert events.between(0, 7) == {"core": 2.0, "mod_quiz": 3.0}
    assert (events.total(0, 7), events.total(7, 14), events.total(-30, 0)) == (5.0, 4.0, 0.0)
    assert records.events_of("B").total(0, 99) == 0.0
