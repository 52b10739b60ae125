"""Asks a server and says of each request what came of it, a JSON line each. Runs in a pod: only Python itself is there.

usage: load.py '{"address": "https://10.0.0.1:443", "host": …, "path": …, "token": …, "body": FILE,
                 "rate": 50, "seconds": 10}'
"""

import http.client
import json
import re
import ssl
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


def connect(address: str, timeout: float) -> http.client.HTTPConnection:
    parts = urlsplit(address)
    if parts.scheme == "https":
        trust = ssl.create_default_context()
        trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE  # the tests' certificate is self-signed
        return http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=timeout, context=trust)
    return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)


def ask(connection: http.client.HTTPConnection, body: bytes, request: dict[str, Any]) -> dict[str, Any]:
    """One request: its id, when it began (s since 1970), ms, status (0: no answer) and the version that answered."""
    answer = {"id": str(uuid.uuid4()), "at": time.time()}
    headers = {"content-type": "application/json", "x-request-id": answer["id"], "host": request["host"]}
    if request.get("token"):
        headers["authorization"] = f"Bearer {request['token']}"
    began = time.perf_counter()
    try:
        connection.request("POST" if body else "GET", request["path"], body or None, headers)
        response = connection.getresponse()
        content, status = response.read(), response.status
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        content, status = repr(error).encode(), 0
    match = re.search(rb'"model_version": ?"([^"]*)"', content)
    answer |= {
        "ms": (time.perf_counter() - began) * 1000,
        "status": status,
        "version": match[1].decode() if match else "",
    }
    return answer if status == 200 else answer | {"error": content[:300].decode(errors="replace")}


def worker(due: Iterator[float], body: bytes, request: dict[str, Any], over: threading.Event) -> None:
    connection = connect(request["address"], request.get("timeout", 60))
    for moment in due:  # taken by all workers: each moment is one worker's
        time.sleep(max(0.0, moment - time.monotonic()))
        if over.is_set():
            return
        sys.stdout.write(json.dumps(ask(connection, body, request)) + "\n")  # one write: lines stay whole
        sys.stdout.flush()


def main(request: dict[str, Any]) -> None:
    """At `rate` a second, or as fast as `threads` can: `count` times, over `seconds`, or until standard input ends."""
    body = Path(request["body"]).read_bytes() if request.get("body") else b""
    rate, seconds, over = request.get("rate", 0), request.get("seconds"), threading.Event()
    number = request.get("count") or (int(rate * seconds) if seconds else None)
    due = islice(count(time.monotonic(), 1 / rate if rate else 0), number)
    workers = [
        threading.Thread(target=worker, args=(due, body, request, over)) for _ in range(request.get("threads", 1))
    ]
    for thread in workers:
        thread.start()
    if number is None:
        sys.stdin.read()
        over.set()
    for thread in workers:
        thread.join()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
