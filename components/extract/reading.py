"""Files into staging: CSV as text, exactly as it stands, and Parquet as it is where a column is of its table's type."""

import csv
import gzip
import hashlib
import shutil
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TextIO

import duckdb

from components.extract import records
from components.extract.checks import ROW, UNIT
from components.extract.encodings import REPLACEMENT, Decoded, is_utf8, write_utf8
from components.extract.headers import is_before_header, stated_delimiter
from components.extract.staging import FILE_BITS, REJECTED, File, Relation, Staging, out_of_room
from components.extract.understanding import understood
from components.reporting import progress
from earlybell.counts import counted
from earlybell.errors import SourceError
from earlybell.tables.schema import SQL_TYPES, Column, Table, Type
from earlybell.tables.sql import identifier, parquet, quoted, quoted_path

SUFFIXES = (".parquet", ".csv", ".csv.gz")
DELIMITERS = ",;\t"  # what a spreadsheet or R separates fields by, where a comma is in numbers

# What a cast to our type keeps whole; anything else is read as text and checked as text.
_SAFE: dict[Type, tuple[str, ...]] = {
    "string": (),
    "integer": ("BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"),
    "number": ("TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER", "FLOAT", "DOUBLE"),
    "timestamp": ("DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"),
}
_BROKEN = ("UNQUOTED VALUE", "LINE SIZE OVER MAXIMUM", "INVALID STATE")
_FLOATS = ("FLOAT", "DOUBLE")
_REASONS = {"MISSING COLUMNS": "too few fields", "TOO MANY COLUMNS": "too many fields"}
_LONGEST_LINE = 2_000_000  # as DuckDB's
_CSV = "auto_detect = false, hive_partitioning = false, header = true, quote = '\"', escape = '\"'"
_REJECTS = "store_rejects = true, rejects_table = 'rejects', rejects_scan = 'reject_scans', rejects_limit = 0"


@dataclass(frozen=True)
class Origin:
    """Where files come from. `nulls` are the texts that mean unknown.

    Files of a table that are `disjoint` parts of one count as one unit, others as a unit each. `named` gives the
    column that a title in a file stands for; `optional` columns may be missing, and are unknown then, as those that
    their table calls so. Texts are separated by what a first line `sep=;` states, else by one of `delimiters`:
    whichever makes most of the header. Files that are `ours`, written by Earlybell, are taken at their word; in others,
    what means unknown is understood. `untitled` are the titles of a JSON file whose rows are lists without a header.
    """

    source: str
    folder: Path
    nulls: tuple[str, ...] = ("",)
    disjoint: bool = False
    named: Callable[[str], str] = str
    optional: frozenset[str] = frozenset()
    delimiters: str = ","
    ours: bool = False
    untitled: tuple[str, ...] = ()

    def label(self, path: Path) -> str:
        return f"{self.source}/{path.relative_to(self.folder).as_posix()}"


@dataclass(frozen=True)
class _Header:
    """How many lines are before a CSV file's header, how it ends, what separates its texts, and the columns by our
    names."""

    skip: int
    line_end: str
    delimiter: str
    names: list[str]

    @property
    def form(self) -> str:
        """Options of DuckDB's reader, which looks for the end of lines in the first of them."""
        skipped = f", skip = {self.skip}, new_line = {quoted(self.line_end)}" if self.skip else ""
        return f"delim = {quoted(self.delimiter)}{skipped}"


def folder_of(source: str, place: str) -> Path:
    """
    Raises:
        SourceError: there is no such folder.
    """
    if not (folder := Path(place)).is_dir():
        raise SourceError(f"{source} is not there", str(folder), "Name a folder that can be read.")
    return folder


def find(folder: Path, table: Table) -> list[Path]:
    """The files of a table: `NAME.parquet`, `NAME.csv`, `NAME.csv.gz`, or those of the folder `NAME`, by name.

    Raises:
        SourceError: the table is there in more than one form.
    """
    single = [path for suffix in SUFFIXES if (path := folder / f"{table.name}{suffix}").is_file()]
    parts = sorted(path for path in (folder / table.name).glob("*") if path.name.endswith(SUFFIXES))
    if len(single) + bool(parts) > 1:
        forms = ", ".join(path.name for path in [*single, *parts[:1]])
        raise SourceError(f"{folder} has the table {table.name} in more than one form", forms, "Keep one of them.")
    return single or parts


def read(staging: Staging, origin: Origin, table: Table, paths: Sequence[Path], relation: str) -> Relation:
    """Read the files of a table as the view `relation`, checked for nothing but that rows have their fields.

    Raises:
        SourceError: a file is empty, cannot be read, or lacks a column.
    """
    first = len(staging.files)
    selects = [_csv(staging, origin, path, table) for path in paths if path.suffix != ".parquet"]
    selects += _parquets(staging, origin, [path for path in paths if path.suffix == ".parquet"], table)
    unit = f"{first}::BIGINT" if origin.disjoint else f"{ROW} >> {FILE_BITS}"
    staging.sql(f"CREATE VIEW {relation} AS SELECT *, {unit} AS {UNIT} FROM ({' UNION ALL '.join(selects)})")
    progress("extract", f"{table.name} {counted(sum(file.rows for file in staging.files[first:]), 'row')}")
    return Relation(relation, 1 if origin.disjoint else len(paths))


def header(staging: Staging, origin: Origin, path: Path) -> list[str]:
    """The columns of a CSV, XLSX or JSON file, by our names.

    Raises:
        SourceError: the file is empty or cannot be read.
    """
    label = origin.label(path)
    with _readable(label):
        return _header(label, _as_text(staging, label, path, origin), origin).names


def physical_lines(file: File, rows: set[int], rejected: set[int]) -> Iterator[tuple[int, int]]:
    """The number of each wanted row of a CSV file and the line, from 1, on which an editor finds it.

    `rows` count from 0 without header, blank lines and rejected ones. `rejected` count every record from 1, which is
    how DuckDB counts them; they come back raised by REJECTED.
    """
    csv.field_size_limit(_LONGEST_LINE)
    with _text(file.path) as text:
        for _ in range(file.skip):
            text.readline()
        reader = csv.reader(text, delimiter=file.delimiter)
        next(reader)
        start, row, remaining = file.skip + reader.line_num + 1, -1, len(rows) + len(rejected)
        for record, fields in enumerate(reader, file.skip + 2):
            row += record not in rejected and bool(fields)
            if record in rejected or (fields and row in rows):
                yield (REJECTED + record if record in rejected else row), start
                remaining -= 1
            if not remaining:
                return
            start = file.skip + reader.line_num + 1


@contextmanager
def _readable(label: str) -> Iterator[None]:
    try:
        yield
    except (duckdb.Error, OSError, EOFError, csv.Error) as error:
        if out_of_room(error):
            raise
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        if "invalid state" in reason:  # what DuckDB says of it
            reason = "it has a stray quote, or lines that end in different ways"
        raise SourceError(f"{label} cannot be read", reason, "Export it again, or convert it.") from error


@contextmanager
def _unchanged(label: str, path: Path) -> Iterator[None]:
    """Refuse a file that somebody writes to: the last row that is there may be half of one, and look whole."""
    before = path.stat()
    yield
    after = path.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        sizes = f"{before.st_size:,} bytes, then {after.st_size:,} bytes"
        raise SourceError(f"{label} changed while it was read", sizes, "Wait until it is whole, then run this again.")


def _parquets(staging: Staging, origin: Origin, paths: Sequence[Path], table: Table) -> list[str]:
    """The SELECTs of the rows of Parquet files: one for all that have the same columns, as each scan holds memory."""
    alike: dict[tuple[tuple[str, str], ...], list[Path]] = {}
    for path in paths:
        with _readable(label := origin.label(path)):
            described = staging.sql(f"DESCRIBE FROM {_scan([path])}")
        _check_columns(staging, label, table, [row[0] for row in described], origin.optional)
        alike.setdefault(tuple((row[0], row[1]) for row in described), []).append(path)
    return [_parquet(staging, origin, same, dict(types), table) for types, same in alike.items()]


def _parquet(staging: Staging, origin: Origin, paths: Sequence[Path], types: dict[str, str], table: Table) -> str:
    first = len(staging.files)
    for path in paths:
        rows = staging.sql(f"SELECT num_rows FROM parquet_file_metadata({quoted_path(path)})")[0][0]
        staging.files.append(File(len(staging.files), origin.label(path), path, rows))
    values = {column.name: _native(column, types.get(column.name), _listed(origin.nulls)) for column in table.columns}
    if not origin.ours:
        texts = {name: value for name, value in values.items() if types.get(name) not in _SAFE[table.column(name).type]}
        label = origin.label(paths[0]) if len(paths) == 1 else f"{origin.source}/{table.name}"
        values |= understood(staging, label, table, _scan(paths), {n: v for n, v in texts.items() if n in types})
    row = f"(({first} + file_index::BIGINT) << {FILE_BITS}) + file_row_number"
    return f"SELECT {row} AS {ROW}, {_named(values)} FROM {_scan(paths)}"


def _named(values: Mapping[str, str]) -> str:
    return ", ".join(f'{value} AS "{name}"' for name, value in values.items())


def _scan(paths: Sequence[Path]) -> str:
    return parquet(paths, "binary_as_string = true")


def _listed(values: Sequence[object]) -> str:
    return ", ".join(map(quoted, values))


def _native(column: Column, stored_type: str | None, nulls: str) -> str:
    """SQL of a column's values; what is no number in a column of numbers is unknown, as it is to who wrote it."""
    if stored_type is None:
        return "NULL::VARCHAR"
    name = (
        f"""(CASE WHEN NOT isnan("{column.name}") THEN "{column.name}" END)"""
        if stored_type in _FLOATS
        else identifier(column.name)
    )
    if stored_type in _SAFE[column.type]:
        return f"{name}::{SQL_TYPES[column.type]}"
    return f"(CASE WHEN {name}::VARCHAR NOT IN ({nulls}) THEN {name}::VARCHAR END)"


def _csv(staging: Staging, origin: Origin, path: Path, table: Table) -> str:
    """Read a CSV file into a table of texts; the SELECT of its rows."""
    label = origin.label(path)
    with _readable(label), _unchanged(label, path):
        written = _as_text(staging, label, path, origin)
        rows = _load(staging, origin, label, written, table)
        if rows is None:
            written = _as_utf8(staging, label, written)
            rows = _load(staging, origin, label, written, table)
    file, head = f"file{len(staging.files)}", _header(label, written, origin)
    staging.files.append(File(len(staging.files), label, written, rows or 0, head.delimiter, head.skip))
    _check_ids(staging, label, table, file, staging.decoded.get(written))
    if origin.ours:
        return f"SELECT * FROM {file}"
    values = understood(staging, label, table, file, {name: identifier(name) for name in table.names})
    return f"SELECT {ROW}, {_named(values)} FROM {file}"


def _load(staging: Staging, origin: Origin, label: str, path: Path, table: Table) -> int | None:
    """Read a CSV file into the table `fileN`; how many rows there are, or None if it is not UTF-8."""
    head = _header(label, path, origin)
    names = head.names
    _check_columns(staging, label, table, names, origin.optional)
    text = ", ".join(f"'c{position}': 'VARCHAR'" for position in range(len(names)))
    columns = ", ".join(f'{_field(column.name, names)} AS "{column.name}"' for column in table.columns)
    first, file = len(staging.files) << FILE_BITS, f"file{len(staging.files)}"
    form = f"{_CSV}, {head.form}, columns = {{{text}}}, nullstr = [{_listed(origin.nulls)}]"
    staging.sql(
        f"CREATE TABLE {file} AS SELECT {first} + row_number() OVER () - 1 AS {ROW}, {columns} "
        f"FROM read_csv({quoted_path(path)}, {form}, {_REJECTS})"
    )
    if path not in staging.decoded and staging.sql(
        "SELECT 1 FROM rejects WHERE error_type = 'INVALID ENCODING' LIMIT 1"
    ):
        staging.sql(f"DROP TABLE {file}; DROP TABLE rejects; DROP TABLE reject_scans")
        return None
    rows: int = staging.sql(f"SELECT count(*) FROM {file}")[0][0]
    return rows + _take_rejected(staging, label, file, first, table)


def _field(name: str, names: Sequence[str]) -> str:
    return f"c{names.index(name)}" if name in names else "NULL::VARCHAR"


def _check_ids(staging: Staging, label: str, table: Table, file: str, decoded: Decoded | None) -> None:
    """Names may be read with a slip, ids not: another id is another learner.

    Raises:
        SourceError: a file whose encoding had to be guessed has an id that is not the same in each.
    """
    ids = [identifier(column.name) for column in table.columns if column.is_id and not column.nullable]
    if decoded and decoded.guessed and ids:
        unsure = REPLACEMENT if decoded.encoding == "utf-8" else r"[^\x00-\x7f]"
        suspect = " OR ".join(f"regexp_matches({name}, '{unsure}')" for name in ids)
        if staging.sql(f"SELECT 1 FROM {file} WHERE {suspect} LIMIT 1"):
            way_out = "Save it as CSV UTF-8: ids must be the same in every file."
            raise SourceError(f"{label} is not in UTF-8, and has ids that are not ASCII", ", ".join(ids), way_out)


def _as_text(staging: Staging, label: str, path: Path, origin: Origin) -> Path:
    """The file itself, or the CSV in UTF-8 that stands for it, for an XLSX file's first sheet or for rows of JSON."""
    if path.suffix.lower() not in (".xlsx", ".json"):
        lines = _first_bytes(path)
        if not is_utf8(label, lines):
            return _as_utf8(staging, label, path)
        return _without_mark(staging, path) if lines.startswith(BOM_UTF8) and _is_late(lines) else path
    written = _copy_of(staging, path)
    if not written.exists():
        if path.suffix.lower() == ".json":
            records.write_csv(path, written, origin.untitled)
        else:
            from components.extract import sheets  # loads openpyxl, for whom a file is one of Excel alone

            sheets.write_csv(path, written)
    return written


def _is_late(lines: bytes) -> bool:
    """Whether these lines begin with one that is before a header."""
    return is_before_header(lines.removeprefix(BOM_UTF8).splitlines(keepends=True)[0].decode())


def _without_mark(staging: Staging, path: Path) -> Path:
    """A copy without the mark of UTF-8: where lines are skipped, DuckDB takes it for text."""
    written = _copy_of(staging, path)
    if not written.exists():
        opened = gzip.open if path.suffix.lower() == ".gz" else open
        with opened(path, "rb") as file, written.open("wb") as copy:
            file.read(len(BOM_UTF8))
            shutil.copyfileobj(file, copy)
    return written


def _first_bytes(path: Path) -> bytes:
    """The lines of a file up to its header."""
    opened = gzip.open if path.suffix.lower() == ".gz" else open
    lines = b""
    with opened(path, "rb") as file:
        while len(lines) < _LONGEST_LINE and (line := file.readline(_LONGEST_LINE)):
            lines += line
            if not is_before_header(line.decode("latin-1")):
                break
    return lines


def _as_utf8(staging: Staging, label: str, path: Path) -> Path:
    written = _copy_of(staging, path)
    if written not in staging.decoded:
        staging.decoded[written] = write_utf8(path, written)
        staging.notes.add(staging.decoded[written].note(label))
    return written


def _copy_of(staging: Staging, path: Path) -> Path:
    return staging.folder / f"text-{hashlib.sha256(str(path).encode()).hexdigest()[:16]}.csv"


def _take_rejected(staging: Staging, label: str, file: str, first: int, table: Table) -> int:
    """Set aside what the reader could not make rows of, and say how many; the texts stay out, they may hold ids."""
    broken = staging.sql("SELECT line FROM rejects WHERE list_contains(?, error_type::VARCHAR) LIMIT 1", [_BROKEN])
    if broken:
        problem = f"{label} has a quote that is opened and not closed, or a stray one"
        raise SourceError(problem, f"record {broken[0][0]}", "Mend the file: where its rows end cannot be told.")
    reason = " ".join(f"WHEN '{kind}' THEN '{words}'" for kind, words in _REASONS.items())
    staging.sql(
        f"INSERT INTO set_aside SELECT '{file}', {first + REJECTED} + line, NULL, NULL, "
        f"CASE min(error_type::VARCHAR) {reason} ELSE 'not a row' END FROM rejects GROUP BY line"
    )
    if table.bad == "stop" or (table.bad == "learner" and not table.enrols):
        staging.sql(f"INSERT INTO fatal SELECT DISTINCT {first + REJECTED} + line, '{table.bad}' FROM rejects")
    rejected: int = staging.sql("SELECT count(DISTINCT line) FROM rejects")[0][0]
    staging.sql("DROP TABLE rejects; DROP TABLE reject_scans")
    return rejected


def _header(label: str, path: Path, origin: Origin) -> _Header:
    before, first = [], ""
    with _text(path) as text:
        for first in text:
            if not is_before_header(first):
                break
            before.append(first)
    delimiters = stated_delimiter(before) or origin.delimiters
    headers = {delimiter: _first(path, len(before), delimiter) for delimiter in delimiters}
    delimiter = max(headers, key=lambda character: len(headers[character]))
    if not headers[delimiter]:
        raise SourceError(f"{label} is empty", "no header", "Its first line names the columns, separated by commas.")
    names = [origin.named(name.strip()) for name in headers[delimiter]]
    return _Header(len(before), r"\r\n" if first.endswith("\r\n") else r"\n", delimiter, names)


def _first(path: Path, skip: int, delimiter: str) -> list[str]:
    with _text(path) as text:
        return next(csv.reader(islice(text, skip, None), delimiter=delimiter), [])


def _check_columns(
    staging: Staging, label: str, table: Table, names: Sequence[str], optional: frozenset[str] = frozenset()
) -> None:
    for column in table.columns:
        name, may_lack = column.name, column.optional or column.name in optional
        if names.count(name) > 1 or not (name in names or may_lack):
            problem = "lacks the column" if name not in names else "has twice the column"
            raise SourceError(f"{label} {problem} {name}", ", ".join(names), f"Columns are {', '.join(table.names)}.")
    if extra := [name for name in names if name not in table.names]:
        staging.notes.add(f"{label}: columns that are not read: {', '.join(extra)}.")


@contextmanager
def _text(path: Path) -> Iterator[TextIO]:
    opened = gzip.open if path.suffix.lower() == ".gz" else open
    with opened(path, "rt", encoding="utf-8-sig", errors="replace", newline="") as text:
        yield text
