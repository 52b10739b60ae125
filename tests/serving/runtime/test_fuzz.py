"""Random requests, good and bad, over all routes of the OpenAPI document: no 5xx, and nothing of it in the log."""

import json
import math
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.earlybell.extracts import EXTRACT, LEARNER, OTHER, enrolled, extracts, mutated
from tests.serving.running import Server
from tests.serving.runtime.asking import EXPLAIN, INFER, JSON, PREDICT, goes_on, vector

SLOW = settings(deadline=None, suppress_health_check=list(HealthCheck))
CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
]


OPERATIONS = [
    ("post", PREDICT),
    ("post", EXPLAIN),
    ("post", INFER),
    ("get", "/v1/models/learner-risk"),
    ("get", "/v2/models/learner-risk"),
    ("get", "/v2/models/learner-risk/ready"),
    ("get", "/v2/health/ready"),
    ("get", "/v2/health/live"),
]


def test_every_operation_of_the_document_is_tried(client: httpx.Client) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert {(method, path) for path, methods in paths.items() for method in methods} == set(OPERATIONS)


@pytest.mark.parametrize(
    ("method", "path", "mode"),
    [(*operation, GenerationMode.POSITIVE) for operation in OPERATIONS]
    # Nothing of the rest can be wrong.
    + [(*operation, GenerationMode.NEGATIVE) for operation in OPERATIONS if operation[0] == "post"],
)
def test_an_operation_answers_as_its_document_says(server: Server, method: str, path: str, mode: Any) -> None:
    operation = schemathesis.openapi.from_url(f"{server.url}/openapi.json")[path][method.upper()]

    @settings(SLOW, max_examples=25 if method == "post" else 2)
    @given(operation.as_strategy(generation_mode=mode))
    def check(case: Any) -> None:
        case.call_and_validate(checks=CHECKS, timeout=30)

    check()


def answered(client: httpx.Client, path: str, extract: dict[str, Any]) -> None:
    """A valid extract is: a finite risk for everybody who is enrolled, and nobody else."""
    response = client.post(path, json={"instances": [extract]})
    assert response.status_code == 200, response.text
    (prediction,) = response.json()["predictions"]
    who = enrolled(extract)
    assert {learner["learner_id"] for learner in prediction["learners"]} == who
    assert set(prediction["not_enrolled"]) == {row["learner_id"] for row in extract["enrolments"]} - who
    for learner in prediction["learners"]:
        low, high = learner["interval"]
        assert math.isfinite(learner["risk"])
        assert 0 <= low <= high <= 1
        assert 0 <= learner["risk"] <= 1


def test_a_valid_extract_is_answered(client: httpx.Client) -> None:
    @settings(SLOW, max_examples=60)
    @given(extracts())
    def check(extract: dict[str, Any]) -> None:
        answered(client, PREDICT, extract)

    check()


def test_a_valid_extract_is_explained(client: httpx.Client) -> None:
    @settings(SLOW, max_examples=15)
    @given(extracts())
    def check(extract: dict[str, Any]) -> None:
        answered(client, EXPLAIN, extract)

    check()


def test_a_spoiled_extract_is_answered_or_refused(client: httpx.Client) -> None:
    @settings(SLOW, max_examples=150)
    @given(mutated(extracts() | st.just(EXTRACT)))
    def check(extract: Any) -> None:
        fair(client.post(PREDICT, json={"instances": [extract]}))

    check()
    goes_on(client)


def test_a_spoiled_vector_is_answered_or_refused(client: httpx.Client) -> None:
    @settings(SLOW, max_examples=100)
    @given(mutated(st.just(vector(client))))
    def check(body: Any) -> None:
        fair(client.post(INFER, json=body))

    check()
    goes_on(client)


def test_spoiled_bytes_are_answered_or_refused(client: httpx.Client) -> None:
    bodies = {PREDICT: json.dumps({"instances": [EXTRACT]}).encode(), INFER: json.dumps(vector(client)).encode()}

    @settings(SLOW, max_examples=100)
    @given(st.sampled_from([PREDICT, INFER]), st.integers(0, 2000), st.integers(0, 3), st.binary(max_size=4))
    def check(path: str, at: int, instead: int, put: bytes) -> None:
        body = bodies[path]
        at %= len(body)
        fair(client.post(path, content=body[:at] + put + body[at + instead :], headers=JSON))

    check()
    goes_on(client)


def test_spoiled_binary_data_is_answered_or_refused(client: httpx.Client) -> None:
    body = vector(client)
    for tensor, size in zip(body["inputs"], (180, 4), strict=True):
        del tensor["data"]
        tensor["parameters"] = {"binary_data_size": size}

    @settings(SLOW, max_examples=100)
    @given(mutated(st.just(body)), st.binary(max_size=8) | st.binary(min_size=184, max_size=184), st.integers(-2, 9))
    def check(spoiled: Any, data: bytes, more: int) -> None:
        text = json.dumps(spoiled).encode()
        headers = {"inference-header-content-length": str(len(text) + (more if more < 3 else 0))}
        fair(client.post(INFER, content=text + data, headers=headers))

    check()
    goes_on(client)


def fair(response: httpx.Response) -> None:
    """An answer, or an error of the caller's in the protocol's form."""
    assert response.status_code in (200, 400), response.text
    if response.status_code == 400:
        assert list(response.json()) == ["error"]


def test_the_log_holds_nothing_that_was_asked(server: Server, client: httpx.Client) -> None:
    """Of this session: the tests of bad requests ask this server too."""
    odd = "qq-odd-value-7f3a"
    for path in (PREDICT, EXPLAIN):
        client.post(path, json={"instances": [EXTRACT | {"as_of": odd}]})
        client.post(path, content=odd, headers=JSON | {"x-request-id": odd})
        client.post(f"{path}?learner={odd}", json={"instances": [EXTRACT]})
    client.post(INFER, json=vector(client, parameters={"learner_id": odd, "course_id": odd}))
    client.post(INFER, json=vector(client, inputs=[{"name": odd}]))
    log = server.log.read_text()
    for secret in (odd, LEARNER, OTHER, "mathematics-2026", "mod_forum", "OR 1=1"):
        assert secret not in log
    assert "Traceback" not in log
