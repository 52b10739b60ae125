"""V2, the Open Inference Protocol, on the feature vector: what the metadata says is accepted, and nothing else."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NoReturn, get_origin

import numpy as np
import numpy.typing as npt
import orjson
from kserve import InferInput, InferOutput, InferRequest, InferResponse
from kserve.protocol.grpc.grpc_predict_v2_pb2 import InferParameter
from kserve.protocol.rest.v2_datamodels import InferenceRequest, RequestInput
from pydantic import ValidationError

from earlybell.bundle import Catalogue
from earlybell.counts import counted
from earlybell.errors import RequestError
from earlybell.predict import Observed, Predictions
from earlybell.predict.answer import OUTPUTS
from earlybell.tables.faults import MOST_FAULTS, Faults
from earlybell.tables.schema import LONGEST
from earlybell.tables.values import NO_TEXT, NO_TEXT_REASON, shown
from earlybell.trail import ANONYMOUS
from serving.runtime.adapter import raw_data, set_raw_data
from serving.runtime.bodies import Tensor

_DATATYPES = {float: "FP64", Literal: "BYTES"}
_OUTPUTS = {name: _DATATYPES[get_origin(hint) or hint] for name, hint in OUTPUTS.items()}
_LARGEST = float(np.finfo(np.float32).max)


def inputs(catalogue: Catalogue) -> list[Tensor]:
    """The inputs: `features` in the catalogue's order, and the days of teaching seen."""
    return [Tensor("features", "FP32", [-1, len(catalogue.features)]), Tensor("days_seen", "FP32", [-1])]


def outputs() -> list[Tensor]:
    """The outputs, a value a row each."""
    return [Tensor(name, datatype, [-1]) for name, datatype in _OUTPUTS.items()]


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
        message = _Request.model_validate(orjson.loads(body[:length]))
    except orjson.JSONDecodeError as error:
        raise RequestError("body", f"not JSON ({error})", "See /openapi.json.") from None
    except ValidationError as error:
        _refuse(error.errors())
    request, left = InferRequest.from_inference_request(message, model_name), memoryview(body)[length:]
    faults = Faults()
    for tensor in request.inputs:
        with faults.gathered():
            data, left = _taken(tensor, left)
            set_raw_data(tensor, data)
    faults.end()
    if left:
        raise RequestError("body", f"{len(left)} bytes of binary data too many", "See binary_data_size of the inputs.")
    return request


def _refuse(errors: Sequence[Any]) -> NoReturn:
    """
    Raises:
        RequestError: what pydantic finds wrong, all of it.
    """
    faults = Faults()
    for error in errors:
        place = ".".join(str(part) for part in error["loc"] if part != "body") or "body"
        faults.add(place, shown(error["input"]), f"{error['msg']}.")
    faults.end()
    raise ValueError("no errors")


def _taken(tensor: InferInput, left: memoryview) -> tuple[memoryview | None, memoryview]:
    """An input's own binary data, if it has any, and what is left for those after it."""
    size = tensor.parameters.get("binary_data_size")
    if (size is None) == (tensor.data is None):
        raise RequestError(f"inputs.{tensor.name}.data", shown(size), "It has either data or a binary_data_size.")
    if size is None:
        return None, left
    if type(size) is not int or not 0 <= size <= len(left):
        place = f"inputs.{tensor.name}.parameters.binary_data_size"
        raise RequestError(place, shown(size), f"There are {len(left)} bytes of binary data for it.")
    return left[:size], left[size:]


def rows_given(request: InferRequest) -> int:
    """How many rows a request has at most: none of its tensors has fewer values."""
    counts = (
        len(tensor.data or ()) if (data := raw_data(tensor)) is None else len(data) // 4 for tensor in request.inputs
    )
    return min(counts, default=0)


def observed(request: InferRequest, catalogue: Catalogue, most_rows: int) -> Observed:
    """The rows of a request; who they are stands in the parameters `course_id` and `learner_id`, else nobody knows.

    Several learners are separated by commas. A missing value is null in JSON, NaN in binary data.

    Raises:
        RequestError: a tensor is not what the metadata says.
    """
    faults, tensors = Faults(), dict[str, npt.NDArray[np.float32]]()
    declared = {tensor.name: tensor for tensor in inputs(catalogue)}
    names = [tensor.name for tensor in request.inputs]
    if sorted(names) != sorted(declared):
        faults.add("inputs", shown(names), "They are features and days_seen, once each.")
    for tensor in request.inputs:
        if tensor.name in declared:
            with faults.gathered():
                tensors[tensor.name] = _tensor(tensor, declared[tensor.name], most_rows)
    rows = _rows(tensors, faults)
    parameters = request.parameters or {}
    learners = courses = np.empty(0, dtype=object)
    with faults.gathered():
        learners = _parameter(parameters, "learner_id", rows, several=True)
    with faults.gathered():
        courses = _parameter(parameters, "course_id", rows, several=False)
    with faults.gathered():
        _requested_outputs(request)
    if faults or rows is None:
        faults.end()
        raise ValueError("no rows and no fault")
    features, days = tensors["features"], tensors["days_seen"]
    moments = np.full(rows, np.datetime64("NaT"), dtype="datetime64[us]")
    return Observed(courses, learners, moments, days.astype(np.float64), features)


def _rows(tensors: Mapping[str, npt.NDArray[np.float32]], faults: Faults) -> int | None:
    """How many rows the tensors have; None where they do not agree, or one is not there."""
    features, days = tensors.get("features"), tensors.get("days_seen")
    if days is not None and np.isnan(days).any():
        at = int(np.flatnonzero(np.isnan(days))[0])
        faults.add(f"inputs.days_seen.data[{at}]", "null", "It must be a finite number.")
    if features is None or days is None:
        return None
    if len(features) != len(days):
        faults.add("inputs.days_seen.shape", shown([len(days)]), f"features has {counted(len(features), 'row')}.")
        return None
    return len(features)


def _requested_outputs(request: InferRequest) -> list[str]:
    """The outputs that are asked for, or all.

    Raises:
        RequestError: some are not known.
    """
    names = [tensor.name for tensor in request.request_outputs or []] or list(_OUTPUTS)
    faults = Faults()
    for name in sorted(set(names) - set(_OUTPUTS)):
        faults.add("outputs", shown(name), f"Outputs are {', '.join(_OUTPUTS)}.")
    faults.end()
    return names


def response(request: InferRequest, predictions: Predictions, version: str, request_id: str) -> InferResponse:
    """The outputs that are asked for, or all."""
    values, tensors = predictions.columns(), []
    for name in _requested_outputs(request):
        output = InferOutput(name=name, shape=[len(predictions.risk)], datatype=_OUTPUTS[name])
        binary = request.use_binary_outputs
        output.set_data_from_numpy(_encoded(values[name]), binary_data=binary)
        tensors.append(output)
    return InferResponse(
        response_id=request_id, model_name=request.model_name, model_version=version, infer_outputs=tensors
    )


def _encoded(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return values.astype(object) if values.dtype.kind == "U" else values


def _tensor(tensor: InferInput, declared: Tensor, most_rows: int) -> npt.NDArray[np.float32]:
    faults, place, shape = Faults(), f"inputs.{tensor.name}", list(tensor.shape)
    if tensor.datatype != declared.datatype:
        faults.add(f"{place}.datatype", shown(tensor.datatype), f"It must be {declared.datatype}.")
    expected = declared.shape
    if (
        len(shape) != len(expected)
        or any(w not in (-1, g) for w, g in zip(expected, shape, strict=True))
        or shape[0] < 1
    ):
        faults.add(f"{place}.shape", shown(shape), f"It must be {expected}, at least one row.")
    elif shape[0] > most_rows:
        faults.add(f"{place}.shape", shown(shape), f"At most {most_rows:,} rows at a time.")
    faults.end()
    values = _values(tensor, place)
    if values.size != np.prod(shape, dtype=np.int64):
        faults.add(f"{place}.data", counted(values.size, "value"), f"Its shape {shape} says otherwise.")
    for at in _first(np.flatnonzero(np.abs(values) > _LARGEST), faults):
        faults.add(f"{place}.data[{at}]", shown(float(values[at])), "It must be a finite 32-bit number.")
    faults.end()
    return values.astype(np.float32).reshape(shape)


def _first(places: npt.NDArray[np.intp], faults: Faults) -> list[int]:
    """The first places, as many as an error tells; the others are counted."""
    faults.count(len(places[MOST_FAULTS:]))
    return [int(at) for at in places[:MOST_FAULTS]]


def _values(tensor: InferInput, place: str) -> npt.NDArray[np.float64]:
    if (data := raw_data(tensor)) is not None:
        if len(data) % 4:
            raise RequestError(f"{place}.data", f"{len(data)} bytes", "FP32 has four a value.")
        return np.frombuffer(data, dtype="<f4").astype(np.float64)
    flat = list(_flat(tensor.data))
    wrong, faults = [i for i, value in enumerate(flat) if type(value) not in (int, float, type(None))], Faults()
    for at in _first(np.array(wrong, dtype=np.intp), faults):
        faults.add(f"{place}.data[{at}]", shown(flat[at]), "It must be a number or null.")
    faults.end()
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


def _parameter(parameters: Any, name: str, rows: int | None, *, several: bool) -> npt.NDArray[Any]:
    """A parameter for each row; how many there are is not asked where it is not known."""
    value = parameters.get(name) if name in parameters else None
    if isinstance(value, InferParameter):  # of gRPC
        value = getattr(value, value.WhichOneof("parameter_choice") or "string_param")
    if value is None or value == "":
        return np.full(rows or 0, ANONYMOUS, dtype=object)
    if not isinstance(value, str):
        raise RequestError(f"parameters.{name}", shown(value), "It must be a text.")
    if NO_TEXT(value):
        raise RequestError(f"parameters.{name}", shown(value), NO_TEXT_REASON)
    texts = value.split(",") if several else [value] * (rows or 1)
    if len(texts) != (rows or len(texts)):
        raise RequestError(
            f"parameters.{name}", shown(value), f"It must name {counted(rows or 0, 'learner')}, separated by commas."
        )
    if max(map(len, texts)) > LONGEST:
        raise RequestError(f"parameters.{name}", shown(max(texts, key=len)), f"At most {LONGEST} characters.")
    return np.array(texts, dtype=object)
