"""Servers to measure, each a process on a port of its own: ours, and KServe's scikit-learn server."""

import contextlib
import http.client
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import measure

PREDICT, INFER = "/v1/models/learner-risk:predict", "/v2/models/learner-risk/infer"
ROWS = 50  # different feature vectors that are asked about
READY = "/v2/models/learner-risk/ready"
_LONGEST_START = 120.0  # seconds


@dataclass(frozen=True)
class Server:
    """A server that is ready; `seconds` from its process' start until then."""

    process: subprocess.Popen[bytes]
    port: int
    seconds: float

    @property
    def resident_mib(self) -> float:
        """Memory that it holds now."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return round(next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024, 1)

    @property
    def cpu_seconds(self) -> float:
        """Processor time that it has used, all its threads together."""
        return measure.cpu_seconds(self.process.pid)

    def post(self, path: str, body: bytes) -> bytes:
        """The answer to one request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("POST", path, body, {"content-type": "application/json"})
        with contextlib.closing(connection):
            return connection.getresponse().read()

    def kill(self) -> None:
        """As `kill -9` does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@contextmanager
def ours(bundle: Path, trail: str, log: Path) -> Iterator[Server]:
    """`earlybell serve` of a bundle, without tokens and with no limit on the rate that matters here."""
    options = ["--no-tokens", "--grpc-port", "0", "--rate", str(10**9), "--trail", trail]
    command = [str(Path(sys.executable).with_name("earlybell")), "serve", str(bundle), *options, "--http-port"]
    with _running(command, log) as server:
        yield server


@contextmanager
def theirs(examples: Path, log: Path) -> Iterator[Server]:
    """`bench.forest_server`."""
    with _running([sys.executable, "-m", "bench.forest_server", str(examples)], log) as server:
        yield server


@contextmanager
def _running(command: list[str], log: Path) -> Iterator[Server]:
    port = _free_port()
    with log.open("ab") as out:
        began = time.monotonic()
        process = subprocess.Popen([*command, str(port)], stdout=out, stderr=out)  # noqa: S603
        try:
            _wait(process, port, log, began + _LONGEST_START)
            yield Server(process, port, time.monotonic() - began)
        finally:
            process.terminate()
            process.wait(60)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], port: int, log: Path, until: float) -> None:
    while not _is_ready(port):
        if process.poll() is not None or time.monotonic() > until:
            sys.exit(f"bench: a server does not start:\n{log.read_text()[-2000:]}")
        time.sleep(0.02)


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", READY)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
