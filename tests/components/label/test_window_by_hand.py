"""What comes after a moment, on a few rows by hand: each rule at its edge."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from components.label.window import windows
from earlybell.tables import DEFAULT_WEEKS

MOMENT = datetime(2026, 2, 10, 12)
LATER = MOMENT + timedelta(days=7)
END = datetime(2026, 3, 2)
TICK = timedelta(microseconds=1)
Rows = list[tuple[Any, ...]]


def _tables(folder: Path, moments: Rows, **rows: Rows) -> tuple[duckdb.DuckDBPyConnection, Path]:
    """The tables with these rows and nothing else, and the file of moments: moment_id, course_id, learner_id, as_of."""
    columns = {
        "courses": "course_id VARCHAR, starts_at TIMESTAMP, ends_at TIMESTAMP, timezone VARCHAR",
        "events": "course_id VARCHAR, occurred_at TIMESTAMP",
        "assessments": "assessment_id VARCHAR, course_id VARCHAR, due_at TIMESTAMP",
        "submissions": "assessment_id VARCHAR, submitted_at TIMESTAMP, graded_at TIMESTAMP, attempt INTEGER",
        "features": "moment_id INTEGER, course_id VARCHAR, learner_id VARCHAR, as_of TIMESTAMP",
    }
    connection = duckdb.connect()
    for name, types in columns.items():
        connection.execute(f"CREATE TABLE {name} ({types})")
        for row in rows.get(name, moments if name == "features" else []):
            connection.execute(f"INSERT INTO {name} VALUES ({', '.join('?' * len(row))})", row)
    path = folder / "features.parquet"
    connection.execute(f"COPY features TO '{path}'; DROP TABLE features")
    return connection, path


def _run(course: str = "run", ends_at: datetime | None = END, zone: str | None = None) -> tuple[Any, ...]:
    return course, datetime(2026, 2, 2), ends_at, zone


def _seen(connection: duckdb.DuckDBPyConnection, steps: Iterator[None], select: str) -> list[list[tuple[Any, ...]]]:
    """What a SELECT finds at each step."""
    return [connection.execute(select).fetchall() for _ in steps]


def test_only_what_is_recorded_from_the_moment_on_is_there(tmp_path: Path) -> None:
    times = [MOMENT - TICK, MOMENT, MOMENT + TICK]
    connection, path = _tables(
        tmp_path,
        [(1, "run", "ann", MOMENT)],
        courses=[_run()],
        events=[("run", time) for time in times],
        assessments=[("due before", "run", times[0]), ("due then", "run", times[1]), ("open", "run", None)],
        submissions=[("open", time, END, 2) for time in times],
    )
    for _ in windows(connection, path, 0.25, False):
        rows = {name: connection.execute(f"FROM {name}").fetchall() for name in ("courses", "events", "assessments")}
        work = connection.execute("SELECT submitted_at, graded_at, attempt FROM submissions ORDER BY 1").fetchall()
    assert rows["courses"] == [("run", MOMENT, END, None)]
    assert rows["events"] == [("run", MOMENT), ("run", MOMENT + TICK)]
    assert rows["assessments"] == [("due then", "run", MOMENT), ("open", "run", None)]
    assert work == [(times[0], times[0], 0), (times[1], times[1], 2), (times[2], times[2], 2)]
    assert connection.execute("SELECT count(*) FROM events").fetchall() == [(3,)]


def test_a_run_that_begins_after_the_moment_begins_when_it_does(tmp_path: Path) -> None:
    early = datetime(2026, 1, 30)
    connection, path = _tables(tmp_path, [(1, "run", "ann", early)], courses=[_run()])
    starts = _seen(connection, windows(connection, path, 1, False), "SELECT starts_at FROM courses")
    assert starts == [[(datetime(2026, 2, 2),)]]


def test_a_step_takes_one_moment_of_each_run_with_all_its_learners(tmp_path: Path) -> None:
    moments = [
        (5, "run", "ann", LATER),
        (2, "run", "ann", MOMENT),
        (3, "run", "bob", MOMENT),
        (7, "other", "ann", LATER),
    ]
    connection, path = _tables(tmp_path, moments, courses=[_run(), _run("other")])
    select = "SELECT moment_id, course_id, learner_id, as_of FROM moments ORDER BY 1"
    assert _seen(connection, windows(connection, path, 1, False), select) == [
        [(2, "run", "ann", END), (3, "run", "bob", END), (7, "other", "ann", END)],
        [(5, "run", "ann", END)],
    ]
    assert connection.execute("SELECT moment_id, cut, window_id, step FROM windows ORDER BY 1").fetchall() == [
        (2, MOMENT, 2, 1),
        (3, MOMENT, 3, 1),
        (5, LATER, 5, 2),
        (7, LATER, 7, 1),
    ]


def test_the_whole_run_is_one_window_of_a_learner_in_a_run_and_nothing_is_left_out(tmp_path: Path) -> None:
    moments = [
        (5, "run", "ann", LATER),
        (2, "run", "ann", MOMENT),
        (3, "run", "bob", MOMENT),
        (4, "other", "ann", LATER),
    ]
    events = [("run", datetime(2026, 1, 1)), ("run", END)]
    connection, path = _tables(tmp_path, moments, courses=[_run(), _run("other")], events=events)
    select = "SELECT moment_id, course_id, learner_id, as_of, (SELECT count(*) FROM events) FROM moments ORDER BY 1"
    assert _seen(connection, windows(connection, path, 1, True), select) == [
        [(2, "run", "ann", END, 2), (3, "run", "bob", END, 2), (4, "other", "ann", END, 2)]
    ]
    windows_of = "SELECT moment_id, window_id, step FROM windows ORDER BY 1"
    assert connection.execute(windows_of).fetchall() == [(2, 2, 1), (3, 3, 1), (4, 4, 1), (5, 2, 1)]


@pytest.mark.parametrize("days", [14, 0.5])
def test_a_moment_with_less_than_that_after_it_has_no_window(tmp_path: Path, days: float) -> None:
    last = END - timedelta(days=days)
    connection, path = _tables(tmp_path, [(1, "run", "ann", last), (2, "run", "ann", last + TICK)], courses=[_run()])
    list(windows(connection, path, days, False))
    assert connection.execute("SELECT moment_id, as_of, ended FROM windows").fetchall() == [(1, last, END)]


NIGHT = datetime(2026, 2, 20, 23, 30)  # the next day in Berlin


@pytest.mark.parametrize(
    ("run", "event", "work", "ended"),
    [
        (_run(), NIGHT, None, datetime(2026, 2, 21)),
        (_run(), None, NIGHT, datetime(2026, 2, 21)),
        (_run(), NIGHT, NIGHT - timedelta(days=3), datetime(2026, 2, 21)),
        (_run(), NIGHT - timedelta(days=3), NIGHT, datetime(2026, 2, 21)),
        (_run(zone="Europe/Berlin"), NIGHT, None, datetime(2026, 2, 21, 23)),
        (_run(), datetime(2026, 3, 1, 0, 30), None, END),
        (_run(), END + timedelta(days=3), None, END),
        (_run(), None, None, END),
        (_run(ends_at=None), None, None, datetime(2026, 2, 2) + timedelta(weeks=DEFAULT_WEEKS)),
    ],
    ids=[
        "event",
        "work",
        "event after work",
        "work after event",
        "event in Berlin",
        "event on the last day",
        "event after the end",
        "no record",
        "no record and no end",
    ],
)
def test_a_run_ends_where_it_says_or_with_the_sites_day_of_its_last_record(
    tmp_path: Path, run: tuple[Any, ...], event: datetime | None, work: datetime | None, ended: datetime
) -> None:
    connection, path = _tables(
        tmp_path,
        [(1, "run", "ann", MOMENT)],
        courses=[run, _run("other")],
        events=[("run", event)] * (event is not None),
        assessments=[("essay", "run", None)],
        submissions=[("essay", work, None, 1)] * (work is not None),
    )
    list(windows(connection, path, 1, False))
    assert connection.execute("SELECT ended FROM windows").fetchall() == [(ended,)]
