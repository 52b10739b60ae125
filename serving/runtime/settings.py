"""What a runtime is told: plain data, which its worker processes get too."""

from dataclasses import dataclass
from pathlib import Path
from socket import AF_INET, AF_INET6, create_server

from earlybell.errors import SettingError

MODEL_NAME = "learner-risk"
DENSEST = 8  # bytes of usual JSON that need as much memory as a byte of a message of gRPC


@dataclass(frozen=True)
class Limits:
    """What one request, and one caller, may cost.

    Attributes:
        body_bytes: of a request's body.
        rows: of all tables of a request together; of V2, of the feature matrix.
        seconds: to send a body, and to answer it.
        requests_a_minute: of one caller, in each worker process.
        bytes_in_flight: of all bodies that a process holds at once; one caller has `body_bytes` of them.
    """

    body_bytes: int = 64 * 2**20
    rows: int = 1_000_000
    seconds: float = 30.0
    requests_a_minute: int = 6000
    bytes_in_flight: int = 96 * 2**20

    @property
    def message_bytes(self) -> int:
        """Of a message of gRPC."""
        return self.body_bytes // DENSEST


@dataclass(frozen=True)
class Settings:
    """Where the runtime listens, what it serves, who may ask, and where it leaves records.

    Attributes:
        bundle: folder of a sealed bundle, or one that holds it as its only folder, as storage initializers may.
        model_version: what answers and records say; without it the first characters of the bundle's digest.
        bundle_digest: that the bundle must have; empty: it is not asked.
        tokens: file of who may ask; None: anybody.
        trail: address of the audit trail; see `earlybell.trail.open_trail` for this and the three below.
        mirror: address of a challenger that gets a copy of each request; empty: none.
        mirror_token: what the challenger asks for.
    """

    bundle: Path
    trail: str
    model_version: str = ""
    bundle_digest: str = ""
    host: str = "127.0.0.1"
    http_port: int = 8080
    grpc_port: int = 8081
    workers: int = 1
    tokens: Path | None = None
    trail_anchors: str = ""
    trail_journal: Path | None = None
    mirror: str = ""
    mirror_token: str = ""
    limits: Limits = Limits()


def address(host: str, port: int) -> str:
    """An address as it is written: one of IPv6 in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def check_free(host: str, port: int) -> None:
    """Raises:
    SettingError: nobody can listen there.
    """
    family = AF_INET6 if ":" in host else AF_INET
    try:
        create_server((host, port), family=family, dualstack_ipv6=host == "::").close()
    except OSError as error:
        way_out = f"{error.strerror}: name another port, or an address of this machine."
        raise SettingError("cannot listen at", address(host, port), way_out) from None
