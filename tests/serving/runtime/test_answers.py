"""Right answers: over HTTP and gRPC as in batch, by the same code and SQL."""

import dataclasses
import json
import subprocess
import sys
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import httpx
import msgspec
import numpy as np
import pytest
from jsonschema import Draft202012Validator

from components.extract import extract
from earlybell.bundle import read_bundle, read_candidate
from earlybell.predict import Predictions, Predictor, course_corrections, open_tables
from earlybell.predict.workspace import Workspace
from earlybell.tables.codec import decode, encode
from earlybell.trail import read_records, verify
from tests.serving.running import EARLYBELL, Server, started

pytestmark = pytest.mark.usefixtures("serving")
PREDICT, EXPLAIN = "/v1/models/learner-risk:predict", "/v1/models/learner-risk:explain"
OLDER = Path(__file__).parent / "data" / "bundle-of-catalogue-1"


def post(server: Server, path: str, body: dict[str, Any], **headers: str) -> dict[str, Any]:
    answer = httpx.post(f"{server.url}{path}", json=body, headers=headers, timeout=60, trust_env=False)
    assert answer.status_code == 200, answer.text
    content: dict[str, Any] = answer.json()
    return content


def body_of(tables: Path, batch: Predictions, digest: str) -> dict[str, Any]:
    """A request with each course run, as of the moment that batch predicted, with the correction by that bundle."""
    connection = open_tables(tables)
    return {
        "instances": [
            {"as_of": f"{entry.as_of.isoformat()}Z", "correction": msgspec.to_builtins(entry.to_send)}
            | encode(connection, entry.course_id)
            for entry in course_corrections(batch, digest)
        ]
    }


def assert_same(answer: dict[str, Any], batch: Predictions) -> None:
    courses = batch.observed.course_id.tolist()
    expected = {(course, row.learner_id): row for course, row in zip(courses, batch.learners(), strict=True)}
    learners = {
        (run["course_id"], learner["learner_id"]): learner
        for run in answer["predictions"]
        for learner in run["learners"]
    }
    assert learners.keys() == expected.keys()
    for key, row in expected.items():
        learner = learners[key]
        assert learner["risk"] == pytest.approx(row.risk, abs=1e-6)
        assert learner["interval"] == pytest.approx(list(row.interval), abs=1e-6)
        assert learner["band"] == row.band
        assert learner["correction"] == row.correction
        assert learner["doubt"] == row.doubt
        assert [reason["feature"] for reason in learner["reasons"]] == [reason.feature for reason in row.reasons]
        assert [(of_head["head"], of_head["words"]) for of_head in learner["outlook"]] == [
            (of_head.head, of_head.words) for of_head in row.outlook
        ]
        assert [of_head["value"] for of_head in learner["outlook"]] == pytest.approx(
            [of_head.value for of_head in row.outlook], abs=1e-3
        )


@pytest.fixture(scope="module")
def batch(bundle: Path, site: Path) -> Predictions:
    return Predictor(read_bundle(bundle)).predict_tables(site, "0.5")


@pytest.fixture(scope="module")
def uncorrected(bundle: Path, batch: Predictions) -> Predictions:
    """The same moments without corrections: a vector is of no course."""
    return Predictor(read_bundle(bundle)).predict(batch.observed)


@pytest.fixture(scope="module")
def one_learner(site: Path, batch: Predictions) -> dict[str, Any]:
    """A request about one learner."""
    learner = str(batch.observed.learner_id[0])
    connection, course = open_tables(site), str(batch.observed.course_id[0])
    as_of = batch.observed.as_of[0].item().isoformat()
    return {"instances": [{"as_of": f"{as_of}Z", **encode(connection, course, learner)}]}


@pytest.fixture(scope="module")
def body(site: Path, batch: Predictions, bundle: Path) -> dict[str, Any]:
    """A request about everybody, with the corrections of the batch."""
    return body_of(site, batch, read_bundle(bundle).digest)


def test_everybody_gets_the_same_answer_as_in_batch_where_the_corrections_of_the_batch_are_sent_along(
    server: Server, body: dict[str, Any], batch: Predictions
) -> None:
    assert len(set(batch.correction)) > 2  # or nothing is compared
    assert {"", "course_level"} <= set(batch.doubt.tolist())
    assert any(batch.outlook)  # likewise
    assert_same(post(server, PREDICT, body), batch)


def test_the_trail_has_the_outlook_of_a_prediction_and_none_of_an_explanation(
    server: Server, one_learner: dict[str, Any]
) -> None:
    answer = post(server, PREDICT, one_learner, **{"x-request-id": "with-an-outlook"})
    post(server, EXPLAIN, one_learner, **{"x-request-id": "explained"})
    (record,) = read_records(server.trail, request="with-an-outlook")
    _, outlook = answer["predictions"][0]["learners"][0]["outlook"]
    _, recorded = record.outlook
    assert (recorded.head, recorded.value, recorded.low, recorded.high, recorded.agrees) == (
        *(outlook[name] for name in ("head", "value", "low", "high", "agrees")),
    )
    (explained,) = read_records(server.trail, request="explained")
    assert explained.outlook == ()


def test_the_trail_has_the_trial_of_each_course_run_of_a_request_and_the_answers_are_the_same(
    server: Server, body: dict[str, Any]
) -> None:
    trials = [sha256(f"arms of {i}".encode()).hexdigest() if i else None for i in range(len(body["instances"]))]
    instances = [instance | {"trial": trial} for instance, trial in zip(body["instances"], trials, strict=True)]
    answer = post(server, PREDICT, {"instances": instances}, **{"x-request-id": "with-trials"})
    assert answer["predictions"] == post(server, PREDICT, body)["predictions"]
    recorded = {(record.course_id, record.trial) for record in read_records(server.trail, request="with-trials")}
    courses = [instance["courses"]["course_id"][0] for instance in instances]
    assert recorded == {(course, trial or "") for course, trial in zip(courses, trials, strict=True)}


def test_the_requests_of_the_command_line_get_the_rows_that_it_predicted_for_a_course_in_doubt_and_another(
    server: Server, bundle: Path, site: Path, batch: Predictions, tmp_path: Path
) -> None:
    corrections, rows = tmp_path / "corrections.json", tmp_path / "risks.parquet"
    of_site = (f"tables:{site}", "--ids", "keep")
    run_cli("predict", str(bundle), *of_site, "--as-of", "0.5", "--corrections", str(corrections), "--out", str(rows))
    expected = duckdb.connect().execute(f"FROM '{rows}'").fetchnumpy()
    doubted = dict(zip(batch.observed.course_id.tolist(), batch.doubt.tolist(), strict=True))
    for course in (next(run for run, doubt in doubted.items() if doubt == wanted) for wanted in ("course_level", "")):
        as_of = f"{batch.observed.as_of[batch.observed.course_id == course][0]}Z"
        options = ("--course", course, "--as-of", as_of, "--corrections", str(corrections))
        (run,) = post(server, PREDICT, json.loads(run_cli("request", *of_site, *options)))["predictions"]
        (places,) = np.nonzero(expected["course_id"] == course)
        by_id = {expected["learner_id"][place]: place for place in places}
        assert by_id.keys() == {learner["learner_id"] for learner in run["learners"]}
        for learner in run["learners"]:
            row = {name: column[by_id[learner["learner_id"]]] for name, column in expected.items()}
            numbers = [learner["risk"], *learner["interval"], learner["correction"]]
            assert numbers == pytest.approx([row["risk"], row["low"], row["high"], row["correction"]], abs=1e-6)
            assert (learner["band"], learner["doubt"]) == (row["band"], row["doubt"])
            assert [why["words"] for why in learner["reasons"]] == [why["words"] for why in row["reasons"]]


def run_cli(*words: str) -> str:
    done = subprocess.run([*EARLYBELL, *words], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("path", [PREDICT, EXPLAIN])
@pytest.mark.parametrize("of", ["another bundle", "none"])
def test_a_correction_of_another_bundle_or_none_changes_no_risk_and_the_answer_says_so(
    server: Server, bundle: Path, body: dict[str, Any], batch: Predictions, path: str, of: str
) -> None:
    sent = {"bundle": "0" * 64, "shift": 0.9} if of == "another bundle" else None
    (run,) = post(server, path, {"instances": [body["instances"][1] | {"correction": sent}]})["predictions"]
    rows = batch.observed.course_id == run["course_id"]
    assert batch.correction[rows].all()
    risks = Predictor(read_bundle(bundle)).score(batch.observed.values[rows]).risk
    plain = dict(zip(batch.observed.learner_id[rows], risks, strict=True))
    for learner in run["learners"]:
        assert learner["correction"] == 0
        assert learner["risk"] == pytest.approx(plain[learner["learner_id"]], abs=1e-6)


def test_a_corrected_explanation_leads_to_the_risk_of_the_batch_and_the_trail_has_the_correction(
    server: Server, body: dict[str, Any], batch: Predictions
) -> None:
    request = {"instances": body["instances"][1:2]}
    (run,) = post(server, EXPLAIN, request, **{"x-request-id": "corrected"})["predictions"]
    rows = np.flatnonzero(batch.observed.course_id == run["course_id"])
    risks = {str(batch.observed.learner_id[i]): batch.risk[i] for i in rows}
    shift = batch.correction[rows[0]]
    assert shift != 0
    for learner in run["learners"]:
        calibration, z = learner["calibration"], learner["score"]
        z = z if calibration["unit"] == "log-odds" else np.log(z / (1 - z))
        by_hand = 1 / (1 + np.exp(-(calibration["slope"] * z + calibration["intercept"])))
        assert by_hand == pytest.approx(learner["risk"], abs=1e-5)
        assert learner["risk"] == pytest.approx(risks[learner["learner_id"]], abs=1e-6)
    assert {record.correction for record in read_records(server.trail, request="corrected")} == {shift}


def test_both_runs_of_oulad_get_the_same_answer_as_in_batch(
    server: Server, bundle: Path, oulad: Path, tmp_path: Path
) -> None:
    extract([f"oulad:{oulad}"], tmp_path / "tables", key="k" * 32)
    batch = Predictor(read_bundle(bundle)).predict_tables(tmp_path / "tables", "0.4")
    assert len(batch.risk) > 1500
    runs = [
        post(server, PREDICT, {"instances": [instance]})["predictions"][0]
        for instance in body_of(tmp_path / "tables", batch, read_bundle(bundle).digest)["instances"]
    ]
    assert_same({"predictions": runs}, batch)


def test_rows_and_columns_and_a_given_course_say_the_same(server: Server, one_learner: dict[str, Any]) -> None:
    instance = one_learner["instances"][0]
    rows = {"as_of": instance["as_of"]}
    for name, columns in instance.items():
        if name != "as_of":
            rows[name] = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    expected = post(server, PREDICT, one_learner)["predictions"]
    assert post(server, PREDICT, {"instances": [rows]})["predictions"] == expected


def test_an_answer_says_once_by_what_it_was_made(server: Server, bundle: Path, one_learner: dict[str, Any]) -> None:
    answer = post(server, PREDICT, one_learner, **{"x-request-id": "my-id"})
    opened = read_bundle(bundle)
    assert answer["model_name"] == "learner-risk"
    assert answer["model_version"] == opened.digest[:12]
    assert answer["catalogue_hash"] == opened.catalogue.hash
    assert answer["request_id"] == "my-id"


def test_an_explanation_adds_up_to_the_score_and_leads_to_the_risk(server: Server, one_learner: dict[str, Any]) -> None:
    risk = post(server, PREDICT, one_learner)["predictions"][0]["learners"][0]["risk"]
    learner = post(server, EXPLAIN, one_learner)["predictions"][0]["learners"][0]
    assert learner["base"] + sum(e["effect"] for e in learner["effects"]) == pytest.approx(learner["score"], abs=1e-4)
    calibration, z = learner["calibration"], learner["score"]
    z = z if calibration["unit"] == "log-odds" else np.log(z / (1 - z))
    assert 1 / (1 + np.exp(-(calibration["slope"] * z + calibration["intercept"]))) == pytest.approx(risk, abs=1e-5)
    assert learner["risk"] == risk


EXPLAINED = """
import asyncio, json, sys
from pathlib import Path
from earlybell.predict import Predictor
from earlybell.predict.counterfactual import Search
from serving.runtime.model import LearnerRisk
from serving.runtime.settings import Settings

calls = {"score": 0, "effects": 0}

def counted(name, method):
    def call(*arguments):
        calls[name] += 1
        return method(*arguments)
    return call

async def explain(model, body):
    with model.access.admitted(None):
        return await model.explain(body)

Search._cheapest = lambda *_: None  # which scores what the learners are not
model = LearnerRisk(Settings(Path(sys.argv[1]), sys.argv[2]))
for name in calls:
    setattr(Predictor, name, counted(name, getattr(Predictor, name)))
answer = asyncio.run(explain(model, json.load(sys.stdin)))
model.close()
print(json.dumps(calls | {"learners": len(answer.predictions[0].learners)}))
"""


def test_an_explanation_scores_once_and_computes_shapley_values_once(
    bundle: Path, body: dict[str, Any], batch: Predictions, tmp_path: Path
) -> None:
    run = {"instances": body["instances"][:1]}
    words = [sys.executable, "-c", EXPLAINED, str(bundle), f"sqlite:{tmp_path}/trail.db"]
    ran = subprocess.run(words, input=json.dumps(run), capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    learners = int((batch.observed.course_id == batch.observed.course_id[0]).sum())
    assert json.loads(ran.stdout.splitlines()[-1]) == {"score": 1, "effects": 1, "learners": learners}


@pytest.mark.parametrize(("path", "kind"), [(PREDICT, "Predictions"), (EXPLAIN, "Explanations")])
def test_an_answer_is_read_by_the_type_that_wrote_it(
    server: Server, one_learner: dict[str, Any], path: str, kind: str
) -> None:
    from serving.runtime import answers

    answer = post(server, path, one_learner)
    read = msgspec.convert(answer, getattr(answers, kind))
    assert json.loads(msgspec.json.encode(read)) == answer


def test_a_counterfactual_moves_the_band_or_says_that_none_was_found(server: Server, body: dict[str, Any]) -> None:
    answer = post(server, EXPLAIN, body)
    learners = [learner for run in answer["predictions"] for learner in run["learners"]]
    high = [learner["counterfactual"] | {"was": learner["band"]} for learner in learners if learner["band"] == "high"]
    assert high
    for counterfactual in high:
        assert counterfactual["words"]
        assert (counterfactual["band"] != "high") == bool(counterfactual["changes"])
    assert any(counterfactual["changes"] for counterfactual in high)


def test_v2_answers_feature_vectors_as_its_metadata_says(server: Server, uncorrected: Predictions) -> None:
    metadata = httpx.get(f"{server.url}/v2/models/learner-risk", trust_env=False).json()
    shapes = {tensor["name"]: (tensor["datatype"], tensor["shape"]) for tensor in metadata["inputs"]}
    assert shapes == {"features": ("FP32", [-1, uncorrected.observed.values.shape[1]]), "days_seen": ("FP32", [-1])}
    body = infer_body(uncorrected, 20) | {
        "parameters": {"course_id": "c", "learner_id": ",".join("abcdefghijklmnopqrst")}
    }
    answer = post(server, "/v2/models/learner-risk/infer", body, **{"x-request-id": "v2-known"})
    outputs = {output["name"]: output["data"] for output in answer["outputs"]}
    assert outputs["risk"] == pytest.approx(uncorrected.risk[:20], abs=1e-6)
    assert outputs["band"] == uncorrected.band[:20].tolist()
    assert [record.learner_id for record in read_records(server.trail, request="v2-known")] == list(
        "abcdefghijklmnopqrst"
    )
    post(server, "/v2/models/learner-risk/infer", infer_body(uncorrected, 1), **{"x-request-id": "v2-unknown"})
    assert [record.learner_id for record in read_records(server.trail, request="v2-unknown")] == ["anonymous"]


def infer_body(batch: Predictions, rows: int) -> dict[str, Any]:
    values = [None if np.isnan(value) else value for value in batch.observed.values[:rows].ravel().tolist()]
    width = batch.observed.values.shape[1]
    return {
        "inputs": [
            {"name": "features", "datatype": "FP32", "shape": [rows, width], "data": values},
            {
                "name": "days_seen",
                "datatype": "FP32",
                "shape": [rows],
                "data": batch.observed.days_seen[:rows].tolist(),
            },
        ]
    }


def test_grpc_answers_the_same(server: Server, uncorrected: Predictions) -> None:
    """In a process of its own: gRPC's threads outlive a test."""
    program = """
import json, sys
import grpc, numpy as np
from kserve import InferInput, InferRequest
from kserve.protocol.grpc.grpc_predict_v2_pb2 import ModelMetadataRequest, ModelReadyRequest, ServerReadyRequest
from kserve.protocol.grpc.grpc_predict_v2_pb2_grpc import GRPCInferenceServiceStub
given = json.load(sys.stdin)
stub = GRPCInferenceServiceStub(grpc.insecure_channel(given["address"]))
assert stub.ServerReady(ServerReadyRequest()).ready
assert stub.ModelReady(ModelReadyRequest(name="learner-risk")).ready
names = [one.name for one in stub.ModelMetadata(ModelMetadataRequest(name="learner-risk")).inputs]
assert names == ["features", "days_seen"]
inputs = []
for name in ("features", "days_seen"):
    values = np.array(given[name], dtype=np.float32)
    one = InferInput(name, list(values.shape), "FP32")
    one.set_data_from_numpy(values, binary_data=given["binary"])
    inputs.append(one)
answer = stub.ModelInfer(InferRequest("learner-risk", inputs, parameters={"course_id": "c"}).to_grpc())
from kserve import InferResponse
found = {one.name: one.as_numpy() for one in InferResponse.from_grpc(answer).outputs}
bands = [one.decode() if isinstance(one, bytes) else one for one in found["band"].tolist()]
print(json.dumps({"risk": found["risk"].tolist(), "band": bands}))
"""
    before = _counted_over_grpc(server)  # other tests ask the same server
    for binary in (True, False):
        request = {
            "address": server.grpc,
            "features": uncorrected.observed.values[:5].tolist(),
            "days_seen": uncorrected.observed.days_seen[:5].tolist(),
            "binary": binary,
        }
        ran = subprocess.run(
            [sys.executable, "-c", program], input=json.dumps(request), capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stderr
        output = json.loads(ran.stdout)
        assert output["risk"] == pytest.approx(uncorrected.risk[:5], abs=1e-6)
        assert output["band"] == uncorrected.band[:5].tolist()
    assert _counted_over_grpc(server) == before + 2


def _counted_over_grpc(server: Server) -> float:
    text = httpx.get(f"{server.url}/metrics", trust_env=False).text
    lines = [line for line in text.splitlines() if line.startswith("earlybell_requests_total{")]
    return sum(float(line.split()[-1]) for line in lines if 'outcome="ok",route="infer over gRPC"' in line)


def test_nobody_enrolled_is_no_error_for_any_kind_of_model(
    candidates: dict[str, Path], one_learner: dict[str, Any], bundle: Path
) -> None:
    bands = read_bundle(bundle).bands
    for path in candidates.values():
        candidate = dataclasses.replace(read_candidate(path / "final"), bands=bands)
        instance = decode(one_learner["instances"][0] | {"as_of": "2001-01-01T00:00:00Z"}, "i", datetime.max)
        assert not instance.under_way
        assert Predictor(candidate).predict(Workspace(candidate).observe(instance)).learners() == []


def test_every_answer_is_in_the_trail_and_the_trail_is_whole(
    server: Server, body: dict[str, Any], batch: Predictions
) -> None:
    answer = post(server, PREDICT, body, **{"x-request-id": "whole-site"})
    records = {record.learner_id: record for record in read_records(server.trail, request="whole-site")}
    learners = [learner for run in answer["predictions"] for learner in run["learners"]]
    assert records.keys() == {learner["learner_id"] for learner in learners}
    for learner in learners:
        record = records[learner["learner_id"]]
        assert (record.risk, record.band, record.caller) == (learner["risk"], learner["band"], "anybody")
    first = records[str(batch.observed.learner_id[0])]
    values = [None if np.isnan(value) else value for value in batch.observed.values[0].tolist()]
    assert list(first.features) == pytest.approx(values)
    assert verify(server.trail).whole


def test_a_bundle_of_an_older_catalogue_keeps_its_own_features(site: Path, bundle: Path, tmp_path: Path) -> None:
    older = read_bundle(OLDER)
    assert older.manifest.catalogue.hash != read_bundle(bundle).manifest.catalogue.hash
    batch = Predictor(older).predict_tables(site, "0.5")
    with started(OLDER, tmp_path) as server:
        answer = post(server, PREDICT, body_of(site, batch, older.digest))
    assert answer["catalogue_hash"] == older.manifest.catalogue.hash
    assert_same(answer, batch)


def test_the_openapi_document_is_valid_and_its_examples_are_answered(server: Server) -> None:
    document = httpx.get(f"{server.url}/openapi.json", trust_env=False).json()
    for path in (PREDICT, EXPLAIN, "/v2/models/learner-risk/infer"):
        operation = document["paths"][path]["post"]
        body = operation["requestBody"]["content"]["application/json"]
        checked(document, body["schema"], body["example"])
        answer = post(server, path, body["example"])
        checked(document, operation["responses"]["200"]["content"]["application/json"]["schema"], answer)


def checked(document: dict[str, Any], schema: dict[str, Any], value: Any) -> None:
    full_schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "components": document["components"],
        **schema,
    }
    Draft202012Validator.check_schema(full_schema)
    Draft202012Validator(full_schema).validate(value)
