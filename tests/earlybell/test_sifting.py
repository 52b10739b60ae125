"""One rule for both: what a request sets aside, repairs or merges is what extraction does with the same rows in files.

What a request refuses, a command refuses too, however large a share of bad rows it lets be set aside. What a request
takes, extraction reads the same. A request bears one bad row of any table, and rows of people who are not enrolled.
"""

import csv
import json
import re
import tempfile
import tracemalloc
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from components.extract import extract
from earlybell.errors import RequestError, SourceError
from earlybell.tables import sifting
from earlybell.tables.codec import TABLES_READ, Instance, decode, decode_all
from earlybell.tables.schema import BY_NAME, MOST_BAD_SHARE, Column

NOW = datetime(2026, 3, 2)
EXAMPLES = 25  # an extraction takes half a second

_MOSTLY, _NEARLY = 10, 80  # of how many values one is odd; where one may refuse the request
_TIMES = ["2026-02-03T10:00:00Z", "2026-02-03 10:00:00", "2026-02-10T12:00:00+05:30", 1770112800, "1770112800"]
_TIMES += ["2026-02-04", 1770112800.25, "2026-02-12T08:00:00.5Z"]
_NO_TIMES = [0, "0", None, "", "soon", "2026-02-30T00:00:00Z", "1970-01-01T00:00:00Z", "0000-00-00 00:00:00", "NA"]
_NO_TIMES += [1770112800000, "1770112800000", "1850-01-01T00:00:00Z", -1, True, "9999-12-31T00:00:00Z", "infinity"]
_NUMBERS = [0, 1, 7.5, "7", "7.5", "7,5", "1,234.5", " 8 ", "1e1", 7.0, "7.0", -0.0, 10, 11, 15]
_NO_NUMBERS = [-1, 105, 999, "A+", None, "", "NaN", "-", True, 1e13, "1,234", "1e400", "inf"]
_COUNTS, _NO_COUNTS = [1, 2, 1.0, "3", "4.0"], [0, -2, 1.5, "2.5", "many", None, True, "", 1e13]
_WORDS, _NO_WORDS = ["mod_quiz", "NA", 7, " core "], [None, ""]
_LEARNERS, _NO_LEARNERS = ["l1", "l2", "l3", 4711, "4711", " l1"], ["teacher", "teacher", "4711.0", 1.5, None, " "]
_WORK, _NO_WORK = ["a1", "a2", "a3"], [None, "", "a9"]


def _mostly(good: list[Any], odd: list[Any], of: int = _MOSTLY) -> st.SearchStrategy[Any]:
    return st.sampled_from(range(of)).flatmap(lambda n: st.sampled_from(odd if n == of - 1 else good))


def _rows(most: int, **columns: st.SearchStrategy[Any]) -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(st.fixed_dictionaries(columns), min_size=most // 2, max_size=most)


_TIME, _OPTIONAL_TIME = _mostly(_TIMES, _NO_TIMES), _mostly([*_TIMES, None, 0], _NO_TIMES)
_NUMBER, _LEARNER, _WORD = _mostly(_NUMBERS, _NO_NUMBERS), _mostly(_LEARNERS, _NO_LEARNERS), _mostly(_WORDS, _NO_WORDS)
_EVENT = {"occurred_at": "2026-02-03", "component": "core", "action": "viewed", "target": "course", "count": 1}
_ASSESSMENT = st.fixed_dictionaries(
    {
        "kind": _mostly(_WORDS, _NO_WORDS, _NEARLY),
        "role": _mostly(["none", "None", "PRE_TEST"], ["after"], _NEARLY),
        "due_at": _mostly([*_TIMES, None, 0, "0"], ["soon"], _NEARLY),
        "weight": _mostly([*_NUMBERS, None, "-"], [-1], _NEARLY),
        "max_score": _mostly([10, "10", 5.5, 0], [-1, None], _NEARLY),
    }
)


@st.composite
def spoiled(draw: st.DrawFn) -> dict[str, Any]:
    """A class in which values are odd here and there, and rows repeat."""
    work = draw(st.lists(st.sampled_from(_WORK), min_size=2, max_size=3, unique=True))
    tables = {
        "courses": [
            {
                "course_id": "c1",
                "code": "c",
                "starts_at": "2026-02-02",
                "ends_at": draw(_mostly(["2026-05-24", None, 0], _NO_TIMES, _NEARLY)),
            }
        ],
        "enrolments": draw(
            _rows(7, learner_id=_LEARNER, enrolled_at=_TIME, unenrolled_at=_OPTIONAL_TIME, prior_attempts=_NUMBER)
        ),
        "events": draw(
            _rows(
                8,
                learner_id=_LEARNER,
                occurred_at=_TIME,
                **dict.fromkeys(("component", "action", "target"), _WORD),
                object_id=_mostly([7, "7", "7.0", None], ["NULL", ""]),
                count=_mostly(_COUNTS, _NO_COUNTS),
            )
        ),
        "assessments": [{"assessment_id": id_} | draw(_ASSESSMENT) for id_ in work],
        "extensions": draw(
            _rows(
                3, assessment_id=_mostly(_WORK, _NO_WORK, _NEARLY), learner_id=_LEARNER, due_at=_TIME, granted_at=_TIME
            )
        ),
        "submissions": draw(
            _rows(
                8,
                assessment_id=_mostly(_WORK, _NO_WORK, _NEARLY),
                learner_id=_LEARNER,
                submitted_at=_TIME,
                graded_at=_OPTIONAL_TIME,
                attempt=_mostly([1, 1, 1, 2, "2", 0, 3.0], [-1, None, "first"]),
                score=_NUMBER,
                duration_s=_mostly([60, "60", None], [-5, 1e9, "long"]),
            )
        ),
        "breaks": draw(
            _rows(1, starts_at=st.just("2026-02-03"), ends_at=_mostly(["2026-02-05"], ["2026-02-01"], _NEARLY))
        ),
    }
    tables["courses"][0] |= {"granularity": draw(_mostly(["raw", "Daily"], ["hourly"], _NEARLY))}
    tables["courses"][0] |= {
        "timezone": draw(_mostly(["Europe/Berlin", None, ""], ["Berlin"], _NEARLY)),
        "weekend": None,
    }
    for learner in ("l1", "l2", "l3"):  # so that somebody is there, and something to refer to
        tables["enrolments"].append({"learner_id": learner, "enrolled_at": "2026-02-01"})
        tables["events"].append(dict(_EVENT, learner_id=learner))
    for name, rows in tables.items():
        if rows and name != "courses" and draw(st.integers(0, 3)) == 0:
            rows.append(dict(draw(st.sampled_from(rows))))
        for row in rows:
            if "course_id" in BY_NAME[name].names:
                row.setdefault("course_id", draw(_mostly(["c1", None], ["c2"], _NEARLY)))
    return tables


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(spoiled())
def test_a_request_is_sifted_as_files_are(tables: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        source, out = Path(temporary) / "in", Path(temporary) / "out"
        source.mkdir()
        for name, rows in tables.items():
            _write(source / f"{name}.csv", name, rows)
        try:
            decode(tables, "instances[0]", NOW)
        except RequestError:
            with pytest.raises(SourceError):
                _extract(source, out, MOST_BAD_SHARE)
        try:
            with patch.object(sifting, "MOST_BAD_SHARE", 1.0):
                instance = decode(tables, "instances[0]", NOW)
        except RequestError:
            return
        try:
            _extract(source, out, 1.0)
        except SourceError as error:
            assume("course run c1:" not in str(error))  # a pattern of whole exports
            empty = re.search(r"no rows for required tables: '(.*)'", str(error))
            names = empty[1].split(", ") if empty else ["courses"]
            assert [len(_read(instance, name)) for name in names] == [0] * len(names)
            return
        for name in TABLES_READ:
            assert _read(instance, name) == _extracted(out, name), name


def _extract(source: Path, out: Path, share: float) -> None:
    extract([f"tables:{source}"], out, key=None, ids="keep", max_bad_share=share)


def _write(path: Path, name: str, rows: list[dict[str, Any]]) -> None:
    """Values as CSV has them: null is nothing, and the course run is named."""
    columns = BY_NAME[name].columns
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(column.name for column in columns)
        for row in rows:
            course = {} if row.get("course_id", "") is not None else {"course_id": "c1"}
            writer.writerow(_cell(column, (row | course).get(column.name)) for column in columns)


def _cell(column: Column, value: object) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    integral = column.is_id and isinstance(value, float) and value.is_integer()
    return str(int(value)) if integral and isinstance(value, float) else json.dumps(value)


def _read(instance: Instance, name: str) -> list[str]:
    columns = [instance.rows[name][column.name].tolist() for column in BY_NAME[name].columns]
    return sorted(str([_plain(value) for value in row]) for row in zip(*columns, strict=True))


def _extracted(folder: Path, name: str) -> list[str]:
    path = folder / f"{name}.parquet"
    if not path.exists():
        return []
    with duckdb.connect() as connection:
        rows = connection.execute(f"SELECT {', '.join(BY_NAME[name].names)} FROM '{path}'").fetchall()
    return sorted(str([_plain(value) for value in row]) for row in rows)


def _plain(value: Any) -> Any:
    if value is None or value != value:
        return None
    return float(value) if isinstance(value, int | float) else value


ENOUGH = 30


def _class(**tables: Any) -> dict[str, Any]:
    """A class in which everybody has 20 events and a submission."""
    full: dict[str, Any] = {
        "courses": [{"course_id": "c1", "code": "c", "starts_at": "2026-02-02", "granularity": "raw"}],
        "enrolments": [{"learner_id": f"u{i}", "enrolled_at": "2026-01-20"} for i in range(ENOUGH)],
        "events": [_EVENT | {"learner_id": f"u{i % ENOUGH}"} for i in range(20 * ENOUGH)],
        "assessments": [{"assessment_id": "a1", "kind": "quiz", "role": "none", "max_score": 10}],
        "submissions": [_work(f"u{i}") for i in range(ENOUGH)],
    }
    return full | tables


def _work(learner: object, **columns: Any) -> dict[str, Any]:
    work = {"assessment_id": "a1", "learner_id": learner, "submitted_at": "2026-02-10", "attempt": 1, "score": 5}
    return work | columns


def _faults(tables: dict[str, Any]) -> list[str]:
    with pytest.raises(RequestError) as raised:
        decode(tables, "i", NOW)
    return str(raised.value).splitlines()


def test_learners_whose_ids_are_of_another_system_are_no_inactive_ones() -> None:
    events = [_EVENT | {"learner_id": i % ENOUGH} for i in range(20 * ENOUGH)]
    assert [line.partition(":")[0] for line in _faults(_class(events=events))] == ["i.events[0].learner_id"]
    work = [_work(i, submitted_at="soon" if i == 7 else "2026-02-10") for i in range(ENOUGH)]
    first, second = _faults(_class(events=events, submissions=work))
    says = "No learner_id of this table is in enrolments: write ids alike."
    assert f"i.events[0].learner_id: 0. {says}" in first
    assert f"i.submissions[0].learner_id: 0. {says}" in second


def test_ids_of_another_system_are_seen_although_a_row_is_bad_otherwise() -> None:
    work = [_work(f"u{i}", assessment_id="A-1", attempt=1 if i else "first") for i in range(ENOUGH)]
    assert any(
        "No assessment_id of this table is in assessments" in fault for fault in _faults(_class(submissions=work))
    )


def test_one_learner_whose_id_alone_is_written_otherwise_is_set_aside() -> None:
    events = [_EVENT | {"learner_id": f"u{i % ENOUGH}" if i % ENOUGH else 0} for i in range(20 * ENOUGH)]
    (aside,) = decode(_class(events=events), "i", NOW).set_aside
    assert (aside.learner_id, aside.count, aside.became) == ("0", 20, "row_left_out")


@pytest.mark.parametrize(
    ("odd", "blamed"),
    [({"occurred_at": "soon"}, "occurred_at"), ({"component": None}, "component"), ({"course_id": "c9"}, "course_id")],
)
@pytest.mark.parametrize("teachers", [0, 20_000])
def test_a_class_of_whose_activity_much_cannot_be_read_is_not_scored_on_the_rest(
    odd: dict[str, Any], blamed: str, teachers: int
) -> None:
    """Rows of people who are not enrolled make the share neither larger nor smaller."""
    events = [_EVENT | {"learner_id": "teacher"}] * teachers + _class()["events"]
    spoiled = [[row | (odd if i >= len(events) - bad else {}) for i, row in enumerate(events)] for bad in (30, 31)]
    asides = decode(_class(events=spoiled[0]), "i", NOW).set_aside
    assert sum(aside.count for aside in asides if aside.learner_id != "teacher") == 30
    (fault,) = _faults(_class(events=spoiled[1]))
    assert f"].{blamed}: " in fault
    assert "31 of the 600 rows" in fault


def test_odd_rows_of_people_who_are_not_enrolled_refuse_nothing() -> None:
    odd = [_EVENT | {"learner_id": "teacher", "occurred_at": "soon"}] * 400
    assert len(decode(_class(events=[*_class()["events"], *odd]), "i", NOW).rows["events"]["count"]) == 20 * ENOUGH


@pytest.mark.parametrize(
    ("odd", "reads"),
    [
        ({"score": "A+"}, "2 of the 30 rows"),
        ({"submitted_at": 0}, "2 of the 30 rows"),
        ({"assessment_id": "a9"}, "2 of the 30 rows"),
        ({"score": -1}, ""),
        ({"score": 99}, ""),
    ],
)
def test_values_that_cannot_be_read_count_and_odd_ones_do_not(odd: dict[str, Any], reads: str) -> None:
    for bad in (1, 2):
        tables = _class(submissions=[_work(f"u{i}", **(odd if i < bad else {})) for i in range(ENOUGH)])
        if reads and bad == 2:
            assert reads in _faults(tables)[0]
        else:
            assert sum(aside.count for aside in decode(tables, "i", NOW).set_aside) == bad


def _of_strangers(count: int) -> dict[str, list[Any]]:
    """Events, as columns, each of somebody else who is not enrolled, and with five values that cannot be read."""
    odd: dict[str, Any] = {"learner_id": range(count), "occurred_at": [0] * count, "count": [0] * count}
    odd |= dict.fromkeys(("component", "action", "target"), [""] * count)
    return {name: [*values, (_EVENT | {"learner_id": "u1"})[name]] for name, values in odd.items()}


def test_of_what_is_set_aside_a_thousand_entries_are_listed_and_the_rest_is_counted() -> None:
    tables = _class(events=_of_strangers(40_000))
    tracemalloc.start()
    try:
        first, second = decode_all([tables, tables], NOW)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (len(first.set_aside), first.set_aside_more) == (1000, 199_000)
    assert (len(second.set_aside), second.set_aside_more) == (0, 200_000)
    assert peak < 30 * 2**20  # of columns that are read, not of what is listed


def test_many_places_that_are_alike_are_one_entry_however_many() -> None:
    events = _class()["events"] + [_EVENT | {"learner_id": "teacher"}] * 20_000
    instance = decode(_class(events=events), "i", NOW)
    assert [(aside.where, aside.count) for aside in instance.set_aside] == [
        (f"events[{20 * ENOUGH}].learner_id", 20_000)
    ]
    assert instance.set_aside_more == 0


def test_each_learner_who_is_left_out_is_listed_once_at_least() -> None:
    learners = [f"u{i}" for i in range(1100)]
    work = [_work(learner, attempt=attempt) for learner in learners for attempt in range(1, 45)]
    work[: 44 * 1100 : 44] = [_work(learner, attempt=1, submitted_at="soon") for learner in learners]
    work[1:9] = [_work("u0", attempt=2, submitted_at=f"soon {i}") for i in range(8)]
    enrolments = [{"learner_id": learner, "enrolled_at": "2026-01-20"} for learner in learners]
    tables = _class(enrolments=enrolments, submissions=work, events=_of_strangers(2000))
    instance = decode(tables, "i", NOW)
    left_out = [aside for aside in instance.set_aside if aside.became == "learner_left_out"]
    assert {aside.learner_id for aside in left_out} == {*learners}
    assert len(instance.set_aside) == 1000 + len(learners)
    assert len(left_out) == len(learners)
    places = sum(aside.count for aside in instance.set_aside) + instance.set_aside_more
    assert places == 5 * 2000 + len(learners) + 8


def test_a_request_that_nobody_waits_for_is_read_no_further() -> None:
    calls = 0

    def go_on() -> None:
        nonlocal calls
        calls += 1
        if calls == 12:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        decode_all([_class()] * 3, NOW, go_on)
    assert calls == 12


def test_faults_beyond_those_that_are_told_are_counted() -> None:
    breaks = [{"starts_at": "soon", "ends_at": "2026-03-01"}] * 5000 + [
        {"starts_at": "2026-03-01", "ends_at": "2026-03-02"}
    ]
    lines = _faults(_class(breaks=breaks))
    assert (len(lines), lines[-1]) == (21, "And 4,980 more faults.")


@pytest.mark.parametrize("course", [{"course_id": ""}, {"course_id": None}, {"course_id": [1]}])
def test_a_bad_course_run_is_told_once_and_not_in_tables_that_leave_it_out(course: dict[str, Any]) -> None:
    tables = _class()
    tables["courses"][0] |= course
    (fault,) = _faults(tables)
    assert fault.startswith("i.courses[0].course_id: ")


@pytest.mark.parametrize(
    ("table", "column"),
    [("events", "occurred_at"), ("enrolments", "learner_id"), ("submissions", "attempt"), ("courses", "code")],
)
def test_a_column_that_no_row_has_is_told_once(table: str, column: str) -> None:
    tables = _class()
    for row in tables[table]:
        del row[column]
    (fault,) = _faults(tables)
    assert fault.startswith(f"i.{table}[0].{column}: null. No row has it.")


def test_course_runs_without_an_id_are_two_nevertheless() -> None:
    tables = _class(courses=[{"code": "c", "starts_at": "2026-02-02", "granularity": "raw"}] * 2)
    assert [line.partition(":")[0] for line in _faults(tables)] == ["i.courses[0].course_id", "i.courses"]
