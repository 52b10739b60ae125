"""Features of requests: a bundle's SQL is planned once, over arrays that each request fills anew.

Reading, planning and optimising the SQL takes DuckDB five times as long as running it for one learner, and filling
tables for it nearly as long again. So the canonical tables are views of NumPy arrays of a fixed length: what a request
does not need of them is null, and a null is of no course run and no learner.
"""

from collections.abc import Mapping
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt

from earlybell.bundle import Bundle
from earlybell.errors import RequestError
from earlybell.predict.features import Observed, check_select, confine, sql_of_bundle, values_of, with_days_seen
from earlybell.predict.moments import moments_of
from earlybell.tables import BY_NAME, SQL_TYPES, Table
from earlybell.tables.codec import TABLES_READ, Instance
from earlybell.tables.schema import Column, Type
from earlybell.tables.sifting import Columns
from earlybell.tables.sql import connect

SMALLEST = {"events": 1024}  # rows of the smallest arrays; of another table OTHERS
OTHERS, LARGER = 64, 2  # the next ones hold so many times more
KEPT, ROWS_KEPT = 32, 65_536  # how many sizes are kept for later requests, and of how many rows together at most

MOMENTS = Table(
    "moments",
    "what is asked about",
    (
        Column("moment_id", "integer", "from 0"),
        Column("course_id", "string", "course run"),
        Column("learner_id", "string", "learner"),
        Column("as_of", "timestamp", "the moment"),
    ),
)

_NOTHING: dict[Type, Any] = {
    "string": np.array(None, dtype=object),
    "integer": np.array(np.nan),
    "number": np.array(np.nan),
    "timestamp": np.array("NaT", dtype="datetime64[us]"),
}


class Workspace:
    """Features of one instance at a time, by a bundle's SQL; no two threads may use it at once.

    Raises:
        BundleError: the SQL is not one SELECT over the canonical tables, or reaches for anything else.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._kept: dict[tuple[int, ...], _Arrays] = {}
        self._used = self._of_size(tuple(_size(name, 0) for name in TABLES_READ))

    def observe(self, instance: Instance) -> Observed:
        """What is known at its moment of every learner enrolled then; nobody is no error.

        Raises:
            RequestError: its values cannot be computed with, as they lie too far apart.
        """
        self._used = self._of_size(tuple(_size(name, _rows(instance.rows[name])) for name in TABLES_READ))
        return self._used.observe(instance)

    def _of_size(self, sizes: tuple[int, ...]) -> "_Arrays":
        """Arrays of these lengths, in the order of TABLES_READ; what few requests need is not kept."""
        if sizes in self._kept:
            return self._kept[sizes]
        found = _Arrays(self._bundle, dict(zip(TABLES_READ, sizes, strict=True)))
        if sum(sizes) <= ROWS_KEPT:
            if len(self._kept) == KEPT:
                del self._kept[next(iter(self._kept))]  # the oldest: else odd sizes, once seen, would stay for good
            self._kept[sizes] = found
        return found

    def interrupt(self) -> None:
        """End what another thread runs here; it gets duckdb.InterruptException."""
        self._used.connection.interrupt()


class _Arrays:
    """The tables as arrays of certain lengths, in a database of their own."""

    def __init__(self, bundle: Bundle, lengths: Mapping[str, int]) -> None:
        self._names = bundle.catalogue.names
        check_select(bundle.sql)
        tables = {name: BY_NAME[name] for name in TABLES_READ} | {MOMENTS.name: MOMENTS}
        sizes = dict(lengths) | {MOMENTS.name: lengths["enrolments"]}
        self._tables = {name: _empty(_named_in(bundle.sql, one), sizes[name]) for name, one in tables.items()}
        self.connection = connect(threads=1, preserve_insertion_order=False)
        for name, arrays in self._tables.items():
            self._view(tables[name], arrays)
        self.connection.execute("SET enable_optimizer = false")  # its plans depend on the rows: they are not kept
        confine(self.connection)
        with sql_of_bundle():
            self.connection.execute(f"PREPARE observe AS {with_days_seen(self.connection, bundle.sql)}")
        for arrays in self._tables.values():
            _clear(arrays, 1)

    def observe(self, instance: Instance) -> Observed:
        """As `Workspace.observe`; nothing of the instance stays."""
        moments = moments_of(instance)
        numbers = np.arange(_rows(moments))
        filled = instance.rows | {MOMENTS.name: moments | {"moment_id": numbers}}
        for name, columns in filled.items():
            _fill(self._tables[name], columns)
        try:
            found = self.connection.execute("EXECUTE observe").fetchnumpy()
        except duckdb.DataError as error:
            raise RequestError("values that cannot be computed with", str(error).split("\n")[0], "Mend them.") from None
        finally:
            for name, columns in filled.items():
                _clear(self._tables[name], _rows(columns))
        order = np.argsort(np.asarray(found["moment_id"]))
        values = values_of(found, self._names)[order]
        if np.isinf(values).any():
            raise RequestError("values that cannot be computed with", "a feature is infinite", "Mend them.")
        return Observed(**moments, days_seen=np.asarray(found["days_seen"], dtype=np.float64)[order], values=values)

    def _view(self, table: Table, arrays: Columns) -> None:
        """With the table's name and types."""
        self.connection.register(f"{table.name}_arrays", arrays)
        columns = ", ".join(f"{name}::{SQL_TYPES[table.column(name).type]} AS {name}" for name in arrays)
        there = " WHERE moment_id IS NOT NULL" if table is MOMENTS else ""
        self.connection.execute(f"CREATE TEMP VIEW {table.name} AS SELECT {columns} FROM {table.name}_arrays{there}")


def _size(name: str, rows: int) -> int:
    """The length of a table's array that holds so many rows."""
    size = SMALLEST.get(name, OTHERS)
    while size < rows:
        size *= LARGER
    return size


def _rows(columns: Columns) -> int:
    return len(next(iter(columns.values())))


def _named_in(sql: str, table: Table) -> list[Column]:
    """The columns that the SQL may read: without an optimizer DuckDB scans all that are there."""
    return [column for column in table.columns if column.name in sql]


def _empty(columns: list[Column], length: int) -> Columns:
    """Null but for a text in the first row, from which DuckDB knows that a column is of texts."""
    arrays = {column.name: np.full(length, _NOTHING[column.type]) for column in columns}
    for array in arrays.values():
        if array.dtype == object:
            array[0] = ""
    return arrays


def _fill(arrays: Columns, columns: Columns) -> None:
    for name, array in arrays.items():
        array[: len(columns[name])] = columns[name]


def _clear(arrays: Columns, rows: int) -> None:
    for array in arrays.values():
        array[:rows] = _nothing(array)


def _nothing(array: npt.NDArray[Any]) -> Any:
    return next(value for value in _NOTHING.values() if value.dtype == array.dtype)
