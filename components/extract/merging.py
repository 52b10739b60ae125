"""Sources merged into one set of tables, cross-checked, and written so that the same rows give the same bytes."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from components.extract import quarantine
from components.extract.checks import ROW, UNIT
from components.extract.plausible import check_plausible
from components.extract.repairs import note_repairs
from components.extract.sifting import sift_keys, sift_links
from components.extract.staging import Extracted, Relation, Staging, key_of
from components.reporting import progress
from earlybell.counts import counted
from earlybell.errors import SourceError
from earlybell.tables.schema import SQL_TYPES, TABLES, Table
from earlybell.tables.sql import quoted
from earlybell.tables.store import FACTS, tables_digest

FORMAT = 1
QUARANTINE = "quarantine.csv"


def merge(staging: Staging, sources: Sequence[Extracted]) -> None:
    """Make a view of each canonical table by its name, of all the sources' rows.

    A row counts as often as in the file where it occurs most. Rows of several files that differ under one key become
    one where their table says how. What refers to a row that is not there is set aside, and learners of whom a row
    cannot be read are, with all their rows.

    Raises:
        SourceError: too large a share of a file's rows or of a course run's learners is set aside, or the tables have
            a pattern that cannot be.
    """
    names = {table.name: table.name for table in TABLES}
    present = [table for table in TABLES if any(table.name in source.relations for source in sources)]
    for table in TABLES:
        relations = [source.relations[table.name] for source in sources if table.name in source.relations]
        several = sum(relation.units for relation in relations) > 1
        merged = f"{table.name}_merged"
        # Not a view: each check would plan, and run, all that the source's own views do.
        staging.sql(f"CREATE TABLE {merged} AS {_union(table, relations, several)}")
        staging.keep_clean(table.name, table, merged, checked=True)
        if several:
            sift_keys(staging, table, merged, table.name, checked=True)
    sift_links(staging, present, names, TABLES)
    note_repairs(staging)
    check_plausible(staging)


def write(staging: Staging, sources: Sequence[Extracted], out: Path) -> dict[str, Any]:
    """Write the merged tables that have rows, the quarantine and `tables.json` to the new folder `out`.

    Returns what `tables.json` says.

    Raises:
        SourceError: a table that every site has is empty.
    """
    out.mkdir()
    rows = {table.name: _write(staging, table, out / f"{table.name}.parquet") for table in TABLES}
    if empty := [table.name for table in TABLES if table.required and not rows[table.name]]:
        came_from = ", ".join(source.source for source in sources)
        raise SourceError(f"{came_from}: no rows for required tables", ", ".join(empty), "Add a source that has them.")
    facts = _facts(staging, sources, out, rows)
    (out / FACTS).write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return facts


def concerns(facts: dict[str, Any], folder: Path) -> list[str]:
    """What a user should look at in the tables written to `folder`: how many rows or notes, and the file with them.

    Args:
        facts: what `write` returned.
    """
    rows, notes = sum(group["rows"] for group in facts["quarantine"]), len(facts["notes"])
    counts = ((f"rows set aside: {rows:,}", rows, QUARANTINE), (f"notes on the data: {notes:,}", notes, FACTS))
    return [f"{words}, in {folder / file}" for words, count, file in counts if count]


def _union(table: Table, relations: Sequence[Relation], several: bool) -> str:
    """The SELECT of a table's rows from all sources; of equal rows in several files those of the fullest one."""
    columns = ", ".join(table.names)
    if not relations:
        return f"SELECT 0::BIGINT AS {ROW}, 0::BIGINT AS {UNIT}, {_nothing(table)} WHERE false"
    union = " UNION ALL ".join(f"SELECT {ROW}, {UNIT}, {columns} FROM {relation.name}" for relation in relations)
    if not several:
        return union
    by_file = f"SELECT {columns}, min({ROW}) AS first, count(*) AS often FROM ({union}) GROUP BY {columns}, {UNIT}"
    fullest = f"SELECT {columns}, min(first) AS {ROW}, max(often) AS often FROM ({by_file}) GROUP BY {columns}"
    return f"SELECT {ROW}, 0::BIGINT AS {UNIT}, {columns} FROM (SELECT *, unnest(range(often)) FROM ({fullest}))"


def _nothing(table: Table) -> str:
    return ", ".join(f"NULL::{SQL_TYPES[column.type]} AS {column.name}" for column in table.columns)


def _write(staging: Staging, table: Table, path: Path) -> int:
    order = ", ".join(dict.fromkeys([*table.key, *table.names]))
    # DuckDB writes a column as required or not by what it can prove of nulls, which differs between sources of equal
    # rows. Of a CASE it can prove nothing, and the same rows give the same bytes.
    columns = ", ".join(f"CASE WHEN {name} IS NOT NULL THEN {name} END AS {name}" for name in table.names)
    query = f"SELECT {columns} FROM (FROM {table.name} ORDER BY {order})"
    rows: int = staging.sql(f"COPY ({query}) TO {quoted(path)} (FORMAT parquet, COMPRESSION zstd)")[0][0]
    if rows:
        progress("extract", f"{table.name} {counted(rows, 'row')} written")
    else:
        path.unlink()
    return rows


def _facts(staging: Staging, sources: Sequence[Extracted], out: Path, rows: dict[str, int]) -> dict[str, Any]:
    set_aside = quarantine.write(staging, out / QUARANTINE)
    for file, bad in quarantine.shares(staging):
        staging.notes.add(f"{file.label}: {bad:,} of {counted(file.rows, 'row')} set aside.")
    earlier = [source.facts for source in sources]
    granularities = [row[0] for row in staging.sql("SELECT DISTINCT granularity FROM courses ORDER BY ALL")]
    return {
        "format": FORMAT,
        "sources": [name for source in sources for name in source.facts.get("sources") or [source.source]],
        "ids": "pseudonymous" if all(source.pseudonymous for source in sources) else "raw",
        "key": next((key for source in sources if (key := key_of(staging, source))), None),
        "granularity": granularities[0] if len(granularities) == 1 else "mixed",
        "rows": rows,
        "digest": tables_digest(out),
        "notes": sorted(staging.notes.union(*(facts.get("notes", []) for facts in earlier))),
        "quarantine": [row for facts in earlier for row in facts.get("quarantine", [])] + set_aside,
    }
