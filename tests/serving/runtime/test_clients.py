"""HTTP as clients speak it: Java's, curl's and load balancers' ways, codings, and what is no HTTP at all."""

import gzip
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.earlybell.extracts import EXTRACT
from tests.serving.running import Server, started
from tests.serving.runtime.asking import EXPLAIN, INFER, JSON, PREDICT, goes_on, refused, vector

pytestmark = pytest.mark.usefixtures("serving")
BODY = json.dumps({"instances": [EXTRACT]}).encode()
GZIP = JSON | {"content-encoding": "gzip"}
HEALTH = ["/", "/v2/health/live", "/v2/health/ready", "/v2/models/learner-risk/ready", "/v1/models/learner-risk"]
READ = [*HEALTH, "/v2", "/v1/models", "/v2/models", "/v2/models/learner-risk", "/openapi.json"]
JAVA = """
import java.net.URI; import java.net.http.*; import java.nio.file.*;
public class Client { public static void main(String[] given) throws Exception {
  HttpClient client = HttpClient.newHttpClient();
  for (int i = 0; i < 2; i++) {
    var body = HttpRequest.BodyPublishers.ofFile(Path.of(given[1]));
    var request = HttpRequest.newBuilder(URI.create(given[0])).header("Content-Type", "application/json").POST(body);
    System.out.println(client.send(request.build(), HttpResponse.BodyHandlers.ofString()).statusCode());
  }
} }
"""


def head(*lines: str, path: str = PREDICT, method: str = "POST") -> bytes:
    head_lines = [f"{method} {path} HTTP/1.1", "Host: here", "Content-Type: application/json", *lines]
    return "\r\n".join([*head_lines, "", ""]).encode()


def answers(server: Server, *sent: bytes) -> list[tuple[int, dict[str, str], bytes]]:
    """Send, and read answers until the server closes: their statuses, headers and bodies."""
    responses = []
    with socket.create_connection(("127.0.0.1", server.port), 30) as opened:
        for part in sent:
            opened.sendall(part)
            time.sleep(0.05)
        with opened.makefile("rb") as stream:
            while line := stream.readline():
                headers = dict(field.decode().rstrip().split(": ", 1) for field in iter(stream.readline, b"\r\n"))
                responses.append((int(line.split()[1]), headers, stream.read(int(headers.get("content-length", 0)))))
    return responses


@pytest.fixture(scope="module")
def body_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("body") / "body.json"
    path.write_bytes(BODY)
    return path


@pytest.mark.skipif(not (shutil.which("javac") or os.environ.get("EARLYBELL_CI")), reason="there is no JDK")
def test_javas_own_client_is_answered(server: Server, body_file: Path, tmp_path: Path) -> None:
    program = tmp_path / "Client.java"
    program.write_text(JAVA)
    command = ["java", str(program), f"{server.url}{PREDICT}", str(body_file)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.split() == ["200", "200"]


UPGRADES = {
    "h2c": ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQ"),
    "web socket": ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: x", "Sec-WebSocket-Version: 13"),
    "anything": ("Connection: upgrade", "Upgrade: TLS/1.0"),
}


@pytest.mark.parametrize("upgrade", UPGRADES)
@pytest.mark.parametrize("pieces", [1, 3], ids=["at once", "in pieces"])
def test_a_request_that_asks_for_another_protocol_keeps_its_body(server: Server, upgrade: str, pieces: int) -> None:
    first = head(*UPGRADES[upgrade], f"Content-Length: {len(BODY)}") + BODY
    last = head("Connection: close", f"Content-Length: {len(BODY)}") + BODY
    size = -(-len(first) // pieces)
    responses = answers(server, *(first[i : i + size] for i in range(0, len(first), size)), last)
    assert [status for status, _, _ in responses] == [200, 200]


def test_many_upgrades_at_once_are_as_many_requests(server: Server) -> None:
    some = head(*UPGRADES["h2c"], path="/v2/health/live", method="GET")
    last = head("Connection: close", path="/v2/health/live", method="GET")
    assert [status for status, _, _ in answers(server, some * 1500 + last)] == [200] * 1501


def test_an_upgrade_in_chunks_keeps_its_body(server: Server) -> None:
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
    sent = head(*UPGRADES["h2c"], "Transfer-Encoding: chunked") + chunks
    responses = answers(server, sent + head("Connection: close", method="GET", path="/"))
    assert [status for status, _, _ in responses] == [200, 200]


def test_curls_way_of_asking_first_is_answered(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), 30) as opened:
        opened.sendall(head("Expect: 100-continue", "Connection: close", f"Content-Length: {len(BODY)}"))
        assert opened.recv(100).startswith(b"HTTP/1.1 100 ")
        opened.sendall(BODY)
        assert opened.recv(100).startswith(b"HTTP/1.1 200 ")


def test_who_asks_first_with_too_large_a_body_need_not_send_it(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), 30) as opened:
        opened.sendall(head("Expect: 100-continue", f"Content-Length: {10**12}"))
        assert opened.recv(100).startswith(b"HTTP/1.1 413 ")


def test_names_of_headers_are_of_any_case(server: Server) -> None:
    sent = f"POST {PREDICT} HTTP/1.1\r\nHOST: here\r\ncONTENT-tYPE: application/json\r\nCONTENT-LENGTH: {len(BODY)}\r\n"
    responses = answers(server, sent.encode() + b"X-REQUEST-ID: mine\r\nCONNECTION: CLOSE\r\n\r\n" + BODY)
    assert [(status, headers["x-request-id"]) for status, headers, _ in responses] == [(200, "mine")]


def members(*parts: bytes) -> bytes:
    return b"".join(map(gzip.compress, parts))


@pytest.mark.parametrize("path", [PREDICT, EXPLAIN])
@pytest.mark.parametrize("coding", ["gzip", "GZIP", "x-gzip", "identity", ""])
def test_a_body_may_be_compressed(client: httpx.Client, path: str, coding: str) -> None:
    body = members(BODY) if "gzip" in coding.lower() else BODY
    answer = client.post(path, content=body, headers=JSON | {"content-encoding": coding})
    assert answer.status_code == 200, answer.text
    assert answer.json()["predictions"] == client.post(path, content=BODY, headers=JSON).json()["predictions"]


def test_a_vector_may_be_compressed(client: httpx.Client) -> None:
    body = members(json.dumps(vector(client)).encode())
    assert client.post(INFER, content=body, headers=GZIP).status_code == 200


@pytest.mark.parametrize("cut", [1, 5, 50], ids=str)
def test_gzip_may_have_several_members_and_come_in_pieces(client: httpx.Client, cut: int) -> None:
    body = members(BODY[:100], b"", BODY[100:])
    pieces = (body[i : i + cut] for i in range(0, len(body), cut))
    assert client.post(PREDICT, content=pieces, headers=GZIP).status_code == 200


GOOD = members(BODY)
BROKEN = {
    "not gzip": BODY,
    "cut off": GOOD[:-20],
    "without its sum": GOOD[:-8],
    "with another sum": GOOD[:-8] + b"12345678",
    "with more behind it": GOOD + b"more",
    "the second member cut off": GOOD + GOOD[:30],
}


@pytest.mark.parametrize("how", BROKEN)
def test_broken_gzip_is_a_bad_request(client: httpx.Client, how: str) -> None:
    refused(client.post(PREDICT, content=BROKEN[how], headers=GZIP), 400, "gzip")
    goes_on(client)


@pytest.mark.parametrize("bomb", [members(b" " * 2**30), members(*[b" " * 2**22] * 200)], ids=["one", "many members"])
def test_a_small_body_that_becomes_too_large_is_refused_as_it_grows(
    client: httpx.Client, server: Server, bomb: bytes
) -> None:
    refused(client.post(PREDICT, content=bomb, headers=GZIP), 413, "67,108,864 bytes")
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]
    assert int(peak) / 1024 < 900
    goes_on(client)


@pytest.mark.parametrize("coding", ["br", "deflate", "zstd", "gzip, gzip", "compress"])
def test_another_coding_is_refused_and_the_known_one_named(client: httpx.Client, coding: str) -> None:
    answer = client.post(PREDICT, content=BODY, headers=JSON | {"content-encoding": coding})
    refused(answer, 415, coding, "gzip")
    assert answer.headers["accept-encoding"] == "gzip"
    goes_on(client)


@pytest.mark.parametrize("path", READ)
def test_what_can_be_read_answers_head_with_the_same_headers(client: httpx.Client, path: str) -> None:
    read, head_only = client.get(path), client.head(path)
    assert (head_only.status_code, head_only.content) == (200, b"")
    for name in ("content-type", "content-length"):
        assert head_only.headers[name] == read.headers[name]


@pytest.mark.parametrize(("path", "allow"), [(PREDICT, "POST"), ("/v2/health/ready", "GET, HEAD")])
def test_another_method_is_refused_and_the_known_ones_named(client: httpx.Client, path: str, allow: str) -> None:
    answer = client.request("PATCH", path)
    refused(answer, 405, "PATCH")
    assert answer.headers["allow"] == allow


def test_a_slash_at_the_end_is_another_path(client: httpx.Client) -> None:
    refused(client.post(f"{PREDICT}/", content=BODY, headers=JSON), 404, "without a slash at its end")
    refused(client.get("/v2/health/ready/"), 404, "without a slash at its end")


LONG = "x" * 100_000
NO_HTTP = {
    "garbage": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 3, 400),
    "HTTP/2 at once": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "CONNECT": (b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n", 400),
    "a header without a colon": (head("nothing"), 400),
    "a name with a blank": (head("a b: c"), 400),
    "two lengths": (head("Content-Length: 2", "Content-Length: 2") + b"{}", 400),
    "a length and chunks": (head("Content-Length: 2", "Transfer-Encoding: chunked") + b"0\r\n\r\n", 400),
    "a length that is no number": (head("Content-Length: qq"), 400),
    "a bad chunk": (head("Transfer-Encoding: chunked") + b"zz\r\n{}\r\n", 400),
    "a chunk longer than it says": (head("Transfer-Encoding: chunked") + b"1\r\n{}}}\r\n0\r\n\r\n", 400),
    "a large header": (head(f"X: {LONG}"), 431),
    "many headers": (head(*[f"X-{i}: {i}" for i in range(10_000)]), 431),
    "a long path": (head(path=f"/{LONG}", method="GET"), 431),
    "a head that never ends": (head()[:-2] + b"X: " + b"x" * 300_000, 431),
    "a large trailer": (head("Transfer-Encoding: chunked") + b"0\r\nX: " + LONG.encode() + b"\r\n\r\n", 431),
}


@pytest.mark.parametrize("case", NO_HTTP)
def test_what_is_no_http_is_refused_in_the_protocols_form(server: Server, client: httpx.Client, case: str) -> None:
    sent, status = NO_HTTP[case]
    (code, headers, body) = answers(server, sent)[-1]
    assert (code, headers["content-type"], headers["connection"]) == (status, "application/json", "close")
    assert list(json.loads(body)) == ["error"]
    goes_on(client)


@pytest.mark.parametrize(
    "body", [b"{", b"\xff", b'{"instances": NaN}', b"[" * 100_000], ids=["cut off", "no UTF-8", "NaN", "deep"]
)
@pytest.mark.parametrize("path", [PREDICT, EXPLAIN, INFER])
def test_what_is_no_json_is_a_bad_request_in_the_protocols_form(client: httpx.Client, path: str, body: bytes) -> None:
    refused(client.post(path, content=body, headers=JSON), 400)
    goes_on(client)


def test_the_server_says_nothing_of_its_libraries_future(server: Server, client: httpx.Client) -> None:
    for path in (PREDICT, EXPLAIN):
        assert client.post(path, content=BODY, headers=JSON).status_code == 200
    client.post(INFER, json=vector(client))
    client.get("/v1/models")
    client.get("/v2/models/learner-risk")
    client.post(PREDICT, json={})
    assert "Deprecat" not in server.log.read_text()


def test_an_answer_that_takes_too_long_says_when_to_come_back(bundle: Path, tmp_path: Path) -> None:
    enrolments = [{"learner_id": f"{i:032x}", "enrolled_at": "2026-01-20T09:00:00Z"} for i in range(2000)]
    extract = {name: EXTRACT[name] for name in ("as_of", "courses")} | {"enrolments": enrolments}
    with started(bundle, tmp_path, "--max-seconds", "0.5") as server:
        answer = httpx.post(f"{server.url}{EXPLAIN}", json={"instances": [extract]}, timeout=60, trust_env=False)
    refused(answer, 504, "0.5 seconds")
    assert int(answer.headers["retry-after"]) > 0


def test_workers_whose_parent_was_killed_answer_nobody(bundle: Path, tmp_path: Path) -> None:
    with started(bundle, tmp_path, "--workers", "2") as server:
        workers = _children(server.process.pid)
        assert len(workers) >= 2
        server.process.send_signal(signal.SIGKILL)
        server.process.wait(10)
        _soon(lambda: not any(map(_runs, workers)))
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{server.url}/v2/health/live", trust_env=False)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _soon(true: Callable[[], bool], seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.1)
