"""A place for a trail in each store; PostgreSQL is started here, from Debian's package, where it is installed."""

import importlib.util
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.earlybell.trail.places import Place, postgresql_place, sqlite_place
from tests.postgresql import Server, start_postgresql

_numbers = count()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """One server for all tests of a session."""
    if importlib.util.find_spec("psycopg") is None:
        pytest.skip("psycopg is not installed (extra postgresql)")
    server = start_postgresql()
    yield server
    server.remove()


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A place for a new trail in each store."""
    if request.param == "sqlite":
        return sqlite_place(tmp_path)
    server: Server = request.getfixturevalue("postgresql")
    return postgresql_place(tmp_path, server.address, f"trail_{next(_numbers)}")
