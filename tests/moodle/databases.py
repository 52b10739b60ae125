"""Databases for a Moodle of the tests, each on a server of its own, which ends with the block."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial

from components.extract.moodle_db import read_address, script
from tests import mariadb, postgresql

NAME = "moodle"
READER = "reader"


@dataclass(frozen=True)
class Database:
    """A database without a table.

    Attributes:
        type: as $CFG->dbtype.
        engine: as in the address of `moodle-db`.
        user: may do everything.
        password: of all users.
        run: runs statements as its administrator.
        let_in: the statement that gives the reader its password, as the head of the script says; empty: it needs none.
    """

    type: str
    engine: str
    port: int
    user: str
    password: str
    run: Callable[[str], None]
    let_in: str = ""

    def source(self, options: str) -> str:
        """The address of `moodle-db` for a role that may read what the script grants, and nothing else."""
        place = f"{self.engine}://{READER}@127.0.0.1:{self.port}/{NAME}?{options}"
        self.run(script(read_address(place)) + self.let_in)
        return f"moodle-db:{place}"


Make = Callable[[], AbstractContextManager[Database]]


@contextmanager
def on_postgresql(**settings: str) -> Iterator[Database]:
    server = postgresql.start_postgresql(fsync="off", full_page_writes="off", synchronous_commit="off", **settings)
    try:
        # Not the server's own user: the script's schema has its name, and would come first in its search path.
        server.run("postgres", f"CREATE ROLE {NAME} LOGIN SUPERUSER; CREATE DATABASE {NAME} OWNER {NAME}")
        run = partial(server.run, NAME)
        yield Database("pgsql", "postgresql", server.port, NAME, "none", run)
    finally:
        server.remove()


@contextmanager
def on_mariadb() -> Iterator[Database]:
    server = mariadb.start_mariadb()
    try:
        server.run(f"CREATE DATABASE {NAME} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")
        let_in = f"ALTER USER '{READER}'@'%' IDENTIFIED BY '{mariadb.PASSWORD}' ACCOUNT UNLOCK;"
        yield Database("mariadb", "mysql", server.port, mariadb.USER, mariadb.PASSWORD, server.run, let_in)
    finally:
        server.remove()
