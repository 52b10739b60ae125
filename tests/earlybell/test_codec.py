"""A request's codec and its JSON schema, both made from the tables.

The schema is the stricter form, which documents what to send: what it takes is read as it stands. The codec is looser
on purpose: it understands what other programs write, and sets aside what concerns one learner. What it has read is of
the schema, once it is written back. A table or column that is not known is refused by both.
"""

import copy
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from earlybell.errors import RequestError
from earlybell.predict import open_tables
from earlybell.tables import request
from earlybell.tables.codec import TABLES_READ, Instance, decode, encode, rows_given
from earlybell.tables.schema import BY_NAME, Column
from tests.earlybell.extracts import EXTRACT, changed, enrolled, extracts, mutated

SCHEMA = request.schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
STRICT = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())
NOW = datetime(2026, 3, 1)
QUICK = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


def accepted(extract: Any) -> bool:
    """Whether the codec takes it; any other error than its own is a defect."""
    try:
        decode(extract, "instances[0]", NOW)
    except RequestError:
        return False
    return True


def in_schema(extract: Any) -> bool:
    return bool(VALIDATOR.is_valid({"instances": [extract]}))


def test_the_file_of_the_schema_is_what_the_tables_say() -> None:
    file = Path(request.__file__).with_suffix(".json")
    assert json.loads(file.read_text()) == SCHEMA, "write it anew: python -m earlybell.tables.request"


def test_the_schema_is_a_schema_and_takes_the_example() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert in_schema(EXTRACT)
    assert accepted(EXTRACT)


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("10.00000", ("assessments", 0, "max_score")),
        ("-1.00000", ("submissions", 0, "score")),
        (-1, ("submissions", 0, "score")),
        ("7,5", ("submissions", 0, "score")),
        ("1", ("submissions", 0, "attempt")),
        ("1", ("events", "count", 0)),
        ("1771612812", ("submissions", 0, "graded_at")),
        (0, ("assessments", 0, "due_at")),
        (-2, ("enrolments", 0, "prior_attempts")),
    ],
)
def test_what_moodle_writes_is_in_the_schema_as_the_codec_takes_it(value: Any, path: tuple[str | int, ...]) -> None:
    """With a validator that checks formats as well."""
    extract = changed(value, *path)
    assert accepted(extract)
    STRICT.validate({"instances": [extract]})


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("-10", ("assessments", 0, "max_score")),
        (-10, ("assessments", 0, "max_score")),
        ("ten", ("assessments", 0, "max_score")),
        (True, ("assessments", 0, "weight")),
    ],
)
def test_a_number_that_refuses_a_request_is_not_in_the_schema(value: Any, path: tuple[str | int, ...]) -> None:
    assert not accepted(changed(value, *path))
    assert not in_schema(changed(value, *path))


def test_what_a_site_encodes_is_in_the_schema_and_is_read_back(site: Path) -> None:
    connection = open_tables(site)
    courses = [row[0] for row in connection.execute("SELECT course_id FROM courses ORDER BY 1").fetchall()]
    for course in courses[:2]:
        data = json.loads(json.dumps(encode(connection, course)))
        assert in_schema(data)
        instance = decode(data, "instances[0]", NOW)
        assert (instance.course_id, instance.as_of) == (course, NOW)
        counts = [len(next(iter(instance.rows[name].values()))) for name in TABLES_READ]
        assert counts == [max(map(len, data[name].values())) for name in TABLES_READ]
        assert rows_given(data) == len(instance) == sum(counts)
        read, columns = instance.rows["events"], ", ".join(BY_NAME["events"].names)
        query = f"SELECT {columns} FROM events WHERE course_id = ? ORDER BY ALL"
        stored = connection.execute(query, [course]).fetchall()
        assert sorted(zip(*(read[name].tolist() for name in BY_NAME["events"].names), strict=True), key=str) == sorted(
            stored, key=str
        )


def test_what_is_encoded_has_seconds_of_unix_and_nothing_that_may_be_left_out(site: Path) -> None:
    connection = open_tables(site)
    (course, events), *_ = connection.execute("SELECT course_id, count(*) FROM events GROUP BY 1 ORDER BY 1").fetchall()
    connection.execute(
        """CREATE TABLE other AS SELECT * REPLACE (
            CAST(NULL AS VARCHAR) AS object_id, TIMESTAMP '2026-03-01 08:30:05.25' AS occurred_at) FROM events"""
    )
    connection.execute("CREATE OR REPLACE VIEW events AS FROM other")
    sent = encode(connection, course)["events"]
    assert list(sent) == ["learner_id", "occurred_at", "component", "action", "target", "count"]
    assert sent["occurred_at"] == [1772353805.25] * events
    assert encode(connection, course)["courses"]["course_id"] == [course]


@QUICK
@given(extracts())
def test_a_valid_extract_is_in_the_schema_and_read_the_same_as_rows_and_as_columns(extract: dict[str, Any]) -> None:
    assert in_schema(extract)
    columns = {name: _as_columns(name, rows) for name, rows in extract.items()}
    assert in_schema(columns)
    by_rows, by_columns = (decode(form, "instances[0]", NOW) for form in (extract, columns))
    assert (by_rows.course_id, by_rows.as_of, by_rows.ignored) == (
        by_columns.course_id,
        by_columns.as_of,
        by_columns.ignored,
    )
    for name in TABLES_READ:
        for column, values in by_rows.rows[name].items():
            assert str(values.tolist()) == str(by_columns.rows[name][column].tolist())


@settings(QUICK, max_examples=400)
@given(mutated(extracts()))
def test_categories_mean_what_a_list_means(extract: Any) -> None:
    """Whatever is wrong with the values, in whichever order the categories stand, and with one that no row has."""
    assume(isinstance(extract, dict))
    columns = {name: _as_columns(name, rows) if _are_alike(rows) else rows for name, rows in extract.items()}
    categories = {name: _as_categories(name, table) for name, table in columns.items()}
    assert _outcome(categories) == _outcome(columns)
    if accepted(columns) and in_schema(columns):
        assert in_schema(categories)


@pytest.mark.parametrize(
    ("column", "sent", "says"),
    [
        ("action", {"categories": ["viewed"], "codes": [0, True]}, "codes[1]: true. A code is the place"),
        ("action", {"categories": ["viewed"], "codes": [0, 0.5]}, "codes[1]: 0.5."),
        ("action", {"categories": ["viewed"], "codes": ["0", 0]}, 'codes[0]: "0".'),
        ("action", {"categories": ["viewed"], "codes": [0, -1]}, "codes[1]: -1. A code is the place"),
        ("action", {"categories": "viewed", "codes": [0, 0]}, 'categories: "viewed". It is a list.'),
        ("action", {"categories": ["viewed"], "codes": {"0": 0, "2": 0}}, "array_values"),
        ("action", {"categories": ["viewed"]}, "A column is a list."),
        ("action", {"categories": ["viewed", [1]], "codes": [0, 0]}, "categories[1]: [1]. It must be a text."),
        ("count", {"categories": [1], "codes": [0, 0]}, "A column is a list."),
    ],
)
def test_categories_of_another_form_are_refused_by_their_place(column: str, sent: Any, says: str) -> None:
    extract = EXTRACT | {"events": EXTRACT["events"] | {column: sent}}
    assert not in_schema(extract)
    assert says in _refusal(extract)


@pytest.mark.parametrize(
    ("codes", "says"),
    [
        ([0, 1], "events.action.codes[1]: 1. A code is the place among the 1 category, from 0 on."),
        ([0, 10**30], "events.action.codes[1]: 1000000"),
        ([0, 0, 0], "events.action: 3 values. Other columns have 2."),
    ],
)
def test_codes_that_lead_nowhere_are_refused_which_no_schema_can(codes: list[int], says: str) -> None:
    coded = {"categories": ["viewed"], "codes": codes}
    extract = EXTRACT | {"events": EXTRACT["events"] | {"action": coded}}
    assert in_schema(extract)
    assert says in _refusal(extract)


def test_the_course_run_has_no_categories() -> None:
    course = {name: [value] for name, value in EXTRACT["courses"][0].items()}
    extract = EXTRACT | {"courses": course | {"course_id": {"categories": ["a"], "codes": [0]}}}
    assert not in_schema(extract)
    assert "instances[0].courses.course_id" in _refusal(extract)


def test_whole_codes_may_be_written_as_numbers_are() -> None:
    coded = {"categories": ["viewed", "submitted"], "codes": [1.0, 0]}
    extract = EXTRACT | {"events": EXTRACT["events"] | {"action": coded}}
    assert in_schema(extract)
    assert decode(extract, "instances[0]", NOW).rows["events"]["action"].tolist() == ["submitted", "viewed"]


def test_a_bad_category_of_many_rows_is_written_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body is small that has it once; what is made of it must not grow with the rows and its length together."""
    written = list[int]()

    def dumps(value: object, **_: object) -> str:
        written.append(len(str(value)))
        return "x"

    monkeypatch.setattr("earlybell.tables.values.json.dumps", dumps)
    events = {name: column[:1] * 400 for name, column in EXTRACT["events"].items()}
    for bad in ("x" * 100_000, "a\nb" * 30_000):
        coded = {"categories": ["viewed", bad], "codes": [0] * 390 + [1] * 10}
        decode(EXTRACT | {"events": events | {"action": coded}}, "instances[0]", NOW)
    assert written
    assert max(written) <= 80


def test_categories_count_as_the_rows_that_they_are() -> None:
    coded = {"categories": ["viewed", "submitted"], "codes": [0, 1]}
    assert rows_given({"events": {"action": coded}}) == 2
    read = decode(EXTRACT | {"events": EXTRACT["events"] | {"action": coded}}, "instances[0]", NOW)
    assert read.rows["events"]["action"].tolist() == EXTRACT["events"]["action"] == ["viewed", "submitted"]


@settings(QUICK, max_examples=400)
@given(mutated(extracts()))
def test_what_was_read_is_in_the_schema_once_it_is_written_back(extract: Any) -> None:
    if accepted(extract):
        assert in_schema(_written_back(decode(extract, "instances[0]", NOW)))


@pytest.mark.parametrize(
    "extract",
    [
        EXTRACT | {"outcomes": []},
        EXTRACT | {"breaks": [EXTRACT["breaks"][0] | {"qq": 1}]},
        EXTRACT | {"breaks": {"starts_at": [], "qq": []}},
        EXTRACT | {"events": "qq"},
        EXTRACT | {"events": [7]},
        EXTRACT | {"courses": []},
        EXTRACT | {"courses": EXTRACT["courses"] * 2},
        EXTRACT | {"enrolments": [{"learner_id": "a"}, {"learner_id": "b"}]},
        [EXTRACT],
    ],
)
def test_what_is_meaningless_the_schema_and_the_codec_refuse(extract: Any) -> None:
    assert not in_schema(extract)
    assert not accepted(extract)


@pytest.mark.parametrize(
    "extract",
    [
        EXTRACT | {"events": None},
        EXTRACT | {"as_of": None},
        {"courses": EXTRACT["courses"]},
        EXTRACT | {"events": {}},
        EXTRACT | {"events": {"learner_id": []}},
        EXTRACT | {"breaks": [EXTRACT["breaks"][0] | {"course_id": EXTRACT["courses"][0]["course_id"]}]},
        EXTRACT | {"breaks": [EXTRACT["breaks"][0] | {"course_id": None}]},
        EXTRACT | {"as_of": "1772409600"},
        changed("7,5", "submissions", 0, "score"),
        changed("1.0", "events", "count", 0),
        changed("RAW", "courses", 0, "granularity"),
        changed("", "courses", 0, "timezone"),
        changed(0, "assessments", 0, "due_at"),
        changed("0000-00-00 00:00:00", "submissions", 0, "graded_at"),
    ],
    ids=[
        *("a table of null", "a moment of null", "no enrolments", "no columns", "an empty column", "the course named"),
        *("a course of null", "seconds as a text", "a decimal comma", "a whole number", "capitals", "no clock"),
        *("no deadline", "never graded"),
    ],
)
def test_what_is_looser_on_purpose_is_read(extract: dict[str, Any]) -> None:
    instance = decode(extract, "instances[0]", NOW)
    assert instance.set_aside == ()
    assert in_schema(_written_back(instance))


@QUICK
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda any_: st.lists(any_) | st.dictionaries(st.text(), any_),
    )
)
def test_any_json_is_read_or_refused(value: Any) -> None:
    assert not accepted(value)


def _of_site(**columns: Any) -> dict[str, Any]:
    return EXTRACT | {"courses": [EXTRACT["courses"][0] | columns]}


@pytest.mark.parametrize(
    ("columns", "read"),
    [
        ({"timezone": "Asia/Muscat", "weekend": "fri,sat"}, ("Asia/Muscat", "fri,sat")),
        ({"timezone": "Asia/Kathmandu", "weekend": "sat"}, ("Asia/Kathmandu", "sat")),
        ({"timezone": "America/Lima", "weekend": "none"}, ("America/Lima", "none")),
        ({"timezone": None, "weekend": None}, (None, None)),
        ({}, (None, None)),
    ],
    ids=["Oman", "Nepal", "no weekend", "null", "an older client"],
)
def test_a_request_may_carry_the_sites_clock_and_weekend(columns: dict[str, Any], read: tuple[Any, Any]) -> None:
    assert in_schema(_of_site(**columns))
    courses = decode(_of_site(**columns), "instances[0]", NOW).rows["courses"]
    assert (courses["timezone"][0], courses["weekend"][0]) == read


@pytest.mark.parametrize(
    ("column", "value", "example"),
    [
        ("timezone", "Europe/Berlni", "as Europe/Berlin"),
        ("timezone", "europe/berlin", "as Europe/Berlin"),
        ("timezone", "+05:30", "as Europe/Berlin"),
        ("timezone", 5, "as Europe/Berlin"),
        ("weekend", "fri, sat", "as fri,sat, or none"),
        ("weekend", "Friday", "as fri,sat, or none"),
        ("weekend", "fri,sat,", "as fri,sat, or none"),
        ("weekend", "sat\n", "NUL or a line's end"),
    ],
)
def test_an_unknown_clock_or_weekend_is_refused_with_its_field_its_value_and_an_example(
    column: str, value: Any, example: str
) -> None:
    with pytest.raises(RequestError) as raised:
        decode(_of_site(**{column: value}), "instances[0]", NOW)
    assert f"instances[0].courses[0].{column}: {json.dumps(value)}" in str(raised.value)
    assert example in str(raised.value)


def test_what_is_encoded_tells_the_sites_clock_and_weekend(site: Path) -> None:
    connection = open_tables(site)
    ((course,),) = connection.execute("SELECT course_id FROM courses LIMIT 1").fetchall()
    connection.execute(
        "CREATE TABLE other AS SELECT * REPLACE ('Asia/Muscat' AS timezone, 'fri,sat' AS weekend) FROM courses"
    )
    connection.execute("CREATE OR REPLACE VIEW courses AS FROM other")
    courses = encode(connection, course)["courses"]
    assert (courses["timezone"], courses["weekend"]) == (["Asia/Muscat"], ["fri,sat"])


def test_who_is_enrolled_in_the_example() -> None:
    rows = [row | {"unenrolled_at": None} for row in EXTRACT["enrolments"]]
    assert enrolled(EXTRACT | {"enrolments": rows}) == {row["learner_id"] for row in rows}


def _as_columns(name: str, rows: Any) -> Any:
    if name not in BY_NAME:
        return rows
    names = [column for column in BY_NAME[name].names if column != "course_id" or name == "courses"]
    return {column: [row[column] for row in rows] for column in names if column in rows[0]} if rows else []


def _are_alike(rows: Any) -> bool:
    return isinstance(rows, list) and all(isinstance(row, dict) and row.keys() == rows[0].keys() for row in rows)


def _as_categories(name: str, table: Any) -> Any:
    """Each text once, the last first, and the first of them once more, which no row has."""
    if not isinstance(table, dict) or name not in BY_NAME or name == "courses":
        return table
    texts = {column.name for column in BY_NAME[name].columns if column.type == "string"}
    return {
        column: _coded(values) if column in texts and _are_plain(values) else values for column, values in table.items()
    }


def _are_plain(values: Any) -> bool:
    return isinstance(values, list) and not any(isinstance(value, list | dict) for value in values)


def _coded(values: list[Any]) -> Any:
    categories = list(dict.fromkeys((type(value), value) for value in reversed(values)))
    codes = [categories.index((type(value), value)) for value in values]
    return {"categories": [*(value for _, value in (*categories, *categories[:1]))], "codes": codes}


def _refusal(extract: Any) -> str:
    with pytest.raises(RequestError) as error:
        decode(extract, "instances[0]", NOW)
    return str(error.value)


def _outcome(extract: Any) -> Any:
    try:
        instance = decode(extract, "instances[0]", NOW)
    except RequestError as error:
        return str(error)
    rows = {
        name: {column: values.tolist() for column, values in table.items()} for name, table in instance.rows.items()
    }
    words = {name: {column: coded.words for column, coded in table.items()} for name, table in instance.coded.items()}
    return str((rows, words, instance.set_aside, instance.set_aside_more))


def _written_back(instance: Instance) -> dict[str, Any]:
    """An instance as columns, as `encode` writes them."""
    return {
        name: {
            column.name: [_json(column, value) for value in columns[column.name].tolist()]
            for column in BY_NAME[name].columns
        }
        for name, columns in instance.rows.items()
    }


def _json(column: Column, value: Any) -> Any:
    if value is None or value != value:
        return None
    if column.type == "timestamp":
        return f"{value.isoformat()}Z"
    return int(value) if column.type == "integer" else value


def test_a_score_above_the_highest_is_extra_credit_as_in_a_file() -> None:
    extract = copy.deepcopy(EXTRACT)
    extract["submissions"][0]["score"] = 10.5
    rows = decode(extract, "instances[0]", datetime(2026, 3, 2)).rows
    assert rows["submissions"]["score"].tolist() == [10.5]
    assert rows["assessments"]["max_score"].tolist() == [10.0]


@pytest.mark.parametrize("table", ["extensions", "events", "enrolments"])
def test_a_table_of_unknown_columns_alone_is_a_fault_of_the_request(table: str) -> None:
    with pytest.raises(RequestError, match=table):
        decode(EXTRACT | {table: {"colour": [1]}}, "instances[0]", NOW)
