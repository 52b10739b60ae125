"""A source's files, read and sifted: what breaks a rule of their tables is set aside, and the rest has its types."""

from collections.abc import Mapping, Sequence

from components.extract.quarantine import stop_if_bad
from components.extract.reading import Origin, find, read
from components.extract.staging import Relation, Staging
from earlybell.tables.checks import Rule, key_rules, reference_rules, value_rules
from earlybell.tables.schema import Table


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
        sift(staging, names[table.name], links(staging, table, names, present) if linked else [])
    return {name: Relation(names[name], raw[name].units) for name in names}


def sift_values(staging: Staging, table: Table, raw: str, name: str) -> None:
    """Set aside the bad values and repeated keys of `raw`; the view `name` is of the clean rows."""
    staging.set_aside(name, value_rules(table), rows_of=raw)
    staging.keep_clean(name, table, raw)
    sift(staging, name, key_rules(table))


def sift(staging: Staging, name: str, rules: Sequence[Rule]) -> None:
    """Set aside from the view `name` what breaks a rule, and stop if that is too much."""
    staging.set_aside(name, rules)
    stop_if_bad(staging)


def links(staging: Staging, table: Table, names: Mapping[str, str], tables: Sequence[Table]) -> list[Rule]:
    """The rules on what a table's rows refer to; `names` are the views of the clean rows of `tables`."""
    referred = {str(column.references).split(".")[0] for column in table.columns if column.references}
    referred |= {reference.table for reference in table.references}
    others = {other: staging.rows(names[other]) for other in referred}
    return reference_rules(table, others, {other.name: other for other in tables})
