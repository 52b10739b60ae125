"""A folder of canonical tables: `NAME.parquet` or `NAME/*.parquet` for each, and `tables.json` with its facts."""

import hashlib
import json
from pathlib import Path
from typing import Any

import duckdb

from earlybell.errors import SourceError
from earlybell.tables.schema import SQL_TYPES, TABLES, Table
from earlybell.tables.sql import parquet

FACTS = "tables.json"


def attach(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Create a view for every canonical table of `folder` in `connection`; an absent optional one is empty.

    Raises:
        SourceError: the folder lacks a required table, or a file has not the columns of its table.
    """
    for table in TABLES:
        connection.execute(f"CREATE OR REPLACE VIEW {table.name} AS {_select(connection, table, folder)}")


def files(folder: Path, table: Table) -> list[Path]:
    """The Parquet files of one table, in the order of their names; empty where the folder lacks it."""
    single = folder / f"{table.name}.parquet"
    return [single] if single.exists() else sorted((folder / table.name).glob("*.parquet"))


def read_facts(folder: Path) -> dict[str, Any]:
    """What extraction said of these tables: source, ids, rows, digest, notes, quarantine."""
    path = folder / FACTS
    if not path.exists():
        raise SourceError(
            "folder of canonical tables without its tables.json", str(folder), "Make it with `earlybell extract`."
        )
    facts: dict[str, Any] = json.loads(path.read_text())
    return facts


def checked_facts(folder: Path) -> dict[str, Any]:
    """What `read_facts` gives, of tables that are still as they were when it was written.

    Raises:
        SourceError: there is no `tables.json`, or a table has changed since, was added or is missing.
    """
    facts = read_facts(folder)
    if facts.get("digest") != tables_digest(folder):
        way_out = "Make the folder anew with `earlybell extract`, which checks what it writes."
        raise SourceError("canonical tables are not as they were when they were written", str(folder), way_out)
    return facts


def tables_digest(folder: Path) -> str:
    """SHA-256 over the names and SHA-256 sums of the tables, in order of their names; of a table's parts, too."""
    total = hashlib.sha256()
    parts = [path for table in TABLES for path in (folder / table.name).glob("*.parquet")]
    for path in sorted([*folder.glob("*.parquet"), *parts]):
        with path.open("rb") as file:
            name = path.relative_to(folder).as_posix()
            total.update(f"{name} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return total.hexdigest()


def _select(connection: duckdb.DuckDBPyConnection, table: Table, folder: Path) -> str:
    paths = files(folder, table)
    if not paths:
        if table.required:
            raise SourceError(
                "folder of canonical tables without a table",
                f"{folder}/{table.name}.parquet",
                "Make it with `earlybell extract`.",
            )
        nothing = ", ".join(f"NULL::{SQL_TYPES[column.type]} AS {column.name}" for column in table.columns)
        return f"SELECT {nothing} WHERE false"
    scan = parquet(paths)
    stored = {row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {scan}").fetchall()}
    missing = [column.name for column in table.columns if column.name not in stored and not column.optional]
    if missing:
        raise SourceError(
            f"table {table.name} lacks columns", ", ".join(missing), f"Columns are {', '.join(table.names)}."
        )
    columns = ", ".join(
        f"{column.name if column.name in stored else 'NULL'}::{SQL_TYPES[column.type]} AS {column.name}"
        for column in table.columns
    )
    return f"SELECT {columns} FROM {scan}"
