"""The OpenAPI document of what the guard lets through: KServe's own says nothing of a request's body."""

from typing import Any, get_args

from earlybell.bundle import Bundle
from earlybell.tables.request import schema
from earlybell.tables.sifting import Became
from serving.runtime import vector
from serving.runtime.settings import MODEL_NAME

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
    return part.replace("#/$defs/", "#/components/schemas/") if isinstance(part, str) else part


def _paths(bundle: Bundle) -> dict[str, Any]:
    v1, v2 = f"/v1/models/{MODEL_NAME}", f"/v2/models/{MODEL_NAME}"
    ready = {"503": _answer("Error", "not ready")}
    return {
        f"{v1}:predict": _asked("Risk, band, interval and reasons", "Request", "Predictions", {"instances": [EXAMPLE]}),
        f"{v1}:explain": _asked(
            "The full attribution, and a counterfactual", "Request", "Explanations", {"instances": [EXAMPLE]}
        ),
        f"{v2}/infer": _asked("Risk and band of feature vectors", "InferRequest", "InferResponse", _infer(bundle)),
        v1: {"get": _plain("Is the model ready", "Ready", ready)},
        v2: {"get": _plain("Names, types and shapes of inputs and outputs", "Metadata", {})},
        f"{v2}/ready": {"get": _plain("Is the model ready", "Ready", ready)},
        "/v2/health/ready": {"get": _plain("Is the server ready", "ServerReady", ready)},
        "/v2/health/live": {"get": _plain("Is the server alive", "ServerLive", ready)},
    }


def _asked(summary: str, request: str, answer: str, example: dict[str, Any]) -> dict[str, Any]:
    body = {"application/json": {"schema": _ref(request), "example": example}}
    problems = {
        400: "the request is meaningless; the error has a line for each fault",
        401: "no valid token",
        408: "the body did not arrive in time",
    }
    problems |= {
        413: "the body is too large",
        415: "it is not JSON, or of a coding other than gzip",
        429: "asked too often",
        503: "the trail cannot be written, or there is no room in memory",
    }
    problems |= {504: "it takes too long"}
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
            "responses": {"200": _answer(answer, summary)}
            | {str(status): _answer("Error", reason) for status, reason in problems.items()},
        }
    }


def _plain(summary: str, answer: str, more: dict[str, Any]) -> dict[str, Any]:
    return {"summary": summary, "responses": {"200": _answer(answer, summary), **more}}


def _answer(name: str, description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": _ref(name)}}}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


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
    text, number, whole = {"type": "string"}, {"type": "number"}, {"type": "integer"}
    share = {"type": "number", "minimum": 0, "maximum": 1}
    band = {"enum": ["high", "medium", "low", "insufficient_evidence"]}
    yes_or_no = {"type": "boolean"}
    reason = _object(feature=text, value=number, effect=number, words=text, changeable=yes_or_no)
    risk: dict[str, Any] = {"learner_id": text, "risk": share, "band": band, "interval": _list(share, 2)}
    effect = _object(feature=text, value={"type": ["number", "null"]}, effect=number, words=text, changeable=yes_or_no)
    change = _object(feature=text, value=number, to=number, words=text, words_to=text, follows=yes_or_no)
    explained = risk | {
        "score": number,
        "base": number,
        "effects": _list(effect),
        "calibration": _object(
            unit={"enum": ["log-odds", "probability"]}, slope=number, intercept=number, formula=text
        ),
        "counterfactual": _object(changes=_list(change), risk=share, band=band, words=text),
    }
    tensor = _object(name=text, datatype=text, shape=_list(whole))
    row = {"type": ["number", "null"]}
    return {
        "Predictions": _answers(_object(**risk, reasons=_list(reason))),
        "Explanations": _answers(_object(**explained)),
        "InferRequest": {
            "type": "object",
            "properties": {
                "id": text,
                "parameters": {"type": "object", "properties": {"course_id": text, "learner_id": text}},
                "inputs": {
                    "type": "array",
                    "description": "days of teaching seen, and features; null is missing. Features are, in this order: "
                    + ", ".join(bundle.catalogue.names),
                    "prefixItems": [_input(one, row) for one in vector.inputs(bundle.catalogue)],
                    "minItems": 2,
                    "maxItems": 2,
                },
            },
            "required": ["inputs"],
        },
        "InferResponse": {
            "type": "object",
            "properties": {"model_name": text, "model_version": text, "id": text, "outputs": {"type": "array"}},
            "required": ["model_name", "outputs"],
        },
        "Metadata": _object(name=text, platform=text, inputs=_list(tensor), outputs=_list(tensor)),
        "Ready": _object(name=text, ready=yes_or_no),
        "ServerReady": _object(ready=yes_or_no),
        "ServerLive": _object(live=yes_or_no),
        "Error": _object(error=text),
    }


def _answers(learner: dict[str, Any]) -> dict[str, Any]:
    text = {"type": "string"}
    counts = {"type": "object", "description": "records known only at as_of or later, by table: they were not read"}
    under_way = {"type": "boolean", "description": "whether as_of lies within the course run; else nobody is predicted"}
    whole = {"type": "integer", "minimum": 0}
    aside = _object(
        where={"type": "string", "description": "the first place, as submissions[17].score"},
        what={"description": "the value as it was sent; of several columns a list"},
        why={"type": "string", "description": "the rule that it breaks"},
        became={"enum": list(get_args(Became)), "description": "what was made of it; docs/serving.md has a table"},
        learner_id={"type": ["string", "null"], "description": "whose it is, if that is known"},
        count=whole | {"description": "at how many places the same learner has the same value"},
    )
    one = _object(
        course_id=text,
        as_of=text,
        under_way=under_way,
        learners=_list(learner),
        note={"type": "string", "description": "why nobody is predicted, in words; empty where somebody is"},
        not_enrolled=_list(text),
        ignored=counts,
        set_aside=_list(aside),
        set_aside_more=whole | {"description": "at how many further places something was set aside"},
    )
    return _object(model_name=text, model_version=text, catalogue_hash=text, request_id=text, predictions=_list(one))


def _input(declared: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    fixed = {name: {"const": declared[name]} for name in ("name", "datatype")}
    return _object(**fixed, shape=_list({"type": "integer", "minimum": 1}), data=_list(value))


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _list(items: dict[str, Any], length: int | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "array", "items": items}
    return found | ({"minItems": length, "maxItems": length} if length else {})
