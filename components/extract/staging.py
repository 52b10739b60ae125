"""The workspace of one extraction: a DuckDB database on disk, the files read into it, and the rows set aside."""

import errno
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import duckdb
import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir

from components.extract.checks import ROW, UNIT, Rule, typed, with_typed
from components.extract.encodings import Decoded
from components.reporting import progress
from earlybell.tables.pseudonyms import fingerprint, pseudonym, usable_key
from earlybell.tables.schema import Column, Table
from earlybell.tables.sql import connect_scratch, quoted

Ids = Literal["pseudonymous", "keep"]

FILE_BITS = 40  # of a row's number, how many count within its file; the bits above are the file's index
REJECTED = 1 << (FILE_BITS - 1)  # numbers of the rows that are no rows of their table at all
_NO_ROOM = [os.strerror(code) for code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)]  # DuckDB tells no more
_IDS_AT_ONCE = 100_000
_OF_VALUES = ("null", "keep", "raise")  # what becomes of a value and leaves its row
_TYPES = {"VARCHAR": "string", "BIGINT": "int64", "DOUBLE": "float64", "TIMESTAMP": "timestamp"}

_START = r"""
CREATE TABLE set_aside (relation VARCHAR, _id BIGINT, columns VARCHAR, value VARCHAR, reason VARCHAR);
CREATE TABLE repaired (relation VARCHAR, _id BIGINT, name VARCHAR, value VARCHAR, reason VARCHAR, bad VARCHAR);
CREATE TABLE asides (relation VARCHAR, _id BIGINT, source_table VARCHAR, whose VARCHAR[], reason VARCHAR);
CREATE TABLE fatal (_id BIGINT, bad VARCHAR);
CREATE TABLE pseudonyms (learner_id VARCHAR, pseudonym VARCHAR);
CREATE MACRO masked(id) AS coalesce((SELECT p.pseudonym FROM pseudonyms AS p WHERE p.learner_id = id), id);
CREATE MACRO shape(value) AS regexp_replace(regexp_replace(value, '[0-9]', '9', 'g'), '[\pL]', 'x', 'g');
CREATE MACRO shown(id) AS coalesce((
    SELECT p.pseudonym || ' (' || shape(p.learner_id) || ')' FROM pseudonyms AS p
    WHERE p.learner_id = id OR p.pseudonym = id LIMIT 1), id);
CREATE MACRO shape_of(id) AS shape(coalesce((SELECT p.learner_id FROM pseudonyms AS p WHERE p.pseudonym = id), id));
"""


@dataclass(frozen=True)
class File:
    """A file that was read: `label` is what users see, `rows` counts the bad ones too, `skip` lines before a header."""

    index: int
    label: str
    path: Path
    rows: int
    delimiter: str = ","
    skip: int = 0


@dataclass(frozen=True)
class Relation:
    """A view in staging with a table's columns, `_id` and `_unit`; `units` says how many files' rows it may hold."""

    name: str
    units: int


@dataclass(frozen=True)
class Extracted:
    """What a source gives: canonical tables in staging, and the facts of tables that it had from an extraction."""

    source: str
    relations: Mapping[str, Relation]
    pseudonymous: bool
    facts: Mapping[str, Any] = field(default_factory=dict)


class Staging:
    """Use it as a context; `folder` holds the database and what spills, and is the caller's to remove."""

    def __init__(self, folder: Path, *, key: str | None, ids: Ids, max_bad_share: float) -> None:
        self.folder, self.ids, self.max_bad_share = folder, ids, max_bad_share
        self._key = key
        self.files: list[File] = []
        self.notes: set[str] = set()
        self.decoded: dict[Path, Decoded] = {}
        self.compared: dict[tuple[str, str], str] = {}  # by relation and reason, what its ids were compared to
        self.together: set[str] = set()  # relations of which `together` has made rows
        self._connection = connect_scratch(folder)
        self._connection.execute(f"SET TimeZone = 'UTC'; {_START}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def sql(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(query, list(values)).fetchall()

    def look(self, note: str) -> None:
        """Note what would be read wrongly if it is as it may be, and say it at once."""
        self.notes.add(note)
        progress("extract", f"look: {note}")

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """For what is read as arrays."""
        return self._connection

    def rows(self, relation: str) -> ir.Table:
        """A relation as an Ibis table."""
        return ibis.table({row[0]: _TYPES[row[1]] for row in self.sql(f"DESCRIBE {relation}")}, name=relation)

    def set_aside(
        self, relation: str, rules: Sequence[Rule], rows_of: str | None = None, table: Table | None = None
    ) -> None:
        """Set aside the rows, values and learners of `relation` that break a rule, as each rule says (`Rule.bad`).

        `rows_of` names the relation to check, if another; `table` is what it has rows of. What stops a run is in the
        table `fatal` then, for `quarantine.stop_if_bad`.
        """
        if not rules:
            return
        rows = self.rows(rows_of or relation)
        verdicts = self.sql(_verdicts(tuple(rules), rows.op(), table if rows_of else None))[0]
        for rule, holds in zip(rules, verdicts, strict=True):
            if holds is False and rule.bad in _OF_VALUES:
                self._repair(relation, rule, rows)
            elif holds is False:
                self._set_aside(relation, rule, rows, table)

    def _repair(self, relation: str, rule: Rule, rows: ir.Table) -> None:
        (name,), failing = rule.columns, _sql(rule.failing(rows))
        self.sql(
            f"INSERT INTO repaired SELECT ?, {ROW}, ?, {name}::VARCHAR, ?, ? FROM ({failing})",
            (relation, name, rule.reason, rule.bad),
        )

    def _set_aside(self, relation: str, rule: Rule, rows: ir.Table, table: Table | None) -> None:
        failing = f"failing_{relation}"
        self.sql(f"CREATE OR REPLACE TEMP TABLE {failing} AS {_sql(rule.failing(rows))}")
        values = ", ".join(f"shown({name}::VARCHAR)" for name in rule.columns)
        columns = ", ".join(rule.columns)
        self.sql(
            f"INSERT INTO set_aside SELECT ?, {ROW}, ?, concat_ws(', ', {values}), ? FROM {failing}",
            (relation, columns, rule.reason),
        )
        if rule.bad == "stop":
            self.sql(f"INSERT INTO fatal SELECT {ROW}, 'stop' FROM {failing}")
        if rule.bad == "learner" and table and table.whose:
            self._set_learners_aside(relation, f"{columns} {rule.reason}", failing, table)

    def _set_learners_aside(self, relation: str, reason: str, failing: str, table: Table) -> None:
        names = table.naming(table.whose)
        identified = " AND ".join(f"{name} IS NOT NULL" for name in names)
        whose = ", ".join(f"{name}::VARCHAR" for name in names)
        self.sql(
            f"INSERT INTO asides SELECT ?, {ROW}, ?, [{whose}], ? FROM {failing} WHERE {identified}",
            (relation, table.name, reason),
        )
        if not table.enrols:  # without a learner in it a row of enrolments is nobody's
            self.sql(f"INSERT INTO fatal SELECT {ROW}, 'learner' FROM {failing} WHERE NOT ({identified})")

    def keep_clean(self, relation: str, table: Table, raw: str, *, checked: bool = False) -> None:
        """Create the view `relation`: the rows of `raw`, of the table's types, that are not set aside by this name.

        Values that were repaired by this name before are as they are after it. Rows of the table `RELATION_together`,
        where there is one by now, take the place of those with their numbers. `checked` rows have their types, and were
        repaired but for what they refer to, which is not known yet.
        """
        select = raw
        if not checked:
            select = f"{relation}_typed"  # a table: each query of the view would plan, and run, every conversion anew
            self.sql(f"CREATE TABLE IF NOT EXISTS {select} AS {_of_types(self.rows(raw).op(), table)}")
        repaired = {row[0] for row in self.sql("SELECT DISTINCT name FROM repaired WHERE relation = ?", [relation])}
        repairs = [
            self._repaired(relation, column)
            for column in table.columns
            if column.name in repaired or (checked and column.at_most)
        ]
        repair = f"SELECT * REPLACE ({', '.join(repairs)}) FROM" if repairs else "FROM"
        if relation in self.together:
            together = f"{relation}_together"
            # What was brought together was repaired before, and its number is that of one row which it is made of.
            alone = select if checked else f"({repair} {select})"
            select = f"(SELECT * FROM {alone} ANTI JOIN {together} USING ({ROW}) UNION ALL FROM {together})"
            repair = repair if checked else "FROM"
        aside = f"SELECT {ROW} FROM set_aside WHERE relation = {quoted(relation)}"
        self.sql(f"CREATE OR REPLACE VIEW {relation} AS FROM ({repair} {select}) ANTI JOIN ({aside}) USING ({ROW})")

    def _repaired(self, relation: str, column: Column) -> str:
        condition = f"relation = {quoted(relation)} AND name = {quoted(column.name)}"
        ids = f"SELECT {ROW} FROM repaired WHERE {condition} AND bad"
        raised = f"WHEN {ROW} IN ({ids} = 'raise') THEN {column.not_below}" if column.not_below else ""
        return f"CASE WHEN {ROW} IN ({ids} = 'null') THEN NULL {raised} ELSE {column.name} END AS {column.name}"

    @property
    def fingerprint(self) -> str | None:
        """Of the key, if there is one."""
        return fingerprint(self._key) if self._key else None

    def check_key(self) -> None:
        """
        Raises:
            SettingError: ids are to be pseudonymous, and there is no usable key.
        """
        if self.ids == "pseudonymous":
            usable_key(self._key)

    def pseudonymise(self, ids: Sequence[tuple[str, str]]) -> None:
        """Make the pseudonym of every id in these columns (relation, column); `masked` gives it from then on.

        Where ids are kept `masked` changes nothing.
        """
        if self.ids == "keep" or not ids:
            return
        key = usable_key(self._key)
        all_ids = " UNION ALL ".join(f"SELECT {column}::VARCHAR FROM {relation}" for relation, column in ids)
        reader = self._connection.cursor()
        reader.execute("USE scratch")
        reader.execute(
            f"SELECT DISTINCT id FROM ({all_ids}) AS i(id) ANTI JOIN pseudonyms ON id = learner_id WHERE id IS NOT NULL"
        )
        while batch := [row[0] for row in reader.fetchmany(_IDS_AT_ONCE)]:
            hashed = [pseudonym(key, learner_id) for learner_id in batch]
            self.sql("INSERT INTO pseudonyms SELECT unnest($1::VARCHAR[]), unnest($2::VARCHAR[])", (batch, hashed))


def key_of(staging: Staging, source: Extracted) -> str | None:
    """The fingerprint of the key that made a source's pseudonyms; None where there are none, or it is not known."""
    if source.facts.get("ids") == "pseudonymous":
        return source.facts.get("key")
    return staging.fingerprint if source.pseudonymous else None


def out_of_room(error: BaseException) -> bool:
    """Whether it is no fault of what was read, but of the disk written to: it is full, or a quota is used up."""
    return any(text in str(error) for text in _NO_ROOM)


def _sql(expression: ir.Expr) -> str:
    return _compiled(expression.op())


@lru_cache(maxsize=500)
def _compiled(op: ops.Node) -> str:
    """Compiling takes 15 ms, and every small extraction of a process asks the same of the same tables."""
    return str(ibis.to_sql(op.to_expr(), dialect="duckdb", pretty=False))


@lru_cache(maxsize=500)
def _verdicts(rules: tuple[Rule, ...], rows: ops.Node, table: Table | None) -> str:
    """The SELECT of whether each rule holds for all rows; `table` says what they are of while they lack its types.

    Making the expression takes longer than compiling it.
    """
    full = with_typed(rows.to_expr(), table) if table else rows.to_expr()
    return _sql(full.aggregate(**{f"r{i}": rule.holds(full) for i, rule in enumerate(rules)}))


@lru_cache(maxsize=500)
def _of_types(rows: ops.Node, table: Table) -> str:
    """The SELECT of the rows with the table's types."""
    full = with_typed(rows.to_expr(), table)
    return _sql(full.select(ROW, UNIT, **{column.name: typed(full, column) for column in table.columns}))
