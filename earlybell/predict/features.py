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
from earlybell.tables.sql import connect, quoted, quoted_path


@dataclass(frozen=True)
class Observed:
    """What is known at each of n moments.

    Attributes:
        course_id, learner_id: str, shape (n,).
        as_of: datetime64[us] in UTC, shape (n,).
        days_seen: days of teaching that the learner has had, shape (n,), as the bundle's SQL counts them.
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
    connection = connect(preserve_insertion_order=False)
    attach(connection, folder)
    return connection


def confine(connection: duckdb.DuckDBPyConnection, folder: Path | None = None) -> None:
    """Leave SQL nothing but the files of `folder`, if any, and lock the settings: a bundle's SQL is data of others."""
    if folder:
        # A file that is read as it is has a pattern for its name, which must be allowed too.
        known = [f"{path}/" for path in (folder.resolve(), folder.absolute())]
        connection.execute(f"SET allowed_directories = [{', '.join([*map(quoted, known), *map(quoted_path, known)])}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def observe(connection: duckdb.DuckDBPyConnection, sql: str, names: list[str]) -> Observed:
    """Run a bundle's SQL over the tables and `moments` of `connection`.

    Raises:
        BundleError: the SQL is not one SELECT, or its columns are not the catalogue's.
    """
    check_select(sql)
    columns = ", ".join(f'f."{name}"' for name in names)
    with sql_of_bundle():
        found = connection.execute(
            f"SELECT m.course_id, m.learner_id, m.as_of, f.days_seen, {columns} "
            f"FROM moments m LEFT JOIN ({sql}) f USING (moment_id) ORDER BY m.moment_id"
        ).fetchnumpy()
    return Observed(
        np.asarray(found["course_id"]),
        np.asarray(found["learner_id"]),
        np.asarray(found["as_of"]).astype("datetime64[us]"),
        np.asarray(found["days_seen"], dtype=np.float64),
        values_of(found, names),
    )


@contextmanager
def sql_of_bundle() -> Iterator[None]:
    """Raises:
    BundleError: the bundle's SQL does not fit the tables, or reaches for what it must not.
    """
    try:
        yield
    except (duckdb.BinderException, duckdb.CatalogException, duckdb.PermissionException) as error:
        raise BundleError("the bundle's SQL does not run", str(error).split("\n")[0], "Train again.") from None


def values_of(found: dict[str, Any], names: list[str]) -> npt.NDArray[np.float32]:
    """The features that DuckDB found, as one array (rows, features); null is NaN, and what is too large infinite."""
    values = np.empty((len(next(iter(found.values()))), len(names)), dtype=np.float32)
    with np.errstate(over="ignore"):
        for i, name in enumerate(names):
            values[:, i] = np.ma.getdata(found[name])
            values[np.ma.getmaskarray(found[name]), i] = np.nan
    return values


def check_select(sql: str) -> None:
    """Raises:
    BundleError: the bundle's SQL is not one SELECT.
    """
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise BundleError("the bundle's SQL cannot be parsed", str(error).split("\n")[0], "Train again.") from None
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise BundleError("the bundle's SQL is not one SELECT", f"{len(statements)} statements", "Train again.")
