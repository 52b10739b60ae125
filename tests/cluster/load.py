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


def ask(connection: http.client.HTTPConnection, body: bytes, asked: dict[str, Any]) -> dict[str, Any]:
    """One request: its id, when it began (s since 1970), ms, status (0: no answer) and the version that answered."""
    known = {"id": str(uuid.uuid4()), "at": time.time()}
    headers = {"content-type": "application/json", "x-request-id": known["id"], "host": asked["host"]}
    if asked.get("token"):
        headers["authorization"] = f"Bearer {asked['token']}"
    began = time.perf_counter()
    try:
        connection.request("POST" if body else "GET", asked["path"], body or None, headers)
        response = connection.getresponse()
        said, status = response.read(), response.status
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        said, status = repr(error).encode(), 0
    found = re.search(rb'"model_version": ?"([^"]*)"', said)
    known |= {
        "ms": (time.perf_counter() - began) * 1000,
        "status": status,
        "version": found[1].decode() if found else "",
    }
    return known if status == 200 else known | {"said": said[:300].decode(errors="replace")}


def worker(due: Iterator[float], body: bytes, asked: dict[str, Any], over: threading.Event) -> None:
    connection = connect(asked["address"], asked.get("timeout", 60))
    for moment in due:  # taken by all workers: each moment is one worker's
        time.sleep(max(0.0, moment - time.monotonic()))
        if over.is_set():
            return
        sys.stdout.write(json.dumps(ask(connection, body, asked)) + "\n")  # one write: lines stay whole
        sys.stdout.flush()


def main(asked: dict[str, Any]) -> None:
    """At `rate` a second, or as fast as `threads` can: `count` times, over `seconds`, or until standard input ends."""
    body = Path(asked["body"]).read_bytes() if asked.get("body") else b""
    rate, seconds, over = asked.get("rate", 0), asked.get("seconds"), threading.Event()
    number = asked.get("count") or (int(rate * seconds) if seconds else None)
    due = islice(count(time.monotonic(), 1 / rate if rate else 0), number)
    workers = [threading.Thread(target=worker, args=(due, body, asked, over)) for _ in range(asked.get("threads", 1))]
    for one in workers:
        one.start()
    if number is None:
        sys.stdin.read()
        over.set()
    for one in workers:
        one.join()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
