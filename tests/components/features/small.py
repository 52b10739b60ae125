"""Small sites as DuckDB tables, and the features of moments in them."""

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt

from components.features import feature_sql, find_catalogue
from components.features.expression import INPUTS
from earlybell.tables import BY_NAME, SQL_TYPES

Row = dict[str, Any]
Moment = tuple[str, str, datetime]


@dataclass(frozen=True)
class Site:
    """Rows by table and column, and the moments (course_id, learner_id, as_of) to look at."""

    tables: Mapping[str, Sequence[Row]]
    moments: Sequence[Moment]


def connect(site: Site) -> duckdb.DuckDBPyConnection:
    """A connection with the input tables of the features, and `moments`; no other table is there."""
    connection = duckdb.connect(config={"threads": 1})
    for name in INPUTS:
        columns = BY_NAME[name].columns
        declared = ", ".join(f"{column.name} {SQL_TYPES[column.type]}" for column in columns)
        rows = [tuple(row.get(column.name) for column in columns) for row in site.tables.get(name, ())]
        _create(connection, name, declared, rows)
    moments = [(number, *moment) for number, moment in enumerate(site.moments, start=1)]
    _create(connection, "moments", "moment_id BIGINT, course_id VARCHAR, learner_id VARCHAR, as_of TIMESTAMP", moments)
    return connection


def features(site: Site) -> npt.NDArray[np.float64]:
    """Features of each moment, in the order of the moments and of the catalogue; NaN where there is no value."""
    rows = (
        connect(site)
        .execute(f"SELECT * EXCLUDE (moment_id, days_seen) FROM ({feature_sql()}) ORDER BY moment_id")
        .fetchall()
    )
    return np.array(rows, dtype=np.float64).reshape(len(site.moments), len(find_catalogue().names))


def assert_same(actual: npt.NDArray[np.float64], expected: npt.NDArray[np.float64]) -> None:
    """Equal but for the last digits, in which sums differ by their order."""
    np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-9)


def _create(connection: duckdb.DuckDBPyConnection, name: str, declared: str, rows: Iterable[tuple[Any, ...]]) -> None:
    connection.execute(f"CREATE TABLE {name} ({declared})")
    listed = ", ".join(f"({', '.join(_literal(value) for value in row)})" for row in rows)
    if listed:
        connection.execute(f"INSERT INTO {name} VALUES {listed}")


@functools.singledispatch
def _literal(value: object) -> str:
    return "NULL" if value is None else repr(value)


@_literal.register
def _(value: datetime) -> str:
    return f"TIMESTAMP '{value}'"
