"""Whatever is asked of V2, over HTTP or gRPC: refused if the metadata does not say it, and the server goes on."""

import json
import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest

from tests.earlybell.extracts import LEFT_OUT
from tests.serving.running import Server
from tests.serving.runtime.asking import INFER, JSON, WIDTH, Grpc, goes_on, refused, vector, width

V2_FEATURES = [
    ("another name", {"name": "qq"}, 'inputs: ["qq", "days_seen"]'),
    ("a name that is a number", {"name": 5}, "inputs.0.name: 5"),
    ("another datatype", {"datatype": "FP64"}, 'inputs.features.datatype: "FP64"'),
    ("FP16 in JSON", {"datatype": "FP16"}, "features"),
    ("a datatype that is none", {"datatype": "QQ"}, 'inputs.features.datatype: "QQ"'),
    ("a shape of another width", {"shape": [1, 3]}, "inputs.features.shape: [1, 3]"),
    ("a shape of no rows", {"shape": [0, WIDTH]}, f"inputs.features.shape: [0, {WIDTH}]"),
    ("a negative shape", {"shape": [-1, WIDTH]}, f"inputs.features.shape: [-1, {WIDTH}]"),
    ("a shape of too many rows", {"shape": [10**9, WIDTH]}, f"inputs.features.shape: [1000000000, {WIDTH}]"),
    ("a shape beyond all", {"shape": [10**30, WIDTH]}, "inputs.0.shape.0: 1e+30"),
    ("no shape", {"shape": LEFT_OUT}, "inputs.0.shape"),
    ("a shape that is a text", {"shape": "qq"}, 'inputs.0.shape: "qq"'),
    ("too few values", {"data": [1.5]}, "inputs.features.data: 1 value"),
    ("no data", {"data": LEFT_OUT}, "inputs.features.data: null"),
    ("data that is a number", {"data": 5}, "inputs.0.data: 5"),
    ("data that is an object", {"data": {"a": 1}}, 'inputs.0.data: {"a": 1}'),
    ("a value that is a text", {"data": ["qq"] * WIDTH}, 'inputs.features.data[0]: "qq"'),
    ("a value that is true", {"data": [True] * WIDTH}, "inputs.features.data[0]: true"),
    ("a value beyond 32 bits", {"data": [1e39] * WIDTH}, "inputs.features.data[0]: 1e+39"),
    ("values nested twice", {"data": [[[1.5] * WIDTH]]}, "inputs.features.data[0]: [1.5"),
    ("parameters that are a list", {"parameters": [1]}, "inputs.0.parameters: [1]"),
]


@pytest.mark.parametrize(("name", "fields", "says"), V2_FEATURES, ids=[name for name, _, _ in V2_FEATURES])
def test_a_tensor_that_the_metadata_does_not_say_is_refused(
    client: httpx.Client, name: str, fields: dict[str, Any], says: str
) -> None:
    body = vector(client)
    tensor = body["inputs"][0] | fields
    body["inputs"][0] = {name: value for name, value in tensor.items() if value is not LEFT_OUT}
    refused(client.post(INFER, json=body), 400, says)
    assert client.post(INFER, json=vector(client)).status_code == 200


V2_BODIES = [
    ("no inputs", {"inputs": LEFT_OUT}, "inputs: {}"),
    ("inputs that are a number", {"inputs": 5}, "inputs: 5"),
    ("an input that is a number", {"inputs": [5]}, "inputs.0: 5"),
    ("an id that is a number", {"id": 5}, "id: 5"),
    ("an unknown output", {"outputs": [{"name": "qq"}]}, 'outputs: "qq"'),
    ("outputs that are a number", {"outputs": 5}, "outputs: 5"),
    ("parameters that are a list", {"parameters": [1]}, "parameters: [1]"),
    ("a learner that is a number", {"parameters": {"learner_id": 5}}, "parameters.learner_id: 5"),
    ("a learner too many", {"parameters": {"learner_id": "a,b"}}, 'parameters.learner_id: "a,b"'),
    ("NUL in a learner", {"parameters": {"learner_id": "a\0"}}, 'parameters.learner_id: "a\\u0000"'),
    ("a lone surrogate", {"parameters": {"learner_id": "\ud800"}}, "body: not JSON"),
]


@pytest.mark.parametrize(("name", "fields", "says"), V2_BODIES, ids=[name for name, _, _ in V2_BODIES])
def test_a_vector_request_of_another_form_is_refused(
    client: httpx.Client, name: str, fields: dict[str, Any], says: str
) -> None:
    body = {name: value for name, value in vector(client, **fields).items() if value is not LEFT_OUT}
    refused(client.post(INFER, content=json.dumps(body), headers=JSON), 400, says)
    goes_on(client)


@pytest.mark.parametrize("text", ["", "qq", "[]", "[" * 9999, "NaN", "1e999", "-Infinity", "9" * 5000, '"\\ud800"'])
def test_what_is_no_json_is_no_vector_request(client: httpx.Client, text: str) -> None:
    refused(client.post(INFER, content=text, headers=JSON), 400, "body: ")
    spoiled = json.dumps(vector(client)).replace("28", text or ",")
    refused(client.post(INFER, content=spoiled, headers=JSON), 400)


def test_a_vector_request_is_told_every_fault_of_it_up_to_twenty(client: httpx.Client) -> None:
    body = vector(client, parameters={"learner_id": 5, "course_id": "a\0"}, outputs=[{"name": "qq"}])
    body["inputs"][0] |= {"datatype": "FP64", "shape": [1, 3]}
    body["inputs"][1] |= {"data": ["qq"]}
    response = client.post(INFER, json=body)
    says = ["inputs.features.datatype", "inputs.features.shape", "inputs.days_seen.data[0]", "parameters.learner_id"]
    says += ["parameters.course_id", "outputs"]
    refused(response, 400, *says)
    assert [line.partition(": ")[0] for line in response.json()["error"].splitlines()] == says
    body["inputs"] = [{"name": 5, "datatype": 5, "shape": "qq"}, 7]
    lines = client.post(INFER, json=body).json()["error"].splitlines()
    assert [line.partition(": ")[0] for line in lines] == [
        *("inputs.0.name", "inputs.0.shape", "inputs.0.datatype", "inputs.1")
    ]
    wide = vector(client)
    wide["inputs"][0]["data"] = ["qq"] * WIDTH
    lines = client.post(INFER, json=wide).json()["error"].splitlines()
    assert (len(lines), lines[-1]) == (21, f"And {WIDTH - 20} more faults.")


class Binary(NamedTuple):
    """A binary V2 request: its JSON says these sizes, the data has these bytes, the header that length."""

    name: str
    sizes: tuple[Any, Any]
    data: bytes
    says: str
    length: str = ""
    more: Any = None


VECTOR = 4 * WIDTH  # bytes
FLOATS = struct.pack(f"<{WIDTH + 1}f", *[0.5] * WIDTH, 28.0)
BINARY = [
    Binary("cut off", (VECTOR, 4), FLOATS[:-3], "days_seen.parameters.binary_data_size: 4"),
    Binary("too long", (VECTOR, 4), FLOATS + b"\0\0", "body: 2 bytes"),
    Binary("a negative size", (-4, 4), FLOATS, "features.parameters.binary_data_size: -4"),
    Binary("a size that is a text", ("qq", 4), FLOATS, 'binary_data_size: "qq"'),
    Binary("a size that is true", (True, 4), FLOATS, "binary_data_size: true"),
    Binary("a size of null", (None, 4), FLOATS, "features"),
    Binary("a size beyond all", (10**18, 4), FLOATS, "binary_data_size: 1000000000000000000"),
    Binary("no multiple of four", (VECTOR + 1, 3), FLOATS, f"inputs.features.data: {VECTOR + 1} bytes"),
    Binary("another number of values", (VECTOR - 4, 8), FLOATS, f"inputs.features.data: {WIDTH - 1} values"),
    Binary(
        "an infinite value", (VECTOR, 4), FLOATS[:-4] + struct.pack("<f", float("inf")), "days_seen.data[0]: Infinity"
    ),
    Binary("an empty body", (VECTOR, 4), FLOATS, "body: not JSON", "0"),
    Binary("a length within the JSON", (VECTOR, 4), FLOATS, "body: not JSON", "3"),
    Binary("a length beyond the JSON", (VECTOR, 4), FLOATS, "inference-header-content-length: '600'", "600"),
    Binary("a length beyond the body", (VECTOR, 4), FLOATS, "inference-header-content-length: '999999'", "999999"),
    Binary("a negative length", (VECTOR, 4), FLOATS, "inference-header-content-length: '-1'", "-1"),
    Binary("a length that is a word", (VECTOR, 4), FLOATS, "inference-header-content-length: 'qq'", "qq"),
    Binary("a length of 5000 digits", (VECTOR, 4), FLOATS, "inference-header-content-length: '999", "9" * 5000),
    Binary("data twice", (VECTOR, 4), FLOATS, f"inputs.features.data: {VECTOR}", more={"data": [1]}),
    Binary("bytes of another type", (VECTOR, 4), FLOATS, 'datatype: "BYTES"', more={"datatype": "BYTES"}),
]


@pytest.mark.parametrize("bad", BINARY, ids=[bad.name for bad in BINARY])
def test_binary_data_that_is_not_as_its_json_says_is_refused(client: httpx.Client, bad: Binary) -> None:
    refused(client.post(INFER, **binary(client, bad.sizes, bad.data, bad.length, bad.more)), 400, bad.says)
    assert client.post(INFER, **binary(client, (VECTOR, 4), FLOATS)).status_code == 200


def binary(client: httpx.Client, sizes: tuple[Any, Any], data: bytes, length: str = "", more: Any = None) -> Any:
    """What a client sends."""
    assert width(client) == WIDTH
    tensors = vector(client)["inputs"]
    for tensor, size in zip(tensors, sizes, strict=True):
        tensor["data"] = None
        tensor["parameters"] = {"binary_data_size": size} if size is not None else {}
    tensors[0] |= more or {}
    head = json.dumps({"inputs": tensors}).encode()
    headers = {"content-type": "application/octet-stream"}
    return {"content": head + data, "headers": headers | {"inference-header-content-length": length or str(len(head))}}


# gRPC


@pytest.fixture(scope="module")
def grpc(server: Server) -> Iterator[Grpc]:
    import grpc as library

    with library.insecure_channel(server.grpc) as channel:
        yield Grpc(channel)


GRPC = [
    ("another name", {"name": "qq"}, {}, 'inputs: ["qq", "days_seen"]'),
    ("another datatype", {"datatype": "FP64", "contents": {"fp64_contents": [1.0]}}, {}, 'datatype: "FP64"'),
    ("another field of contents", {"contents": {"fp64_contents": [1.0]}}, {}, "inputs.features.data: 0 values"),
    ("another shape", {"shape": [1, 44]}, {}, "inputs.features.shape: [1, 44]"),
    ("too many rows", {"shape": [2**62, WIDTH]}, {}, f"inputs.features.shape: [4611686018427387904, {WIDTH}]"),
    (
        "an infinite value",
        {"contents": {"fp32_contents": [float("inf")] * WIDTH}},
        {},
        "inputs.features.data[0]: Infinity",
    ),
    ("too few values", {"contents": {"fp32_contents": [1.0]}}, {}, "inputs.features.data: 1 value"),
    ("no inputs", {}, {"inputs": []}, "inputs: []"),
    ("raw data of one input", {"contents": None}, {"raw_input_contents": [b""]}, "raw input contents (1)"),
    ("a learner that is a number", {}, {"parameters": {"learner_id": {"int64_param": 5}}}, "parameters.learner_id: 5"),
    ("NUL in a learner", {}, {"parameters": {"learner_id": {"string_param": "a\0"}}}, 'learner_id: "a\\u0000"'),
    ("an unknown output", {}, {"outputs": [{"name": "qq"}]}, 'outputs: "qq"'),
]


@pytest.mark.parametrize(("name", "tensor", "fields", "says"), GRPC, ids=[case[0] for case in GRPC])
def test_a_bad_call_is_an_invalid_argument(
    grpc: Grpc, name: str, tensor: dict[str, Any], fields: dict[str, Any], says: str
) -> None:
    code, reason = grpc.ask("ModelInfer", grpc.request(tensor, **fields))
    assert code == "INVALID_ARGUMENT"
    assert says in reason
    assert grpc.ask("ModelInfer", grpc.request()) == ("OK", "")


def test_no_caller_loads_or_unloads_the_model(grpc: Grpc, client: httpx.Client) -> None:
    for verb in ("Load", "Unload"):
        request = getattr(grpc.messages, f"RepositoryModel{verb}Request")(model_name="learner-risk")
        assert grpc.ask(f"RepositoryModel{verb}", request)[0] == "UNIMPLEMENTED"
    goes_on(client)


def test_an_unknown_model_is_not_found_over_grpc(grpc: Grpc) -> None:
    code, reason = grpc.ask("ModelInfer", grpc.request(model_name="qq"))
    assert (code, "qq" in reason) == ("NOT_FOUND", True)


def test_an_id_that_is_none_gets_another_over_grpc(grpc: Grpc) -> None:
    assert grpc.ask("ModelInfer", grpc.request(id="a\0")) == ("OK", "")
