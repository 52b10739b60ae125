"""The folds by hand: which row is in which, how many learners a training needs, and what the file holds."""

import hashlib
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from components.label import check_enough
from components.label.folds import fold, write
from earlybell.errors import TrainingError
from earlybell.tables.sql import connect

START = datetime(2026, 3, 2)
RUNS = [f"run {number:02}" for number in range(1, 12)]  # more than there are folds
Row = tuple[int, str, str, datetime, int]


def _rows() -> list[Row]:
    """Two moments of each of three hundred learners; who is in one run is in the next one as well."""
    rows: list[Row] = []
    for number in range(300):
        for place in (number, number + 1):
            as_of = datetime(2026, 3, 2, 12) + timedelta(weeks=number % 7)
            rows.append((len(rows) + 1, RUNS[place % len(RUNS)], f"learner {number}", as_of, int(number % 4 == 0)))
    return rows


@pytest.fixture
def labelled() -> duckdb.DuckDBPyConnection:
    """The table `labelled` of those rows, given in another order than that of moments."""
    connection = connect()
    columns = "moment_id INTEGER, course_id VARCHAR, learner_id VARCHAR, as_of TIMESTAMP, label INTEGER"
    connection.execute(f"CREATE TABLE rows ({columns})")
    connection.executemany("INSERT INTO rows VALUES (?, ?, ?, ?, ?)", sorted(_rows(), key=lambda row: _number(row[2])))
    connection.execute("CREATE TABLE courses (course_id VARCHAR, code VARCHAR, starts_at TIMESTAMP)")
    courses = [*((run, _code(run), START) for run in RUNS), ("unused", "Z", START)]
    connection.executemany("INSERT INTO courses VALUES (?, ?, ?)", courses)
    counts = fold(connection, "SELECT * FROM rows")
    assert counts == {"moments": 600, "learners": 300, "runs": 11, "positive": 150}
    return connection


def _code(run: str) -> str:
    """Ten courses, of which one has two runs."""
    return "course 01" if run == "run 11" else f"course {run[-2:]}"


def _number(text: str) -> int:
    """What a text is spread by: the first 32 bits of its MD5."""
    return int.from_bytes(hashlib.md5(text.encode(), usedforsecurity=False).digest()[:4], "big")


def test_a_learner_has_a_fold_of_three_a_run_and_a_course_one_of_eight_and_a_fifth_of_rows_is_the_papers_test(
    labelled: duckdb.DuckDBPyConnection,
) -> None:
    folds = "SELECT moment_id, label, learner_fold, run_fold, course_fold, is_test FROM labelled ORDER BY moment_id"
    assert labelled.execute(folds).fetchall() == [
        (
            moment,
            label,
            _number(learner) % 3,
            RUNS.index(run) % 8,
            RUNS.index(run) % 10 % 8,
            _number(f"{learner}{run}{as_of:%Y-%m-%d %H:%M:%S}") % 100 < 20,
        )
        for moment, run, learner, as_of, label in _rows()
    ]


def test_the_file_has_the_folds_in_the_order_of_moments_and_names_nobody(
    labelled: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    write(labelled, tmp_path / "labels.parquet")
    labels = duckdb.connect().execute(f"FROM '{tmp_path}/labels.parquet'")
    folds = ["learner_fold", "run_fold", "course_fold", "is_test"]
    assert [column[0] for column in labels.description] == ["moment_id", "label", "code", "starts_at", *folds]
    assert [row[0] for row in labels.fetchall()] == [row[0] for row in _rows()]


def test_where_no_course_has_two_runs_no_course_is_held_out_apart(labelled: duckdb.DuckDBPyConnection) -> None:
    labelled.execute("UPDATE courses SET code = course_id; DROP TABLE labelled")
    fold(labelled, "SELECT * FROM rows")
    assert labelled.execute("SELECT DISTINCT course_fold FROM labelled").fetchall() == [(0,)]


@pytest.mark.parametrize(("at_risk", "others", "enough"), [(5, 5, True), (4, 9, False), (9, 4, False)])
def test_five_learners_of_each_label_are_needed_however_many_moments_they_have(
    tmp_path: Path, at_risk: int, others: int, enough: bool
) -> None:
    connection = duckdb.connect()
    connection.execute(f"""
        CREATE TABLE moments AS SELECT row_number() OVER () AS moment_id, 'learner ' || n AS learner_id,
            (n < {at_risk})::INTEGER AS label FROM range({at_risk + others}) r(n), range(7)""")
    connection.execute(f"COPY (SELECT moment_id, learner_id FROM moments) TO '{tmp_path}/features.parquet'")
    connection.execute(f"COPY (SELECT moment_id, label FROM moments) TO '{tmp_path}/labels.parquet'")
    if enough:
        check_enough(tmp_path, tmp_path / "labels.parquet")
    else:
        with pytest.raises(TrainingError, match=f"{at_risk} with label 1 .at risk., {others} with label 0"):
            check_enough(tmp_path, tmp_path / "labels.parquet")
