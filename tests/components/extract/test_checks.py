"""Checks made from the data of tables."""

import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import duckdb
import ibis
import pytest

from components.extract.checks import ROW, UNIT, Rule, key_rules, reference_rules, typed, value_rules, with_typed
from earlybell.tables import BY_NAME, SQL_TYPES, TABLES, Column, Table
from earlybell.tables.words import WRITTEN

IBIS_TYPES = {"string": "string", "integer": "int64", "number": "float64", "timestamp": "timestamp"}


def _rows(table: Table, *, text: bool) -> ibis.Table:
    types = {column.name: "string" if text else IBIS_TYPES[column.type] for column in table.columns}
    return ibis.table({ROW: "int64", UNIT: "int64", **types}, name=table.name)


def _broken(connection: duckdb.DuckDBPyConnection, rules: Sequence[Rule], rows: ibis.Table) -> list[tuple[Any, ...]]:
    """Reason, columns and number of each row that breaks a rule."""
    broken = []
    for rule, holds in zip(rules, _verdicts(connection, rules, rows), strict=True):
        failing = connection.execute(str(ibis.to_sql(rule.failing(rows), dialect="duckdb"))).fetchall()
        assert holds == (not failing)
        broken += [(row[0], ", ".join(rule.columns), rule.reason) for row in failing]
    return sorted(broken)


def _verdicts(connection: duckdb.DuckDBPyConnection, rules: Sequence[Rule], rows: ibis.Table) -> tuple[bool, ...]:
    """Whether each rule holds for all rows, in one question."""
    if not rules:
        return ()
    verdicts = rows.aggregate(**{f"r{i}": rule.holds(rows) for i, rule in enumerate(rules)})
    row: tuple[bool, ...] | None = connection.execute(str(ibis.to_sql(verdicts, dialect="duckdb"))).fetchone()
    assert row is not None
    return row


def _of_text(column: Column, value: str | None) -> list[str]:
    """The reasons for which a text is refused."""
    table = Table("t", "", (column,))
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'; CREATE TABLE t (_id BIGINT, _unit BIGINT, v VARCHAR)")
        connection.execute("INSERT INTO t VALUES (0, 0, ?)", [value])
        rows, rules = _rows(table, text=True), value_rules(table)
        reasons = [reason for _, _, reason in _broken(connection, rules, rows)]
        converted_before = _verdicts(connection, rules, with_typed(rows, table))
        assert converted_before == tuple(rule.reason not in reasons for rule in rules)
        return reasons


def _readable(value: object) -> str:
    return value.type if isinstance(value, Column) else f"{value}"


STRING, INTEGER = Column("v", "string", ""), Column("v", "integer", "")
NUMBER, TIMESTAMP = Column("v", "number", ""), Column("v", "timestamp", "")


@pytest.mark.parametrize(
    ("column", "value", "reasons"),
    [
        (STRING, "any", []),
        (STRING, None, ["missing"]),
        (Column("v", "string", "", nullable=True), None, []),
        (Column("v", "string", "", choices=("a", "b")), "a", []),
        (Column("v", "string", "", choices=("a", "b")), "c", ["not one of a, b"]),
        (Column("v", "string", "", pattern="[0-9]+"), "12", []),
        (Column("v", "string", "", pattern="[0-9]+"), "12x", ["not of the form [0-9]+"]),
        (INTEGER, "-3", []),
        (INTEGER, "19.0", []),
        (INTEGER, "19.5", ["not an integer"]),
        (INTEGER, "x", ["not an integer"]),
        (INTEGER, "99999999999999999999", ["not an integer"]),
        (Column("v", "integer", "", minimum=1), "0", ["below 1"]),
        (Column("v", "integer", "", maximum=5), "6", ["above 5"]),
        (NUMBER, "1e3", []),
        (NUMBER, "1,5", []),
        (NUMBER, "1,234", ["not a number"]),
        (INTEGER, "1,234", ["not an integer"]),
        (NUMBER, "nan", ["not a number"]),
        (NUMBER, "inf", ["not a number"]),
        (TIMESTAMP, "2014-01-31", []),
        (TIMESTAMP, "2014-01-31T10:00:00+02:00", []),
        (TIMESTAMP, "31.01.2014", ["not a timestamp"]),
        (TIMESTAMP, "2014-02-30", ["not a timestamp"]),
        (TIMESTAMP, "0001-01-01", ["not between 1990 and 2100"]),
    ],
    ids=_readable,
)
def test_a_text_is_refused_for_its_reasons(column: Column, value: str | None, reasons: list[str]) -> None:
    assert _of_text(column, value) == reasons


@pytest.mark.parametrize(
    ("column", "text", "expected"),
    [
        (INTEGER, "19.0", "19"),
        (INTEGER, "19.5", None),
        (INTEGER, "9007199254740993", "9007199254740993"),
        (INTEGER, "1,234,567", "1234567"),
        (NUMBER, "7,5", "7.5"),
        (NUMBER, "-0,125", "-0.125"),
        (NUMBER, "1.234,5", "1234.5"),
        (NUMBER, "1,234.5", "1234.5"),
        (NUMBER, "1 234,5", "1234.5"),
        (NUMBER, "1'234.5", "1234.5"),
        (NUMBER, "1,234", None),
        (NUMBER, "-0.0", "0.0"),
        (TIMESTAMP, "2014-01-31T10:00:00", "2014-01-31 10:00:00"),
        (TIMESTAMP, "2014-01-31T10:00:00+02:00", "2014-01-31 08:00:00"),
        (TIMESTAMP, "2014-01-31T10:00:00.123456Z", "2014-01-31 10:00:00.123456"),
    ],
    ids=_readable,
)
def test_a_text_becomes_its_type(column: Column, text: str, expected: str | None) -> None:
    rows = ibis.table({"v": "string"}, name="t")
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'; CREATE TABLE t AS SELECT ? AS v", [text])
        for source in (rows, with_typed(rows, Table("t", "", (column,)))):
            sql = str(ibis.to_sql(source.select(v=typed(source, column)), dialect="duckdb"))
            assert connection.execute(f"SELECT v::VARCHAR, typeof(v) FROM ({sql})").fetchall() == [
                (expected, SQL_TYPES[column.type])
            ]


def test_a_number_that_is_none_is_refused_in_a_column_of_numbers_too() -> None:
    table = Table("t", "", (NUMBER,))
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE t AS FROM (VALUES (0, 0, 1.5::DOUBLE), (1, 0, 'nan'::DOUBLE)) AS t(_id, _unit, v)"
        )
        assert _broken(connection, value_rules(table), _rows(table, text=False)) == [(1, "v", "not a number")]


def test_a_time_before_the_one_it_follows_is_refused() -> None:
    table = BY_NAME["breaks"]
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE breaks AS SELECT * FROM (VALUES (0, 0, 'c', '2014-01-02', '2014-01-01'), "
            "(1, 0, 'c', '2014-01-02', '2014-01-02'), (2, 0, 'c', 'soon', '2014-01-02')) "
            "AS t(_id, _unit, course_id, starts_at, ends_at)"
        )
        assert _broken(connection, value_rules(table), _rows(table, text=True)) == [
            (0, "ends_at", "before starts_at"),
            (2, "starts_at", "not a timestamp"),
        ]


def test_a_key_is_unique_in_its_file_of_equal_rows_one_stays_and_of_unequal_ones_none() -> None:
    table = Table("t", "", (STRING, Column("w", "integer", "", nullable=True)), key=("v",))
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE t AS SELECT * FROM (VALUES (0, 0, 'same', NULL), (1, 0, 'same', NULL), (2, 1, 'same', NULL), "
            "(3, 0, 'other', 1), (4, 0, 'other', NULL), (5, 1, 'other', 2), (6, 0, 'once', 1)) AS t(_id, _unit, v, w)"
        )
        assert _broken(connection, key_rules(table), _rows(table, text=False)) == [
            (1, "v", "repeats another row"),
            (3, "v", "same key as another row"),
            (4, "v", "same key as another row"),
        ]


def test_a_table_without_a_key_may_repeat_its_rows() -> None:
    assert key_rules(BY_NAME["events"]) == ()


def test_what_a_submission_refers_to_is_there_and_its_score_is_possible() -> None:
    names = ("enrolments", "assessments", "submissions")
    with duckdb.connect() as connection:
        for name in names:
            columns = ", ".join(f"{column.name} {SQL_TYPES[column.type]}" for column in BY_NAME[name].columns)
            connection.execute(f"CREATE TABLE {name} (_id BIGINT, _unit BIGINT, {columns})")
        connection.execute("INSERT INTO enrolments VALUES (0, 0, 'c', 'anna', '2014-01-01', NULL, 0)")
        connection.execute("INSERT INTO assessments VALUES (0, 0, 'a', 'c', 'quiz', 'none', NULL, NULL, 10)")
        for row, (assessment, learner, score) in enumerate(
            [
                ("a", "anna", 10),
                ("a", "anna", None),
                ("a", "anna", 10.5),
                ("a", "ben", 5),
                ("b", "anna", 5),
                ("a", "anna", 21),
            ]
        ):
            values = [row, 0, assessment, learner, "2014-01-01", None, row, score, None]
            connection.execute("INSERT INTO submissions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
        others = {name: _rows(BY_NAME[name], text=False) for name in names}
        rules = reference_rules(BY_NAME["submissions"], others, BY_NAME)
        assert _broken(connection, rules, others["submissions"]) == [
            (2, "score", "above assessments.max_score"),
            (3, "assessment_id, learner_id", "not found together in enrolments"),
            (4, "assessment_id", "not found in assessments"),
            (5, "score", "above 2 times assessments.max_score"),
        ]
        assert [(rule.reason, rule.bad) for rule in rules if rule.columns == ("score",)] == [
            ("above assessments.max_score", "keep"),
            ("above 2 times assessments.max_score", "null"),
        ]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_reference_names_a_key_of_a_canonical_table(table: Table) -> None:
    for column in table.columns:
        if column.references:
            other, key = column.references.split(".")
            assert BY_NAME[other].key == (key,)
    for reference in table.references:
        assert len(reference.columns) == len(BY_NAME[reference.table].key)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_bad_value_becomes_unknown_only_where_unknown_is_allowed(table: Table) -> None:
    nulled = [column for column in table.columns if column.bad == "null" or column.plausible or column.at_most]
    assert [column.name for column in nulled if not column.nullable] == []


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_row_whose_absence_means_something_is_never_left_out_alone(table: Table) -> None:
    alone = {"events", "ratings", "learners"}
    concerns_all = {"courses", "assessments", "breaks"}
    assert table.bad == ("row" if table.name in alone else "stop" if table.name in concerns_all else "learner")
    assert table.bad != "learner" or table.whose


def test_what_one_choice_may_be_written_as() -> None:
    column = Column("v", "string", "", choices=("pass", "fail"))
    assert [_of_text(column, text) for text in ("Pass", " FAIL ")] == [[], []]
    assert _of_text(column, "passed") == ["not one of pass, fail"]


def test_serving_loads_no_checks() -> None:
    script = "import sys, earlybell.tables; print([m for m in ('pandera', 'ibis', 'pandas') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_a_text_is_as_a_number_is_asked_once_however_many_rules_there_are() -> None:
    table = BY_NAME["submissions"]
    rows = with_typed(_rows(table, text=True), table)
    verdicts = rows.aggregate(**{f"r{i}": rule.holds(rows) for i, rule in enumerate(value_rules(table))})
    numbers = [column for column in table.columns if column.type in ("integer", "number")]
    as_written = str(ibis.to_sql(verdicts, dialect="duckdb")).count(WRITTEN[0][0])
    assert as_written == 2 * len(numbers)  # for its range, and for its value
