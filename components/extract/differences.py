"""What is new, changed and gone between two folders of canonical tables."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from earlybell.tables.schema import TABLES, Table
from earlybell.tables.sql import connect
from earlybell.tables.store import attach

_OWNERS = ("course_id", "assessment_id", "learner_id")


@dataclass(frozen=True)
class Difference:
    """How many rows of a table are new, gone, or under the key that they had and changed."""

    new: int = 0
    changed: int = 0
    gone: int = 0


def differences(before: Path, after: Path, scratch: Path) -> dict[str, Difference]:
    """The tables that differ, with how much.

    Args:
        before, after: folders of canonical tables.
        scratch: a folder for what has no room in memory; the caller removes it.

    Raises:
        SourceError: a folder lacks a required table.
    """
    with connect(temp_directory=str(scratch), preserve_insertion_order=False) as connection:
        for name, folder in (("before", before), ("after", after)):
            connection.execute(f"CREATE SCHEMA {name}; USE memory.{name}")
            attach(connection, folder)
        connection.execute("USE memory.main")
        return dict(_differing(connection))


def _differing(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, Difference]]:
    for table in TABLES:
        query = _keyed(table) if table.key else _repeating(table)
        ((new, changed, gone),) = connection.execute(query).fetchall()
        difference = Difference(int(new), int(changed), int(gone))
        if difference != Difference():
            yield table.name, difference


def _keyed(table: Table) -> str:
    key, ((_, before), (_, after)) = ", ".join(table.key), _of_others(table)
    values = [name for name in table.names if name not in table.key]
    other = f"({_row(values, 'b')}) IS DISTINCT FROM ({_row(values, 'a')})" if values else "false"
    there = table.key[0]
    return (
        f"SELECT count(*) FILTER (b.{there} IS NULL), count(*) FILTER (b.{there} IS NOT NULL AND a.{there} IS NOT NULL "
        f"AND {other}), count(*) FILTER (a.{there} IS NULL) FROM ({before}) b FULL JOIN ({after}) a USING ({key})"
    )


def _repeating(table: Table) -> str:
    """Of a table without a key each row counts: as often as it is there."""
    columns = ", ".join(table.names)
    sides = " UNION ALL ".join(f"SELECT {columns}, {sign} AS sign FROM ({query})" for sign, query in _of_others(table))
    return (
        "SELECT coalesce(sum(greatest(surplus, 0)), 0), 0, coalesce(sum(greatest(-surplus, 0)), 0) "
        f"FROM (SELECT sum(sign) AS surplus FROM ({sides}) GROUP BY {columns})"
    )


def _of_others(table: Table) -> tuple[tuple[int, str], tuple[int, str]]:
    """The rows before (-1) and after (1) of whoever's rows are not the same: of most learners all are."""
    owner = ", ".join(name for name in table.names if name in _OWNERS)
    row = f"({_row(table.names, 't')})"
    sums = " UNION ALL ".join(
        f"SELECT {owner}, sum(hash({row})::HUGEINT) * {sign} AS total, count(*) * {sign} AS rows "
        f"FROM {side}.{table.name} t GROUP BY {owner}"
        for sign, side in ((-1, "before"), (1, "after"))
    )
    others = f"SELECT {owner} FROM ({sums}) GROUP BY {owner} HAVING sum(total) <> 0 OR sum(rows) <> 0"
    semi = f"SEMI JOIN ({others}) o ON " + " AND ".join(
        f"t.{name} IS NOT DISTINCT FROM o.{name}" for name in owner.split(", ")
    )
    before, after = (f"SELECT t.* FROM {side}.{table.name} t {semi}" for side in ("before", "after"))
    return (-1, before), (1, after)


def _row(names: tuple[str, ...] | list[str], of: str) -> str:
    return ", ".join(f"{of}.{name}" for name in names)
