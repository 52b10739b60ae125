"""Columns of numpy into Parquet files of the canonical tables."""

from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from components.extract.simulate.plan import NEVER, Columns, Ints, Objects
from earlybell.tables import BY_NAME, SQL_TYPES, Column
from earlybell.tables.sql import connect, parquet

TRUTH = "true_risk"
_TRUTH_COLUMNS = (
    Column("course_id", "string", "course run"),
    Column("learner_id", "string", "raw id"),
    Column("as_of", "timestamp", "start of a week of the run"),
    Column("risk", "number", "probability of failing or leaving"),
)


class Writer:
    """Writes tables to a folder, whole or part by part; the parts of the true risks become one file at the end."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._parts: dict[str, int] = {}
        # One thread: parts are small, and the order of their rows is kept without being held in memory.
        self._connection = connect(threads=1, pandas_analyze_sample=0)

    def __enter__(self) -> Self:
        self._out.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._join_truth()
        self._connection.close()

    def whole(self, name: str, columns: Columns) -> None:
        """Write a small table as one file, its rows as they are."""
        self._copy(BY_NAME[name].columns, columns, self._out / f"{name}.parquet")

    def part(self, name: str, columns: Columns, course_id: str, learner_id: Objects) -> None:
        """Write the next part of a table, its rows by learner and time; `learner` is a position in `learner_id`."""
        schema = _TRUTH_COLUMNS if name == TRUTH else BY_NAME[name].columns
        order = _order(schema, columns)
        rows = {column.name: columns[column.name][order] for column in schema if column.name in columns}
        rows["learner_id"] = learner_id[columns["learner"][order]]
        rows["course_id"] = np.full(len(order), course_id, dtype=object)
        folder = self._out / "truth" / name if name == TRUTH else self._out / name
        number = self._parts[name] = self._parts.get(name, -1) + 1
        self._copy(schema, rows, folder / f"part-{number:05d}.parquet")

    def _copy(self, schema: tuple[Column, ...], columns: Columns, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection.register("rows", {column.name: _plain(column, columns[column.name]) for column in schema})
        select = ", ".join(f"{column.name}::{SQL_TYPES[column.type]} AS {column.name}" for column in schema)
        self._connection.sql(f"SELECT {select} FROM rows").write_parquet(str(path), compression="zstd")
        self._connection.unregister("rows")

    def _join_truth(self) -> None:
        parts = sorted((self._out / "truth" / TRUTH).glob("*.parquet"))
        joined = self._connection.sql(f"FROM {parquet(parts)}")
        joined.write_parquet(str(self._out / "truth" / f"{TRUTH}.parquet"), compression="zstd")
        for part in parts:
            part.unlink()
        (self._out / "truth" / TRUTH).rmdir()


def _order(schema: tuple[Column, ...], columns: Columns) -> Ints:
    """By learner, then by the table's first time if it has one; equal ones as they came."""
    times = [columns[column.name] for column in schema if column.type == "timestamp"]
    key = (columns["learner"].astype(np.int64) << 40) + (times[0] if times else 0)
    return np.argsort(key, kind="stable")


def _plain(column: Column, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Values as DuckDB reads them: a time as datetime64 of seconds, NEVER as null."""
    if column.type != "timestamp":
        return values
    times = values.astype("datetime64[s]")
    times[values == NEVER] = np.datetime64("NaT")
    return times
