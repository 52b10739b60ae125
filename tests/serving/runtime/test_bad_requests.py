"""Whatever is asked of V1: the right status, an error that names the field and the value, and the server goes on."""

import json
from typing import Any, NamedTuple

import httpx
import pytest

from earlybell.tables.codec import TABLES_READ
from earlybell.tables.schema import BY_NAME
from tests.earlybell.extracts import EXTRACT, LEARNER, LEFT_OUT, OTHER, changed
from tests.serving.runtime.asking import EXPLAIN, INFER, JSON, PREDICT, goes_on, refused, vector

TIME = "It must be a time such as"
RANGE = "It must be between 1990 and 2100."


def predicted(client: httpx.Client, extract: dict[str, Any]) -> dict[str, Any]:
    """The answer to a good request."""
    response = client.post(PREDICT, json={"instances": [extract]})
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()["predictions"][0]
    return found


class Bad(NamedTuple):
    """A body that is refused, and what its error says."""

    name: str
    body: str | bytes
    says: tuple[str, ...]


def spoiled(name: str, value: object, path: str, *says: str) -> Bad:
    """An extract with another value at a path such as `events.count.0`."""
    steps = [int(step) if step.isdigit() else step for step in path.split(".")]
    return Bad(name, json.dumps({"instances": [changed(value, *steps)]}), says)


def literal(name: str, value: str, *says: str) -> Bad:
    """An extract with a literal, which need not be JSON, for its first count."""
    return Bad(name, json.dumps({"instances": [changed("HERE", "events", "count", 0)]}).replace('"HERE"', value), says)


COURSE = EXTRACT["courses"][0]
V1 = [
    Bad("not JSON", "hello", ("format", "char 0")),
    Bad("empty", "", ("format", "empty")),
    Bad("a list", "[]", ("body: []",)),
    Bad("null", "null", ("body: null",)),
    Bad("not UTF-8", b'{"instances": ["\xff"]}', ("format", "char")),
    Bad("nested deeply", "[" * 100_000 + "]" * 100_000, ("depth limit",)),
    Bad("nested within the limit", '{"instances": ' + "[" * 900 + "]" * 900 + "}", ("instances[0]: [[[[",)),
    Bad("a lone surrogate", json.dumps({"instances": [changed("\ud800", "courses", 0, "code")]}), ("surrogate",)),
    Bad("no instances", "{}", ("instances: null",)),
    Bad("instances are none", '{"instances": []}', ("instances: []",)),
    Bad("instances are an object", '{"instances": {}}', ("instances", "list")),
    Bad("an instance is a number", '{"instances": [7]}', ("instances[0]: 7",)),
    Bad("another field beside", json.dumps({"instances": [EXTRACT], "qq": 1}), ("qq",)),
    Bad("the second is wrong", json.dumps({"instances": [EXTRACT, 7]}), ("instances[1]: 7",)),
    literal("NaN", "NaN", "format", "char"),
    literal("1e999", "1e999", "format", "infinity"),
    literal("minus Infinity", "-Infinity", "format", "char"),
    literal("an integer of 26 digits", "9" * 26, "events[0].count: 1e+26"),
    literal("an integer of 5000 digits", "9" * 5000, "format", "infinity"),
    literal("an integer above 64 bits", "18446744073709551615", "events[0].count: 18446744073709551615", "1e+12"),
    literal("a whole number written with a point", "1.0", "events[0].count: 1.0", "integer"),
    literal("true for a number", "true", "events[0].count: true", "integer"),
    spoiled("an unknown field", 5, "qq", "instances[0].qq: 5", "as_of, courses"),
    spoiled("an unknown table of the site", [], "outcomes", "instances[0].outcomes: []"),
    spoiled("an unknown column", [1, 1], "events.qq", 'instances[0].events: "qq"', "learner_id"),
    spoiled("an unknown column of a row", 1, "breaks.0.qq", 'instances[0].breaks[0]: "qq"', "starts_at"),
    spoiled("a table is a text", "qq", "events", 'instances[0].events: "qq"'),
    spoiled("a row is a text", "qq", "breaks.0", 'instances[0].breaks[0]: "qq"'),
    spoiled("a column is a text", "qq", "events.count", 'instances[0].events.count: "qq"'),
    spoiled("columns of unequal length", [1], "events.count", "instances[0].events.count: 1 values", "2"),
    spoiled("a learner not enrolled", "qq", "events.learner_id.1", 'events[1].learner_id: "qq"', "enrolments"),
    spoiled("an unknown assessment", "qq", "submissions.0.assessment_id", 'submissions[0].assessment_id: "qq"'),
    spoiled(
        "a learner twice",
        LEARNER,
        "enrolments.1.learner_id",
        f'enrolments[1]: ["mathematics-2026", "{LEARNER}"]',
        "differ",
    ),
    spoiled("a submission twice", EXTRACT["submissions"] * 2, "submissions", "submissions[1]: [", "attempt"),
    spoiled("a negative score", -1, "submissions.0.score", "submissions[0].score: -1", "from 0"),
    spoiled("a count of nothing", 0, "events.count.0", "events[0].count: 0", "from 1"),
    spoiled(
        "another course's event", ["qq", "qq"], "events.course_id", 'events[0].course_id: "qq"', COURSE["course_id"]
    ),
    spoiled("no course", LEFT_OUT, "courses", "instances[0].courses: []", "one row"),
    spoiled("two courses", [COURSE, COURSE], "courses", "instances[0].courses: [", "one row"),
    spoiled("a choice that is none", "qq", "courses.0.granularity", 'granularity: "qq"', "raw, daily"),
    spoiled("no start", LEFT_OUT, "courses.0.starts_at", "courses[0].starts_at: null", TIME),
    spoiled("a start of null", None, "courses.0.starts_at", "courses[0].starts_at: null", TIME),
    spoiled("a start in 1850", "1850-01-01T00:00:00Z", "courses.0.starts_at", "starts_at", "1850", RANGE),
    spoiled("an end before the start", "2026-01-01T00:00:00Z", "courses.0.ends_at", "ends_at", "before starts_at"),
    spoiled(
        "a day that is none", "2026-02-30T00:00:00Z", "events.occurred_at.1", "events[1].occurred_at", "02-30", TIME
    ),
    spoiled("a time in another script", "٢٠٢٦-03-02T00:00:00Z", "as_of", "instances[0].as_of", TIME),
    spoiled("a moment that is a word", "qq", "as_of", 'instances[0].as_of: "qq"', TIME),
    spoiled("a moment that is a share", "0.4", "as_of", 'instances[0].as_of: "0.4"', TIME),
    spoiled("a moment that is a number", 5, "as_of", "instances[0].as_of: 5", TIME),
    spoiled("a moment in the year 0", "0000-01-01T00:00:00Z", "as_of", "instances[0].as_of", "0000-01-01", RANGE),
    spoiled("a moment before all time", "0001-01-01T00:00:00+14:00", "as_of", "instances[0].as_of", TIME),
    spoiled("a moment in 9999", "9999-12-31T23:59:59Z", "as_of", "instances[0].as_of", "9999-12-31", RANGE),
    spoiled("NUL in a learner", "a\0b", "enrolments.1.learner_id", 'enrolments[1].learner_id: "a\\u0000b"', "NUL"),
    spoiled("NUL in a course", "a\0b", "courses.0.course_id", 'courses[0].course_id: "a\\u0000b"', "NUL"),
]


@pytest.mark.parametrize("bad", V1, ids=[one.name for one in V1])
def test_a_bad_extract_is_refused_and_the_server_goes_on(client: httpx.Client, bad: Bad) -> None:
    for asked in (PREDICT, EXPLAIN):
        refused(client.post(asked, content=bad.body, headers=JSON), 400, *bad.says)
    goes_on(client)


COLUMNS = [(name, column) for name in TABLES_READ for column in BY_NAME[name].columns]


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=[f"{table}.{one.name}" for table, one in COLUMNS])
def test_a_value_of_another_type_is_refused_in_every_column(client: httpx.Client, table: str, column: Any) -> None:
    wrong: list[object] = [{}, [1], True, "qq" if column.type != "string" else 7]
    wrong += [] if column.nullable or column.name == "course_id" else [None]
    for value in wrong:
        row = {"course_id": COURSE["course_id"], "learner_id": LEARNER, "assessment_id": "quiz-1"}
        row = {name: one for name, one in row.items() if name in BY_NAME[table].names}
        good = EXTRACT[table][0] if isinstance(EXTRACT[table], list) else {k: v[0] for k, v in EXTRACT[table].items()}
        extract = changed([row | good | {column.name: value}], table)
        place = f"instances[0].{table}[0].{column.name}: {json.dumps(value)}"
        response = client.post(PREDICT, json={"instances": [extract]})
        if table == "courses" and column.name == "course_id":
            place = f"instances[0].courses: {json.dumps([value])}"
        refused(response, 400, place)


def test_a_learner_with_no_events_is_answered(client: httpx.Client) -> None:
    found = {one["learner_id"]: one for one in predicted(client, EXTRACT)["learners"]}
    assert found.keys() == {LEARNER, OTHER}
    alone = predicted(client, changed(LEFT_OUT, "events") | {"submissions": [], "extensions": []})
    assert {one["learner_id"] for one in alone["learners"]} == {LEARNER, OTHER}
    bands = {"high", "medium", "low", "insufficient_evidence"}
    assert {one["band"] for one in [*found.values(), *alone["learners"]]} <= bands


def test_a_learner_of_whom_little_was_seen_has_too_little_evidence(client: httpx.Client) -> None:
    found = predicted(client, changed("2026-02-03T00:00:00Z", "as_of") | {"events": [], "submissions": []})
    assert {one["band"] for one in found["learners"]} == {"insufficient_evidence"}


def test_records_after_the_moment_are_ignored_and_counted(client: httpx.Client) -> None:
    at = "2026-02-10T00:00:00Z"
    found = predicted(client, changed(at, "as_of"))
    assert found["ignored"] == {"events": 1, "extensions": 1, "submissions": 1}
    past = changed(at, "as_of") | {"extensions": [], "submissions": []}
    past["events"] = {name: values[:1] for name, values in past["events"].items()}
    without = predicted(client, past)
    assert without["ignored"] == {}
    assert without["learners"] == found["learners"]


def test_a_moment_is_read_to_the_microsecond(client: httpx.Client) -> None:
    extract = changed("2026-02-20T18:40:12.500000Z", "as_of")
    extract["enrolments"][1]["enrolled_at"] = "2026-02-20T18:40:12.400000Z"
    assert {one["learner_id"] for one in predicted(client, extract)["learners"]} == {LEARNER, OTHER}


@pytest.mark.parametrize(
    ("at", "why"),
    [
        ("2026-01-25T00:00:00Z", "lies before the start of the course run (2026-02-02)"),
        ("2026-06-25T08:30:00Z", "lies after the end of the course run (2026-05-24)"),
    ],
    ids=["before the course", "after its end"],
)
@pytest.mark.parametrize("asked", [PREDICT, EXPLAIN], ids=["predict", "explain"])
def test_a_moment_outside_of_the_course_has_nobody_and_says_why(
    client: httpx.Client, at: str, why: str, asked: str
) -> None:
    response = client.post(asked, json={"instances": [changed(at, "as_of")]})
    assert response.status_code == 200, response.text
    (found,) = response.json()["predictions"]
    assert found["learners"] == []
    assert found["not_enrolled"] == [LEARNER, OTHER]
    assert found["note"] == f"as_of {at.replace('T00:00:00Z', '')} {why}: nobody is predicted"


@pytest.mark.parametrize("asked", [PREDICT, EXPLAIN], ids=["predict", "explain"])
def test_a_moment_at_which_nobody_of_the_request_is_enrolled_says_why(client: httpx.Client, asked: str) -> None:
    early, late = changed("2026-02-10T00:00:00Z", "as_of"), changed("2026-03-02T00:00:00Z", "as_of")
    early["enrolments"][0]["enrolled_at"] = early["enrolments"][1]["enrolled_at"] = "2026-02-10T00:00:00Z"
    late["enrolments"][0]["unenrolled_at"] = late["enrolments"][1]["unenrolled_at"] = "2026-03-01T00:00:00Z"
    nobody = changed([], "enrolments") | {"events": [], "submissions": [], "extensions": []}
    answers = client.post(asked, json={"instances": [early, late, nobody, EXTRACT]}).json()["predictions"]
    assert [one["note"].partition(" lies within the course run, but ")[2] for one in answers] == [
        "of the enrolments 2 begin later and 0 had ended: nobody is predicted",
        "of the enrolments 0 begin later and 2 had ended: nobody is predicted",
        "the request has no enrolments: nobody is predicted",
        "",
    ]
    assert answers[3]["note"] == ""


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "Application/JSON", None])
def test_json_is_read_under_its_content_type_or_none(client: httpx.Client, kind: str | None) -> None:
    body, headers = json.dumps({"instances": [EXTRACT]}), {"content-type": kind} if kind else {}
    assert client.post(PREDICT, content=body, headers=headers).status_code == 200
    assert client.post(INFER, content=json.dumps(vector(client)), headers=headers).status_code == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/octet-stream", "qq"])
@pytest.mark.parametrize("asked", [PREDICT, EXPLAIN, INFER], ids=["predict", "explain", "infer"])
def test_another_content_type_is_refused(client: httpx.Client, kind: str, asked: str) -> None:
    refused(client.post(asked, content=b"{}", headers={"content-type": kind}), 415, kind, "application/json")
    goes_on(client)


def test_a_million_rows_are_refused_before_they_are_read(client: httpx.Client) -> None:
    many = changed({"starts_at": [None] * 1_000_000}, "breaks")
    refused(client.post(PREDICT, json={"instances": [many]}), 400, "instances: 1,000,008 rows", "1,000,000")
    goes_on(client)


MISSING = [
    ("POST", "/v1/models/qq:predict"),
    ("POST", "/v1/models/qq:explain"),
    ("POST", "/v2/models/qq/infer"),
    ("GET", "/v1/models/qq"),
    ("GET", "/v2/models/qq"),
    ("GET", "/v2/models/qq/ready"),
    ("POST", "/v1/models/%00%ff:predict"),
]
UNKNOWN = [
    ("GET", "/qq"),
    ("GET", "/docs"),
    ("POST", "/v2/models/learner-risk:predict"),
    ("POST", f"{PREDICT}/"),
    ("GET", "/v2/models/learner-risk/versions/1"),
    ("POST", "/v2/repository/models/learner-risk/load"),
    ("POST", "/v2/repository/models/learner-risk/unload"),
    ("GET", "/v1/../../etc/passwd"),
]
WRONG = [("GET", PREDICT, "POST"), ("PUT", INFER, "POST"), ("POST", "/metrics", "GET"), ("DELETE", "/v1/models", "GET")]


@pytest.mark.parametrize(("method", "path"), MISSING)
def test_an_unknown_model_is_not_found(client: httpx.Client, method: str, path: str) -> None:
    body = vector(client) if "v2" in path else {"instances": [EXTRACT]}
    name = "qq" if "qq" in path else "\0"
    refused(client.request(method, path, json=body if method == "POST" else None), 404, name, "does not exist")


@pytest.mark.parametrize(("method", "path"), UNKNOWN)
def test_an_unknown_route_is_not_found(client: httpx.Client, method: str, path: str) -> None:
    refused(client.request(method, path), 404, "no such route")
    goes_on(client)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
def test_metrics_are_no_route_for_who_comes_through_a_gateway(client: httpx.Client, method: str, header: str) -> None:
    forwarded = {header: "for=192.0.2.1"}
    refused(client.request(method, "/metrics", headers=forwarded), 404, "no such route")
    assert client.get("/metrics").status_code == 200
    goes_on(client, **forwarded)


@pytest.mark.parametrize(("method", "path", "right"), WRONG)
def test_a_wrong_method_is_told_the_right_one(client: httpx.Client, method: str, path: str, right: str) -> None:
    response = client.request(method, path)
    refused(response, 405, method, right)
    assert right in response.headers["allow"].split(", ")
