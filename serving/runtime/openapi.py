"""The OpenAPI document of what the guard lets through: KServe's own says nothing of a request's body."""

from typing import Any

import msgspec
from msgspec import Struct

from earlybell.bundle import Bundle
from earlybell.tables.request import schema
from serving.runtime.answers import Explanations, Predictions
from serving.runtime.bodies import (
    Error,
    InferRequest,
    InferResponse,
    Metadata,
    Ready,
    ServerLive,
    ServerReady,
)
from serving.runtime.settings import MODEL_NAME

_SCHEMAS = "#/components/schemas/"
_BODIES = (
    Predictions,
    Explanations,
    InferRequest,
    InferResponse,
    Metadata,
    Ready,
    ServerReady,
    ServerLive,
    Error,
)

_COURSE = "mathematics-2026"
EXAMPLE = {
    "as_of": "2026-03-02T00:00:00Z",
    "courses": [
        {
            "course_id": _COURSE,
            "code": "mathematics",
            "starts_at": "2026-02-02T00:00:00Z",
            "ends_at": "2026-05-24T00:00:00Z",
            "granularity": "raw",
            "timezone": "Europe/Berlin",
            "weekend": "sat,sun",
        }
    ],
    "enrolments": [{"learner_id": "5f2c0e6b1d7a49f8a3b1c2d4e5f60718", "enrolled_at": "2026-01-20T09:00:00Z"}],
    "events": {
        "learner_id": ["5f2c0e6b1d7a49f8a3b1c2d4e5f60718"] * 2,
        "occurred_at": ["2026-02-03T10:15:00Z", "2026-02-20T18:40:12Z"],
        "component": ["mod_forum", "mod_quiz"],
        "action": ["viewed", "submitted"],
        "target": ["discussion", "attempt"],
        "count": [1, 1],
    },
    "assessments": [
        {
            "assessment_id": "quiz-1",
            "kind": "quiz",
            "role": "pre_test",
            "due_at": "2026-02-20T23:59:59Z",
            "max_score": 10,
        }
    ],
    "submissions": [
        {
            "assessment_id": "quiz-1",
            "learner_id": "5f2c0e6b1d7a49f8a3b1c2d4e5f60718",
            "submitted_at": "2026-02-20T18:40:12Z",
            "graded_at": "2026-02-20T18:40:12Z",
            "attempt": 1,
            "score": 4.5,
        }
    ],
}


def document(bundle: Bundle) -> dict[str, Any]:
    """The document for the bundle that is served."""
    request = schema()
    definitions = _moved(request.pop("$defs"))
    request.pop("$schema")
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Earlybell: who drifts towards failing or leaving, why, and how sure that is",
            "version": bundle.manifest.catalogue.version,
            "description": "A risk is a reason to look and ask, not a verdict.",
        },
        "paths": _paths(bundle),
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Request": _moved(request), **definitions, **_schemas(bundle)},
        },
    }


def _moved(part: Any) -> Any:
    """With references to where an OpenAPI document keeps schemas."""
    if isinstance(part, dict):
        return {key: _moved(value) for key, value in part.items()}
    if isinstance(part, list):
        return [_moved(value) for value in part]
    return part.replace("#/$defs/", _SCHEMAS) if isinstance(part, str) else part


def _paths(bundle: Bundle) -> dict[str, Any]:
    v1, v2 = f"/v1/models/{MODEL_NAME}", f"/v2/models/{MODEL_NAME}"
    ready = {"503": _answer(Error, "not ready")}
    return {
        f"{v1}:predict": _prediction_route(
            "Risk, band, interval and reasons", "Request", Predictions, {"instances": [EXAMPLE]}
        ),
        f"{v1}:explain": _prediction_route(
            "The full attribution, and a counterfactual", "Request", Explanations, {"instances": [EXAMPLE]}
        ),
        f"{v2}/infer": _prediction_route(
            "Risk and band of feature vectors", InferRequest.__name__, InferResponse, _infer(bundle)
        ),
        v1: {"get": _plain("Is the model ready", Ready, ready)},
        v2: {"get": _plain("Names, types and shapes of inputs and outputs", Metadata, {})},
        f"{v2}/ready": {"get": _plain("Is the model ready", Ready, ready)},
        "/v2/health/ready": {"get": _plain("Is the server ready", ServerReady, ready)},
        "/v2/health/live": {"get": _plain("Is the server alive", ServerLive, ready)},
    }


_PROBLEMS = {
    400: "the request is meaningless; the error has a line for each fault",
    401: "no valid token",
    408: "the body did not arrive in time",
    413: "the body is too large",
    415: "it is not JSON, or of a coding other than gzip",
    429: "asked too often",
    503: "the trail cannot be written, or there is no room in memory",
    504: "it takes too long",
}


def _prediction_route(summary: str, request: str, answer: type[Struct], example: dict[str, Any]) -> dict[str, Any]:
    body = {"application/json": {"schema": _ref(request), "example": example}}
    responses = {str(status): _answer(Error, reason) for status, reason in _PROBLEMS.items()}
    return {
        "post": {
            "summary": summary,
            "security": [{"token": []}],
            "parameters": [
                {
                    "name": "x-request-id",
                    "in": "header",
                    "description": "the answer and its record carry it; made if left out or not of this form",
                    "schema": {"type": "string", "pattern": "^[A-Za-z0-9._:-]{1,64}$"},
                }
            ],
            "requestBody": {"required": True, "content": body},
            "responses": {"200": _answer(answer, summary), **responses},
        }
    }


def _plain(summary: str, answer: type[Struct], more: dict[str, Any]) -> dict[str, Any]:
    return {"summary": summary, "responses": {"200": _answer(answer, summary), **more}}


def _answer(kind: type[Struct], description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": _ref(kind.__name__)}}}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"{_SCHEMAS}{name}"}


def _infer(bundle: Bundle) -> dict[str, Any]:
    width = len(bundle.catalogue.features)
    return {
        "parameters": {"course_id": _COURSE, "learner_id": "5f2c0e6b1d7a49f8a3b1c2d4e5f60718"},
        "inputs": [
            {"name": "features", "datatype": "FP32", "shape": [1, width], "data": [None] * width},
            {"name": "days_seen", "datatype": "FP32", "shape": [1], "data": [28]},
        ],
    }


def _schemas(bundle: Bundle) -> dict[str, Any]:
    """Of bodies, by the names of their types."""
    _, schemas = msgspec.json.schema_components(_BODIES, ref_template=f"{_SCHEMAS}{{name}}")
    order = f"Features are, in this order: {', '.join(bundle.catalogue.names)}"
    schemas[InferRequest.__name__]["properties"]["inputs"]["description"] = order
    return schemas
