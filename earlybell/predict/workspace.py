"""Features of requests: a bundle's SQL is planned once, and run over the arrays of each request.

The kernel runs it (`earlybell.predict.kernel`). What the kernel does not understand, and values that it leaves to the
SQL, DuckDB runs.

Reading, planning and optimising the SQL takes DuckDB five times as long as running it for one learner, and filling
tables for it nearly as long again. So the canonical tables are views of NumPy arrays of a fixed length: what a request
does not need of them is null, and a null is of no course run and no learner.

Either takes nearly as long for one learner as for twenty. So requests of a few learners that are there at the same
time are observed together, see `Workspace.observe_all`.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt

from earlybell.bundle import Bundle
from earlybell.errors import RequestError
from earlybell.predict.features import Observed, check_select, confine, sql_of_bundle, values_of
from earlybell.predict.kernel import UnusualError
from earlybell.predict.moments import MOMENTS, moments_of
from earlybell.predict.planned import IDS, length, planned, split
from earlybell.tables import BY_NAME, SQL_TYPES, Table
from earlybell.tables.codec import TABLES_READ, Instance
from earlybell.tables.schema import Column, Type
from earlybell.tables.sifting import Columns
from earlybell.tables.sql import connect

# Rows of the smallest arrays: of events, and of each other table. The next hold twice as many.
EVENTS, OTHERS = 1024, 64
KEPT = 7  # sizes that are kept for later requests: making one takes a tenth of a second
LARGEST_TOGETHER = 4  # size in which several instances are observed together at most

_NOTHING: dict[Type, Any] = {
    "string": np.array(None, dtype=object),
    "integer": np.array(np.nan),
    "number": np.array(np.nan),
    "timestamp": np.array("NaT", dtype="datetime64[us]"),
}


class Workspace:
    """Features of one or several instances at a time, by a bundle's SQL; no two threads may use it at once.

    Args:
        ready: how many sizes of arrays for DuckDB are made at once, the smallest first; one where the kernel is asked.
        kernel: whether the kernel runs what it understands; else DuckDB runs all.

    Raises:
        BundleError: the SQL is not one SELECT over the canonical tables, or reaches for anything else.
    """

    def __init__(self, bundle: Bundle, ready: int = 1, *, kernel: bool = True) -> None:
        self._bundle = bundle
        self._planned = planned(bundle) if kernel else None
        self._interrupted = False
        self._kept: dict[int, _Arrays] = {}
        for size in reversed(range(1 if self._planned else ready)):
            self._used = self._of_size(size)

    def observe(self, instance: Instance) -> Observed:
        """What is known at its moment of every learner enrolled then; nobody is no error.

        Raises:
            RequestError: its values cannot be computed with, as they lie too far apart.
        """
        (observed,) = self.observe_all([instance])
        return observed

    def observe_all(self, instances: Sequence[Instance]) -> list[Observed]:
        """As `observe`, of each: the same as if each were observed alone.

        Raises:
            RequestError: values of some of them cannot be computed with.
        """
        self._interrupted = False
        if self._planned:
            with suppress(UnusualError):
                return self._planned.observe(instances, self._go_on)
        return self._by_sql(instances)

    def _by_sql(self, instances: Sequence[Instance]) -> list[Observed]:
        rows = np.sum([_rows(instance) for instance in instances], axis=0).tolist()
        sizes = {name: _size(name, count) for name, count in zip(TABLES_READ, rows, strict=True)}
        largest = max(sizes.values())
        # Beyond what is kept each table has its own size: one of a million rows would make all others as large.
        self._used = self._of_size(largest) if largest < KEPT else _Arrays(self._bundle, sizes)
        return self._used.observe(instances)

    def _of_size(self, size: int) -> "_Arrays":
        """Arrays of one size, which are kept."""
        if size not in self._kept:
            self._kept[size] = _Arrays(self._bundle, dict.fromkeys(TABLES_READ, size))
        return self._kept[size]

    def interrupt(self) -> None:
        """End what another thread runs here; it gets duckdb.InterruptException."""
        self._interrupted = True
        self._used.connection.interrupt()

    def _go_on(self) -> None:
        if self._interrupted:
            raise duckdb.InterruptException("INTERRUPT Error: Interrupted!")


def groups(instances: Sequence[Instance]) -> Iterator[list[Instance]]:
    """Those to observe together: in their order, as many at a time as there is room for."""
    most = np.array([_smallest(name) << LARGEST_TOGETHER for name in TABLES_READ])
    group, held = list[Instance](), np.zeros_like(most)
    for instance in instances:
        rows = np.array(_rows(instance))
        if group and (held + rows > most).any():
            yield group
            group, held = [], np.zeros_like(most)
        group.append(instance)
        held += rows
    if group:
        yield group


class _Arrays:
    """The tables as arrays of certain lengths, in a database of their own."""

    def __init__(self, bundle: Bundle, sizes: Mapping[str, int]) -> None:
        self._names = bundle.catalogue.names
        check_select(bundle.sql)
        tables = {name: BY_NAME[name] for name in TABLES_READ} | {MOMENTS.name: MOMENTS}
        lengths = {name: _smallest(name) << size for name, size in sizes.items()}
        lengths[MOMENTS.name] = lengths["enrolments"]
        self._tables = {name: _empty(_named_in(bundle.sql, table), lengths[name]) for name, table in tables.items()}
        self.connection = connect(threads=1, preserve_insertion_order=False)
        for name, arrays in self._tables.items():
            self._view(tables[name], arrays)
        self.connection.execute("SET enable_optimizer = false")  # its plans depend on the rows: they are not kept
        confine(self.connection)
        with sql_of_bundle():
            self.connection.execute(f"PREPARE observe AS {bundle.sql}")
        for arrays in self._tables.values():
            _clear(arrays, 1)

    def observe(self, instances: Sequence[Instance]) -> list[Observed]:
        """As `Workspace.observe_all`; nothing of the instances stays."""
        moments = [moments_of(instance) for instance in instances]
        filled: dict[str, int] = {}
        try:
            for number, (instance, columns) in enumerate(zip(instances, moments, strict=True)):
                start = filled.get(MOMENTS.name, 0)
                numbers = np.arange(start, start + length(columns))
                tables = instance.rows | {MOMENTS.name: columns | {"moment_id": numbers}}
                for name, rows in tables.items():
                    at, filled[name] = filled.get(name, 0), filled.get(name, 0) + length(rows)
                    _fill(self._tables[name], at, _apart(rows, number) if len(instances) > 1 else rows)
            found = self.connection.execute("EXECUTE observe").fetchnumpy()
        except duckdb.DataError as error:
            raise RequestError("values that cannot be computed with", str(error).split("\n")[0], "Mend them.") from None
        finally:
            for name, count in filled.items():
                _clear(self._tables[name], count)
        order = np.argsort(np.asarray(found["moment_id"]))
        values = values_of(found, self._names)[order]
        if np.isinf(values).any():
            raise RequestError("values that cannot be computed with", "a feature is infinite", "Mend them.")
        days_seen = np.asarray(found["days_seen"], dtype=np.float64)[order]
        return split(moments, days_seen, values)

    def _view(self, table: Table, arrays: Columns) -> None:
        """With the table's name and types."""
        self.connection.register(f"{table.name}_arrays", arrays)
        columns = ", ".join(f"{name}::{SQL_TYPES[table.column(name).type]} AS {name}" for name in arrays)
        there = " WHERE moment_id IS NOT NULL" if table is MOMENTS else ""
        self.connection.execute(f"CREATE TEMP VIEW {table.name} AS SELECT {columns} FROM {table.name}_arrays{there}")


def _smallest(name: str) -> int:
    """Rows of the smallest array of a table."""
    return EVENTS if name == "events" else OTHERS


def _size(name: str, rows: int) -> int:
    """The smallest size, from 0, of which a table's array holds so many rows."""
    return max(-(-rows // _smallest(name)) - 1, 0).bit_length()


def _rows(instance: Instance) -> list[int]:
    """In the order of TABLES_READ."""
    return [length(instance.rows[name]) for name in TABLES_READ]


def _apart(columns: Columns, number: int) -> Columns:
    """With ids of course runs and assessments that no other instance has; in the same order as before."""
    return columns | {
        name: np.array([f"{number}/{value}" for value in columns[name]], dtype=object)
        for name in IDS
        if name in columns
    }


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


def _fill(arrays: Columns, at: int, columns: Columns) -> None:
    for name, array in arrays.items():
        array[at : at + len(columns[name])] = columns[name]


def _clear(arrays: Columns, rows: int) -> None:
    for array in arrays.values():
        array[:rows] = _nothing(array)


def _nothing(array: npt.NDArray[Any]) -> Any:
    return next(value for value in _NOTHING.values() if value.dtype == array.dtype)
