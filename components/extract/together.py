"""Rows that differ under one key, brought together where their table says how: two enrolments become one."""

from components.extract.checks import ROW, UNIT
from components.extract.staging import FILE_BITS, Staging
from earlybell.counts import counted
from earlybell.tables.rules import TOGETHER
from earlybell.tables.schema import Column, Merge, Table
from earlybell.tables.sql import quoted

_VALUES: dict[Merge, str] = {
    "same": "CASE WHEN count(DISTINCT {0}) <= 1 THEN max({0}) END",
    "earliest": "min({0})",
    "latest": "max({0})",
    "most": "max({0})",
    "open": "CASE WHEN count({0}) = count(*) THEN max({0}) END",
}
_WORDS: dict[Merge, str] = {"earliest": "earliest", "latest": "latest", "most": "largest", "open": "latest, or none"}


def bring_together(staging: Staging, table: Table, name: str) -> None:
    """Make one row of the rows of the view `name` that have one key, if no column is left that nobody can decide.

    A value that must be the same and is not becomes unknown where the table says that this is honest (`Column.bad`);
    elsewhere the rows stay as they are. The first row's number stays, the others are set aside; the new rows are in the
    table `NAME_together`.
    """
    owner = [UNIT, *(column for column in table.key if not table.numbered or column != table.numbered[0])]
    key, shared, merged = ", ".join([UNIT, *table.key]), f"{name}_shared", f"{name}_groups"
    owners = f"SELECT {', '.join(owner)} FROM {name} GROUP BY {key} HAVING count(*) > 1"
    rows = f"SELECT * {_counted_on(table, owner)} FROM {name} SEMI JOIN ({owners}) USING ({', '.join(owner)})"
    staging.sql(f"CREATE TEMP TABLE {shared} AS {rows}")
    staging.sql(f"CREATE TEMP TABLE {merged} AS {_groups(table, shared)}")
    columns = ", ".join((ROW, UNIT, *table.names))
    staging.sql(f"CREATE TABLE {name}_together AS SELECT {columns} FROM {merged} WHERE NOT undecided")
    staging.together.add(name)
    shown = ", ".join(f"shown({column}::VARCHAR)" for column in table.key)
    staging.sql(
        f"INSERT INTO set_aside SELECT {quoted(name)}, s.{ROW}, {quoted(', '.join(table.key))}, "
        f"concat_ws(', ', {shown}), {quoted(TOGETHER)} FROM {shared} AS s JOIN {merged} AS g USING ({key}) "
        f"WHERE NOT undecided AND s.{ROW} <> g.{ROW}"
    )
    _note(staging, table, shared, merged)


def _counted_on(table: Table, owner: list[str]) -> str:
    """SQL that counts rows of one owner by their time, from the first number that they have; what is 0 stays so."""
    if not table.numbered:
        return ""
    counter, time = table.numbered
    own = f"PARTITION BY {', '.join(owner)}, {counter} > 0"
    number = f"min({counter}) OVER ({own}) - 1 + dense_rank() OVER ({own} ORDER BY {time})"
    return f"REPLACE (CASE WHEN {counter} > 0 THEN {number} ELSE {counter} END AS {counter}), {counter} AS _counted"


def _groups(table: Table, shared: str) -> str:
    others = [column for column in table.columns if column.name not in table.key]
    values = ", ".join(f"{_VALUES[column.merge].format(column.name)} AS {column.name}" for column in others)
    undecided = [f"count(DISTINCT {column.name}) > 1" for column in others if _must_be_the_same(column)]
    key = ", ".join([UNIT, *table.key])
    return (
        f"SELECT min({ROW}) AS {ROW}, {key}, {values}, {' OR '.join(undecided) or 'false'} AS undecided "
        f"FROM {shared} GROUP BY {key}"
    )


def _must_be_the_same(column: Column) -> bool:
    return column.merge == "same" and column.bad != "null"


def _note(staging: Staging, table: Table, shared: str, merged: str) -> None:
    """Say of each file how many rows are one with another, and how many are further ones."""
    key = ", ".join([UNIT, *table.key])
    by_file = f"SELECT s.{ROW} >> {FILE_BITS}, count(*) FROM {shared} AS s"
    repeats = f"{by_file} JOIN {merged} AS g USING ({key}) WHERE NOT undecided AND s.{ROW} <> g.{ROW} GROUP BY 1"
    chosen = [f"{column.name} the {_WORDS[column.merge]}" for column in table.columns if column.merge in _WORDS]
    how = ", ".join([*chosen, "what differs otherwise unknown"])
    for index, rows in staging.sql(repeats):
        label = staging.files[index].label
        staging.notes.add(
            f"{label}: {counted(rows, 'row')} with the key ({', '.join(table.key)}) of another made one with it: {how}."
        )
    if table.numbered:
        counter, time = table.numbered
        for index, rows in staging.sql(f"{by_file} WHERE _counted IS DISTINCT FROM {counter} GROUP BY 1"):
            label = staging.files[index].label
            staging.notes.add(f"{label}: {counted(rows, 'row')} with the {counter} of another counted on by {time}.")
