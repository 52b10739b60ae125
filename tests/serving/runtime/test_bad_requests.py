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
ARRAY_VALUES = "send array_values($list)"
RANGE = "between 1990 and 2100."


def predicted(client: httpx.Client, extract: dict[str, Any]) -> dict[str, Any]:
    """The answer to a good request."""
    response = client.post(PREDICT, json={"instances": [extract]})
    assert response.status_code == 200, response.text
    prediction: dict[str, Any] = response.json()["predictions"][0]
    return prediction


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


SENT = {"bundle": "0" * 64, "shift": 0.5}
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
    literal("an integer of 5000 digits", "9" * 5000, "format", "infinity"),
    spoiled("an unknown field", 5, "qq", "instances[0].qq: 5", "as_of, correction, trial"),
    spoiled("a correction that is a number", 0.5, "correction", "instances[0].correction: 0.5", "object"),
    spoiled("a correction without a bundle", {"shift": 0.5}, "correction", "instances[0].correction: {", "`bundle`"),
    spoiled("a correction with more", SENT | {"qq": 1}, "correction", "instances[0].correction: {", "`qq`"),
    spoiled("a correction's text", SENT | {"shift": "0.5"}, "correction", 'instances[0].correction.shift: "0.5"', "1"),
    spoiled("a correction of true", SENT | {"shift": True}, "correction", "instances[0].correction.shift: true", "1"),
    spoiled("a correction too large", SENT | {"shift": 1.01}, "correction", "correction.shift: 1.01", "from -1 to 1"),
    spoiled("a correction too small", SENT | {"shift": -1.01}, "correction", "correction.shift: -1.01", "from -1 to"),
    spoiled("a bundle's short name", SENT | {"bundle": "abc"}, "correction", 'correction.bundle: "abc"', "digest"),
    spoiled("a trial that is a number", 5, "trial", "instances[0].trial: 5", "SHA-256"),
    spoiled("a trial's short name", "abc", "trial", 'instances[0].trial: "abc"', "64 digits"),
    spoiled("an unknown table of the site", [], "outcomes", "instances[0].outcomes: []"),
    spoiled("an unknown column", [1, 1], "events.qq", 'instances[0].events: "qq"', "learner_id"),
    spoiled("an unknown column of a row", 1, "breaks.0.qq", 'instances[0].breaks[0]: "qq"', "starts_at"),
    spoiled("a table is a text", "qq", "events", 'instances[0].events: "qq"'),
    spoiled("a row is a text", "qq", "breaks.0", 'instances[0].breaks[0]: "qq"'),
    spoiled("a column is a text", "qq", "events.count", 'instances[0].events.count: "qq"'),
    spoiled("columns of unequal length", [1], "events.count", "instances[0].events.count: 1 value", "2"),
    spoiled(
        "another course's events", ["qq", "qq"], "events.course_id", 'events[0].course_id: "qq"', "write ids alike"
    ),
    spoiled(
        "another system's learners",
        [7, 8],
        "events.learner_id",
        "events[0].learner_id: 7",
        "No learner_id",
        "ids alike",
    ),
    spoiled("no course", LEFT_OUT, "courses", "instances[0].courses: []", "one row"),
    spoiled("two courses", [COURSE, COURSE], "courses", "instances[0].courses: [", "one row"),
    spoiled("a choice that is none", "qq", "courses.0.granularity", 'granularity: "qq"', "raw, daily"),
    spoiled("no start", LEFT_OUT, "courses.0.starts_at", "courses[0].starts_at: null", TIME),
    spoiled("a start of null", None, "courses.0.starts_at", "courses[0].starts_at: null", TIME),
    spoiled("a start in 1850", "1850-01-01T00:00:00Z", "courses.0.starts_at", "starts_at", "1850", RANGE),
    spoiled("an end before the start", "2026-01-01T00:00:00Z", "courses.0.ends_at", "ends_at", "before starts_at"),
    spoiled("a time in another script", "٢٠٢٦-03-02T00:00:00Z", "as_of", "instances[0].as_of", TIME),
    spoiled("a moment that is a word", "qq", "as_of", 'instances[0].as_of: "qq"', TIME),
    spoiled("a moment that is a share", "0.4", "as_of", 'instances[0].as_of: "0.4"', TIME),
    spoiled("a moment that is a number", 5, "as_of", "instances[0].as_of: 5", TIME),
    spoiled("a moment in the year 0", "0000-01-01T00:00:00Z", "as_of", "instances[0].as_of", "0000-01-01", RANGE),
    spoiled("a moment before all time", "0001-01-01T00:00:00+14:00", "as_of", "instances[0].as_of", TIME),
    spoiled("a moment in 9999", "9999-12-31T23:59:59Z", "as_of", "instances[0].as_of", "9999-12-31", RANGE),
    spoiled("a start of 0", 0, "courses.0.starts_at", "courses[0].starts_at: 0", TIME),
    spoiled("a deadline that is none", "soon", "assessments.0.due_at", 'assessments[0].due_at: "soon"', TIME),
    spoiled("a break that ends before it starts", 1735689600, "breaks.0.ends_at", "breaks[0].ends_at", "starts_at"),
    spoiled("nobody's work", None, "submissions.0.learner_id", "submissions[0].learner_id: null", "would be missing"),
    spoiled(
        "times that are words", ["soon", "late"], "events.occurred_at", "None of the 2 values of occurred_at", TIME
    ),
    spoiled("milliseconds", [1770113700000] * 2, "events.occurred_at", "milliseconds: divide by 1000"),
    spoiled("a moment in milliseconds", "1772409600000", "as_of", "milliseconds: divide by 1000"),
    spoiled("true for numbers", [True, True], "events.count", "None of the 2 values of count", "an integer"),
    spoiled("no column of learners", LEFT_OUT, "events.learner_id", "events[0].learner_id: null", "No row has it"),
    spoiled("PHP's rows", {"0": EXTRACT["breaks"][0], "2": EXTRACT["breaks"][0]}, "breaks", "breaks: {", ARRAY_VALUES),
    spoiled("PHP's column", {"0": 1, "2": 1}, "events.count", 'events.count: {"0": 1', ARRAY_VALUES),
    Bad("PHP's instances", json.dumps({"instances": {"1": EXTRACT}}), ("instances: {", ARRAY_VALUES)),
    spoiled("NUL in a course", "a\0b", "courses.0.course_id", 'courses[0].course_id: "a\\u0000b"', "NUL"),
]


@pytest.mark.parametrize("bad", V1, ids=[bad.name for bad in V1])
def test_a_bad_extract_is_refused_and_the_server_goes_on(client: httpx.Client, bad: Bad) -> None:
    for path in (PREDICT, EXPLAIN):
        refused(client.post(path, content=bad.body, headers=JSON), 400, *bad.says)
    goes_on(client)


COLUMNS = [(name, column) for name in TABLES_READ for column in BY_NAME[name].columns]


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=[f"{table}.{field.name}" for table, field in COLUMNS])
def test_a_value_of_another_type_is_set_aside_or_refused_in_every_column(
    client: httpx.Client, table: str, column: Any
) -> None:
    """Refused where it concerns everybody, and where it is not known whose work would be missing."""
    wrong: list[object] = [{}, [1], True, *(["qq"] if column.type != "string" else [])]
    wrong += [] if column.nullable or column.name == "course_id" else [None]
    nobodys = table in ("extensions", "submissions") and column.name in ("learner_id", "assessment_id")
    for value in wrong:
        row = {"course_id": COURSE["course_id"], "learner_id": LEARNER, "assessment_id": "quiz-1"}
        row = {name: cell for name, cell in row.items() if name in BY_NAME[table].names}
        good = EXTRACT[table][0] if isinstance(EXTRACT[table], list) else {k: v[0] for k, v in EXTRACT[table].items()}
        extract = changed([row | good | {column.name: value}], table)
        if BY_NAME[table].bad == "stop" or nobodys:
            place = f"instances[0].{table}[0].{column.name}: {json.dumps(value)}"
            refused(client.post(PREDICT, json={"instances": [extract]}), 400, place)
        else:
            listed = {entry["where"]: entry["what"] for entry in predicted(client, extract)["set_aside"]}
            as_sent = value if isinstance(value, str | bool | None) else json.dumps(value)
            assert listed[f"{table}[0].{column.name}"] == as_sent


SAME = object()


class Aside(NamedTuple):
    """What is set aside of an extract, and who is answered nevertheless."""

    value: object
    path: str
    where: str
    why: str
    became: str
    times: int = 1
    what: object = SAME
    answered: tuple[str, ...] = (LEARNER, OTHER)


ASIDE = {
    "a teacher's events": Aside(
        [LEARNER, "qq"], "events.learner_id", "events[1].learner_id", "not found", "row_left_out", what="qq"
    ),
    "an unknown assessment": Aside(
        "qq", "submissions.0.assessment_id", "submissions[0].assessment_id", "not found in assessments", "row_left_out"
    ),
    "not graded": Aside(-1, "submissions.0.score", "submissions[0].score", "below 0", "unknown"),
    "not graded, as PHP writes it": Aside(
        "-1.00000", "submissions.0.score", "submissions[0].score", "below", "unknown"
    ),
    "a grade in letters": Aside("A+", "submissions.0.score", "submissions[0].score", "not a number", "unknown"),
    "a slip of the pen": Aside(450, "submissions.0.score", "submissions[0].score", "above 2 times", "unknown"),
    "graded before": Aside(
        "2026-02-01", "submissions.0.graded_at", "submissions[0].graded_at", "before submitted_at", "raised"
    ),
    "left before they came": Aside(
        1700000000,
        "enrolments.0.unenrolled_at",
        "enrolments[0].unenrolled_at",
        "before enrolled_at",
        "raised",
        answered=(OTHER,),
    ),
    "handed in at no time": Aside(
        0,
        "submissions.0.submitted_at",
        "submissions[0].submitted_at",
        "not between 1990 and 2100",
        "learner_left_out",
        answered=(OTHER,),
    ),
    "joined at no time": Aside(
        0, "enrolments.0.enrolled_at", "enrolments[0].enrolled_at", "not between", "learner_left_out", answered=(OTHER,)
    ),
    "an event in milliseconds": Aside(
        1771612812000, "events.occurred_at.1", "events[1].occurred_at", "milliseconds: divide by 1000", "row_left_out"
    ),
    "a day that is none": Aside(
        "2026-02-30T00:00:00Z", "events.occurred_at.1", "events[1].occurred_at", "not a timestamp", "row_left_out"
    ),
    "a count of nothing": Aside(0, "events.count.0", "events[0].count", "below 1", "row_left_out"),
    "a count of 26 digits": Aside(
        10**26, "events.count.0", "events[0].count", "above 1e+12", "row_left_out", what="1e+26"
    ),
    "NUL in a learner": Aside(
        "a\0b",
        "enrolments.1.learner_id",
        "enrolments[1].learner_id",
        "NUL",
        "row_left_out",
        answered=(LEARNER,),
        what='"a\\u0000b"',
    ),
    "a learner twice": Aside(
        [*EXTRACT["enrolments"], {"learner_id": LEARNER, "enrolled_at": "2026-01-10"}],
        "enrolments",
        "enrolments[2]",
        "brought together",
        "merged",
        what=[COURSE["course_id"], LEARNER],
    ),
    "a submission twice": Aside(
        EXTRACT["submissions"] * 2,
        "submissions",
        "submissions[1]",
        "repeats another row",
        "merged",
        what=["quiz-1", LEARNER, 1],
    ),
}


@pytest.mark.parametrize("name", ASIDE)
def test_what_concerns_one_learner_is_set_aside_and_the_class_is_answered(client: httpx.Client, name: str) -> None:
    aside = ASIDE[name]
    steps = [int(step) if step.isdigit() else step for step in aside.path.split(".")]
    extract = changed(aside.value, *steps)
    (explanation,) = client.post(EXPLAIN, json={"instances": [extract]}).json()["predictions"]
    assert predicted(client, extract)["set_aside"] == explanation["set_aside"]
    assert {learner["learner_id"] for learner in explanation["learners"]} == set(aside.answered)
    entry = next(entry for entry in explanation["set_aside"] if entry["where"] == aside.where)
    assert aside.why in entry["why"]
    assert (entry["became"], entry["count"]) == (aside.became, aside.times)
    assert entry["what"] == (aside.value if aside.what is SAME else aside.what)
    assert explanation["set_aside_more"] == 0


def test_a_class_as_real_classes_are_is_answered(client: httpx.Client) -> None:
    learners = [f"{number:032x}" for number in range(30)]
    extract = changed(
        [{"learner_id": learner, "enrolled_at": 1768899600} for learner in [*learners, learners[4]]], "enrolments"
    )
    extract["enrolments"][9]["enrolled_at"] = 0
    extract["events"] = {"learner_id": [*learners, *["teacher"] * 500], "occurred_at": ["1770113700"] * 530}
    extract["events"] |= {name: ["core"] * 530 for name in ("component", "action", "target")} | {"count": ["1"] * 530}
    extract["assessments"][0] |= {"max_score": 100, "due_at": 0}
    scores = [105, "-1.00000", *range(28)]
    extract["submissions"] = [
        {"assessment_id": "quiz-1", "learner_id": learner, "submitted_at": 1771612812, "attempt": 1, "score": score}
        for learner, score in zip(learners, scores, strict=True)
    ]
    prediction = predicted(client, extract | {"extensions": []})
    assert {learner["learner_id"] for learner in prediction["learners"]} == {*learners} - {learners[9]}
    entries = [
        (entry["where"], entry["learner_id"], entry["became"], entry["count"]) for entry in prediction["set_aside"]
    ]
    assert entries[0] == ("enrolments[9].enrolled_at", learners[9], "learner_left_out", 1)
    assert sorted(entries[1:]) == [
        ("enrolments[30]", learners[4], "merged", 1),
        ("events[30].learner_id", "teacher", "row_left_out", 500),
        ("submissions[1].score", learners[1], "unknown", 1),
    ]


def test_a_class_of_which_every_enrolment_is_set_aside_says_so(client: httpx.Client) -> None:
    prediction = predicted(client, changed([EXTRACT["enrolments"][0] | {"enrolled_at": 0}], "enrolments"))
    assert prediction["learners"] == []
    assert prediction["note"].endswith("but every enrolment of the request is set aside: nobody is predicted")


def test_a_meaningless_request_is_told_every_fault_of_it_up_to_twenty(client: httpx.Client) -> None:
    extract = changed("qq", "breaks", 0, "ends_at") | {"qq": 1, "as_of": "soon", "submissions": 7}
    extract["courses"][0] |= {"granularity": "hourly", "starts_at": None}
    places = ["qq", "submissions", "courses[0].starts_at", "courses[0].granularity", "breaks[0].ends_at", "as_of"]
    response = client.post(PREDICT, json={"instances": [extract, 7]})
    refused(response, 400, *(f"instances[0].{place}: " for place in places), "instances[1]: 7")
    assert len(response.json()["error"].splitlines()) == 7
    many = changed([{"starts_at": "soon", "ends_at": "late"}] * 40, "breaks")
    lines = client.post(PREDICT, json={"instances": [many]}).json()["error"].splitlines()
    assert (len(lines), lines[-1]) == (21, "And 60 more faults.")


def test_a_learner_with_no_events_is_answered(client: httpx.Client) -> None:
    learners = {learner["learner_id"]: learner for learner in predicted(client, EXTRACT)["learners"]}
    assert learners.keys() == {LEARNER, OTHER}
    alone = predicted(client, changed(LEFT_OUT, "events") | {"submissions": [], "extensions": []})
    assert {learner["learner_id"] for learner in alone["learners"]} == {LEARNER, OTHER}
    bands = {"high", "medium", "low", "insufficient_evidence"}
    assert {learner["band"] for learner in [*learners.values(), *alone["learners"]]} <= bands


def test_a_learner_of_whom_little_was_seen_has_too_little_evidence(client: httpx.Client) -> None:
    prediction = predicted(client, changed("2026-02-03T00:00:00Z", "as_of") | {"events": [], "submissions": []})
    assert {learner["band"] for learner in prediction["learners"]} == {"insufficient_evidence"}


def test_records_after_the_moment_are_ignored_and_counted(client: httpx.Client) -> None:
    at = "2026-02-10T00:00:00Z"
    prediction = predicted(client, changed(at, "as_of"))
    assert prediction["ignored"] == {"events": 1, "extensions": 1, "submissions": 1}
    past = changed(at, "as_of") | {"extensions": [], "submissions": []}
    past["events"] = {name: values[:1] for name, values in past["events"].items()}
    without = predicted(client, past)
    assert without["ignored"] == {}
    assert without["learners"] == prediction["learners"]


def test_a_moment_is_read_to_the_microsecond(client: httpx.Client) -> None:
    extract = changed("2026-02-20T18:40:12.500000Z", "as_of")
    extract["enrolments"][1]["enrolled_at"] = "2026-02-20T18:40:12.400000Z"
    assert {learner["learner_id"] for learner in predicted(client, extract)["learners"]} == {LEARNER, OTHER}


@pytest.mark.parametrize(
    ("at", "why"),
    [
        ("2026-01-25T00:00:00Z", "lies before the start of the course run (2026-02-02)"),
        ("2026-06-25T08:30:00Z", "lies after the end of the course run (2026-05-24)"),
    ],
    ids=["before the course", "after its end"],
)
@pytest.mark.parametrize("path", [PREDICT, EXPLAIN], ids=["predict", "explain"])
def test_a_moment_outside_of_the_course_has_nobody_and_says_why(
    client: httpx.Client, at: str, why: str, path: str
) -> None:
    response = client.post(path, json={"instances": [changed(at, "as_of")]})
    assert response.status_code == 200, response.text
    (prediction,) = response.json()["predictions"]
    assert prediction["learners"] == []
    assert prediction["not_enrolled"] == [LEARNER, OTHER]
    assert prediction["note"] == f"as_of {at.replace('T00:00:00Z', '')} {why}: nobody is predicted"


@pytest.mark.parametrize("path", [PREDICT, EXPLAIN], ids=["predict", "explain"])
def test_a_moment_at_which_nobody_of_the_request_is_enrolled_says_why(client: httpx.Client, path: str) -> None:
    early, late = changed("2026-02-10T00:00:00Z", "as_of"), changed("2026-03-02T00:00:00Z", "as_of")
    early["enrolments"][0]["enrolled_at"] = early["enrolments"][1]["enrolled_at"] = "2026-02-10T00:00:00Z"
    late["enrolments"][0]["unenrolled_at"] = late["enrolments"][1]["unenrolled_at"] = "2026-03-01T00:00:00Z"
    nobody = changed([], "enrolments") | {"events": [], "submissions": [], "extensions": []}
    answers = client.post(path, json={"instances": [early, late, nobody, EXTRACT]}).json()["predictions"]
    assert [answer["note"].partition(" lies within the course run, but ")[2] for answer in answers] == [
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
@pytest.mark.parametrize("path", [PREDICT, EXPLAIN, INFER], ids=["predict", "explain", "infer"])
def test_another_content_type_is_refused(client: httpx.Client, kind: str, path: str) -> None:
    refused(client.post(path, content=b"{}", headers={"content-type": kind}), 415, kind, "application/json")
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


def test_a_body_of_very_many_course_runs_is_refused_before_they_are_read(client: httpx.Client) -> None:
    """Each would be decoded, and told of, on its own: 200,000 of them are a small body."""
    body = b'{"instances":[' + b'{"":0},' * 200_000 + b"0]}"
    response = client.post(
        "/v1/models/learner-risk:predict", content=body, headers={"content-type": "application/json"}
    )
    refused(response, 400, "200,001 course runs", "At most 1,000")
    goes_on(client)
