"""Features by the bundle's SQL, with no way to files or network."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt

from earlybell.errors import BundleError
from earlybell.tables import attach


@dataclass(frozen=True)
class Observed:
    """What is known at each of n moments.

    Attributes:
        course_id, learner_id: str, shape (n,).
        as_of: datetime64[us] in UTC, shape (n,).
        days_seen: days of teaching that the learner has had, shape (n,).
        values: features in the catalogue's order, float32, shape (n, features); NaN where there is no value.
    """

    course_id: npt.NDArray[Any]
    learner_id: npt.NDArray[Any]
    as_of: npt.NDArray[np.datetime64]
    days_seen: npt.NDArray[np.float64]
    values: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.course_id)


def open_tables(folder: Path) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection with a view for each canonical table of `folder`."""
    connection = duckdb.connect(config={"preserve_insertion_order": False})
    attach(connection, folder)
    return connection


def confine(connection: duckdb.DuckDBPyConnection, folder: Path | None = None) -> None:
    """Leave SQL nothing but the files of `folder`, if any, and lock the settings: a bundle's SQL is data of others."""
    if folder:
        connection.execute(f"SET allowed_directories = ['{str(folder.resolve()).replace(chr(39), chr(39) * 2)}/']")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def observe(connection: duckdb.DuckDBPyConnection, sql: str, names: list[str]) -> Observed:
    """Run a bundle's SQL over the tables and `moments` of `connection`.

    Raises:
        BundleError: the SQL is not one SELECT, or its columns are not the catalogue's.
    """
    with sql_of_bundle():
        return as_observed(connection.execute(observed_sql(sql, names)).fetchnumpy(), names)


@contextmanager
def sql_of_bundle() -> Iterator[None]:
    """Raises:
    BundleError: the bundle's SQL does not fit the tables, or reaches for what it must not.
    """
    try:
        yield
    except (duckdb.BinderException, duckdb.CatalogException, duckdb.PermissionException) as error:
        raise BundleError("the bundle's SQL does not run", str(error).split("\n")[0], "Train again.") from None


def observed_sql(sql: str, names: list[str]) -> str:
    """The SELECT of all moments with the features of a bundle's SQL.

    Raises:
        BundleError: the bundle's SQL is not one SELECT.
    """
    _check_select(sql)
    columns = ", ".join(f'CAST(f."{name}" AS FLOAT) AS "{name}"' for name in names)
    return (
        f"SELECT m.course_id, m.learner_id, m.as_of, m.days_seen, {columns} "
        f"FROM moments m LEFT JOIN ({sql}) f USING (moment_id) ORDER BY m.moment_id"
    )


def as_observed(found: dict[str, Any], names: list[str]) -> Observed:
    """What `observed_sql` found, as arrays by column."""
    return Observed(
        np.asarray(found["course_id"]),
        np.asarray(found["learner_id"]),
        np.asarray(found["as_of"]).astype("datetime64[us]"),
        np.asarray(found["days_seen"], dtype=np.float64),
        np.column_stack([_plain(found[name]) for name in names]),
    )


def _plain(column: Any) -> npt.NDArray[np.float32]:
    values: npt.NDArray[np.float32] = np.ma.filled(np.ma.asarray(column, dtype=np.float32), np.nan)
    return values


def _check_select(sql: str) -> None:
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise BundleError("the bundle's SQL cannot be parsed", str(error).split("\n")[0], "Train again.") from None
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise BundleError("the bundle's SQL is not one SELECT", f"{len(statements)} statements", "Train again.")
