"""Whether data still arrive: teaching time since a course run's newest record."""

from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from components.predict import arrivals
from components.predict.arrivals import MOST
from earlybell.tables.schema import SQL_TYPES, TABLES

BEGAN = datetime(2026, 3, 2)
Rows = list[dict[str, object]]


def _on(day: float) -> datetime:
    return BEGAN + timedelta(days=day)


def _tables(folder: Path, **rows: Rows) -> Path:
    """Canonical tables with these rows, whose other columns are null."""
    for table in TABLES:
        types = {column.name: SQL_TYPES[column.type] for column in table.columns}
        connection = duckdb.connect()
        connection.execute(f"CREATE TABLE made ({', '.join(f'{name} {kind}' for name, kind in types.items())})")
        for row in rows.get(table.name, []):
            marks = ", ".join("?" for _ in row)
            connection.execute(f"INSERT INTO made ({', '.join(row)}) VALUES ({marks})", list(row.values()))
        connection.execute(f"COPY made TO '{folder / table.name}.parquet' (FORMAT parquet)")
    return folder


def _run(course: str, *, days: float | None = 100, starts: float = 0) -> dict[str, object]:
    ends = None if days is None else _on(starts + days)
    return {"course_id": course, "starts_at": _on(starts), "ends_at": ends}


def _seen(course: str, day: float) -> dict[str, object]:
    return {"course_id": course, "occurred_at": _on(day)}


def _break(course: str, first: float, last: float) -> dict[str, object]:
    return {"course_id": course, "starts_at": _on(first), "ends_at": _on(last)}


def _days(tables: Path, day: float) -> dict[str, float]:
    """The days of teaching since each run's newest record, as of a day."""
    return {run.course_id: run.teaching / 86_400 for run in arrivals(tables, _on(day))}


def test_teaching_since_the_newest_record_counts(tmp_path: Path) -> None:
    events = [_seen("a", 3), _seen("a", 10), _seen("b", 19)]
    tables = _tables(tmp_path, courses=[_run("a"), _run("b"), _run("silent")], events=events)
    assert _days(tables, 20) == {"silent": 20, "a": 10, "b": 1}
    assert [run.newest for run in arrivals(tables, _on(20))] == [None, _on(10), _on(19)]


@pytest.mark.parametrize("column", ["submitted_at", "graded_at"])
def test_work_and_its_grades_are_records_too(tmp_path: Path, column: str) -> None:
    submissions: Rows = [{"assessment_id": "x", "learner_id": "l", column: _on(15)}]
    assessments: Rows = [{"assessment_id": "x", "course_id": "a"}]
    tables = _tables(tmp_path, courses=[_run("a")], submissions=submissions, assessments=assessments)
    assert _days(tables, 20) == {"a": 5}


def test_a_record_of_the_future_says_nothing_of_what_arrived(tmp_path: Path) -> None:
    tables = _tables(tmp_path, courses=[_run("a")], events=[_seen("a", 12), _seen("a", 90)])
    assert _days(tables, 20) == {"a": 8}


@pytest.mark.parametrize(
    ("day", "expected"),
    [(10, {"a": 6}), (11, {}), (20, {}), (27, {}), (28, {"a": 8}), (29, {"a": 9})],
    ids=["before", "begins", "within", "ends", "after", "later"],
)
def test_a_break_counts_for_nothing(tmp_path: Path, day: float, expected: dict[str, float]) -> None:
    breaks = [_break("a", 11, 20), _break("a", 15, 27), _break("a", 16, 18), _break("other", 1, 99)]
    tables = _tables(tmp_path, courses=[_run("a")], events=[_seen("a", 4)], breaks=breaks)
    assert _days(tables, day) == expected  # seven days of teaching before it


@pytest.mark.parametrize(
    ("days", "day", "there"), [(30, 29, True), (30, 30, False), (None, 30, True), (None, 400, False)]
)
def test_a_run_that_has_not_begun_or_has_ended_is_not_told_of(
    tmp_path: Path, days: float | None, day: float, there: bool
) -> None:
    tables = _tables(tmp_path, courses=[_run("a", days=days), _run("later", starts=500)])
    assert ("a" in _days(tables, day)) is there
    assert "later" not in _days(tables, day)


def test_many_course_runs_are_no_more_series_than_prometheus_bears(tmp_path: Path) -> None:
    events = [_seen(f"run {number}", number / 100) for number in range(MOST + 50)]
    tables = _tables(tmp_path, courses=[_run(f"run {number}") for number in range(MOST + 50)], events=events)
    runs = arrivals(tables, _on(20))
    assert [run.course_id for run in runs] == [f"run {number}" for number in range(MOST)]
