"""How the tests of bad requests ask, and what they expect of every answer."""

from typing import Any

import httpx

from components.features import find_catalogue
from tests.earlybell.extracts import EXTRACT

PREDICT, EXPLAIN = "/v1/models/learner-risk:predict", "/v1/models/learner-risk:explain"
INFER = "/v2/models/learner-risk/infer"
JSON = {"content-type": "application/json"}
WIDTH = len(find_catalogue().names)  # of the vectors that a bundle takes


def refused(response: httpx.Response, status: int, *says: str) -> None:
    """The status, and the protocol's own form, with these words in the error."""
    assert response.status_code == status, response.text
    body = response.json()
    assert list(body) == ["error"]
    for word in says:
        assert word in body["error"]


def goes_on(client: httpx.Client, **headers: str) -> None:
    """A good request is answered."""
    response = client.post(PREDICT, json={"instances": [EXTRACT]}, headers=headers)
    assert response.status_code == 200, response.text


def vector(client: httpx.Client, **fields: Any) -> dict[str, Any]:
    """A good V2 request of one row, with other fields."""
    body = {
        "inputs": [
            {"name": "features", "datatype": "FP32", "shape": [1, width(client)], "data": [None] * width(client)},
            {"name": "days_seen", "datatype": "FP32", "shape": [1], "data": [28]},
        ]
    }
    return body | fields


def width(client: httpx.Client) -> int:
    shape: list[int] = client.get("/v2/models/learner-risk").json()["inputs"][0]["shape"]
    return shape[1]


class Grpc:
    """Asks over gRPC; answers the name of the status and what the error says."""

    def __init__(self, channel: Any, token: str = "") -> None:
        from kserve.protocol.grpc import grpc_predict_v2_pb2
        from kserve.protocol.grpc.grpc_predict_v2_pb2_grpc import GRPCInferenceServiceStub

        self.messages: Any = grpc_predict_v2_pb2
        self._stub, self._token = GRPCInferenceServiceStub(channel), token

    def ask(self, method: str, request: Any) -> tuple[str, str]:
        from grpc import RpcError

        metadata = [("authorization", f"Bearer {self._token}")] if self._token else []
        try:
            getattr(self._stub, method)(request, timeout=30, metadata=metadata)
        except RpcError as error:
            return error.code().name, error.details()
        return "OK", ""

    def request(self, features: dict[str, Any] | None = None, **fields: Any) -> Any:
        """A good one, but for these fields of it and of its features."""
        tensor = self.messages.ModelInferRequest.InferInputTensor
        wide = {
            "name": "features",
            "datatype": "FP32",
            "shape": [1, WIDTH],
            "contents": {"fp32_contents": [0.5] * WIDTH},
        }
        days = {"name": "days_seen", "datatype": "FP32", "shape": [1], "contents": {"fp32_contents": [28.0]}}
        inputs = [tensor(**(wide | (features or {}))), tensor(**days)]
        return self.messages.ModelInferRequest(**({"model_name": "learner-risk", "inputs": inputs} | fields))
