"""Moodle's rows in DuckDB, as they are at one moment; on disk, in bounded memory."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from components.extract.moodle_db.databases import Database
from components.extract.moodle_db.site import Site
from components.extract.moodle_db.structure import MoodleColumn, MoodleTable
from components.reporting import progress
from earlybell.counts import counted
from earlybell.tables.sql import SCRATCH, connect_scratch, quoted_path

PIECE = 200_000  # ids that one question asks for
MEMORY = "1GB"  # DuckDB spills what needs more


class Workspace:
    """A DuckDB database with a table of each of Moodle's that was read, called as there without a prefix.

    Attributes:
        rows_read: how many rows the database gave.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.connection = connect_scratch(folder, memory_limit=MEMORY, preserve_insertion_order=False)
        self.connection.execute(f"SET TimeZone = 'UTC'; {_MACROS}")
        self.rows_read = 0

    def remove(self) -> None:
        """Close the database, and give its room back."""
        self.connection.close()
        (self.folder / SCRATCH).unlink(missing_ok=True)

    def sql(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        return self.connection.execute(query, list(values)).fetchall()

    def create(self, name: str, query: str) -> None:
        """Make a table of a query."""
        self.connection.execute(f"CREATE TABLE {name} AS {query}")

    def insert(self, table: str, rows: Sequence[Sequence[object]]) -> None:
        """Insert rows, in one statement."""
        if rows:
            columns = [list(column) for column in zip(*rows, strict=True)]
            places = ", ".join(f"unnest(${number})" for number in range(1, len(columns) + 1))
            self.sql(f"INSERT INTO {table} SELECT {places}", columns)

    def copy(self, database: Database, site: Site, table: MoodleTable, prefix: str, courses: str = "") -> int:
        """Copy a table's rows, those of the courses alone where they are listed; how many they are.

        Raises:
            SourceError: as `Database.write`.
        """
        self.make(table.name, table.columns)
        if table.name not in site.present:
            return 0
        name = f'"{prefix}{table.name}"'
        within = table.within.format(p=prefix, courses=courses)
        condition = f" AND {within}" if within else ""
        ((first, last),) = database.rows(f"SELECT min(id), max(id) FROM {name}")
        path, rows = self.folder / "piece.csv", 0
        for start in range(int(first or 0), int(last or -1) + 1, PIECE):
            rest = f"FROM {name} t WHERE t.id BETWEEN {start} AND {start + PIECE - 1}{condition}"
            database.write(table.columns, rest, path, f"reading {prefix}{table.name}")
            rows += self.append(table.name, table.columns, path)
        path.unlink(missing_ok=True)
        self.rows_read += rows
        progress("extract", f"{prefix}{table.name} {counted(rows, 'row')}")
        return rows

    def load(self, name: str, columns: Sequence[MoodleColumn], path: Path) -> None:
        """Make a table of a file that `Database.write` wrote."""
        self.make(name, columns)
        self.append(name, columns, path)

    def make(self, name: str, columns: Sequence[MoodleColumn]) -> None:
        """Make an empty table."""
        self.sql(f'CREATE TABLE "{name}" ({", ".join(f""""{column.name}" {column.sql_type}""" for column in columns)})')

    def append(self, name: str, columns: Sequence[MoodleColumn], path: Path) -> int:
        """Append the rows of a file that `Database.write` wrote; how many they are."""
        if not path.stat().st_size:
            return 0
        types = ", ".join(f"'{column.name}': '{column.sql_type}'" for column in columns)
        ((rows,),) = self.sql(
            f'INSERT INTO "{name}" FROM read_csv({quoted_path(path)}, auto_detect = false, header = false, '
            "delim = ',', quote = '\"', escape = '\"', nullstr = '', allow_quoted_nulls = false, "
            f"columns = {{{types}}})"
        )
        return int(rows)


# A time that Moodle has not set is 0, or the largest number of 32 bits.
_MACROS = """
CREATE OR REPLACE MACRO moment_of(seconds) AS CASE WHEN seconds > 0 AND seconds < 2147483647
    THEN make_timestamp(seconds * 1000000) END;
CREATE OR REPLACE MACRO utc(local, zone) AS timezone('UTC', timezone(zone, local));
CREATE OR REPLACE MACRO local_of(moment, zone) AS timezone(zone, timezone('UTC', moment));
"""
