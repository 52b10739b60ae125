"""The trail's store hangs: requests end in time, answered from the journal or refused; so does the server itself."""

import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from earlybell.trail import read_records, verify
from tests.earlybell.extracts import EXTRACT
from tests.earlybell.trail.places import postgresql_place
from tests.hanging import hanging_in, until
from tests.postgresql import Server as Postgresql
from tests.serving.running import Server, started
from tests.serving.runtime.asking import EXPLAIN, JSON, PREDICT
from tests.serving.runtime.test_admission import class_of
from tests.serving.runtime.test_running import EARLYBELL, ask, metrics

pytestmark = pytest.mark.usefixtures("serving")
IN_TIME = 16.0  # seconds: twice what the store is waited for, on a machine that does much else
AT_ONCE = 1.8  # less than that
BODY = {"instances": [EXTRACT]}


def _timed(server: Server, name: str, times: int) -> tuple[list[int], list[float]]:
    """Statuses and seconds of requests, one after the other."""
    statuses, seconds = [], []
    for number in range(times):
        began = time.monotonic()
        statuses.append(ask(server, BODY, **{"x-request-id": f"{name}-{number}"}).status_code)
        seconds.append(time.monotonic() - began)
        time.sleep(0.1)
    return statuses, seconds


def _value(server: Server, metric: str, label: str = "") -> float:
    lines = [line for line in metrics(server).splitlines() if line.startswith(metric) and label in line]
    return sum(float(line.split()[-1]) for line in lines)


def _ready(server: Server) -> int:
    return httpx.get(f"{server.url}/v2/models/learner-risk/ready", trust_env=False).status_code


@pytest.mark.parametrize(("journal", "status"), [(False, 503), (True, 200)], ids=["no journal", "journal"])
def test_a_stopped_postgresql_costs_one_wait_and_sigterm_ends_meanwhile(
    postgresql: Postgresql, bundle: Path, tmp_path: Path, journal: bool, status: int
) -> None:
    place = postgresql_place(tmp_path, postgresql.address, f"serving_{journal}")
    options = ["--trail", place.address, "--trail-anchors", str(place.anchors)]
    options += ["--trail-journal", str(tmp_path / "journal")] if journal else []
    with started(bundle, tmp_path, *options) as server:
        assert ask(server, BODY, **{"x-request-id": "before"}).status_code == 200
        with postgresql.frozen():
            statuses, seconds = _timed(server, "first", 1)
            assert (statuses, seconds[0] < IN_TIME) == ([status], True)
            statuses, seconds = _timed(server, "later", 80)  # for eight seconds, in which it is tried again
            assert set(statuses) == {status}
            assert sorted(seconds)[-5] < AT_ONCE
            assert max(seconds) < IN_TIME
            sys.stderr.write(f"p99 while it hangs: {1000 * statistics.quantiles(seconds, n=100)[-1]:.0f} ms\n")
            assert _ready(server) == 200
            until(lambda: _value(server, "earlybell_trail_lag_seconds") > 5)
            assert _value(server, "earlybell_trail_journaling") == float(journal)
            labels = f'outcome="{"ok" if journal else "unavailable"}",route="predict"'
            assert _value(server, "earlybell_requests_total{", labels) == 81 + journal
            began = time.monotonic()
            server.process.terminate()
            assert server.process.wait(30) == 0
            assert time.monotonic() - began < 24
    with started(bundle, tmp_path, *options) as server:
        assert ask(server, BODY, **{"x-request-id": "after"}).status_code == 200
        until(lambda: not list((tmp_path / "journal").glob("*")))
    request_ids = {record.request_id for record in read_records(place.address)}
    assert {"before", "after"} <= request_ids
    assert not journal or {"first-0", *(f"later-{number}" for number in range(80))} <= request_ids
    assert verify(place.address, place.anchors).whole


def test_many_at_once_end_in_time_and_it_goes_on_when_the_store_does(
    postgresql: Postgresql, bundle: Path, tmp_path: Path
) -> None:
    place = postgresql_place(tmp_path, postgresql.address, "serving_many")
    with (
        started(bundle, tmp_path, "--trail", place.address, "--trail-anchors", str(place.anchors)) as server,
        ThreadPoolExecutor(8) as callers,
    ):
        with postgresql.frozen():
            results = list(callers.map(lambda name: _timed(server, str(name), 3), range(8)))
        assert {status for statuses, _ in results for status in statuses} == {503}
        assert max(second for _, seconds in results for second in seconds) < IN_TIME
        until(lambda: ask(server, BODY).status_code == 200)
        until(lambda: _value(server, "earlybell_trail_lag_seconds") == 0)


def test_a_disk_that_hangs_is_a_503_and_sigterm_ends_meanwhile(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging = hanging_in(tmp_path)
    for name, value in hanging.environment.items():
        monkeypatch.setenv(name, value)
    with started(bundle, tmp_path) as server:
        assert ask(server, BODY).status_code == 200
        with hanging.sync("trail.db"):
            statuses, seconds = _timed(server, "hangs", 10)
            assert set(statuses) == {503}
            assert (seconds[0] < IN_TIME, statistics.median(seconds[1:]) < AT_ONCE) == (True, True)
            server.process.terminate()
            assert server.process.wait(24) == 0


def test_what_waited_long_for_memory_is_too_slow_and_does_not_blame_the_trail(bundle: Path, tmp_path: Path) -> None:
    """Its time began before it waited: what comes after has what is left of it."""
    seconds, body = 3, json.dumps(class_of(700)).encode()
    limits = ["--max-seconds", str(seconds), "--max-body-mib", "4", "--max-inflight-mib", "6"]
    lines = [f"POST {PREDICT} HTTP/1.1", "Host: here", "Content-Type: application/json", f"Content-Length: {3 * 2**20}"]
    with started(bundle, tmp_path, *limits) as server, socket.create_connection(("127.0.0.1", server.port)) as slow:
        slow.sendall("\r\n".join([*lines, "", ""]).encode())  # and no body
        time.sleep(0.5)
        began = time.monotonic()
        answer = httpx.post(f"{server.url}{EXPLAIN}", content=body, headers=JSON, timeout=30, trust_env=False)
        took = time.monotonic() - began
        assert (answer.status_code, "longer than 3 seconds" in answer.text) == (504, True)
        assert took < seconds + 1
        assert _value(server, "earlybell_requests_total{", 'outcome="too slow",route="explain"') == 1
        assert _value(server, "earlybell_requests_total{", 'outcome="unavailable"') == 0


def test_a_client_that_takes_its_time_leaves_the_server_its_own(bundle: Path, tmp_path: Path) -> None:
    body = json.dumps(BODY).encode()
    with started(bundle, tmp_path, "--max-seconds", "2") as server:

        def slowly() -> Iterator[bytes]:
            yield body[:100]
            time.sleep(1.8)
            yield body[100:]

        for _ in range(2):
            answer = httpx.post(f"{server.url}{PREDICT}", content=slowly(), headers=JSON, timeout=30, trust_env=False)
            assert answer.status_code == 200


def test_a_stopped_postgresql_ends_the_start_with_an_error(
    postgresql: Postgresql, bundle: Path, site: Path, tmp_path: Path
) -> None:
    place = postgresql_place(tmp_path, postgresql.address, "serving_start")
    place.open().close()
    trail = ["--trail", place.address, "--trail-anchors", "none"]
    commands = {
        "serve": ["serve", str(bundle), "--no-tokens", "--grpc-port", "0", *trail],
        "predict": ["predict", str(bundle), f"tables:{site}", *trail],
    }
    with postgresql.frozen():
        for name, words in commands.items():
            ended = subprocess.run(
                [EARLYBELL, *words],
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
                env=os.environ | {"EARLYBELL_PSEUDONYM_KEY": "5" * 64},
            )
            assert ended.returncode == 10, (name, ended.stderr)
            assert "Traceback" not in ended.stderr
