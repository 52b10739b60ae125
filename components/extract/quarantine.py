"""The rows set aside: how many a run bears, and the file in which each is found with its column, value and reason."""

import math
from collections import defaultdict
from pathlib import Path
from typing import Any

from components.extract.learners import WITH_LEARNER
from components.extract.reading import physical_lines
from components.extract.staging import FILE_BITS, REJECTED, File, Staging
from earlybell.counts import Count, counted
from earlybell.errors import SourceError
from earlybell.tables.rules import REPEATED, TOGETHER
from earlybell.tables.schema import MOST_BAD_SHARE
from earlybell.tables.sql import quoted

_SHOWN = 3
# Rows that are out and are not bad: what they say is in another row, or they go with their learner.
_EXCUSED = f"reason IN ({quoted(REPEATED)}, {quoted(TOGETHER)}) OR starts_with(reason, {quoted(WITH_LEARNER)})"
# Of values the unreadable ones count as their rows do: many are a wrong column. One that is read and odd counts not.
_BAD = (
    f"SELECT relation, _id, columns, value, reason FROM set_aside WHERE NOT ({_EXCUSED}) UNION ALL "
    "SELECT relation, _id, name, value, reason FROM repaired WHERE starts_with(reason, 'not ')"
)
_CONCERNS = {
    "stop": "everybody in the course run is concerned",
    "learner": "nobody can tell whose, and somebody's work or outcome would be missing",
}
_REMEDIES = (  # by how a reason begins
    ("not a timestamp", "Write times as 2024-01-31 10:00:00."),
    ("not between", "Write years in four digits, and leave a time empty that is none."),
    ("not an integer", "Write whole numbers without units."),
    ("not a number", "Write numbers without units, with a point before decimals."),
    ("not one of", "Write one of these words."),
    ("not of the form", "Write it in this form."),
    ("not found", "Export both files at one time from one system, with ids written alike."),
    ("same key", "Export one row for each."),
    ("too", "Put texts that hold the separator in quotes, and export the whole file."),
    ("missing", "Fill the column, or leave out rows that are nothing."),
    ("", "Look whether the column is the right one, in the right unit."),
)
_NUMBER = f"(_id & {(1 << FILE_BITS) - 1})"
# What a spreadsheet would take for a formula gets the apostrophe that makes it a text there.
_FORMULA = r"regexp_matches(value, '^[=+@\t\r-]') AND try_cast(value AS DOUBLE) IS NULL"
_AS_TEXT = f"CASE WHEN {_FORMULA} THEN chr(39) || value ELSE value END AS value"
_FILE = f"(_id >> {FILE_BITS})"


def shares(staging: Staging) -> list[tuple[File, int]]:
    """Each file with bad rows, and how many."""
    counted = staging.sql(f"SELECT {_FILE}, count(DISTINCT _id) FROM set_aside GROUP BY 1 ORDER BY 1")
    return [(staging.files[index], bad) for index, bad in counted]


def stop_if_bad(staging: Staging) -> None:
    """End the run where a file has a larger share of bad rows than it may, or one that concerns everybody.

    Raises:
        SourceError: names the file, and of its first bad rows the row, column and value, and how to export it again.
    """
    if not staging.sql("SELECT 1 FROM set_aside UNION ALL SELECT 1 FROM repaired LIMIT 1"):
        return
    concerned = f"SELECT {_FILE}, count(DISTINCT _id), min(bad) FROM fatal GROUP BY 1 ORDER BY 1 LIMIT 1"
    for index, bad, why in staging.sql(concerned):
        label = staging.files[index].label
        examples, remedy = _examples(staging, index, f"FROM ({_BAD}) SEMI JOIN fatal USING (_id)")
        raise SourceError(f"{counted(bad, 'row')} of {label} cannot be used: {_CONCERNS[why]}", examples, remedy)
    for index, bad in staging.sql(f"SELECT {_FILE}, count(DISTINCT _id) FROM ({_BAD}) GROUP BY 1 ORDER BY 1"):
        file = staging.files[index]
        if bad > staging.max_bad_share * file.rows:
            _stop(staging, file, bad)


def _stop(staging: Staging, file: File, bad: int) -> None:
    allowed, share = f"more than a share of {staging.max_bad_share:g}", math.ceil(1000 * bad / file.rows) / 1000
    examples, remedy = _examples(staging, file.index, _BAD)
    if share <= MOST_BAD_SHARE:
        remedy = f"{remedy} Or let them be set aside with --max-bad-share {share:g}."
    raise SourceError(
        f"{bad:,} of {counted(file.rows, 'row')} of {file.label} {Count(bad):is|are} bad, {allowed}", examples, remedy
    )


def write(staging: Staging, path: Path) -> list[dict[str, Any]]:
    """Write every row set aside to a CSV file; how many there are for each file, column and reason.

    `row` is the line of a CSV file, the header being 1, and the row of a Parquet file, the first being 1.
    """
    _number(staging, "SELECT DISTINCT _id FROM set_aside")
    staging.sql("CREATE OR REPLACE TEMP TABLE labels (file BIGINT, label VARCHAR)")
    for file in staging.files:
        staging.sql("INSERT INTO labels VALUES (?, ?)", (file.index, file.label))
    from_clause = f"FROM set_aside JOIN labels ON labels.file = {_FILE} JOIN numbered USING (_id)"
    staging.sql(
        f"COPY (SELECT label AS file, number AS row, columns AS column, {_AS_TEXT}, reason {from_clause} "
        f"ORDER BY labels.file, number, columns, reason) TO {quoted(path)} (FORMAT csv, HEADER)"
    )
    counts = staging.sql(f"SELECT label, reason, columns, count(*) {from_clause} GROUP BY ALL ORDER BY ALL")
    return [dict(zip(("file", "reason", "column", "rows"), row, strict=True)) for row in counts]


def _examples(staging: Staging, index: int, bad: str) -> tuple[str, str]:
    """The first of a file's bad rows, with what ids were compared to, and how to export the file again."""
    _number(staging, f"SELECT DISTINCT _id FROM ({bad}) WHERE {_FILE} = {index} ORDER BY _id LIMIT {_SHOWN}")
    rows = staging.sql(
        f"SELECT number, columns, value, reason, relation FROM ({bad}) JOIN numbered USING (_id) "
        "ORDER BY number, columns, reason"
    )[:_SHOWN]
    faults = [f"row {number}: {_fault(columns, value, reason)}" for number, columns, value, reason, _ in rows]
    compared = dict.fromkeys(staging.compared[row[4], row[3]] for row in rows if (row[4], row[3]) in staging.compared)
    remedy = next(words for reason, words in _REMEDIES if rows[0][3].startswith(reason))
    return "; ".join([*faults, *compared]), f"Mend the file, or export it again: {remedy[0].lower()}{remedy[1:]}"


def _fault(columns: str | None, value: str | None, reason: str) -> str:
    return reason if columns is None else f"{columns} {value + ' ' if value else ''}{reason}"


def _number(staging: Staging, ids: str) -> None:
    """The table `numbered` of these rows: the number under which a user finds each."""
    staging.sql(f"CREATE OR REPLACE TEMP TABLE numbered AS SELECT _id, {_NUMBER} + 1 AS number FROM ({ids})")
    rows_of_file = defaultdict(set)
    for (row,) in staging.sql("SELECT _id FROM numbered"):
        rows_of_file[row >> FILE_BITS].add(row & ((1 << FILE_BITS) - 1))
    for index, rows in rows_of_file.items():
        if staging.files[index].path.suffix != ".parquet":
            _number_lines(staging, index, rows)


def _number_lines(staging: Staging, index: int, rows: set[int]) -> None:
    good, rejected = {row for row in rows if row < REJECTED}, {row - REJECTED for row in rows if row >= REJECTED}
    lines = dict(physical_lines(staging.files[index], good, rejected))
    parameters = [(index << FILE_BITS) + row for row in lines], list(lines.values())
    staging.sql(
        "UPDATE numbered SET number = line FROM (SELECT unnest($1::BIGINT[]) AS row, unnest($2::BIGINT[]) AS line) "
        "WHERE _id = row",
        parameters,
    )
