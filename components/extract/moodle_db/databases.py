"""The two engines that Moodle runs on: one moment of the database, read as CSV, in pieces that end in time.

PostgreSQL is asked by psycopg, which is here for the trail, with COPY. MySQL and MariaDB are asked by PyMySQL, row by
row as they come: the server makes one text of each row, for Python's time is that of values.
"""

import socket
import ssl
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from components.extract.moodle_db.address import PASSWORD, Address
from components.extract.moodle_db.structure import MoodleColumn
from earlybell.clock import Hand, HungError
from earlybell.errors import ConnectionLostError, MissingPackageError, SettingError, SourceError

SECONDS = 300  # that a piece may take
CONNECT_SECONDS = 10
SCHEMA = "public"  # of Moodle's tables in PostgreSQL; a role may have a schema of its own name before it
_ENDS_IN = 1.0  # seconds until a call has noticed that it was abandoned
_NONE: Any = None  # a connection that is not there yet; its type is its client's
_T = TypeVar("_T")
_LOST = ("57P01", "57P02", "57P03", "08006", "08003", "2013", "2006", "1053", "1927")  # or the server stopped
_WAY_OUT_LOST = "The connection broke, or the server stopped: look at its log, then run this again."
_REFUSED = {  # codes of SQLSTATE and of MySQL, and what to do
    ("42501", "1142", "1143", "1044"): "Run the script of `earlybell moodle-grants` again: the role lacks a grant.",
    ("28P01", "28000", "1045", "1698"): f"Look at the user of the address, and at {PASSWORD} in the environment.",
    ("3D000", "1049"): "Look at the name of the database: $CFG->dbname in Moodle's config.php.",
    ("57014", "3024", "1969"): f"A piece took more than {SECONDS} seconds: read a replica, or at another hour.",
    ("40001", "1412", "42P01", "1146", "42703", "1054"): "Moodle was changed while it was read: run this once its "
    "upgrade is done.",
    _LOST: _WAY_OUT_LOST,
}


class Database(ABC):
    """A connection that sees one moment from its first question on, and cannot write. Use it as a context.

    Attributes:
        questions: how many statements it was asked.
        now: SQL of its clock, in seconds since 1970.
    """

    now: str

    def __init__(self, address: Address) -> None:
        self._address, self._hand, self.questions = address, Hand("earlybell-moodle-db"), 0
        try:
            self._doing(f"connecting to {address}", self._connect, CONNECT_SECONDS * 2)
        except BaseException:
            self._hand.end()
            raise

    def __str__(self) -> str:
        return str(self._address)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        until = time.monotonic() + _ENDS_IN
        while self._hand.busy and time.monotonic() < until:  # what was abandoned ends by itself
            time.sleep(0.01)
        if not self._hand.busy:
            with suppress(Exception):  # it may be broken
                self._hand.call(self._close, CONNECT_SECONDS)
        self._hand.end()

    def rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of a question that has few.

        Raises:
            SourceError: the database refuses, is away, or does not answer in time.
        """
        self.questions += 1
        return self._doing("asking", lambda: self._rows(query, values), SECONDS)

    def write(self, columns: Sequence[MoodleColumn], rest: str, path: Path, doing: str) -> None:
        """Write rows as CSV without a header: nothing is NULL, `""` is an empty text.

        Args:
            rest: of the SELECT of the columns, from FROM on.
            doing: what an error says that was done.

        Raises:
            SourceError: as `rows`.
        """
        self.questions += 1
        self._doing(doing, lambda: self._write(columns, rest, path), SECONDS)

    @abstractmethod
    def has_views(self, schema: str) -> set[str]:
        """The tables and views of another schema that may be read."""

    @abstractmethod
    def columns(self) -> dict[str, set[str]]:
        """The columns of each table of Moodle's own schema that may be read."""

    @abstractmethod
    def _connect(self) -> None: ...

    @abstractmethod
    def _close(self) -> None: ...

    @abstractmethod
    def _rows(self, query: str, values: Sequence[object]) -> list[tuple[Any, ...]]: ...

    @abstractmethod
    def _write(self, columns: Sequence[MoodleColumn], rest: str, path: Path) -> None: ...

    @abstractmethod
    def _socket(self) -> int | None:
        """The number of the connection's file, where there is one."""

    @abstractmethod
    def _errors(self) -> tuple[type[Exception], ...]: ...

    @abstractmethod
    def _code(self, error: Exception) -> str:
        """SQLSTATE, or MySQL's number."""

    def _doing(self, doing: str, function: Callable[[], _T], seconds: float) -> _T:
        try:
            return self._hand.call(function, seconds)
        except HungError as error:
            self._abandon()
            way_out = "Look at the server, or read a replica."
            raise SourceError(f"{self._address} does not answer ({doing})", str(error), way_out) from None
        except self._errors() as error:
            code = self._code(error)
            way_outs = [way_out for codes, way_out in _REFUSED.items() if code in codes]
            message = " ".join(str(error.args[-1] if error.args else error).split())
            way_out = way_outs[0] if way_outs else "Look at its address, and at the server."
            kind = ConnectionLostError if code in _LOST else SourceError
            raise kind(f"{self._address} cannot be read ({doing})", message or code, way_out) from error

    def _abandon(self) -> None:
        number = self._socket()
        if number is not None:
            with suppress(OSError), socket.socket(fileno=number) as wire:
                wire.shutdown(socket.SHUT_RDWR)


def connect(address: Address) -> Database:
    """A connection to the database of an address.

    Raises:
        SourceError: it cannot be reached, or refuses.
        SettingError: the address has what the engine does not take.
        MissingPackageError: the engine's client is not installed.
    """
    return _Postgresql(address) if address.engine == "postgresql" else _Mysql(address)


class _Postgresql(Database):
    now = "SELECT floor(extract(epoch FROM now()))"

    def __init__(self, address: Address) -> None:
        self._psycopg, self._connection = _psycopg(), _NONE
        super().__init__(address)

    def has_views(self, schema: str) -> set[str]:
        query = "SELECT table_name FROM information_schema.tables WHERE table_schema = %s"
        return {name for (name,) in self.rows(query, [schema])}

    def columns(self) -> dict[str, set[str]]:
        query = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()"
        return _by_table(self.rows(query))

    def _connect(self) -> None:
        at, options = self._address, self._address.options
        settings: dict[str, Any] = {"sslmode": options.sslmode, "sslrootcert": options.sslrootcert}
        connection = self._psycopg.connect(
            host=at.host,
            port=at.port,
            user=at.user,
            dbname=at.database,
            password=at.password,
            connect_timeout=CONNECT_SECONDS,
            tcp_user_timeout=1000 * SECONDS,
            application_name="earlybell",
            autocommit=True,
            prepare_threshold=None,
            **{name: value for name, value in settings.items() if value},
        )
        self._connection = connection
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        connection.execute(f"SET LOCAL search_path TO {SCHEMA}")
        connection.execute(f"SET LOCAL statement_timeout TO {1000 * SECONDS}")
        connection.execute(f"SET LOCAL lock_timeout TO {1000 * CONNECT_SECONDS}")

    def _close(self) -> None:
        if self._connection:
            self._connection.close()

    def _rows(self, query: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self._connection.execute(query, values or None).fetchall()
        return rows

    def _write(self, columns: Sequence[MoodleColumn], rest: str, path: Path) -> None:
        names = ", ".join(f't."{column.name}"' for column in columns)
        statement = f"COPY (SELECT {names} {rest}) TO STDOUT (FORMAT csv, ENCODING 'UTF8')"
        with path.open("wb") as file, self._connection.cursor().copy(statement) as copy:
            for block in copy:
                file.write(block)

    def _socket(self) -> int | None:
        return None if self._connection is None or self._connection.closed else self._connection.fileno()

    def _errors(self) -> tuple[type[Exception], ...]:
        return (self._psycopg.Error,)

    def _code(self, error: Exception) -> str:
        return getattr(error, "sqlstate", None) or ("08006" if self._connection else "")


class _Mysql(Database):
    now = "SELECT unix_timestamp()"

    def __init__(self, address: Address) -> None:
        self._pymysql, self._connection = _pymysql(), _NONE
        super().__init__(address)

    def has_views(self, schema: str) -> set[str]:
        query = "SELECT table_name FROM information_schema.tables WHERE table_schema = %s"
        return {name for (name,) in self.rows(query, [schema])}

    def columns(self) -> dict[str, set[str]]:
        query = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = database()"
        return _by_table(self.rows(query))

    def _connect(self) -> None:
        at = self._address
        connection = self._pymysql.connect(
            host=at.host,
            port=at.port,
            user=at.user,
            database=at.database,
            password=at.password or "",
            charset="utf8mb4",
            connect_timeout=CONNECT_SECONDS,
            read_timeout=SECONDS,
            write_timeout=SECONDS,
            autocommit=True,
            ssl=self._tls(),
            ssl_disabled=at.options.sslmode == "disable",
        )
        self._connection = connection
        with connection.cursor() as cursor:
            cursor.execute("SELECT version()")
            # A limit on statements has another name, and another unit, in each of the two.
            mariadb = "mariadb" in str(cursor.fetchone()[0]).lower()
            limit = f"max_statement_time = {SECONDS}" if mariadb else f"max_execution_time = {1000 * SECONDS}"
            cursor.execute(f"SET SESSION {limit}, SESSION net_write_timeout = {SECONDS}, sql_mode = 'ANSI_QUOTES'")
            cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")

    def _tls(self) -> ssl.SSLContext | None:
        """How the connection is encrypted; None: as the driver and the server agree."""
        mode, authority = self._address.options.sslmode, self._address.options.sslrootcert
        if mode in (None, "disable"):
            return None
        if mode == "verify-full" and not authority:
            way_out = "Name the file of the authority that signed the server's certificate: sslrootcert=FILE."
            raise SettingError("sslmode=verify-full without an authority", str(self._address), way_out)
        try:
            context = ssl.create_default_context(cafile=authority)
        except OSError as error:
            way_out = f"{error.strerror or error}: name a file with the authority's certificate in PEM."
            raise SettingError("sslrootcert cannot be read", authority, way_out) from None
        context.check_hostname = mode == "verify-full"
        context.verify_mode = ssl.CERT_REQUIRED if mode == "verify-full" else ssl.CERT_NONE
        return context

    def _close(self) -> None:
        if self._connection:
            self._connection.close()

    def _rows(self, query: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(query, values or None)
            return list(cursor.fetchall())

    def _write(self, columns: Sequence[MoodleColumn], rest: str, path: Path) -> None:
        line = f"SELECT CONCAT_WS(',', {', '.join(map(_as_field, columns))}) {rest}"
        with path.open("wb") as file, self._connection.cursor(self._pymysql.cursors.SSCursor) as cursor:
            cursor.execute(line)
            for (text,) in _streamed(cursor):
                file.write(text.encode() + b"\n")

    def _socket(self) -> int | None:
        wire = getattr(self._connection, "_sock", None)
        return wire.fileno() if wire else None

    def _errors(self) -> tuple[type[Exception], ...]:
        return (self._pymysql.Error,)

    def _code(self, error: Exception) -> str:
        return str(error.args[0]) if error.args else "2013"


def _streamed(cursor: Any) -> Iterator[tuple[str]]:
    while rows := cursor.fetchmany(1000):
        yield from rows


def _as_field(column: MoodleColumn) -> str:
    """SQL that writes a value as a field of CSV: of one that is NULL nothing."""
    name = f't."{column.name}"'
    if column.type == "text":
        return f"""ifnull(concat('"', replace({name}, '"', '""'), '"'), '')"""
    return f"ifnull({name}, '')"


def _by_table(rows: Sequence[tuple[Any, ...]]) -> dict[str, set[str]]:
    columns: dict[str, set[str]] = {}
    for table, column in rows:
        columns.setdefault(str(table).lower(), set()).add(str(column).lower())
    return columns


def _psycopg() -> Any:
    try:
        import psycopg
    except ImportError as error:
        raise _missing("psycopg", "postgresql") from error
    return psycopg


def _pymysql() -> Any:
    try:
        import pymysql.cursors
    except ImportError as error:
        raise _missing("pymysql", "mysql") from error
    return pymysql


def _missing(package: str, extra: str) -> MissingPackageError:
    thing = "Moodle's database needs a package that is not installed"
    return MissingPackageError(thing, package, f"Install it with `pip install earlybell[{extra}]`.")
