"""Engines that compute the feature table: the same expressions, compiled to each one's SQL."""

import importlib.util
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from components.features.expression import INPUTS
from components.features.sql import feature_sql
from earlybell.errors import MissingPackageError, SettingError
from earlybell.tables import BY_NAME
from earlybell.tables.schema import Type
from earlybell.tables.sql import parquet, quoted
from earlybell.tables.store import files

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_SPARK_TYPES: dict[Type, str] = {
    "string": "STRING",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "timestamp": "TIMESTAMP_NTZ",
}


def check_engine(name: str) -> None:
    """
    Raises:
        SettingError: no such engine.
        MissingPackageError: it is not installed.
    """
    if name not in ENGINES:
        raise SettingError("no such engine", name, f"Engines: {', '.join(ENGINES)}.")
    if name != "duckdb" and importlib.util.find_spec(name) is None:
        raise MissingPackageError("the engine is not installed", name, f"`pip install earlybell[{name}]` does it.")


def _duckdb(connection: duckdb.DuckDBPyConnection, tables: Path, out: Path) -> None:
    _write(connection, f"({feature_sql()})", out)


def _pyspark(connection: duckdb.DuckDBPyConnection, tables: Path, out: Path) -> None:
    """Spark as the site has set it up (spark-defaults.conf, SPARK_REMOTE), else in this process; it must see files."""
    from pyspark.sql import SparkSession

    with tempfile.TemporaryDirectory(dir=out.parent.absolute()) as folder, _session(SparkSession.builder) as session:
        moments, features = Path(folder) / "moments.parquet", Path(folder) / "features"
        connection.execute(f"COPY moments TO {quoted(moments)} (FORMAT parquet)")
        session.read.parquet(_plain(moments)).createOrReplaceTempView("moments")
        for name in INPUTS:
            _view(session, tables, name)
        session.sql(feature_sql("pyspark")).write.parquet(str(features))
        _write(connection, parquet(sorted(features.glob("*.parquet"))), out)


def _session(builder: "SparkSession.Builder") -> "SparkSession":
    # Times are UTC everywhere; a progress bar would break ours. Before a query runs, Spark takes a table to be as large
    # as its file, and ours are far smaller than what they are in memory. It would send all events to every task, for
    # which its heap is too small (seen with 3 million). What is found to be small while it runs is sent all the same.
    return (
        builder.config("spark.sql.session.timeZone", "UTC")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.autoBroadcastJoinThreshold", "-1")
        .config("spark.sql.adaptive.autoBroadcastJoinThreshold", "10MB")
        .getOrCreate()
    )


def _view(session: "SparkSession", tables: Path, name: str) -> None:
    columns = BY_NAME[name].columns
    declared = ", ".join(f"{column.name} {_SPARK_TYPES[column.type]}" for column in columns)
    paths = [_plain(path.absolute()) for path in files(tables, BY_NAME[name])]
    read = session.read.parquet(*paths) if paths else session.createDataFrame([], declared)
    stored = set(read.columns)
    cast = [
        f"CAST({column.name if column.name in stored else 'NULL'} AS {_SPARK_TYPES[column.type]}) AS {column.name}"
        for column in columns
    ]
    read.selectExpr(*cast).createOrReplaceTempView(name)


def _plain(path: Path) -> str:
    """The path of a file for Spark to read: no character of it is taken for a pattern."""
    return re.sub(r"[*?\[\]{}\\]", lambda match: f"\\{match[0]}", str(path))


def _write(connection: duckdb.DuckDBPyConnection, features: str, out: Path) -> None:
    select = f"SELECT * FROM moments JOIN {features} USING (moment_id) ORDER BY moment_id"
    connection.execute(f"COPY ({select}) TO {quoted(out)} (FORMAT parquet)")


# Each writes the moments of `connection` with their features, from the tables of a folder, to a Parquet file.
ENGINES: dict[str, Callable[[duckdb.DuckDBPyConnection, Path, Path], None]] = {
    "duckdb": _duckdb,
    "pyspark": _pyspark,
}
