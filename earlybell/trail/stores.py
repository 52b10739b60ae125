"""Where entries lie: SQLite or PostgreSQL, with the same tables in both.

`trail_chain` is never changed and never shortened (triggers hold it); `trail_payload` is never changed, and a row of it
leaves only when a learner is erased.
"""

import os
import re
import sqlite3
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from earlybell.errors import MissingPackageError, SettingError, TrailError
from earlybell.trail.chain import Entry

FORMAT = 1
TIMEOUT = 10.0  # seconds to wait for a store
_TABLES = """
CREATE TABLE IF NOT EXISTS trail_format (version INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS trail_chain (
    writer TEXT NOT NULL, seq BIGINT NOT NULL, digest {bytes} NOT NULL, link {bytes} NOT NULL,
    PRIMARY KEY (writer, seq));
CREATE TABLE IF NOT EXISTS trail_payload (
    writer TEXT NOT NULL, seq BIGINT NOT NULL, salt {bytes} NOT NULL, payload TEXT NOT NULL,
    request_id TEXT, course_id TEXT, learner_id TEXT, PRIMARY KEY (writer, seq));
CREATE INDEX IF NOT EXISTS trail_payload_learner ON trail_payload (learner_id, course_id);
CREATE INDEX IF NOT EXISTS trail_payload_request ON trail_payload (request_id)"""
_PLAIN = re.compile(r"(?P<scheme>\w+://)([^@/?#]*@)?(?P<place>[^@/?#:]+(:\d+)?(/[^@/?#:]*)?)([?][^@]*)?")
_KEPT = (("trail_chain", "UPDATE"), ("trail_chain", "DELETE"), ("trail_payload", "UPDATE"))
_SQLITE_TRIGGERS = [
    f"CREATE TRIGGER IF NOT EXISTS {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
    "BEGIN SELECT RAISE(ABORT, 'the trail is append-only'); END"
    for table, verb in _KEPT
]
_POSTGRESQL_TRIGGERS = [
    "CREATE OR REPLACE FUNCTION trail_refuses() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'the trail is append-only'; END $$"
] + [
    f"CREATE OR REPLACE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
    "FOR EACH STATEMENT EXECUTE FUNCTION trail_refuses()"
    for table, verb in (*_KEPT, ("trail_chain", "TRUNCATE"), ("trail_payload", "TRUNCATE"))
]


class StoreError(Exception):
    """The store is away or refuses; it may be tried again."""


class ConnectionLostError(StoreError):
    """The connection is gone, as after a restart of the store: another one may find it there."""


class Store(ABC):
    """One connection; for one thread at a time."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing, durable at its end. StoreError where the store fails; whether it was kept is unknown then."""

    @abstractmethod
    def snapshot(self) -> AbstractContextManager[None]:
        """Within it, reading sees one moment."""

    @abstractmethod
    def execute(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Run one statement; its rows."""

    @abstractmethod
    def many(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """Run one statement a row."""

    @abstractmethod
    def rows(self, sql: str, values: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        """Rows one by one, within `snapshot`."""

    @abstractmethod
    def clean(self) -> None:
        """Let what was deleted leave the disk, as far as the store can."""

    @abstractmethod
    def close(self) -> None:
        """End the connection."""

    def add(self, entries: Sequence[Entry]) -> None:
        """Insert entries, within `transaction`."""
        chain, payload = (
            "INSERT INTO trail_chain VALUES (?, ?, ?, ?)",
            "INSERT INTO trail_payload VALUES (?,?,?,?,?,?,?)",
        )
        self.many(chain, [entry[:4] for entry in entries])
        self.many(payload, [entry[:2] + entry[4:] for entry in entries])

    def write(self, entries: Sequence[Entry]) -> None:
        """`add` in a transaction of its own."""
        with self.transaction():
            self.add(entries)

    def last(self, writer: str) -> int:
        """The last `seq` of a writer; 0 where there is none."""
        ((seq,),) = self.execute("SELECT coalesce(max(seq), 0) FROM trail_chain WHERE writer = ?", (writer,))
        return int(seq)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _check_format(self, address: str) -> None:
        versions = [version for (version,) in self.execute("SELECT version FROM trail_format")]
        if versions != [FORMAT]:
            way_out = f"This version of Earlybell reads format {FORMAT}: use the one that wrote the trail."
            raise TrailError(f"trail {shown(address)} is of another format", versions, way_out)


def open_store(address: str) -> Store:
    """A trail that is there, to read or to erase.

    Raises:
        TrailError: there is none, it cannot be reached, or it is of another format.
        SettingError: the address names no store.
        MissingPackageError: PostgreSQL's client is not installed.
    """
    try:
        return connect(address, create=False)
    except StoreError as error:
        raise TrailError(f"trail {shown(address)} cannot be read", str(error), "Look at its address.") from error


@contextmanager
def reading(address: str) -> Iterator[Store]:
    """`open_store` at one moment; a failure while reading is a TrailError too."""
    with open_store(address) as store:
        try:
            with store.snapshot():
                yield store
        except StoreError as error:
            raise TrailError(f"trail {shown(address)} cannot be read", str(error), "Look at the store.") from error


def connect(address: str, *, create: bool, timeout: float = TIMEOUT) -> Store:
    """A connection to the store of an address, its tables made if asked and missing; errors as `open_store`, but

    Raises:
        StoreError: it cannot be reached.
    """
    store = _Sqlite(sqlite_path(address), create, timeout) if is_sqlite(address) else _Postgresql(address, timeout)
    try:
        if create:
            store.create()
        store._check_format(address)
    except BaseException:
        store.close()
        raise
    return store


def is_sqlite(address: str) -> bool:
    """Whether it is `sqlite:PATH` and not `postgresql://…`.

    Raises:
        SettingError: it is neither.
    """
    if address.startswith("sqlite:") and address != "sqlite:":
        return True
    if not address.startswith(("postgresql://", "postgres://")):
        way_out = "It is sqlite:PATH, or postgresql://USER@HOST/DATABASE."
        raise SettingError("address of a trail names no store", shown(address), way_out)
    return False


def sqlite_path(address: str) -> Path:
    """The file of `sqlite:PATH`."""
    return Path(address.removeprefix("sqlite:"))


def shown(address: str) -> str:
    """The address for a message or a log: without user, password and options; cut short if it is not of plain form."""
    if address.startswith("sqlite:"):
        return address
    plain = _PLAIN.fullmatch(address)
    return "".join(plain.group("scheme", "place")) if plain else f"{address.partition(':')[0]}:…"


def private(path: str, flags: int) -> int:
    """An `opener`: what it makes is its owner's alone, for it holds what learners did. A file's mode stays as it is."""
    return os.open(path, flags, 0o600)


class _Sqlite(Store):
    """In WAL mode with `synchronous = FULL`: a commit is on the disk when it returns."""

    def __init__(self, path: Path, create: bool, timeout: float) -> None:
        if create:
            with suppress(OSError):  # it is there, or cannot be made, which SQLite says next
                open(path, "xb", opener=private).close()  # SQLite's -wal and -shm take its mode
        place = f"{path.absolute().as_uri()}?mode=rw"
        with _sqlite_errors():
            self._connection = sqlite3.connect(
                place, timeout=timeout, isolation_level=None, check_same_thread=False, uri=True
            )
        self._timeout = timeout
        self.execute("PRAGMA synchronous = FULL")
        self.execute("PRAGMA secure_delete = ON")  # an erased payload is overwritten with zeros

    def create(self) -> None:
        self._use_wal()
        with self.transaction():
            for statement in [*_TABLES.format(bytes="BLOB").split(";"), *_SQLITE_TRIGGERS]:
                self.execute(statement)
            self.execute("INSERT INTO trail_format SELECT ? WHERE NOT EXISTS (SELECT * FROM trail_format)", (FORMAT,))

    def _use_wal(self) -> None:
        """SQLite does not wait for a lock where two processes turn to WAL at once, so this does."""
        until = time.monotonic() + self._timeout
        while True:
            try:
                self.execute("PRAGMA journal_mode = WAL")
                return
            except StoreError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.01)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with _sqlite_errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        with _sqlite_errors():
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                self._connection.execute("ROLLBACK")

    def execute(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with _sqlite_errors():
            return self._connection.execute(sql, tuple(values)).fetchall()

    def many(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        with _sqlite_errors():
            self._connection.executemany(sql, rows)

    def rows(self, sql: str, values: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        with _sqlite_errors():
            yield from self._connection.execute(sql, tuple(values))

    def clean(self) -> None:
        self.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        with _sqlite_errors():
            self._connection.close()


class _Postgresql(Store):
    def __init__(self, address: str, timeout: float) -> None:
        self._psycopg = _psycopg()
        waits = {"connect_timeout": max(2, round(timeout)), "tcp_user_timeout": round(1000 * timeout)}
        given = self._given(address)
        with self._errors():
            settings: dict[str, Any] = {"application_name": "earlybell-trail", **waits, **given}
            self._connection = self._psycopg.connect(**settings, autocommit=True)
            self.execute("SELECT set_config('statement_timeout', ?, false)", (f"{round(1000 * timeout)}ms",))
            self.execute("SET synchronous_commit TO on")

    def _given(self, address: str) -> dict[str, Any]:
        """What the address says. Where it cannot be read, PostgreSQL's message would show parts of a password."""
        try:
            given: dict[str, Any] = self._psycopg.conninfo.conninfo_to_dict(address)
        except self._psycopg.Error:
            given = {"port": "not read"}
        if not re.fullmatch(r"[\d,]*", str(given.get("port", ""))):
            way_out = "Write user and password percent-encoded, or leave the password to PGPASSWORD or .pgpass."
            raise SettingError("address of a trail cannot be read", shown(address), way_out)
        return given

    def create(self) -> None:
        with self._errors(), self._connection.transaction():
            self.execute("SELECT pg_advisory_xact_lock(hashtext('earlybell trail'))")
            if self.execute("SELECT to_regclass('trail_format') IS NOT NULL") == [(True,)]:
                return
            for statement in [*_TABLES.format(bytes="BYTEA").split(";"), *_POSTGRESQL_TRIGGERS]:
                self.execute(statement)
            self.execute("INSERT INTO trail_format VALUES (?)", (FORMAT,))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._errors(), self._connection.transaction():
            yield

    def write(self, entries: Sequence[Entry]) -> None:
        with self._errors(), self._connection.pipeline():  # one round trip
            super().write(entries)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        with self._errors(), self._connection.transaction():
            self.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            self.execute("SET LOCAL statement_timeout TO 0")
            yield

    def execute(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self._errors():
            cursor = self._connection.execute(_percent(sql), tuple(values) or None)
            return cursor.fetchall() if cursor.description else []

    def many(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        with self._errors():
            self._connection.cursor().executemany(_percent(sql), rows)

    def rows(self, sql: str, values: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        with self._errors(), self._connection.cursor("trail") as cursor:
            cursor.itersize = 1000
            yield from cursor.execute(_percent(sql), tuple(values) or None)

    def clean(self) -> None:
        self.execute("SET statement_timeout TO 0")
        self.execute("VACUUM trail_payload")

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except self._psycopg.Error as error:
            raise self._kind()(" ".join(str(error).split())) from error

    def _kind(self) -> type[StoreError]:
        connection = getattr(self, "_connection", None)  # there is none while it is made
        return ConnectionLostError if connection and connection.broken else StoreError


def _percent(sql: str) -> Any:
    """Our SQL in the client's style; of our own constants, which its types cannot see."""
    return sql.replace("?", "%s")


@contextmanager
def _sqlite_errors() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(str(error)) from error


def _psycopg() -> Any:
    try:
        import psycopg
    except ImportError as error:
        way_out = "Install it with `pip install earlybell[postgresql]`."
        raise MissingPackageError(
            "a trail in PostgreSQL needs a package that is not installed", "psycopg", way_out
        ) from error
    return psycopg
