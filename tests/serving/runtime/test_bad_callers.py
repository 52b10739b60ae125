"""Callers without a good token, or that ask too often, too much or too slowly: a server that allows little refuses."""

import json
import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from earlybell.errors import SettingError
from tests.earlybell.extracts import EXTRACT, LEARNER, OTHER, changed
from tests.serving.running import Server, started
from tests.serving.runtime.asking import EXPLAIN, INFER, JSON, PREDICT, Grpc, goes_on, refused

TOKENS = ("good", "eager", "late")


@pytest.fixture(scope="module")
def tokens(serving: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A file of tokens, and what is in nobody's file: the tokens by name; that of `late` has expired."""
    from serving.runtime.access import add_token

    path, now = tmp_path_factory.mktemp("tokens") / "tokens.json", datetime.now(UTC)
    secrets = {name: add_token(path, name, 1, now) for name in TOKENS}
    content = json.loads(path.read_text())
    content["tokens"][2]["expires_at"] = "2020-01-01T00:00:00+00:00"
    path.write_text(json.dumps(content))
    return path, secrets


@pytest.fixture(scope="module")
def strict(
    bundle: Path, tokens: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    limits = ["--max-body-mib", "1", "--max-rows", "50", "--max-seconds", "2", "--rate", "60"]
    with started(bundle, tmp_path_factory.mktemp("strict"), "--tokens", str(tokens[0]), *limits) as running:
        yield running


@pytest.fixture
def authorized(strict: Server, tokens: tuple[Path, dict[str, str]]) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {tokens[1]['good']}"}
    with httpx.Client(base_url=strict.url, trust_env=False, timeout=60, headers=headers) as opened:
        yield opened


@pytest.mark.parametrize("how", ["none", "wrong", "late", "another scheme", "empty", "not ASCII"])
@pytest.mark.parametrize("path", [PREDICT, EXPLAIN, INFER], ids=["predict", "explain", "infer"])
def test_without_a_good_token_nobody_is_answered(
    strict: Server, tokens: tuple[Path, dict[str, str]], how: str, path: str
) -> None:
    authorizations: dict[str, str | bytes] = {
        "wrong": "Bearer qq",
        "late": f"Bearer {tokens[1]['late']}",
        "another scheme": f"Basic {tokens[1]['good']}",
        "empty": "",
        "not ASCII": b"Bearer \xe9\xff",
    }
    headers = {"authorization": authorizations[how]} if how in authorizations else {}
    with httpx.Client(base_url=strict.url, trust_env=False) as stranger:
        response = stranger.post(path, json={"instances": [EXTRACT]}, headers=headers)  # type: ignore[arg-type]
    refused(response, 401, "Authorization: Bearer")
    assert response.headers["www-authenticate"] == "Bearer"


def test_without_a_good_token_nobody_is_answered_over_grpc(strict: Server, tokens: tuple[Path, dict[str, str]]) -> None:
    import grpc as library

    with library.insecure_channel(strict.grpc) as channel:
        for token in ("", "qq", tokens[1]["late"]):
            assert Grpc(channel, token).ask("ModelInfer", Grpc(channel).request())[0] == "UNAUTHENTICATED"
        assert Grpc(channel, tokens[1]["good"]).ask("ModelInfer", Grpc(channel).request()) == ("OK", "")


def test_who_asks_too_often_is_told_when_to_come_back(
    strict: Server, tokens: tuple[Path, dict[str, str]], authorized: httpx.Client
) -> None:
    headers = {"authorization": f"Bearer {tokens[1]['eager']}"}
    with httpx.Client(base_url=strict.url, trust_env=False, headers=headers) as eager:
        answers = (eager.post(PREDICT, json={}) for _ in range(200))
        response = next(answer for answer in answers if answer.status_code != 400)
    refused(response, 429, "eager", "60")
    assert 1 <= int(response.headers["retry-after"]) <= 2
    goes_on(authorized)


def test_rows_beyond_the_limit_are_refused(authorized: httpx.Client) -> None:
    many = changed([{"starts_at": "2026-02-14T00:00:00Z", "ends_at": "2026-02-14T00:00:00Z"}] * 51, "breaks")
    refused(authorized.post(PREDICT, json={"instances": [many]}), 400, "instances: 59 rows", "50")
    goes_on(authorized)


@pytest.mark.parametrize("chunked", [False, True], ids=["with a length", "in chunks"])
def test_a_body_beyond_the_limit_is_too_large(authorized: httpx.Client, chunked: bool) -> None:
    most = 2**20
    exact = json.dumps({"instances": [EXTRACT]}).encode().ljust(most)
    assert authorized.post(PREDICT, content=exact, headers=JSON).status_code == 200
    body = iter([exact, b" "]) if chunked else exact + b" "
    refused(authorized.post(PREDICT, content=body, headers=JSON), 413, "1,048,576 bytes")
    goes_on(authorized)


def test_a_slow_client_is_given_up_and_others_are_answered_meanwhile(strict: Server, authorized: httpx.Client) -> None:
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(exchange, strict, head(authorized, 100) + b'{"inst')
        goes_on(authorized)
        assert not slow.done()
        answer = slow.result(30)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'{"error":"the body did not arrive within 2 seconds"}' in answer
    goes_on(authorized)


def test_a_client_that_goes_away_leaves_the_server_as_it_was(strict: Server, authorized: httpx.Client) -> None:
    for sent in (b"", b'{"inst', b"{}"):
        with socket.create_connection(("127.0.0.1", strict.port)) as gone:
            gone.sendall(head(authorized, 100 if sent != b"{}" else 2) + sent)
    goes_on(authorized)


@pytest.mark.parametrize("length", [b"-5", b"qq", b"9" * 30, b"5\r\nContent-Length: 6"])
def test_a_content_length_that_is_none_is_a_bad_request(
    strict: Server, authorized: httpx.Client, length: bytes
) -> None:
    answer = exchange(strict, head(authorized, length) + b"{}")
    assert answer.startswith(b"HTTP/1.1 400 ")
    goes_on(authorized)


def test_a_content_length_beyond_the_limit_is_refused_before_the_body(strict: Server, authorized: httpx.Client) -> None:
    assert exchange(strict, head(authorized, 10**12)).startswith(b"HTTP/1.1 413 ")
    goes_on(authorized)


def test_the_log_of_a_strict_server_holds_no_token_and_no_request(
    strict: Server, tokens: tuple[Path, dict[str, str]]
) -> None:
    log = strict.log.read_text()
    for secret in (*tokens[1].values(), LEARNER, OTHER, "mathematics-2026", "mod_forum"):
        assert secret not in log
    assert "Traceback" not in log


def head(client: httpx.Client, length: int | bytes) -> bytes:
    """The head of a request, with the client's token."""
    content_length = length if isinstance(length, bytes) else str(length).encode()
    token = client.headers["authorization"].encode()
    lines = [f"POST {PREDICT} HTTP/1.1".encode(), b"Host: localhost", b"Content-Type: application/json"]
    return b"\r\n".join([*lines, b"Authorization: " + token, b"Content-Length: " + content_length, b"", b""])


def exchange(server: Server, sent: bytes) -> bytes:
    """Send bytes, and read until the server closes."""
    received = b""
    with socket.create_connection(("127.0.0.1", server.port), 30) as opened:
        opened.sendall(sent)
        while part := opened.recv(65536):
            received += part
    return received


def refreshed(tokens: Any) -> None:
    tokens.refresh()
    tokens.refreshed.result(5)


def test_a_file_of_tokens_that_hangs_is_an_error_when_a_server_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from serving.runtime import access

    os.mkfifo(tmp_path / "tokens.json")  # nobody writes to it: whoever reads waits
    monkeypatch.setattr(access, "READ_SECONDS", 0.2)
    with pytest.raises(SettingError, match="has not answered within 0.2 seconds"):
        access.Tokens(tmp_path / "tokens.json")


def test_a_file_of_tokens_that_is_broken_later_leaves_those_read_before(tmp_path: Path) -> None:
    from serving.runtime.access import Tokens, add_token

    file, now = tmp_path / "tokens.json", datetime.now(UTC)
    first = f"Bearer {add_token(file, 'moodle', 1, now)}"
    tokens = Tokens(file)
    file.write_text("{")
    refreshed(tokens)
    assert tokens.caller(first) == "moodle"
    file.unlink()
    refreshed(tokens)
    assert tokens.caller(first) == "moodle"
    new = f"Bearer {add_token(file, 'other', 1, now)}"
    refreshed(tokens)
    assert (tokens.caller(first), tokens.caller(new)) == (None, "other")
