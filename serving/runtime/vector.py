"""V2, the Open Inference Protocol, on the feature vector: what the metadata says is accepted, and nothing else."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
from kserve import InferInput, InferOutput, InferRequest, InferResponse
from kserve.protocol.grpc.grpc_predict_v2_pb2 import InferParameter
from kserve.protocol.rest.v2_datamodels import InferenceRequest, RequestInput
from pydantic import ValidationError

from earlybell.bundle import Catalogue
from earlybell.errors import RequestError
from earlybell.predict import Observed, Predictions
from earlybell.tables.schema import LONGEST
from earlybell.tables.values import NO_TEXT, NO_TEXT_REASON, shown
from earlybell.trail import ANONYMOUS

_OUTPUTS = {"risk": "FP64", "low": "FP64", "high": "FP64", "band": "BYTES"}
_LARGEST = float(np.finfo(np.float32).max)


def inputs(catalogue: Catalogue) -> list[dict[str, Any]]:
    """The inputs: `features` in the catalogue's order, and the days of teaching seen."""
    return [
        {"name": "features", "datatype": "FP32", "shape": [-1, len(catalogue.features)]},
        {"name": "days_seen", "datatype": "FP32", "shape": [-1]},
    ]


def outputs() -> list[dict[str, Any]]:
    """The outputs, a value a row each."""
    return [{"name": name, "datatype": datatype, "shape": [-1]} for name, datatype in _OUTPUTS.items()]


class _Input(RequestInput):  # type: ignore[misc] # KServe's classes carry no types
    data: list[Any] | None = None  # or it follows the JSON


class _Request(InferenceRequest):  # type: ignore[misc]
    inputs: list[_Input]


def decoded(body: bytes, length: int, model_name: str) -> InferRequest:
    """A request from its JSON, of `length` bytes, and the binary data after it. KServe's own takes both as they are.

    Raises:
        RequestError: it is not of the protocol's form, or the data not as long as the JSON says.
    """
    try:
        said = _Request.model_validate(orjson.loads(body[:length]))
    except orjson.JSONDecodeError as error:
        raise RequestError("body", f"not JSON ({error})", "See /openapi.json.") from None
    except ValidationError as error:
        raise refusal(error.errors()) from None
    request, left = InferRequest.from_inference_request(said, model_name), memoryview(body)[length:]
    for one in request.inputs:
        one._raw_data, left = _taken(one, left)
    if left:
        raise RequestError("body", f"{len(left)} bytes of binary data too many", "See binary_data_size of the inputs.")
    return request


def refusal(errors: Sequence[Any]) -> RequestError:
    """The first of what pydantic finds wrong."""
    first = errors[0]
    place = ".".join(str(part) for part in first["loc"] if part != "body") or "body"
    return RequestError(place, shown(first["input"]), f"{first['msg']}.")


def _taken(one: InferInput, left: memoryview) -> tuple[memoryview | None, memoryview]:
    """An input's own binary data, if it has any, and what is left for those after it."""
    size = one.parameters.get("binary_data_size")
    if (size is None) == (one.data is None):
        raise RequestError(f"inputs.{one.name}.data", shown(size), "It has either data or a binary_data_size.")
    if size is None:
        return None, left
    if type(size) is not int or not 0 <= size <= len(left):
        place = f"inputs.{one.name}.parameters.binary_data_size"
        raise RequestError(place, shown(size), f"There are {len(left)} bytes of binary data for it.")
    return left[:size], left[size:]


def rows_given(request: InferRequest) -> int:
    """How many rows a request has at most: none of its tensors has fewer values."""
    counts = (len(one._raw_data) // 4 if one._raw_data is not None else len(one.data or ()) for one in request.inputs)
    return min(counts, default=0)


def observed(request: InferRequest, catalogue: Catalogue, most_rows: int) -> Observed:
    """The rows of a request; who they are stands in the parameters `course_id` and `learner_id`, else nobody knows.

    Several learners are separated by commas. A missing value is null in JSON, NaN in binary data.

    Raises:
        RequestError: a tensor is not what the metadata says.
    """
    declared = inputs(catalogue)
    given = {one.name: one for one in request.inputs}
    if sorted(given) != sorted(one["name"] for one in declared) or len(given) != len(request.inputs):
        names = [one.name for one in request.inputs]
        raise RequestError("inputs", shown(names), "They are features and days_seen, once each.")
    features, days = (_tensor(given[one["name"]], one, most_rows) for one in declared)
    if len(features) != len(days):
        raise RequestError("inputs.days_seen.shape", shown([len(days)]), f"features has {len(features)} rows.")
    if np.isnan(days).any():
        raise RequestError("inputs.days_seen.data", "null", "It must be a finite number.")
    parameters, rows = request.parameters or {}, len(features)
    learners = _parameter(parameters, "learner_id", rows, several=True)
    courses = _parameter(parameters, "course_id", rows, several=False)
    moments = np.full(rows, np.datetime64("NaT"), dtype="datetime64[us]")
    return Observed(courses, learners, moments, days.astype(np.float64), features)


def response(request: InferRequest, predictions: Predictions, version: str, request_id: str) -> InferResponse:
    """The outputs that are asked for, or all."""
    values = {"risk": predictions.risk, "low": predictions.low, "high": predictions.high, "band": predictions.band}
    asked = [one.name for one in request.request_outputs or []] or list(_OUTPUTS)
    if unknown := set(asked) - set(_OUTPUTS):
        raise RequestError("outputs", shown(min(unknown)), f"Outputs are {', '.join(_OUTPUTS)}.")
    found = []
    for name in asked:
        output = InferOutput(name=name, shape=[len(predictions.risk)], datatype=_OUTPUTS[name])
        binary = request.use_binary_outputs
        output.set_data_from_numpy(_encoded(values[name]), binary_data=binary)
        found.append(output)
    return InferResponse(
        response_id=request_id, model_name=request.model_name, model_version=version, infer_outputs=found
    )


def _encoded(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return values.astype(object) if values.dtype.kind == "U" else values


def _tensor(given: InferInput, declared: dict[str, Any], most_rows: int) -> npt.NDArray[np.float32]:
    place, shape = f"inputs.{given.name}", list(given.shape)
    if given.datatype != declared["datatype"]:
        raise RequestError(f"{place}.datatype", shown(given.datatype), f"It must be {declared['datatype']}.")
    wanted = declared["shape"]
    if len(shape) != len(wanted) or any(w not in (-1, g) for w, g in zip(wanted, shape, strict=True)) or shape[0] < 1:
        raise RequestError(f"{place}.shape", shown(shape), f"It must be {wanted}, at least one row.")
    if shape[0] > most_rows:
        raise RequestError(f"{place}.shape", shown(shape), f"At most {most_rows:,} rows at a time.")
    values = _values(given, place)
    if values.size != np.prod(shape, dtype=np.int64):
        raise RequestError(f"{place}.data", f"{values.size} values", f"Its shape {shape} says otherwise.")
    if (np.abs(values) > _LARGEST).any():
        at = int(np.flatnonzero(np.abs(values) > _LARGEST)[0])
        raise RequestError(f"{place}.data[{at}]", shown(float(values[at])), "It must be a finite 32-bit number.")
    return values.astype(np.float32).reshape(shape)


def _values(given: InferInput, place: str) -> npt.NDArray[np.float64]:
    if given._raw_data is not None:
        if len(given._raw_data) % 4:
            raise RequestError(f"{place}.data", f"{len(given._raw_data)} bytes", "FP32 has four a value.")
        return np.frombuffer(given._raw_data, dtype="<f4").astype(np.float64)
    flat = list(_flat(given.data))
    wrong = [i for i, value in enumerate(flat) if type(value) not in (int, float, type(None))]
    if wrong:
        raise RequestError(f"{place}.data[{wrong[0]}]", shown(flat[wrong[0]]), "It must be a number or null.")
    return np.array([np.nan if value is None else _float(value) for value in flat], dtype=np.float64)


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return np.inf


def _flat(data: Any) -> Sequence[Any]:
    """A tensor's values in order; JSON may nest them by row."""
    rows = list(data or [])
    return [value for row in rows for value in (row if isinstance(row, list) else [row])]


def _parameter(parameters: Any, name: str, rows: int, *, several: bool) -> npt.NDArray[Any]:
    value = parameters.get(name) if name in parameters else None
    if isinstance(value, InferParameter):  # of gRPC
        value = getattr(value, value.WhichOneof("parameter_choice") or "string_param")
    if value is None or value == "":
        return np.full(rows, ANONYMOUS, dtype=object)
    if not isinstance(value, str):
        raise RequestError(f"parameters.{name}", shown(value), "It must be a text.")
    if NO_TEXT(value):
        raise RequestError(f"parameters.{name}", shown(value), NO_TEXT_REASON)
    found = value.split(",") if several else [value] * rows
    if len(found) != rows:
        raise RequestError(f"parameters.{name}", shown(value), f"It must name {rows} learners, separated by commas.")
    if max(map(len, found)) > LONGEST:
        raise RequestError(f"parameters.{name}", shown(max(found, key=len)), f"At most {LONGEST} characters.")
    return np.array(found, dtype=object)
