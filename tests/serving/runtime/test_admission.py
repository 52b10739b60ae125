"""What is let in: turns by caller, room in memory, and work that ends with its client."""

import asyncio
import json
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from serving.runtime.settings import DENSEST
from tests.earlybell.extracts import EXTRACT
from tests.serving.running import Server, started
from tests.serving.runtime.asking import EXPLAIN, INFER, JSON, PREDICT, WIDTH, Grpc, goes_on, refused

pytestmark = pytest.mark.usefixtures("serving")
MIB = 2**20
# As docs/reference/serving.md and the chart have them: MiB at rest, and for each MiB of bodies in flight.
AT_REST, FACTOR = 360, 12
BODY, IN_FLIGHT = 8, 12  # of the small server here


def run(work: Any) -> Any:
    return asyncio.run(asyncio.wait_for(work, 10))


def test_callers_have_turns_and_a_callers_own_requests_their_order() -> None:
    from serving.runtime.admission import Turns

    async def scenario() -> list[str]:
        turns, order = Turns(1, 1), []

        async def ask(caller: str, number: int) -> None:
            async with turns.turn(caller):
                order.append(f"{caller}{number}")

        async with turns.turn("another"):
            tasks = [asyncio.create_task(ask("greedy", i)) for i in range(4)]
            tasks += [asyncio.create_task(ask("modest", i)) for i in range(2)]
            await asyncio.sleep(0)
        await asyncio.gather(*tasks)
        return order

    assert run(scenario()) == ["greedy0", "modest0", "greedy1", "modest1", "greedy2", "greedy3"]


def test_what_one_caller_may_not_have_is_left_to_others() -> None:
    from serving.runtime.admission import Place, Turns

    async def scenario() -> None:
        turns, greedy, modest = Turns(3, 2), Place("greedy"), Place("modest")
        await turns.take(greedy, 2)
        waits = asyncio.create_task(turns.take(Place("greedy"), 1))
        await asyncio.wait_for(turns.take(modest, 1), 1)
        assert not waits.done()
        turns.give_back(modest, 1)
        await asyncio.sleep(0)
        assert not waits.done()
        turns.give_back(greedy, 2)
        await asyncio.wait_for(waits, 1)

    run(scenario())


def test_who_does_not_wait_any_longer_has_taken_nothing() -> None:
    from serving.runtime.admission import Place, Turns

    async def scenario() -> None:
        turns, holder = Turns(2, 2), Place("a")
        await turns.take(holder, 2)
        large = asyncio.create_task(turns.take(Place("b"), 2))
        at_the_same_moment = asyncio.create_task(turns.take(Place("c"), 1))
        await asyncio.sleep(0)
        large.cancel()
        turns.give_back(holder, 2)
        at_the_same_moment.cancel()
        await asyncio.gather(large, at_the_same_moment, return_exceptions=True)
        await asyncio.wait_for(turns.take(Place("d"), 2), 1)

    run(scenario())


def test_who_holds_some_and_needs_more_goes_before_who_holds_nothing() -> None:
    from serving.runtime.admission import Place, Turns

    async def scenario() -> None:
        turns, grows, large, small = Turns(96, 64), Place("a"), Place("a"), Place("a")
        await turns.take(grows, 1)
        waits = [asyncio.create_task(turns.take(large, 64)), asyncio.create_task(turns.take(small, 1))]
        await asyncio.sleep(0)
        await asyncio.wait_for(turns.take(grows, 2), 1)
        await asyncio.wait_for(turns.take(grows, 61), 1)
        assert not any(task.done() for task in waits)
        turns.give_back(grows, 64)
        await asyncio.wait_for(waits[0], 1)
        turns.give_back(large, 64)
        await asyncio.wait_for(waits[1], 1)

    run(scenario())


@pytest.mark.parametrize("other", ["a", "b"], ids=["of one caller", "of two callers"])
@pytest.mark.parametrize("third", [0, 1], ids=["two", "and one who only holds"])
def test_of_those_who_wait_for_each_other_the_last_gives_up_at_once(other: str, third: int) -> None:
    from serving.runtime.admission import Place, StuckError, Turns

    async def scenario() -> None:
        turns, first, last = Turns(64 if other == "b" else 96, 64), Place("a"), Place(other)
        await turns.take(first, 30)
        await turns.take(last, 30)
        if third:
            await turns.take(Place(other), third)
        waits = asyncio.create_task(turns.take(first, 30))
        await asyncio.sleep(0)
        with pytest.raises(StuckError):
            await asyncio.wait_for(turns.take(last, 20), 1)
        assert not waits.done()
        turns.give_back(last, last.held)
        await asyncio.wait_for(waits, 1)

    run(scenario())


def test_of_those_who_grow_whoever_can_end_does() -> None:
    from serving.runtime.admission import Place, Turns

    async def scenario() -> None:
        turns, large, small, holder = Turns(64, 64), Place("a"), Place("a"), Place("a")
        for place, amount in ((large, 20), (small, 30), (holder, 10)):
            await turns.take(place, amount)
        waits = [asyncio.create_task(turns.take(large, 40)), asyncio.create_task(turns.take(small, 10))]
        await asyncio.sleep(0)
        turns.give_back(holder, 10)
        await asyncio.wait_for(waits[1], 1)
        turns.give_back(small, 40)
        await asyncio.wait_for(waits[0], 1)

    run(scenario())


@pytest.mark.parametrize("grows", [0, 1], ids=["holds nothing yet", "grows"])
def test_a_flow_of_small_requests_keeps_no_large_one_from_its_turn(grows: int) -> None:
    from serving.runtime.admission import Place, Turns

    async def scenario() -> int:
        turns, large, ended = Turns(96, 64), Place("large"), 0
        if grows:
            await turns.take(large, grows)

        async def flow(caller: str) -> None:
            nonlocal ended
            while True:
                place = Place(caller)
                await turns.take(place, 2)
                await turns.take(place, 6)
                await asyncio.sleep(0.01)
                turns.give_back(place, 8)
                ended += 1

        flows = [asyncio.create_task(flow(f"small {i % 3}")) for i in range(15)]
        await asyncio.sleep(0.1)
        await asyncio.wait_for(turns.take(large, 64 - grows), 2)
        turns.give_back(large, 64)
        before = ended
        await asyncio.sleep(0.1)
        for task in flows:
            task.cancel()
        return ended - before

    assert run(scenario()) > 0  # they go on after it


def test_who_waits_for_a_slow_one_keeps_no_small_ones_waiting() -> None:
    from serving.runtime.admission import Place, Turns

    async def scenario() -> None:
        turns = Turns(96, 64)
        await turns.take(Place("slow"), 64)
        waits = asyncio.create_task(turns.take(Place("large"), 64))
        await asyncio.sleep(0)
        for _ in range(100):
            small = Place("small")
            await asyncio.wait_for(turns.take(small, 30), 1)
            turns.give_back(small, 30)
        waits.cancel()

    run(scenario())


def test_small_things_weigh_more_than_a_usual_body() -> None:
    from serving.runtime.admission import weight

    usual = json.dumps({"instances": [EXTRACT]}).encode()
    assert weight(usual) == len(usual)
    for part in (b'{"":0},', b"[],", b'"a",'):
        assert weight(part * 1000) > 1.3 * 1000 * len(part)


@pytest.fixture(scope="module")
def tokens(serving: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    from serving.runtime.access import add_token

    path = tmp_path_factory.mktemp("tokens") / "tokens.json"
    return path, {name: add_token(path, name, 1, datetime.now(UTC)) for name in ("greedy", "modest", "often")}


@pytest.fixture(scope="module")
def small(
    bundle: Path, tokens: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server that holds little, of callers with tokens."""
    limits = ("--max-body-mib", str(BODY), "--max-inflight-mib", str(IN_FLIGHT), "--rate", "600")
    with started(bundle, tmp_path_factory.mktemp("small"), "--tokens", str(tokens[0]), *limits) as running:
        yield running


def caller(server: Server, tokens: tuple[Path, dict[str, str]], name: str) -> httpx.Client:
    headers = {"authorization": f"Bearer {tokens[1][name]}"}
    return httpx.Client(base_url=server.url, trust_env=False, timeout=60, headers=headers)


def head(tokens: tuple[Path, dict[str, str]], name: str, length: int, path: str = PREDICT) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: here", "Content-Type: application/json", f"Content-Length: {length}"]
    return "\r\n".join([*lines, f"Authorization: Bearer {tokens[1][name]}", "", ""]).encode()


def test_a_caller_whose_bodies_fill_its_room_waits_is_refused_and_delays_nobody_else(
    small: Server, tokens: tuple[Path, dict[str, str]]
) -> None:
    with (
        socket.create_connection(("127.0.0.1", small.port)) as slow,
        caller(small, tokens, "greedy") as greedy,
        caller(small, tokens, "modest") as modest,
    ):
        slow.sendall(head(tokens, "greedy", BODY * MIB) + b"{")
        time.sleep(0.3)
        with ThreadPoolExecutor(1) as pool:
            began = time.monotonic()
            second = pool.submit(greedy.post, PREDICT, json={"instances": [EXTRACT]})
            goes_on(modest)
            assert not second.done()
            response = second.result(30)
    refused(response, 503, "no room in memory")
    assert 9 < time.monotonic() - began < 20
    assert int(response.headers["retry-after"]) > 0
    assert 'outcome="busy",route="predict"} 1.0' in httpx.get(f"{small.url}/metrics", trust_env=False).text
    with caller(small, tokens, "greedy") as greedy:  # what the slow one held is free again
        goes_on(greedy)


def test_a_request_that_holds_some_memory_grows_before_a_larger_one_and_all_are_answered_soon(
    small: Server, tokens: tuple[Path, dict[str, str]]
) -> None:
    """Explaining a class needs more than its body; behind it waits one of the largest, and one learner behind both."""
    large_body = json.dumps({"instances": [EXTRACT]}).encode().ljust(BODY * MIB)
    explained = json.dumps(class_of(60)).encode()

    def ask(path: str, body: bytes) -> tuple[int, float]:
        with caller(small, tokens, "modest") as client:
            began = time.monotonic()
            return client.post(path, content=body, headers=JSON).status_code, time.monotonic() - began

    with ThreadPoolExecutor(3) as pool, socket.create_connection(("127.0.0.1", small.port)) as first:
        first.sendall(head(tokens, "modest", len(explained), EXPLAIN) + explained[:-1])
        time.sleep(0.3)
        large = pool.submit(ask, PREDICT, large_body)
        time.sleep(0.3)
        last = pool.submit(ask, PREDICT, json.dumps({"instances": [EXTRACT]}).encode())
        time.sleep(0.3)
        first.sendall(explained[-1:])
        first.settimeout(30)
        assert first.recv(65536).startswith(b"HTTP/1.1 200 ")
        for status, seconds in (large.result(30), last.result(30)):
            assert (status, seconds < 8) == (200, True)


def test_a_body_of_unknown_length_takes_its_room_as_it_arrives(
    small: Server, tokens: tuple[Path, dict[str, str]]
) -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(BODY + 1):
            yield b" " * MIB

    with caller(small, tokens, "greedy") as greedy:
        refused(greedy.post(PREDICT, content=parts(), headers=JSON), 413, f"{BODY * MIB:,} bytes")
        goes_on(greedy)


@pytest.mark.parametrize("part", [b'{"":0},', b'"ab",'], ids=["objects", "texts"])
def test_a_body_that_needs_too_much_memory_is_too_large(
    small: Server, tokens: tuple[Path, dict[str, str]], part: bytes
) -> None:
    body = b'{"instances":[' + part * (7 * MIB // len(part)) + b"0]}"
    with caller(small, tokens, "greedy") as greedy:
        refused(greedy.post(PREDICT, content=body, headers=JSON), 413, "memory", "columns")
        goes_on(greedy)


def rows(mib: float) -> bytes:
    """A course run of 200 learners whose events are so many MiB, a JSON object each."""
    learners = [f"{i:032x}" for i in range(200)]
    event = {"component": "mod_forum", "action": "viewed", "target": "course_module", "object_id": "7", "count": 1}
    events = [
        {"learner_id": learners[i % 200], "occurred_at": f"2026-02-{2 + i % 26:02}T{i % 24:02}:15:00Z"} | event
        for i in range(int(mib * MIB / 200))
    ]
    enrolments = [{"learner_id": learner, "enrolled_at": "2026-01-20T09:00:00Z"} for learner in learners]
    extract = {"as_of": EXTRACT["as_of"], "courses": EXTRACT["courses"], "enrolments": enrolments, "events": events}
    return json.dumps({"instances": [extract]}).encode()


def dense(mib: float) -> bytes:
    return b'{"instances":[' + b'{"":0},' * int(mib * MIB / 7) + b"0]}"


@pytest.mark.parametrize("body", [rows(7.5), dense(1.3)], ids=["rows", "small objects"])
def test_memory_stays_below_the_formula(small: Server, tokens: tuple[Path, dict[str, str]], body: bytes) -> None:
    """Six bodies at once of two callers, whatever they are of."""

    def ask(name: str) -> int:
        with caller(small, tokens, name) as client:
            return client.post(PREDICT, content=body, headers=JSON).status_code

    with ThreadPoolExecutor(6) as pool:
        statuses = set(pool.map(ask, ["greedy", "modest"] * 3))
    assert statuses <= {200, 400, 503}
    assert statuses & {200, 400}
    assert _peak(small) < AT_REST + FACTOR * IN_FLIGHT


def _varint(number: int) -> bytes:
    written = b""
    while number > 127:
        written, number = written + bytes([number & 127 | 128]), number >> 7
    return written + bytes([number])


def _field(number: int, content: bytes) -> bytes:
    """A field of a message of gRPC."""
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _input(contents: bytes, shape: bytes = b"", name: bytes = b"features", datatype: bytes = b"BYTES") -> bytes:
    return _field(5, _field(1, name) + _field(2, datatype) + _field(3, shape) + _field(5, contents))


def _broken(rows: int) -> bytes:
    """A message of the right form in which no value is a number."""
    values = {b"features": (_varint(rows) + _varint(WIDTH), WIDTH), b"days_seen": (_varint(rows), 1)}
    return b"".join(
        _input(_field(6, b"\x00\x00\x80\x7f" * (rows * columns)), shape, name, b"FP32")
        for name, (shape, columns) in values.items()
    )


LARGEST = BODY * MIB // DENSEST  # bytes of a message
HALF = LARGEST // 2 - 100
DENSE_MESSAGES = {
    "empty texts": (_input(b"\x42\x00" * HALF), "datatype"),
    "short texts": (_input(b"\x42\x03abc" * (LARGEST // 5 - 100)), "datatype"),
    "whole numbers": (_input(_field(2, b"\x01" * (LARGEST - 100))), "datatype"),
    "long whole numbers": (_input(_field(3, b"\x01" * (LARGEST - 100))), "datatype"),
    "yes and no": (_input(_field(1, b"\x01" * (LARGEST - 100))), "datatype"),
    "infinities": (_broken(LARGEST // 4 // (WIDTH + 1) - 10), "features.data"),
    "shapes": (_input(b"", b"\x01" * (LARGEST - 100)), f"shape: {LARGEST - 100:,} of them"),
    "inputs": (b"\x2a\x00" * HALF, f"inputs: {HALF:,} of them. At most 64."),
    "outputs": (b"\x32\x00" * HALF, f"outputs: {HALF:,} of them"),
    "raw": (b"\x3a\x00" * HALF, f"raw_input_contents: {HALF:,} of them"),
    "parameters": (
        b"".join(_field(4, _field(1, b"%06x" % i)) for i in range(LARGEST // 12)),
        f"parameters: {LARGEST // 12:,}",
    ),
}


def test_memory_stays_below_the_formula_over_grpc(
    bundle: Path, tokens: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    """Eight of the largest messages at once of two callers: what a small message becomes as it is read counts."""
    import grpc as library

    limits = ("--max-body-mib", str(BODY), "--max-inflight-mib", str(IN_FLIGHT))
    with started(bundle, tmp_path, "--tokens", str(tokens[0]), *limits) as server:
        with library.insecure_channel(server.grpc) as channel, ThreadPoolExecutor(8) as pool:
            ask = channel.stream_unary("/inference.GRPCInferenceService/ModelInfer")

            def says(name: str, message: bytes) -> str:
                with pytest.raises(library.RpcError) as failed:
                    ask(
                        iter([message + _field(1, b"learner-risk")]),
                        metadata=[("authorization", f"Bearer {tokens[1][name]}")],
                        timeout=60,
                    )
                assert failed.value.code().name in ("INVALID_ARGUMENT", "UNAVAILABLE")
                return str(failed.value.details())

            before = _peak(server)
            for kind, (message, expected) in DENSE_MESSAGES.items():
                errors = list(pool.map(says, ["greedy", "modest"] * 4, [message] * 8))
                assert any(expected in error for error in errors), (kind, errors)
                sys.stderr.write(f"{kind}: {_peak(server) - before:.0f} MiB more, of {FACTOR * IN_FLIGHT}\n")
        assert _peak(server) < AT_REST + FACTOR * IN_FLIGHT


def _peak(server: Server) -> float:
    """MiB of resident memory."""
    return int(next(line for line in _status(server) if line.startswith("VmHWM")).split()[1]) / 1024


def _status(server: Server) -> list[str]:
    return Path(f"/proc/{server.process.pid}/status").read_text().splitlines()


def test_http_and_grpc_share_a_callers_rate(bundle: Path, tokens: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    import grpc as library

    with (
        started(bundle, tmp_path, "--tokens", str(tokens[0]), "--rate", "2") as server,
        library.insecure_channel(server.grpc) as channel,
        caller(server, tokens, "often") as often,
        caller(server, tokens, "modest") as modest,
    ):
        ask = Grpc(channel, tokens[1]["often"])
        goes_on(often)
        assert ask.ask("ModelInfer", ask.request()) == ("OK", "")
        status, details = ask.ask("ModelInfer", ask.request())
        assert status == "RESOURCE_EXHAUSTED"
        assert "often has asked 2 times" in details
        refused(often.post(INFER, json={}), 429, "often has asked 2 times")
        goes_on(modest)


def test_grpc_takes_room_before_it_reads_and_gives_it_back(small: Server, tokens: tuple[Path, dict[str, str]]) -> None:
    """One that sends nothing holds an eighth of what a caller may; eight of them all of it."""
    import grpc as library

    never = threading.Event()
    with library.insecure_channel(small.grpc) as channel, caller(small, tokens, "greedy") as greedy:
        ask = channel.stream_unary("/inference.GRPCInferenceService/ModelInfer")

        def nothing_yet() -> Iterator[bytes]:
            never.wait(60)
            yield from ()

        def begin() -> Any:
            return ask.future(nothing_yet(), metadata=[("authorization", f"Bearer {tokens[1]['greedy']}")])

        calls = [begin() for _ in range(DENSEST - 1)]
        time.sleep(0.5)
        goes_on(greedy)
        calls.append(begin())
        time.sleep(0.5)
        refused(greedy.post(PREDICT, json={"instances": [EXTRACT]}), 503, "no room in memory")
        for call in calls:
            call.cancel()
        never.set()
        goes_on(greedy)


def test_grpc_without_room_is_busy_and_no_failure_of_the_trail(
    small: Server, tokens: tuple[Path, dict[str, str]]
) -> None:
    import grpc as library

    with (
        socket.create_connection(("127.0.0.1", small.port)) as slow,
        library.insecure_channel(small.grpc) as channel,
    ):
        slow.sendall(head(tokens, "greedy", BODY * MIB))
        time.sleep(0.3)
        ask = Grpc(channel, tokens[1]["greedy"])
        status, says = ask.ask("ModelInfer", ask.request())
        assert (status, "no room in memory" in says) == ("UNAVAILABLE", True)
    text = httpx.get(f"{small.url}/metrics", trust_env=False).text
    assert 'outcome="busy",route="infer over gRPC"} 1.0' in text
    assert 'outcome="unavailable",route="infer over gRPC"} 0.0' in text


NOT_READY = """
import signal
from earlybell.cli.main import main
from serving.runtime.model import LearnerRisk

load = LearnerRisk.load

def loaded(model):
    signal.signal(signal.SIGUSR1, lambda *_: setattr(model, "ready", False))
    return load(model)

LearnerRisk.load = loaded
main()
"""


def test_a_model_that_is_not_ready_is_no_failure_of_the_trail(bundle: Path, tmp_path: Path) -> None:
    import grpc as library

    program = (sys.executable, "-c", NOT_READY)
    with started(bundle, tmp_path, program=program) as server, library.insecure_channel(server.grpc) as channel:
        server.process.send_signal(signal.SIGUSR1)
        time.sleep(0.5)
        for path in (PREDICT, EXPLAIN, INFER):
            refused(httpx.post(f"{server.url}{path}", json={"instances": []}, trust_env=False), 503, "not ready")
        ask = Grpc(channel)
        assert ask.ask("ModelInfer", ask.request())[0] == "UNAVAILABLE"
        text = httpx.get(f"{server.url}/metrics", trust_env=False).text
    for route in ("predict", "explain", "infer", "infer over gRPC"):
        assert f'outcome="not ready",route="{route}"}} 1.0' in text
        assert f'outcome="unavailable",route="{route}"}} 0.0' in text


def test_a_message_larger_than_an_eighth_of_a_body_is_too_large(
    small: Server, tokens: tuple[Path, dict[str, str]]
) -> None:
    import grpc as library

    with library.insecure_channel(small.grpc) as channel:
        ask = Grpc(channel, tokens[1]["greedy"])
        status, says = ask.ask("ModelInfer", ask.request(id="x" * (LARGEST + 1)))
        assert status == "RESOURCE_EXHAUSTED"
        assert f"{LARGEST}" in says


def class_of(learners: int) -> dict[str, Any]:
    enrolments = [{"learner_id": f"{i:032x}", "enrolled_at": "2026-01-20T09:00:00Z"} for i in range(learners)]
    tables = {name: EXTRACT[name] for name in ("as_of", "courses", "assessments")}
    return {"instances": [tables | {"enrolments": enrolments}]}


def test_requests_whose_clients_went_away_delay_nobody(small: Server, tokens: tuple[Path, dict[str, str]]) -> None:
    """The same caller's: nothing else stands between them and the class of 30."""
    long = json.dumps(class_of(1500)).encode()
    with caller(small, tokens, "modest") as modest:
        for path in (EXPLAIN, PREDICT):
            for _ in range(6):
                with socket.create_connection(("127.0.0.1", small.port)) as gone:
                    gone.sendall(head(tokens, "modest", len(long), path) + long)
                    time.sleep(0.1)
        began = time.monotonic()
        assert modest.post(PREDICT, json=class_of(30)).status_code == 200
        assert time.monotonic() - began < 5
        text = modest.get("/metrics").text
    assert 'outcome="client gone",route="explain"} 6.0' in text


def test_a_greedy_caller_does_not_starve_a_modest_one(small: Server, tokens: tuple[Path, dict[str, str]]) -> None:
    stop = threading.Event()

    def flood(body: dict[str, Any]) -> None:
        with caller(small, tokens, "greedy") as greedy:
            while not stop.is_set():
                greedy.post(EXPLAIN, json=body)

    with ThreadPoolExecutor(8) as pool, caller(small, tokens, "modest") as modest:
        requests = [pool.submit(flood, class_of(150)) for _ in range(8)]
        time.sleep(2)
        began = time.monotonic()
        for _ in range(3):
            assert modest.post(PREDICT, json=class_of(30)).status_code == 200
        seconds = (time.monotonic() - began) / 3
        alone = time.monotonic()
        stop.set()
        for request in requests:
            request.result(60)
        drained = time.monotonic() - alone
    assert seconds < max(1.5, drained / 2)
