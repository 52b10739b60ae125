"""The workspace of one extraction: a DuckDB database on disk, the files read into it, and the rows set aside."""

import errno
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir

from earlybell.tables.checks import ROW, UNIT, Rule, typed
from earlybell.tables.pseudonyms import pseudonym, usable_key
from earlybell.tables.schema import Table
from earlybell.tables.sql import connect
from earlybell.tables.sql import quoted as quoted  # for who looks for it here

Ids = Literal["pseudonymous", "keep"]

FILE_BITS = 40  # of a row's number, how many count within its file; the bits above are the file's index
REJECTED = 1 << (FILE_BITS - 1)  # numbers of the rows that are no rows of their table at all
_NO_ROOM = [os.strerror(code) for code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)]  # DuckDB tells no more
_IDS_AT_ONCE = 100_000
_TYPES = {"VARCHAR": "string", "BIGINT": "int64", "DOUBLE": "float64", "TIMESTAMP": "timestamp"}

_START = """
CREATE TABLE set_aside (relation VARCHAR, _id BIGINT, columns VARCHAR, value VARCHAR, reason VARCHAR);
CREATE TABLE pseudonyms (learner_id VARCHAR, pseudonym VARCHAR);
CREATE MACRO masked(id) AS coalesce((SELECT p.pseudonym FROM pseudonyms AS p WHERE p.learner_id = id), id);
"""


@dataclass(frozen=True)
class File:
    """A file that was read: `label` is what users see, `rows` counts the bad ones too."""

    index: int
    label: str
    path: Path
    rows: int
    delimiter: str = ","


@dataclass(frozen=True)
class Site:
    """What a site's own exports do not say: the final grade below which a learner has failed, and its clock."""

    pass_mark: float | None = None
    timezone: str = "UTC"


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

    def __init__(
        self, folder: Path, *, key: str | None, ids: Ids, max_bad_share: float, site: Site | None = None
    ) -> None:
        self.folder, self.ids, self.max_bad_share, self.site = folder, ids, max_bad_share, site or Site()
        self._key = key
        self.files: list[File] = []
        self.notes: set[str] = set()
        self._connection = connect(
            folder / "staging.duckdb", temp_directory=str(folder / "spill"), autoinstall_known_extensions=False
        )
        self._connection.execute(f"SET TimeZone = 'UTC'; {_START}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def sql(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(query, list(values)).fetchall()

    def rows(self, relation: str) -> ir.Table:
        """A relation as an Ibis table."""
        return ibis.table({row[0]: _TYPES[row[1]] for row in self.sql(f"DESCRIBE {relation}")}, name=relation)

    def set_aside(self, relation: str, rules: Sequence[Rule], rows_of: str | None = None) -> None:
        """Set aside the rows of `relation` that break a rule; `rows_of` names the relation to check, if another."""
        rows = self.rows(rows_of or relation)
        if not rules:
            return
        verdicts = self.sql(_sql(rows.aggregate(**{f"r{i}": rule.holds(rows) for i, rule in enumerate(rules)})))[0]
        for rule, holds in zip(rules, verdicts, strict=True):
            if holds is False:
                self._set_aside(relation, rule, rows)

    def _set_aside(self, relation: str, rule: Rule, rows: ir.Table) -> None:
        values = ", ".join(f"masked({name}::VARCHAR)" for name in rule.columns)
        self.sql(
            f"INSERT INTO set_aside SELECT ?, {ROW}, ?, concat_ws(', ', {values}), ? FROM ({_sql(rule.failing(rows))})",
            (relation, ", ".join(rule.columns), rule.reason),
        )

    def keep_clean(self, relation: str, table: Table, raw: str) -> None:
        """Create the view `relation`: the rows of `raw`, of the table's types, that are not set aside by this name."""
        rows = self.rows(raw)
        select = rows.select(ROW, UNIT, **{column.name: typed(rows, column) for column in table.columns})
        aside = f"SELECT {ROW} FROM set_aside WHERE relation = '{relation}'"
        self.sql(f"CREATE VIEW {relation} AS SELECT * FROM ({_sql(select)}) ANTI JOIN ({aside}) USING ({ROW})")

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
        every = " UNION ALL ".join(f"SELECT {column}::VARCHAR FROM {relation}" for relation, column in ids)
        reader = self._connection.cursor()
        reader.execute(
            f"SELECT DISTINCT id FROM ({every}) AS i(id) ANTI JOIN pseudonyms ON id = learner_id WHERE id IS NOT NULL"
        )
        while batch := [row[0] for row in reader.fetchmany(_IDS_AT_ONCE)]:
            hashed = [pseudonym(key, learner_id) for learner_id in batch]
            self.sql("INSERT INTO pseudonyms SELECT unnest($1::VARCHAR[]), unnest($2::VARCHAR[])", (batch, hashed))


def out_of_room(error: BaseException) -> bool:
    """Whether it is no fault of what was read, but of the disk written to: it is full, or a quota is used up."""
    return any(text in str(error) for text in _NO_ROOM)


def say(text: str) -> None:
    """A line of progress to stderr."""
    sys.stderr.write(f"extract: {text}\n")
    sys.stderr.flush()


def _sql(expression: ir.Expr) -> str:
    return _compiled(expression.op())


@lru_cache(maxsize=500)
def _compiled(op: ops.Node) -> str:
    """Compiling takes 15 ms, and every small extraction of a process asks the same of the same tables."""
    return str(ibis.to_sql(op.to_expr(), dialect="duckdb", pretty=False))
