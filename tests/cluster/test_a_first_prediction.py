"""From an empty cluster to a first prediction, by the documented commands; and what that prediction is."""

import json

import pytest

from tests.cluster.caller import Caller
from tests.cluster.site import PREDICT, Site


def test_the_documented_commands_lead_to_a_first_prediction_which_names_its_version(university: Site) -> None:
    answer = json.loads((university.folder / "first.json").read_text())
    assert answer["model_version"] == "1"
    assert answer["predictions"][0]["learners"]


def test_a_prediction_through_the_gateway_is_the_batch_prediction(university: Site) -> None:
    answered = json.loads((university.folder / "first.json").read_text())["predictions"][0]["learners"]
    output = university.do('earlybell predict bundle "$SOURCE" --as-of "$AS_OF" --json')
    rows = [json.loads(line) for line in output.splitlines()]
    batch = {row["learner_id"]: row for row in rows if row["course_id"] == university.settings["COURSE"]}
    assert {prediction["learner_id"] for prediction in answered} == set(batch)
    for prediction in answered:
        row = batch[prediction["learner_id"]]
        assert prediction["band"] == row["band"]
        assert [prediction["risk"], *prediction["interval"]] == pytest.approx(
            [row["risk"], row["low"], row["high"]], abs=1e-6
        )
        assert prediction["correction"] == pytest.approx(row["correction"], abs=1e-6)
    assert any(prediction["correction"] for prediction in answered)


def test_its_record_is_in_the_trail(university: Site) -> None:
    answer = json.loads((university.folder / "first.json").read_text())
    records = university.records()
    assert {record["model_version"] for record in records[answer["request_id"]]} == {"1"}
    assert len(records[answer["request_id"]]) == len(answer["predictions"][0]["learners"])


def test_without_a_token_the_pod_itself_refuses(university: Site, asking: Caller) -> None:
    (pod,) = university.pods()
    body = asking.put("nothing.json", "{}")
    address = f"http://{pod['status']['podIP']}:8080"
    answers = asking.ask(address=address, host="pod", path=PREDICT, count=1, body=body)
    assert [answer["status"] for answer in answers.all] == [401]
