"""The table of watched figures: what is written is read, and what breaks its rules is refused."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from components.watched import COLUMNS, Row, ended_row, latest, learners_of, read_rows, write_rows
from earlybell.errors import SourceError
from earlybell.tables.sql import connect, quoted

ROW = Row(
    course_id="A",
    version="3",
    as_of=datetime(2026, 3, 2),
    week=4,
    family="data",
    figure="coverage",
    value=0.25,
    low=0.2,
    high=0.3,
    threshold=0.5,
    learners=40,
    status="warning",
    sentence="Of 25% of the learners alone enough is known.",
)


def test_what_is_written_is_read_again_and_nothing_stays_nothing(tmp_path: Path) -> None:
    rows = [
        ROW,
        structs.replace(ROW, figure="out_of_range", subject="clicks", value=0.0, low=None, high=None, threshold=None),
        structs.replace(ROW, course_id="B", status="unknown", value=None),
    ]
    write_rows(rows[::-1], tmp_path / "rows.parquet")
    assert read_rows(tmp_path / "rows.parquet") == rows


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"figure": "colour"}, "not known"),
        ({"family": "drift"}, "not known"),
        ({"value": float("nan")}, "not finite"),
        ({"value": 0.4}, "outside of its interval"),
        ({"low": 0.0, "value": -0.1}, "outside of its interval"),
        ({"sentence": ""}, "without a sentence"),
        ({"status": "unknown"}, "with a value"),
        ({"status": "suppressed"}, "with a value"),
    ],
)
def test_a_row_that_breaks_the_rules_is_not_written(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        write_rows([structs.replace(ROW, **change)], tmp_path / "rows.parquet")
    assert list(tmp_path.iterdir()) == []


def test_two_rows_of_one_key_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="two rows"):
        write_rows([ROW, structs.replace(ROW, week=5)], tmp_path / "rows.parquet")


@pytest.mark.parametrize(
    "select",
    ["SELECT 1 AS other", "SELECT * REPLACE ('blue' AS status)", "SELECT * REPLACE ('' AS sentence)"],
    ids=["other columns", "a status that is none", "a rule that is broken"],
)
def test_a_file_that_is_no_such_table_is_refused_by_name(select: str, tmp_path: Path) -> None:
    write_rows([ROW], tmp_path / "rows.parquet")
    source = f" FROM read_parquet({quoted(tmp_path / 'rows.parquet')})"
    connect().execute(f"COPY ({select}{source}) TO {quoted(tmp_path / 'other.parquet')} (FORMAT parquet)")
    with pytest.raises(SourceError, match="other.parquet"):
        read_rows(tmp_path / "other.parquet")


def test_the_columns_are_the_fields_with_their_types(tmp_path: Path) -> None:
    write_rows([ROW], tmp_path / "rows.parquet")
    described = connect().execute(f"DESCRIBE FROM read_parquet({quoted(tmp_path / 'rows.parquet')})").fetchall()
    assert {name: kind for name, kind, *_ in described} == COLUMNS


def test_the_last_look_counts_and_arrivals_have_their_own() -> None:
    early, late = datetime(2026, 3, 2), datetime(2026, 3, 5)
    coverage = structs.replace(ROW, as_of=early)
    arrival = structs.replace(ROW, as_of=late, figure="days_without_record", subject="events", low=None, high=None)
    old = structs.replace(arrival, as_of=early)
    assert latest([coverage, arrival, old]) == [coverage, arrival]


def test_trouble_of_an_earlier_look_is_over_where_the_next_does_not_have_it_and_when_the_run_ends() -> None:
    lost = structs.replace(ROW, figure="lost_components", subject="all", status="problem")
    arrival = structs.replace(ROW, figure="days_without_record", subject="events", value=9.0, low=None, high=None)
    later = structs.replace(ROW, as_of=datetime(2026, 3, 9), week=5)
    early = structs.replace(lost, family="early", figure="early_auc")
    assert latest([lost, early, arrival, later]) == [arrival, later]
    ended = ended_row("A", "3", datetime(2026, 3, 10), 5)
    outcome = structs.replace(later, family="outcome", figure="brier")
    assert latest([lost, arrival, later, ended, outcome]) == [outcome]


def test_learners_are_the_most_that_a_figure_of_a_course_run_is_of() -> None:
    group = structs.replace(ROW, figure="group_risk_ks", subject="gender=F", learners=0, status="suppressed")
    arrival = structs.replace(ROW, figure="days_without_record", learners=0)
    other = structs.replace(ROW, course_id="B", learners=7)
    assert learners_of([ROW, group, arrival, other]) == 40 + 7
    assert learners_of([]) == 0
