"""Engines that compute the feature table: the same expressions, compiled to each one's SQL."""

import importlib.util
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from components.features.expression import INPUTS
from components.features.sql import feature_sql
from earlybell.errors import MissingPackageError
from earlybell.tables import BY_NAME
from earlybell.tables.schema import Type
from earlybell.tables.store import files

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_SPARK_TYPES: dict[Type, str] = {
    "string": "STRING",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "timestamp": "TIMESTAMP_NTZ",
}


def _duckdb(connection: duckdb.DuckDBPyConnection, tables: Path, out: Path) -> None:
    _write(connection, f"({feature_sql()})", out)


def _pyspark(connection: duckdb.DuckDBPyConnection, tables: Path, out: Path) -> None:
    """Spark as the site has set it up (spark-defaults.conf, SPARK_REMOTE), else in this process; it must see files."""
    if importlib.util.find_spec("pyspark") is None:
        raise MissingPackageError("the engine is not installed", "pyspark", "`pip install earlybell[pyspark]` does it.")
    from pyspark.sql import SparkSession

    with tempfile.TemporaryDirectory(dir=out.parent.absolute()) as folder, _session(SparkSession.builder) as session:
        connection.execute(f"COPY moments TO '{folder}/moments.parquet' (FORMAT parquet)")
        session.read.parquet(f"{folder}/moments.parquet").createOrReplaceTempView("moments")
        for name in INPUTS:
            _view(session, tables, name)
        session.sql(feature_sql("pyspark")).write.parquet(f"{folder}/features")
        _write(connection, f"read_parquet('{folder}/features/*.parquet')", out)


def _session(builder: "SparkSession.Builder") -> "SparkSession":
    # Times are UTC everywhere; a progress bar would break ours.
    return (
        builder.config("spark.sql.session.timeZone", "UTC")
        .config("spark.ui.showConsoleProgress", "false")
        .getOrCreate()
    )


def _view(session: "SparkSession", tables: Path, name: str) -> None:
    columns = BY_NAME[name].columns
    declared = ", ".join(f"{column.name} {_SPARK_TYPES[column.type]}" for column in columns)
    found = [str(path.absolute()) for path in files(tables, BY_NAME[name])]
    read = session.read.parquet(*found) if found else session.createDataFrame([], declared)
    given = set(read.columns)
    cast = [
        f"CAST({column.name if column.name in given else 'NULL'} AS {_SPARK_TYPES[column.type]}) AS {column.name}"
        for column in columns
    ]
    read.selectExpr(*cast).createOrReplaceTempView(name)


def _write(connection: duckdb.DuckDBPyConnection, features: str, out: Path) -> None:
    connection.execute(
        f"COPY (SELECT * FROM moments JOIN {features} USING (moment_id) ORDER BY moment_id) TO '{out}' (FORMAT parquet)"
    )


# Each writes the moments of `connection` with their features, from the tables of a folder, to a Parquet file.
ENGINES: dict[str, Callable[[duckdb.DuckDBPyConnection, Path, Path], None]] = {
    "duckdb": _duckdb,
    "pyspark": _pyspark,
}
