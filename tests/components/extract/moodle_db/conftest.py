"""A PostgreSQL and a MariaDB for the tests of `moodle-db`, and the site by hand in each."""

import importlib.util
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from components.extract import extract
from components.extract.moodle_db.address import PASSWORD as VARIABLE
from tests.components.extract.moodle_db.places import ENGINES, Place, Servers
from tests.components.extract.moodle_db.site import site
from tests.mariadb import PASSWORD, MariaDb, start_mariadb
from tests.postgresql import Server, start_postgresql

OPTIONS = "code=idnumber:^([A-Z]+[0-9]+)"


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Both servers; each is started where a test needs it."""
    for client in ("psycopg", "pymysql"):
        if importlib.util.find_spec(client) is None:
            pytest.skip(f"{client} is not installed (extras postgresql and mysql)")
    started: list[Server | MariaDb] = []

    @cache
    def postgresql() -> Server:
        started.append(server := start_postgresql())
        return server

    @cache
    def mariadb() -> MariaDb:
        started.append(server := start_mariadb())
        return server

    yield Servers(postgresql, mariadb)
    for server in started:
        server.remove()


@pytest.fixture(scope="session", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def by_hand(servers: Servers, engine: str) -> Place:
    """The site by hand, which no test changes."""
    return servers.make(engine, site())


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's server of the tests trusts everybody, MariaDB's asks for it."""
    monkeypatch.setenv(VARIABLE, PASSWORD)


@pytest.fixture(scope="session")
def tables(by_hand: Place, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What extraction makes of the site by hand, with ids kept."""
    out = tmp_path_factory.mktemp("moodle") / "tables"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, PASSWORD)
        extract([by_hand.source(OPTIONS)], out, key=None, ids="keep")
    return out
