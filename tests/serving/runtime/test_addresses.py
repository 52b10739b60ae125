"""On which addresses a server listens: of IPv6 too, and of both."""

import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.apiserver import missing
from tests.serving.running import Server, free_ports, started

pytestmark = pytest.mark.usefixtures("serving", "ipv6")
V4, V6 = "127.0.0.1", "[::1]"


@pytest.fixture(scope="module")
def ipv6() -> None:
    """Skips where this machine has no loopback of IPv6."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        missing(f"this machine has no IPv6: {error}")


def answers(server: Server, host: str) -> tuple[bool, bool]:
    """Whether it answers at an address over HTTP, and over gRPC."""
    from grpc import FutureTimeoutError, channel_ready_future, insecure_channel

    port = server.grpc.rpartition(":")[2]
    try:
        status = httpx.get(f"http://{host}:{server.port}/v2/health/ready", trust_env=False).status_code
    except httpx.ConnectError:
        status = 0
    with insecure_channel(f"{host}:{port}", options=[("grpc.enable_http_proxy", 0)]) as channel:
        try:
            channel_ready_future(channel).result(timeout=5)
        except FutureTimeoutError:
            return status == 200, False
    return status == 200, True


@pytest.mark.parametrize("workers", [1, 2])
def test_two_colons_are_all_addresses_of_both_kinds(bundle: Path, tmp_path: Path, workers: int) -> None:
    with started(bundle, tmp_path, "--host", "::", "--workers", str(workers)) as server:
        assert [answers(server, host) for host in (V4, V6)] == [(True, True), (True, True)]


def test_an_address_of_ipv6_is_that_one_alone(bundle: Path, tmp_path: Path) -> None:
    with started(bundle, tmp_path, "--host", "::1", at=V6) as server:
        assert [answers(server, host) for host in (V4, V6)] == [(False, False), (True, True)]


@pytest.mark.parametrize(("host", "shown"), [("::", "[::]"), ("::1", "[::1]")])
def test_a_port_that_is_taken_is_said_with_its_address_in_brackets(
    bundle: Path, tmp_path: Path, host: str, shown: str
) -> None:
    grpc = free_ports(1)[0]
    with socket.create_server((host, 0), family=socket.AF_INET6) as taken:
        port = taken.getsockname()[1]
        words = [
            "serve",
            str(bundle),
            "--no-tokens",
            "--host",
            host,
            "--http-port",
            str(port),
            "--grpc-port",
            str(grpc),
        ]
        command = [str(Path(sys.executable).with_name("earlybell")), *words, "--trail", f"sqlite:{tmp_path}/trail.db"]
        done = subprocess.run(command, text=True, capture_output=True, timeout=60)
    assert done.returncode == 2
    assert f"{shown}:{port}" in done.stderr
