"""Databases of Moodle sites, made on real servers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.components.extract.moodle_db.schema import Row, inserts, statements
from tests.mariadb import PASSWORD, USER, MariaDb
from tests.postgresql import Server

_numbers = count()
ENGINES = ("postgresql", "mysql")


@dataclass(frozen=True)
class Place:
    """A database of a site: `execute` changes it, from a connection of its own, as somebody with all rights."""

    engine: str
    port: int
    user: str
    database: str

    def source(self, options: str = "", user: str | None = None) -> str:
        """The source's address."""
        place = f"{self.engine}://{user or self.user}@127.0.0.1:{self.port}/{self.database}"
        return f"moodle-db:{place}{'?' if options else ''}{options}"

    def execute(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Run a statement and commit it; its rows."""
        with self.connected() as run:
            return run(statement, values)

    @contextmanager
    def connected(self) -> Iterator[Callable[[str, Sequence[object]], list[tuple[Any, ...]]]]:
        """A function that runs a statement, all in one transaction."""
        connection = _connect(self.engine, self.port, self.user, self.database)
        try:
            cursor = connection.cursor()

            def run(statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
                cursor.execute(statement, list(values) or None)
                return list(cursor.fetchall()) if cursor.description else []

            yield run
            connection.commit()
        finally:
            connection.close()

    def disconnect_others(self) -> None:
        """End every other connection to the database, as an administrator or a restart would."""
        if self.engine == "postgresql":
            query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            self.execute(f"{query} AND pid <> pg_backend_pid()")
            return
        query = "SELECT id FROM information_schema.processlist WHERE db = database() AND id <> connection_id()"
        for (number,) in self.execute(query):
            with suppress(Exception):  # it has ended by itself
                self.execute(f"KILL {number}")

    def script(self, text: str) -> None:
        """Run a script of statements, a line each or ended by `;` at a line's end."""
        with self.connected() as run:
            for statement in text.split(";\n"):
                if lines := [line for line in statement.splitlines() if line.strip() and not line.startswith("--")]:
                    run("\n".join(lines), ())


@dataclass(frozen=True)
class Servers:
    """Both servers, started when they are first needed."""

    postgresql: Callable[[], Server]
    mariadb: Callable[[], MariaDb]
    _templates: dict[tuple[str, str], Place] = field(default_factory=dict)

    def make(self, engine: str, rows: Mapping[str, Sequence[Row]], prefix: str = "mdl_") -> Place:
        """A new database with Moodle's tables and these rows; PostgreSQL copies one that it made of the same before."""
        if engine != "postgresql":
            return self._filled(engine, rows, prefix)
        content = prefix, repr(rows)
        if content not in self._templates:
            self._templates[content] = self._filled(engine, rows, prefix)
        return self.empty(engine, self._templates[content])

    def _filled(self, engine: str, rows: Mapping[str, Sequence[Row]], prefix: str) -> Place:
        place = self.empty(engine)
        with place.connected() as run:
            for statement in statements(engine, prefix):
                run(statement, ())
            for table, of_table in rows.items():
                for statement, values in inserts(table, of_table, prefix):
                    run(statement, values)
        return place

    def empty(self, engine: str, template: Place | None = None) -> Place:
        """A new database without a table; or with all that another of PostgreSQL has, to which nobody is connected."""
        name = f"moodle_{next(_numbers)}"
        if engine == "postgresql":
            port, user, first = self.postgresql().port, Server.user, "postgres"
        else:
            port, user, first = self.mariadb().port, USER, "mysql"
        charset = "" if engine == "postgresql" else " CHARACTER SET utf8mb4"
        like = f" TEMPLATE {template.database}" if template else ""
        connection = _connect(engine, port, user, first)
        connection.autocommit = True if engine == "postgresql" else connection.autocommit
        connection.cursor().execute(f"CREATE DATABASE {name}{charset}{like}")
        connection.close()
        return Place(engine, port, user, name)


def _connect(engine: str, port: int, user: str, database: str) -> Any:
    if engine == "postgresql":
        import psycopg

        return psycopg.connect(host="127.0.0.1", port=port, user=user, dbname=database)
    import pymysql

    settings: dict[str, Any] = {"host": "127.0.0.1", "port": port, "user": user, "database": database}
    return pymysql.connect(**settings, password=PASSWORD, charset="utf8mb4", sql_mode="ANSI_QUOTES", autocommit=False)
