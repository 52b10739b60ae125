"""A server that the tests of this folder share."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.earlybell.trail.conftest import postgresql
from tests.serving.running import Server, started

__all__ = ["postgresql"]


@pytest.fixture(scope="session")
def serving() -> None:
    """Skips where the packages that serve are not installed."""
    pytest.importorskip("kserve", reason="kserve is not installed (the extra `serving`)", exc_type=ImportError)


@pytest.fixture(scope="session")
def server(serving: None, bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that lets anybody ask, as often as a machine can."""
    with started(bundle, tmp_path_factory.mktemp("server"), "--rate", "1000000") as running:
        yield running


@pytest.fixture(scope="session")
def client(server: Server) -> Iterator[httpx.Client]:
    """A client of it."""
    with httpx.Client(base_url=server.url, trust_env=False, timeout=60) as opened:
        yield opened
