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
    said = university.do('earlybell predict bundle "$SOURCE" --as-of "$AS_OF" --json')
    rows = [json.loads(line) for line in said.splitlines()]
    batch = {row["learner_id"]: row for row in rows if row["course_id"] == university.settings["COURSE"]}
    assert {one["learner_id"] for one in answered} == set(batch)
    for one in answered:
        row = batch[one["learner_id"]]
        assert one["band"] == row["band"]
        assert [one["risk"], *one["interval"]] == pytest.approx([row["risk"], row["low"], row["high"]], abs=1e-6)


def test_its_record_is_in_the_trail(university: Site) -> None:
    answer = json.loads((university.folder / "first.json").read_text())
    records = university.records()
    assert {one["model_version"] for one in records[answer["request_id"]]} == {"1"}
    assert len(records[answer["request_id"]]) == len(answer["predictions"][0]["learners"])


def test_without_a_token_the_pod_itself_refuses(university: Site, asking: Caller) -> None:
    (pod,) = university.pods()
    answers = asking.ask(address=f"http://{pod['status']['podIP']}:8080", host="pod", path=PREDICT, count=1)
    assert [one["status"] for one in answers.all] == [401]
