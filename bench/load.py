"""`python -m bench.load < PLAN`: asks a server over connections that stay open, and prints what came back as JSON.

A process of its own, and HTTP by hand: the less the asking costs, the more of the machine is the server's.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import uvloop


@dataclass(frozen=True)
class Plan:
    """What to ask.

    Attributes:
        asks: path of the URL and file of the body, in turn.
        clients: connections, each of which asks again once it is answered.
        requests: most requests, all clients together.
        seconds: most time; what was begun is finished.
        warm: requests before them that do not count.
        tag: request ids are this and a number; the acknowledged ones (status 200, body read) come back if it is set.
    """

    port: int
    asks: list[tuple[str, str]]
    clients: int
    requests: int
    seconds: float
    warm: int = 0
    tag: str = ""


@dataclass
class Answers:
    """What came back: seconds of each answer by status, connections that broke, and acknowledged request ids."""

    seconds: dict[int, list[float]] = field(default_factory=dict)
    broken: int = 0
    acknowledged: list[str] = field(default_factory=list)


def start(plan: Plan) -> subprocess.Popen[str]:
    """Begin to ask; returns when the first requests leave, and `finish` waits for the end."""
    command = [sys.executable, "-m", "bench.load"]
    started = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603
    assert started.stdin is not None  # noqa: S101 (for the type checker, as below)
    assert started.stdout is not None  # noqa: S101
    started.stdin.write(json.dumps(asdict(plan)))
    started.stdin.close()
    started.stdin = None
    started.stdout.readline()
    return started


def finish(started: subprocess.Popen[str], wait: float) -> dict[str, Any]:
    """What `main` printed, at most so many seconds from now."""
    output = started.communicate(timeout=wait)[0]
    if started.returncode:
        sys.exit("bench: asking a server failed")
    summary: dict[str, Any] = json.loads(output)
    return summary


def run(plan: Plan) -> dict[str, Any]:
    """Ask, and wait for the end."""
    return finish(start(plan), plan.seconds + 120)


async def ask(plan: Plan) -> dict[str, Any]:
    """Requests, seconds, requests a second, p50, p95 and p99 of the answers with status 200 in ms, statuses."""
    bodies = [(path, Path(file).read_bytes()) for path, file in plan.asks]
    await _ask(plan, bodies, range(plan.warm), Answers())
    answers, began = Answers(), time.perf_counter()
    await _ask(plan, bodies, range(plan.requests), answers)
    return _summary(answers, time.perf_counter() - began)


async def _ask(plan: Plan, bodies: list[tuple[str, bytes]], numbers: Iterable[int], answers: Answers) -> None:
    until, shared = time.perf_counter() + plan.seconds, iter(numbers)
    await asyncio.gather(*(_client(plan, bodies, shared, until, answers) for _ in range(plan.clients)))


async def _client(
    plan: Plan, bodies: list[tuple[str, bytes]], numbers: Iterator[int], until: float, answers: Answers
) -> None:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", plan.port)
        for i in numbers:
            request, began = _request(*bodies[i % len(bodies)], f"{plan.tag}-{i}"), time.perf_counter()
            writer.write(request)
            status = await _answer(reader)
            answers.seconds.setdefault(status, []).append(time.perf_counter() - began)
            if plan.tag and status == 200:
                answers.acknowledged.append(f"{plan.tag}-{i}")
            if time.perf_counter() > until:
                break
        writer.close()
    except (OSError, asyncio.IncompleteReadError):  # the server is gone
        answers.broken += 1


def _request(path: str, body: bytes, request_id: str) -> bytes:
    head = ["host: localhost", "content-type: application/json", f"x-request-id: {request_id}"]
    lines = [f"POST {path} HTTP/1.1", *head, f"content-length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


async def _answer(reader: asyncio.StreamReader) -> int:
    """The status, once the whole body has arrived."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0]
    await reader.readexactly(int(length))
    return int(head.split(b" ", 2)[1])


def _summary(answers: Answers, seconds: float) -> dict[str, Any]:
    counts = Counter({status: len(times) for status, times in answers.seconds.items()})
    good = np.array(answers.seconds.get(200) or [np.nan]) * 1000
    percentiles = {f"p{p}_ms": round(float(np.percentile(good, p)), 2) for p in (50, 95, 99)}
    return {
        "requests": counts.total(),
        "seconds": round(seconds, 2),
        "a_second": round(counts.total() / seconds, 1),
        **percentiles,
        "statuses": {str(status): counts[status] for status in sorted(counts)},
        "broken": answers.broken,
        "acknowledged": answers.acknowledged,
    }


if __name__ == "__main__":
    print("asking", flush=True)
    print(json.dumps(uvloop.run(ask(Plan(**json.load(sys.stdin))))))
