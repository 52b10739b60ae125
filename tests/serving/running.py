"""A server as its users run it: `earlybell serve` in a process of its own, on free ports of this machine."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from typer.testing import CliRunner

from earlybell.cli.main import app

EARLYBELL = (Path(sys.executable).with_name("earlybell"),)
READY_IN = 60.0  # seconds; it takes two or three on a machine that does nothing else
ENDED_IN = 30.0


@dataclass(frozen=True)
class Server:
    """A server that runs.

    Attributes:
        url: base of its addresses over HTTP.
        grpc: host and port of gRPC.
        trail: address of its audit trail.
        log: file of what it writes.
        process: the server itself.
    """

    url: str
    grpc: str
    trail: str
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])


@contextmanager
def started(
    bundle: Path, folder: Path, *options: str, at: str = "127.0.0.1", program: Sequence[str | Path] = EARLYBELL
) -> Iterator[Server]:
    """A server of the bundle that is ready; it is ended by SIGTERM, and by SIGKILL if that does not do.

    Args:
        folder: where its trail and its log go.
        options: further ones of `earlybell serve`; without --tokens anybody may ask.
        at: address at which it is asked.
        program: what is started, with the words of a command line.
    """
    http_port, grpc_port = free_ports(2)
    trail, log = f"sqlite:{folder / 'trail.db'}", folder / "server.log"
    words = ["serve", str(bundle), "--http-port", str(http_port), "--grpc-port", str(grpc_port), "--trail", trail]
    access = [] if "--tokens" in options else ["--no-tokens"]
    environment = os.environ | {"EARLYBELL_HOME": str(folder / "home")}
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*program, *words, *access, *options],
            stdout=out,
            stderr=out,
            env=environment,
        )
    try:
        server = Server(f"http://{at}:{http_port}", f"{at}:{grpc_port}", trail, log, process)
        _wait(server)
        yield server
    finally:
        end(process)


@contextmanager
def started_guarded(bundle: Path, folder: Path) -> Iterator[tuple[Server, str]]:
    """A server that asks for a token, and a token of the caller `moodle`."""
    tokens = folder / "tokens.json"
    ran = CliRunner().invoke(app, ["token", "moodle", "--file", str(tokens), "--days", "1"])
    assert ran.exit_code == 0, ran.output
    with started(bundle, folder, "--tokens", str(tokens)) as server:
        yield server, ran.stdout.split()[-1]


def end(process: subprocess.Popen[bytes]) -> int:
    """End it, as Kubernetes does; its exit code."""
    process.terminate()
    try:
        return process.wait(ENDED_IN)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def free_ports(count: int) -> list[int]:
    """Ports of this machine where nothing listens."""
    sockets = [socket.socket() for _ in range(count)]
    for listener in sockets:
        listener.bind(("127.0.0.1", 0))
    ports = [int(listener.getsockname()[1]) for listener in sockets]
    for listener in sockets:
        listener.close()
    return ports


def _wait(server: Server) -> None:
    until = time.monotonic() + READY_IN
    with httpx.Client(trust_env=False, verify=False) as client:  # noqa: S501 - a new one each time reads certificates
        while time.monotonic() < until:
            if server.process.poll() is not None:
                raise RuntimeError(f"the server ended: {server.log.read_text()}")
            try:
                if client.get(f"{server.url}/v2/health/ready").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
    raise RuntimeError(f"the server was not ready in {READY_IN:g} s: {server.log.read_text()}")
