"""The clients of docs/how-to/call-the-api.md, run as they stand there against a real server."""

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from jsonschema import Draft202012Validator

from earlybell.tables import request as request_schema
from tests.earlybell.extracts import LEARNER, OTHER
from tests.fronts import Front, served
from tests.serving.running import Server, started_guarded

DOCUMENT = Path(__file__).parents[3] / "docs" / "how-to" / "call-the-api.md"
SUFFIXES = {"php": ".php", "python": ".py"}
BUSY = (429, 503, 504)


def commands() -> dict[str, list[str]]:
    return {"php": ["php"], "python": [sys.executable]}


@pytest.fixture(scope="module", params=sorted(SUFFIXES))
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command that runs a client of the document."""
    language = request.param
    if language == "php" and not shutil.which("php") and not os.environ.get("EARLYBELL_CI"):
        pytest.skip("PHP is not installed (Debian: php-cli and php-curl)")
    (text,) = re.findall(rf"^```{language}\n(.*?)^```$", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
    path = tmp_path_factory.mktemp(language) / f"client{SUFFIXES[language]}"
    path.write_text(text)
    return [*commands()[language], str(path)]


@pytest.fixture(scope="module")
def guarded(serving: None, bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    """A server that asks for a token, and one that is good."""
    with started_guarded(bundle, tmp_path_factory.mktemp("guarded")) as running:
        yield running


def run(program: list[str], url: str, token: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"EARLYBELL_URL": url, "EARLYBELL_TOKEN": token, "no_proxy": "*"}
    return subprocess.run(program, capture_output=True, text=True, env=environment, timeout=60, check=False)


def test_a_client_prints_its_class_and_what_was_set_aside(program: list[str], guarded: tuple[Server, str]) -> None:
    server, token = guarded
    _answered(run(program, server.url, token))


def _answered(ran: subprocess.CompletedProcess[str]) -> None:
    assert ran.returncode == 0, ran.stderr
    assert sorted(line.split()[0] for line in ran.stdout.splitlines()) == [LEARNER, OTHER]
    lines = ran.stderr.splitlines()
    assert len(lines) == 2, lines
    assert 'events[1].learner_id: "the-teacher" is not found together in enrolments: row_left_out' in lines
    assert any(re.fullmatch(r'submissions\[1\].score: "?-1(\.0+)?"? is below 0: unknown', line) for line in lines)


def test_a_client_waits_as_long_as_it_is_asked_to(program: list[str], guarded: tuple[Server, str]) -> None:
    server, token = guarded
    with busy(server.url, BUSY) as (url, seen):
        _answered(run(program, url, token))
    assert seen == [*BUSY, 200]


def test_a_client_sends_what_the_published_schema_takes(program: list[str], guarded: tuple[Server, str]) -> None:
    server, token = guarded
    bodies = list[bytes]()
    with busy(server.url, (), bodies) as (url, _):
        _answered(run(program, url, token))
    document = httpx.get(f"{server.url}/openapi.json", trust_env=False).json()
    request = {"$ref": "#/components/schemas/Request", "components": document["components"]}
    for schema in (json.loads(Path(request_schema.__file__).with_suffix(".json").read_text()), request):
        Draft202012Validator(schema).validate(json.loads(*bodies))


def test_a_client_gives_up_on_a_server_that_stays_busy(program: list[str], guarded: tuple[Server, str]) -> None:
    server, token = guarded
    with busy(server.url, [503] * 9) as (url, seen):
        ran = run(program, url, token)
    assert ran.returncode != 0
    assert "503" in ran.stdout + ran.stderr
    assert seen == [503] * 5


def test_a_client_says_why_it_was_refused(program: list[str], guarded: tuple[Server, str]) -> None:
    ran = run(program, guarded[0].url, "no-token")
    assert ran.returncode != 0
    assert "no valid token" in ran.stdout + ran.stderr


@contextmanager
def busy(
    url: str, statuses: tuple[int, ...] | list[int], bodies: list[bytes] | None = None
) -> Iterator[tuple[str, list[int]]]:
    """An address that answers so at first, and then as the server does; and what it has answered. `bodies` gets what
    was sent.
    """
    left, seen = list(statuses), list[int]()

    class Busy(Front):
        def reply(self, body: bytes) -> None:
            if bodies is not None:
                bodies.append(body)
            status, content = (left.pop(0), json.dumps({"error": "busy"}).encode()) if left else (200, b"")
            if status == 200:
                headers = {"authorization": self.headers["authorization"], "content-type": "application/json"}
                request = urllib.request.Request(f"{url}{self.path}", body, headers)  # noqa: S310
                with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                    content = answer.read()
            seen.append(status)
            self.answer(status, content, {"retry-after": "0"})

    with served(Busy) as address:
        yield address, seen
