"""The plugin's client of PHP against a real server, and against servers in trouble."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from earlybell.tables.pseudonyms import pseudonym
from tests.fronts import Front, served
from tests.moodle.plugin import KEY, ask, body
from tests.serving.conftest import serving
from tests.serving.running import Server, free_ports, started_guarded

__all__ = ["serving"]


@pytest.fixture(scope="module")
def guarded(serving: None, bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    """A server that asks for a token, and one that is good."""
    with started_guarded(bundle, tmp_path_factory.mktemp("guarded")) as running:
        yield running


def test_a_class_is_predicted_and_explained_and_nothing_is_set_aside(guarded: tuple[Server, str]) -> None:
    server, token = guarded
    predicted, explained = ask(server.url, token, ("predict", body()), ("explain", body()))
    learners = sorted(pseudonym(KEY, userid) for userid in ("7", "8"))
    for made in (predicted, explained):
        assert sorted(learner["learner_id"] for learner in made["answer"]["learners"]) == learners
        assert made["answer"]["set_aside"] == []
        assert made["answer"]["under_way"]
        assert made["answer"]["model_version"]
    assert {"reasons", "risk", "band", "interval", "correction"} <= set(predicted["answer"]["learners"][0])
    assert {"effects", "counterfactual"} <= set(explained["answer"]["learners"][0])


def test_the_test_of_the_connection_asks_about_nobody(guarded: tuple[Server, str]) -> None:
    server, token = guarded
    metadata, nobody = ask(server.url, token, ("metadata", ""), ("predict", body(rows={"enrolments": []})))
    assert metadata["answer"]["name"] == "learner-risk"
    assert {output["name"] for output in metadata["answer"]["outputs"]} >= {"risk", "low", "high", "band", "correction"}
    assert nobody["answer"]["learners"] == []


def test_a_wrong_token_and_a_refused_request_are_told_apart(guarded: tuple[Server, str]) -> None:
    server, token = guarded
    (wrong,) = ask(server.url, "no-token", ("predict", body()))
    (refused,) = ask(server.url, token, ("predict", json.dumps({"instances": []})))
    assert (wrong["failure"], refused["failure"]) == ("token", "request")
    assert "instances" in refused["message"]
    assert token not in refused["message"]
    assert "no-token" not in wrong["message"]


def test_a_large_body_goes_as_gzip(guarded: tuple[Server, str]) -> None:
    server, token = guarded
    events = [
        {
            "userid": 7,
            "occurred_at": 1768100000 + i,
            "component": "core",
            "action": "viewed",
            "target": "course",
            "object_id": None,
            "count": 1,
        }
        for i in range(4000)
    ]
    enrolments = [{"userid": 7, "enrolled_at": 1767900000, "unenrolled_at": None, "prior_attempts": 0}]
    sent = body(rows={"enrolments": enrolments, "events": events})
    assert len(sent) > 65536
    (made,) = ask(server.url, token, ("predict", sent))
    assert len(made["answer"]["learners"]) == 1


@contextmanager
def answering(status: int, content: bytes, **headers: str) -> Iterator[str]:
    """The address of a server that answers everything so."""

    class Always(Front):
        def reply(self, body: bytes) -> None:
            self.answer(status, content, {name.replace("_", "-"): value for name, value in headers.items()})

    with served(Always) as url:
        yield url


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (400, "request"),
        (403, "token"),
        (404, "version"),
        (413, "toolarge"),
        (429, "busy"),
        (500, "server"),
        (503, "busy"),
    ],
)
def test_a_status_has_one_meaning(status: int, failure: str) -> None:
    with answering(status, b'{"error": "why"}', retry_after="7") as url:
        (made,) = ask(url, "t", ("predict", body()))
    assert made == {"failure": failure, "message": f"{failure}: {status} why", "retryafter": 7}


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"[]", b'{"predictions": [{"learners": [{"learner_id": "a", "risk": 2}]}]}']
)
def test_nonsense_is_no_answer(content: bytes) -> None:
    with answering(200, content) as url:
        (made,) = ask(url, "t", ("predict", body()))
    assert made["failure"] == "server"


def test_a_redirect_is_not_followed_with_the_token() -> None:
    with answering(200, b"{}") as other, answering(307, b"", location=other) as url:
        (made,) = ask(url, "t", ("predict", body()))
    assert made["failure"] == "version"


def test_nobody_there_and_nobody_who_answers_are_told_apart() -> None:
    (port,) = free_ports(1)
    (refused,) = ask(f"http://127.0.0.1:{port}", "t", ("predict", body()))
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        (hung,) = ask(f"http://127.0.0.1:{silent.getsockname()[1]}", "t", ("predict", body()), seconds=0.5)
    (unknown,) = ask("http://nobody.invalid", "t", ("predict", body()))
    assert (refused["failure"], hung["failure"], unknown["failure"]) == ("refused", "timeout", "unknownname")
