"""A source's files, read and sifted: what breaks a rule of their tables is set aside, and the rest has its types."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import ibis.expr.operations as ops

from components.extract.checks import UNIT, Rule, key_rules, reference_rules, value_rules
from components.extract.learners import set_learners_aside
from components.extract.quarantine import stop_if_bad
from components.extract.reading import Origin, find, read
from components.extract.staging import Relation, Staging
from components.extract.together import bring_together
from earlybell.tables.schema import Table

_SHOWN = 3  # of what ids were compared to


def read_sifted(
    staging: Staging, origin: Origin, tables: Sequence[Table], *, learner: str, hashed: bool, linked: bool
) -> dict[str, Relation]:
    """Views of the clean rows of those `tables` that the source has, by the table's name.

    `learner` is the column of learners' ids; `hashed` prepares their pseudonyms. `linked` checks what rows refer to.

    Raises:
        SourceError: a file cannot be read or lacks a column, or too large a share of its rows is bad.
        SettingError: ids are to be pseudonymous, and there is no usable key.
    """
    if hashed:
        staging.check_key()
    prefix = f"s{len(staging.files)}"
    present = [table for table in tables if find(origin.folder, table)]
    raw = {
        table.name: read(staging, origin, table, find(origin.folder, table), f"{prefix}_{table.name}_raw")
        for table in present
    }
    if hashed:
        staging.pseudonymise([(raw[table.name].name, learner) for table in present if learner in table.names])
    names = {table.name: f"{prefix}_{table.name}" for table in present}
    for table in present:
        sift_values(staging, table, raw[table.name].name, names[table.name])
    if linked:
        sift_links(staging, present, names, present)
    return {name: Relation(names[name], raw[name].units) for name in names}


def sift_values(staging: Staging, table: Table, raw: str, name: str) -> None:
    """Set aside the bad values and repeated keys of `raw`; the view `name` is of the clean rows.

    Raises:
        SourceError: too large a share of a file's rows is bad, or one is that concerns everybody.
    """
    staging.set_aside(name, value_rules(table), rows_of=raw, table=table)
    staging.keep_clean(name, table, raw)
    stop_if_bad(staging)
    sift_keys(staging, table, raw, name)


def sift_keys(staging: Staging, table: Table, raw: str, name: str, *, checked: bool = False) -> None:
    """Make one row of those of the view `name` of `raw` that have one key; set aside what cannot be one.

    Raises:
        SourceError: as `sift_values`.
    """
    repeated = f"SELECT 1 FROM {name} GROUP BY {', '.join([UNIT, *table.key])} HAVING count(*) > 1 LIMIT 1"
    if table.key and staging.sql(repeated):
        same, differ = key_rules(table)
        staging.set_aside(name, [same], table=table)
        bring_together(staging, table, name)
        staging.keep_clean(name, table, raw, checked=checked)
        staging.set_aside(name, [differ], table=table)
        stop_if_bad(staging)


def sift_links(staging: Staging, tables: Sequence[Table], names: Mapping[str, str], clean: Sequence[Table]) -> None:
    """Set aside what belongs to a learner who is, and what refers to a row that is not there.

    `names` are the views of the clean rows of the tables `clean`, and so of `tables`.

    Raises:
        SourceError: as `sift_values`, or too many learners of a course run are set aside.
    """
    set_learners_aside(staging, tables, names)
    for table in tables:
        staging.set_aside(names[table.name], _links(staging, table, names, clean), table=table)
        _compare(staging, names, table, {other.name: other for other in clean})
        stop_if_bad(staging)


def _links(staging: Staging, table: Table, names: Mapping[str, str], tables: Sequence[Table]) -> tuple[Rule, ...]:
    """The rules on what a table's rows refer to; `names` are the views of the clean rows of `tables`."""
    referred = {str(column.references).split(".")[0] for column in table.columns if column.references}
    referred |= {reference.table for reference in table.references}
    others = tuple((other, staging.rows(names[other]).op()) for other in sorted(referred))
    return _rules_on(table, others, tuple(tables))


@lru_cache(maxsize=500)
def _rules_on(table: Table, others: tuple[tuple[str, ops.Node], ...], tables: tuple[Table, ...]) -> tuple[Rule, ...]:
    """The same rules for the same relations: what is compiled of them is found again."""
    relations = {name: rows.to_expr() for name, rows in others}
    return tuple(reference_rules(table, relations, {other.name: other for other in tables}))


def _compare(staging: Staging, names: Mapping[str, str], table: Table, by_name: Mapping[str, Table]) -> None:
    """Remember, for an error, what the ids that were not found were compared to: a learner's by its shape alone."""
    reasons = "SELECT DISTINCT reason FROM set_aside WHERE relation = ? AND reason LIKE 'not found%'"
    for (reason,) in staging.sql(reasons, [names[table.name]]):
        other = by_name[reason.split()[-1]]
        samples = [_like(staging, names[other.name], name, hidden=other.enrols) for name in other.key[-1:]]
        staging.compared[names[table.name], reason] = f"{other.name} has {', '.join(samples)}"


def _like(staging: Staging, view: str, name: str, *, hidden: bool) -> str:
    value = f"shape_of({name})" if hidden else name
    rows = staging.sql(f"SELECT {value}, count(*) FROM {view} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {_SHOWN}")
    return f"{name} as {', '.join(repr(row[0]) for row in rows) or 'nothing'}"
