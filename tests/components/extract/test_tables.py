"""Canonical tables from a folder: how files are read, what is set aside, and what ends a run."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from components.extract import extract
from earlybell.errors import SourceError
from earlybell.tables import read_facts
from earlybell.tables.pseudonyms import pseudonym

Rows = list[tuple[Any, ...]]
WriteTables = Callable[..., Path]
Query = Callable[[Path, str], Rows]
Quarantine = Callable[[Path], Rows]

COURSES = "course_id,code,starts_at,ends_at,granularity\nc1,c,2024-01-01,2024-05-01,raw\n"
ENROLMENTS = """course_id,learner_id,enrolled_at,unenrolled_at,prior_attempts
c1,learner-anna,2024-01-01 08:00:00,,0
c1,learner-ben,2024-01-02,2024-02-01T10:00:00Z,
"""
EVENTS = """course_id,learner_id,occurred_at,component,action,target,object_id,count
c1,learner-anna,2024-01-03 10:00:00,mod_quiz,viewed,course_module,7,1
c1,learner-ben,2024-01-03 11:00:00,core,viewed,course,,2
"""
ASSESSMENTS = """assessment_id,course_id,kind,role,due_at,weight,max_score
a1,c1,quiz,none,2024-02-01,10,20
"""
SUBMISSIONS = """assessment_id,learner_id,submitted_at,graded_at,attempt,score,duration_s
a1,learner-anna,2024-01-20,2024-01-21,1,20,60
"""
SMALL = {"courses": COURSES, "enrolments": ENROLMENTS, "events": EVENTS}
WHOLE = SMALL | {"assessments": ASSESSMENTS, "submissions": SUBMISSIONS}


def _read(folder: Path, max_bad_share: float = 0.9) -> dict[str, Any]:
    out = folder.parent / f"{folder.name}-out"
    return extract([f"tables:{folder}"], out, key=None, ids="keep", max_bad_share=max_bad_share)


def test_times_are_utc_empty_is_null_and_rows_are_sorted(tables_folder: WriteTables, query: Query) -> None:
    facts = _read(tables_folder("t", **WHOLE))
    out = tables_folder("t-out")
    assert query(out, "SELECT learner_id, unenrolled_at::VARCHAR, prior_attempts FROM enrolments") == [
        ("learner-anna", None, 0),
        ("learner-ben", "2024-02-01 10:00:00", None),
    ]
    assert facts == read_facts(out)
    assert facts["rows"]["submissions"] == 1
    assert facts["granularity"] == "raw"


def test_a_table_without_rows_has_no_file(tables_folder: WriteTables) -> None:
    facts = _read(tables_folder("t", **SMALL, breaks="course_id,starts_at,ends_at\n"))
    assert facts["rows"]["breaks"] == 0
    assert {path.name for path in tables_folder("t-out").iterdir()} == {
        "courses.parquet",
        "enrolments.parquet",
        "events.parquet",
        "quarantine.csv",
        "tables.json",
    }


def test_every_bad_row_is_found_on_its_line_with_its_value_and_reason(
    tables_folder: WriteTables, quarantine: Quarantine
) -> None:
    lines = [
        "c1,learner-anna,2024-01-03 10:00:00,mod_quiz,viewed,course_module,7,1",
        "c1,learner-anna,yesterday,mod_quiz,viewed,course_module,7,many",  # line 3
        "",
        'c1,learner-anna,2024-01-03,mod_page,viewed,"course\nmodule",7,1',  # lines 5 and 6
        "c1,learner-anna,2024-01-03,mod_page",  # 7
        "c1,learner-anna,2024-01-03,mod_page,viewed,course_module,7,1,1",  # 8
        "c9,learner-anna,2024-01-03,mod_page,viewed,course_module,7,1",  # 9
        "c1,learner-zoe,2024-01-03,mod_page,viewed,course_module,7,1",  # 10
        "c1,learner-ben,2024-01-03,,viewed,course_module,7,1",  # 11
    ]
    events = EVENTS.splitlines()[0] + "\r\n" + "\r\n".join(lines) + "\r\n"
    facts = _read(tables_folder("t", **SMALL | {"events": events}))
    assert quarantine(tables_folder("t-out")) == [
        ("events.csv", 3, "count", "many", "not an integer"),
        ("events.csv", 3, "occurred_at", "yesterday", "not a timestamp"),
        ("events.csv", 7, None, None, "too few fields"),
        ("events.csv", 8, None, None, "too many fields"),
        ("events.csv", 9, "course_id", "c9", "not found in courses"),
        ("events.csv", 10, "course_id, learner_id", "c1, learner-zoe", "not found together in enrolments"),
        ("events.csv", 11, "component", None, "missing"),
    ]
    assert facts["rows"]["events"] == 2
    assert any("6 of 8 rows set aside" in note for note in facts["notes"])
    assert sum(fault["rows"] for fault in facts["quarantine"]) == 7


def test_a_bad_row_of_parquet_is_found_by_its_number(tables_folder: WriteTables, quarantine: Quarantine) -> None:
    folder = tables_folder("t", **SMALL)
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE events AS FROM '{folder}/events.csv'")
        connection.execute("UPDATE events SET count = 0 WHERE component = 'core'")
        connection.execute(f"COPY events TO '{folder}/events.parquet'")
    (folder / "events.csv").unlink()
    _read(folder)
    assert quarantine(tables_folder("t-out")) == [("events.parquet", 2, "count", "0", "below 1")]


def test_parts_in_parquet_may_differ_in_their_types_and_each_row_is_found_in_its_file(
    tables_folder: WriteTables, query: Query, quarantine: Quarantine
) -> None:
    folder = tables_folder("t", **SMALL)
    (folder / "events").mkdir()
    with duckdb.connect() as connection:
        for name, count in (("1", "1"), ("2", "2.0::DOUBLE"), ("3", "'three'"), ("4", "4")):
            rows = f"SELECT * REPLACE ({count} AS count) FROM '{folder}/events.csv' LIMIT 1"
            connection.execute(f"COPY ({rows}) TO '{folder}/events/{name}.parquet'")
    (folder / "events.csv").unlink()
    _read(folder, max_bad_share=1)
    assert query(tables_folder("t-out"), "SELECT count FROM events ORDER BY ALL") == [(1,), (2,), (4,)]
    assert quarantine(tables_folder("t-out")) == [("3.parquet", 1, "count", "three", "not an integer")]


def test_a_repeated_row_of_a_table_with_a_key_is_kept_once(tables_folder: WriteTables, quarantine: Quarantine) -> None:
    enrolments = ENROLMENTS + ENROLMENTS.splitlines()[1] + "\n"
    facts = _read(tables_folder("t", **SMALL | {"enrolments": enrolments}), max_bad_share=0)
    columns, value = "course_id, learner_id", "c1, learner-anna"
    assert quarantine(tables_folder("t-out")) == [("enrolments.csv", 4, columns, value, "repeats another row")]
    assert facts["rows"]["enrolments"] == 2


def test_rows_of_a_key_that_nobody_can_decide_end_the_run_where_they_concern_everybody(
    tables_folder: WriteTables,
) -> None:
    courses = COURSES + COURSES.splitlines()[1].replace("2024-05-01", "2024-06-01") + "\n"
    concerned = "everybody in the course run is concerned.*course_id c1 same key as another row"
    with pytest.raises(SourceError, match=concerned):
        _read(tables_folder("t", **SMALL | {"courses": courses}))


def test_too_many_bad_rows_end_the_run_and_the_message_says_which_and_how_to_go_on(tables_folder: WriteTables) -> None:
    events = EVENTS + "c1,learner-ben,2024-01-03,core,viewed,course,,0\n"
    folder = tables_folder("t", **SMALL | {"events": events})
    with pytest.raises(SourceError) as error:
        _read(folder, max_bad_share=0.333)
    for part in ("1 of 3 rows of", "events.csv", "row 4", "count 0 below 1", "export it again"):
        assert part in str(error.value)
    assert "max-bad-share" not in str(error.value)
    assert _read(folder, max_bad_share=0.334)["rows"]["events"] == 2


@pytest.mark.parametrize(("bad", "advised"), [(5, "0.05"), (6, None)], ids=["few", "many"])
def test_no_error_advises_a_share_of_bad_rows_above_a_few_percent(
    tables_folder: WriteTables, bad: int, advised: str | None
) -> None:
    good, *_ = EVENTS.splitlines()[1:]
    rows = [good] * (100 - bad) + [good.replace("7,1", "7,many")] * bad
    events = "\n".join([EVENTS.splitlines()[0], *rows, ""])
    with pytest.raises(SourceError) as error:
        _read(tables_folder("t", **SMALL | {"events": events}), max_bad_share=0.01)
    assert f"{bad} of 100 rows" in str(error.value)
    assert "count many not an integer" in str(error.value)
    assert "write whole numbers without units" in str(error.value)
    shares = re.findall(r"--max-bad-share ([0-9.]+[0-9])", str(error.value))
    assert shares == ([advised] if advised else [])


@pytest.mark.parametrize(
    ("texts", "parts"),
    [
        pytest.param({"events": ""}, ["events.csv is empty"], id="empty file"),
        pytest.param(
            {"events": "course_id|learner_id\n"}, ["events.csv lacks the column course_id", "course_id|learner_id"],
            id="another separator",
        ),
        pytest.param(
            {"courses": "course_id,code,starts_at,granularity\nc1,c,2024-01-01,raw\n"},
            ["courses.csv lacks the column ends_at", "course_id, code, starts_at, granularity"],
            id="missing column",
        ),
        pytest.param(
            {"courses": COURSES.replace("code", "course_id")}, ["courses.csv has twice the column"], id="column twice"
        ),
        pytest.param({"events": EVENTS + 'c1,"learner-anna,x'}, ["events.csv", "record 4"], id="open quote"),
        pytest.param({"events": EVENTS.splitlines()[0] + "\n"}, ["no rows", "events"], id="required table empty"),
        pytest.param({"events": None}, ["no rows", "events"], id="required table missing"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_serve_ends_the_run_by_name(
    tables_folder: WriteTables, texts: dict[str, str | None], parts: list[str]
) -> None:
    with pytest.raises(SourceError) as error:
        _read(tables_folder("t", **SMALL | texts))
    for part in parts:
        assert part in str(error.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [("events.parquet", b""), ("events.parquet", b"PAR1 and no more"), ("events.csv.gz", b"not compressed")],
    ids=["empty parquet", "broken parquet", "broken gzip"],
)
def test_a_file_that_cannot_be_read_is_named(tables_folder: WriteTables, name: str, content: bytes) -> None:
    folder = tables_folder("t", **SMALL | {"events": None})
    (folder / name).write_bytes(content)
    with pytest.raises(SourceError, match=name):
        _read(folder)


def test_columns_and_files_that_are_not_read_are_noted(tables_folder: WriteTables) -> None:
    folder = tables_folder(
        "t", **SMALL | {"courses": COURSES.replace("granularity", "granularity,room").replace("raw", "raw,7")}
    )
    (folder / "event.csv").write_text("x\n")
    notes = _read(folder)["notes"]
    assert any("courses.csv: columns that are not read: room" in note for note in notes)
    assert any("not read: event.csv" in note for note in notes)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_file_may_lack_a_column_that_is_optional(tables_folder: WriteTables, query: Query, suffix: str) -> None:
    folder = tables_folder("t", **SMALL)
    if suffix == "parquet":
        with duckdb.connect() as connection:
            connection.execute(f"COPY (FROM '{folder}/courses.csv') TO '{folder}/courses.parquet'")
        (folder / "courses.csv").unlink()
    _read(folder)
    assert query(tables_folder("t-out"), "SELECT timezone, weekend FROM courses") == [(None, None)]


def test_an_optional_column_that_is_there_is_read(tables_folder: WriteTables, query: Query) -> None:
    courses = COURSES.replace("granularity", "granularity,timezone").replace("raw", "raw,Asia/Muscat")
    _read(tables_folder("t", **SMALL | {"courses": courses}))
    assert query(tables_folder("t-out"), "SELECT timezone, weekend FROM courses") == [("Asia/Muscat", None)]


def test_a_folder_without_tables_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="has no canonical table"):
        _read(tmp_path)


def test_what_was_extracted_keeps_every_rule_when_it_is_read_again(tables_folder: WriteTables, key: str) -> None:
    events = EVENTS + "c1,learner-ben,2024-01-03,core,viewed,course,,0\n"
    folder, out = tables_folder("t", **SMALL | {"events": events}), tables_folder("t-out")
    facts = extract([f"tables:{folder}"], out, key=key, max_bad_share=0.5)
    assert extract([f"tables:{out}"], tables_folder("again"), key=None, ids="keep") == facts


def test_pseudonymous_ids_are_not_hashed_again(tables_folder: WriteTables, query: Query, key: str) -> None:
    first, again = tables_folder("first"), tables_folder("again")
    extract([f"tables:{tables_folder('t', **SMALL)}"], first, key=key)
    facts = extract([f"tables:{first}"], again, key=None)
    assert facts["ids"] == "pseudonymous"
    assert query(again, "SELECT learner_id FROM enrolments ORDER BY enrolled_at") == [
        (pseudonym(key, "learner-anna"),),
        (pseudonym(key, "learner-ben"),),
    ]


def test_a_weekend_in_another_form_is_told_in_words(tmp_path: Path) -> None:
    header = "course_id,code,starts_at,ends_at,granularity,weekend"
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "courses.csv").write_text(f"{header}\nc1,c,2024-01-01,2024-05-01,raw,Friday\n")
    with pytest.raises(SourceError, match=r"weekend Friday not of the form fri,sat \(days of mon, tue") as error:
        extract([f"tables:{tmp_path / 'site'}"], tmp_path / "out", key=None, ids="keep")
    assert "(?:" not in str(error.value)
