"""The rows set aside: how many a run bears, and the file in which each is found with its column, value and reason."""

import math
from collections import defaultdict
from pathlib import Path
from typing import Any

from components.extract.reading import NOT_UTF8, physical_lines
from components.extract.staging import FILE_BITS, REJECTED, File, Staging, quoted
from earlybell.errors import SourceError

_SHOWN = 3
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
    """End the run where a file has a larger share of bad rows than it may.

    Raises:
        SourceError: names the file, and of its first bad rows the row, column and value.
    """
    for file, bad in shares(staging):
        if bad > staging.max_bad_share * file.rows:
            allowed, share = f"more than a share of {staging.max_bad_share:g}", math.ceil(1000 * bad / file.rows) / 1000
            examples = _examples(staging, file.index)
            mend = "Save the file as CSV UTF-8" if NOT_UTF8 in examples else "Mend the file"
            raise SourceError(
                f"{bad:,} of {file.rows:,} rows of {file.label} are bad, {allowed}",
                examples,
                f"{mend}, or let them be set aside with --max-bad-share {share:g}.",
            )


def write(staging: Staging, path: Path) -> list[dict[str, Any]]:
    """Write every row set aside to a CSV file; how many there are for each file, column and reason.

    `row` is the line of a CSV file, the header being 1, and the row of a Parquet file, the first being 1.
    """
    _number(staging, "SELECT DISTINCT _id FROM set_aside")
    staging.sql("CREATE OR REPLACE TEMP TABLE labels (file BIGINT, label VARCHAR)")
    for file in staging.files:
        staging.sql("INSERT INTO labels VALUES (?, ?)", (file.index, file.label))
    found = f"FROM set_aside JOIN labels ON labels.file = {_FILE} JOIN numbered USING (_id)"
    staging.sql(
        f"COPY (SELECT label AS file, number AS row, columns AS column, {_AS_TEXT}, reason {found} "
        f"ORDER BY labels.file, number, columns, reason) TO {quoted(path)} (FORMAT csv, HEADER)"
    )
    counts = staging.sql(f"SELECT label, reason, columns, count(*) {found} GROUP BY ALL ORDER BY ALL")
    return [dict(zip(("file", "reason", "column", "rows"), row, strict=True)) for row in counts]


def _examples(staging: Staging, index: int) -> str:
    first = f"SELECT DISTINCT _id FROM set_aside WHERE {_FILE} = {index} ORDER BY _id LIMIT {_SHOWN}"
    _number(staging, first)
    rows = staging.sql(
        "SELECT number, columns, value, reason FROM set_aside JOIN numbered USING (_id) "
        "ORDER BY number, columns, reason"
    )
    return "; ".join(f"row {number}: {_told(*told)}" for number, *told in rows[:_SHOWN])


def _told(columns: str | None, value: str | None, reason: str) -> str:
    return reason if columns is None else f"{columns} {'' if value is None else value + ' '}{reason}"


def _number(staging: Staging, ids: str) -> None:
    """The table `numbered` of these rows: the number under which a user finds each."""
    staging.sql(f"CREATE OR REPLACE TEMP TABLE numbered AS SELECT _id, {_NUMBER} + 1 AS number FROM ({ids})")
    wanted = defaultdict(set)
    for (row,) in staging.sql("SELECT _id FROM numbered"):
        wanted[row >> FILE_BITS].add(row & ((1 << FILE_BITS) - 1))
    for index, rows in wanted.items():
        if staging.files[index].path.suffix != ".parquet":
            _number_lines(staging, index, rows)


def _number_lines(staging: Staging, index: int, rows: set[int]) -> None:
    good, rejected = {row for row in rows if row < REJECTED}, {row - REJECTED for row in rows if row >= REJECTED}
    lines = dict(physical_lines(staging.files[index], good, rejected))
    found = [(index << FILE_BITS) + row for row in lines], list(lines.values())
    staging.sql(
        "UPDATE numbered SET number = line FROM (SELECT unnest($1::BIGINT[]) AS row, unnest($2::BIGINT[]) AS line) "
        "WHERE _id = row",
        found,
    )
