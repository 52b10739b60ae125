"""Where entries lie: SQLite or PostgreSQL, with the same tables in both.

`trail_chain` is never changed and never shortened (triggers hold it); `trail_payload` is never changed, and a row of it
leaves only when a learner is erased.
"""

import os
import re
import socket
import sqlite3
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import wait
from contextlib import AbstractContextManager, contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any, Self, TypeVar

from earlybell.clock import Hand, HungError, within
from earlybell.errors import MissingPackageError, SettingError, TrailError
from earlybell.trail.chain import Entry

FORMAT = 1
TIMEOUT = 10.0  # seconds to wait for a store
RECORDS_A_SECOND = 1000  # that a store takes at least
_AT_ONCE = 1000  # rows of one fetch
_ENDS_IN = 1.0  # seconds until a call has noticed that it was abandoned
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
_POOLER = {  # what PgBouncer says, and what to do
    "unsupported startup parameter": "Leave it out of the address, and set it by ALTER ROLE or ALTER DATABASE.",
    "statement pooling mode": "Set its pool_mode to transaction or session.",
}
_T = TypeVar("_T")
_FORBIDDEN = (("trail_chain", "UPDATE"), ("trail_chain", "DELETE"), ("trail_payload", "UPDATE"))
_SQLITE_TRIGGERS = [
    f"CREATE TRIGGER IF NOT EXISTS {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
    "BEGIN SELECT RAISE(ABORT, 'the trail is append-only'); END"
    for table, verb in _FORBIDDEN
]
_POSTGRESQL_TRIGGERS = [
    "CREATE OR REPLACE FUNCTION trail_refuses() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'the trail is append-only'; END $$"
] + [
    f"CREATE OR REPLACE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
    "FOR EACH STATEMENT EXECUTE FUNCTION trail_refuses()"
    for table, verb in (*_FORBIDDEN, ("trail_chain", "TRUNCATE"), ("trail_payload", "TRUNCATE"))
]


class StoreError(Exception):
    """The store is away or refuses; it may be tried again."""


class ConnectionLostError(StoreError):
    """The connection is gone, as after a restart of the store: another one may find it there."""


class StoreHungError(StoreError):
    """It has not answered in its time. It may still do what it was asked for."""


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

    @abstractmethod
    def abandon(self) -> None:
        """From another thread: let a call that waits for the store end, as far as that can be done."""

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
        with self.snapshot():  # in a transaction, as all that follows: some poolers have none
            versions = [version for (version,) in self.execute("SELECT version FROM trail_format")]
        if versions != [FORMAT]:
            way_out = f"This version of Earlybell reads format {FORMAT}: use the one that wrote the trail."
            raise TrailError(f"trail {shown(address)} is of another format", versions, way_out)


def open_store(address: str) -> Store:
    """A trail that is there, to read or to erase. However long a statement takes, it is waited for as long as the store
    answers others; a store that hangs is a StoreError.

    Raises:
        TrailError: there is none, it cannot be reached, or it is of another format.
        SettingError: the address names no store.
        MissingPackageError: PostgreSQL's client is not installed.
    """
    try:
        return _Watched(address)
    except (StoreError, HungError) as error:
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
        self._timeout, self._abandoned = timeout, False
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
                if self._abandoned:
                    raise StoreError("nobody waits for it any longer")
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

    def abandon(self) -> None:
        self._abandoned = True
        with suppress(sqlite3.Error):
            self._connection.interrupt()


class _Postgresql(Store):
    """What is set, is set for a transaction, and nothing is prepared: a pooler may give each one another session."""

    def __init__(self, address: str, timeout: float) -> None:
        self._psycopg, self._timeout = _psycopg(), timeout
        waits = {"connect_timeout": max(2, round(timeout)), "tcp_user_timeout": round(1000 * timeout)}
        options = self._options(address)
        with self._errors():
            settings: dict[str, Any] = {"application_name": "earlybell-trail", **waits, **options}
            self._connection = self._psycopg.connect(**settings, autocommit=True, prepare_threshold=None)

    def _options(self, address: str) -> dict[str, Any]:
        """What the address says. Where it cannot be read, PostgreSQL's message would show parts of a password."""
        try:
            options: dict[str, Any] = self._psycopg.conninfo.conninfo_to_dict(address)
        except self._psycopg.Error:
            options = {"port": "not read"}
        if not re.fullmatch(r"[\d,]*", str(options.get("port", ""))):
            way_out = "Write user and password percent-encoded, or leave the password to PGPASSWORD or .pgpass."
            raise SettingError("address of a trail cannot be read", shown(address), way_out)
        return options

    def create(self) -> None:
        with self.transaction():
            self.execute("SELECT pg_advisory_xact_lock(hashtext('earlybell trail'))")
            if self.execute("SELECT to_regclass('trail_format') IS NOT NULL") == [(True,)]:
                return
            for statement in [*_TABLES.format(bytes="BYTEA").split(";"), *_POSTGRESQL_TRIGGERS]:
                self.execute(statement)
            self.execute("INSERT INTO trail_format VALUES (?)", (FORMAT,))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._transaction(self._timeout):
            yield

    @contextmanager
    def _transaction(self, seconds: float) -> Iterator[None]:
        with self._errors(), self._connection.transaction():
            self.execute(f"SET LOCAL statement_timeout TO {round(1000 * seconds)}")
            self.execute("SET LOCAL synchronous_commit TO on")
            yield

    def write(self, entries: Sequence[Entry]) -> None:
        seconds = self._timeout + len(entries) / RECORDS_A_SECOND  # for all: it may count them as one statement
        with self._errors(), self._connection.pipeline(), self._transaction(seconds):  # one round trip
            self.add(entries)

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
        self.execute("VACUUM trail_payload")

    def close(self) -> None:
        self._connection.close()

    def abandon(self) -> None:
        with suppress(OSError, self._psycopg.Error), socket.socket(fileno=os.dup(self._connection.fileno())) as wire:
            wire.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except self._psycopg.Error as error:
            message = " ".join(str(error).split())
            for refused, way_out in _POOLER.items():
                if refused in message:
                    raise SettingError("a pooler before the trail's store refuses", message, way_out) from error
            raise self._kind()(message) from error

    def _kind(self) -> type[StoreError]:
        connection = getattr(self, "_connection", None)  # there is none while it is made
        return ConnectionLostError if connection and connection.broken else StoreError


class _Watched(Store):
    """A store that may be busy for long, but must not hang: while a call lasts, another connection asks."""

    def __init__(self, address: str) -> None:
        self._address, self._hand, self._hangs = address, Hand("earlybell-trail-reader"), False
        self._store = within(2 * TIMEOUT, lambda: connect(address, create=False))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._within(self._store.transaction()):
            yield

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        with self._within(self._store.snapshot()):
            yield

    def execute(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        return self._run(lambda: self._store.execute(sql, values))

    def many(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        self._run(lambda: self._store.many(sql, rows))

    def rows(self, sql: str, values: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        rows = self._store.rows(sql, values)
        while batch := self._run(lambda: list(islice(rows, _AT_ONCE))):
            yield from batch

    def clean(self) -> None:
        self._run(self._store.clean)

    def close(self) -> None:
        with suppress(StoreError, HungError):
            self._hand.call(self._store.close, TIMEOUT)
        self._hand.end()

    def abandon(self) -> None:
        self._store.abandon()

    def _run(self, function: Callable[[], _T]) -> _T:
        if self._hangs:
            raise StoreError("it hangs")
        future = self._hand.start(function)
        while not wait([future], TIMEOUT).done:
            try:
                within(TIMEOUT, lambda: _probe(self._address))
            except HungError:
                self._hangs = True
                self.abandon()
                wait([future], _ENDS_IN)
                raise StoreError(f"it hangs: another connection was not answered within {TIMEOUT:g} seconds") from None
            except (StoreError, OSError):
                continue  # it answers, if only to refuse
        return future.result()

    @contextmanager
    def _within(self, context: AbstractContextManager[None]) -> Iterator[None]:
        self._run(context.__enter__)
        try:
            yield
        except BaseException as error:
            how = type(error), error, error.__traceback__
            if not self._hangs:
                self._run(lambda: context.__exit__(*how))
            else:
                with suppress(StoreError, HungError):  # it says again that the connection is gone
                    self._hand.call(lambda: context.__exit__(*how), _ENDS_IN)
            raise
        self._run(lambda: context.__exit__(None, None, None))


def _probe(address: str) -> None:
    """Returns when the store has answered, on its disk too where that is ours."""
    if is_sqlite(address):
        with sqlite_path(address).open("rb") as file:
            os.fsync(file.fileno())
    else:
        connect(address, create=False).close()


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
