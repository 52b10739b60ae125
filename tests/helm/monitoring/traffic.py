"""Requests of all kinds, so that every figure of the monitoring has something to say."""

import httpx

from tests.earlybell.extracts import EXTRACT

PREDICT, EXPLAIN = "/v1/models/learner-risk:predict", "/v1/models/learner-risk:explain"
INFER, MODEL = "/v2/models/learner-risk/infer", "/v2/models/learner-risk"


def of_all_kinds(client: httpx.Client, learners: int = 600) -> None:
    """A prediction, an explanation, a refusal, and vectors that training did not see, enough to compare versions by."""
    width = client.get(MODEL).json()["inputs"][0]["shape"][1]
    vectors = {
        "inputs": [
            {"name": "features", "datatype": "FP32", "shape": [learners, width], "data": [1e6] * width * learners},
            {"name": "days_seen", "datatype": "FP32", "shape": [learners], "data": [28] * learners},
        ]
    }
    instance = {"instances": [EXTRACT]}
    requests = [
        (PREDICT, instance, 200),
        (EXPLAIN, instance, 200),
        (PREDICT, {"instances": []}, 400),
        (INFER, vectors, 200),
    ]
    for path, body, status in requests:
        answer = client.post(path, json=body)
        assert answer.status_code == status, answer.text
