"""What other programs write, understood (`earlybell.tables.words`): words for unknown, for no date, ids as floats."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from components.extract.staging import Staging
from earlybell.counts import counted
from earlybell.tables.schema import Column, Table
from earlybell.tables.sql import quoted
from earlybell.tables.words import FLOATED, FLOATED_END, NO_DATE, unknown_words

_SHOWN = 3


@dataclass(frozen=True)
class _Reading:
    """Values of a column that are read as something else: which (SQL), as what, and what a note says of them.

    It holds where all the column's values are `like` this (a regular expression); `{}` is for examples.
    """

    where: str
    value: str
    note: str
    like: str = ".*"


def understood(staging: Staging, label: str, table: Table, relation: str, values: Mapping[str, str]) -> dict[str, str]:
    """SQL of the columns of `relation` whose values (SQL too) may be texts: as a person would read them.

    Notes say what was read as something else, and how often.
    """
    readings = [(name, reading) for name, value in values.items() for reading in _readings(table.column(name), value)]
    expressions, counts = dict(values), ", ".join(f"count(*) FILTER ({reading.where})" for _, reading in readings)
    if not readings:
        return expressions
    for (name, reading), count in zip(readings, staging.sql(f"SELECT {counts} FROM {relation}")[0], strict=True):
        if count and _all_like(staging, relation, table.column(name), values[name], reading.like):
            expressions[name] = f"CASE WHEN {reading.where} THEN {reading.value} ELSE {expressions[name]} END"
            examples = _examples(staging, relation, values[name], reading) if "{}" in reading.note else ""
            staging.notes.add(f"{label}: {counted(count, 'value')} of {name} {reading.note.format(examples)}")
    return expressions


def _readings(column: Column, value: str) -> Iterator[_Reading]:
    plain = f"trim({value})"
    if column.is_id:
        yield _Reading(f"{value} <> {plain}", f"nullif({plain}, '')", "with spaces around, read without them.")
        note = "written as 1.0, as if a number: read as the id that it was."
        yield _Reading(f"suffix({plain}, '.0')", f"regexp_replace({plain}, '{FLOATED_END}', '')", note, FLOATED)
    if words := unknown_words(column):
        listed = ", ".join(map(quoted, words))
        yield _Reading(f"{plain} IN ({listed})", "NULL", "read as empty, as unknown: {}.")
    if column.type == "timestamp" and column.nullable:
        where = f"regexp_full_match({plain}, '{NO_DATE}')"
        yield _Reading(where, "NULL", "read as empty, as no time: {}.")


def _all_like(staging: Staging, relation: str, column: Column, value: str, like: str) -> bool:
    """Ids lose their `.0` where all of the column are such numbers: then no two ids differ by it alone."""
    words = ", ".join(map(quoted, unknown_words(column))) or "''"
    query = f"SELECT bool_and(regexp_full_match(trim({value}), '{like}')) FROM {relation}"
    return like == ".*" or bool(staging.sql(f"{query} WHERE trim({value}) NOT IN ({words})")[0][0])


def _examples(staging: Staging, relation: str, value: str, reading: _Reading) -> str:
    query = f"SELECT DISTINCT trim({value}) FROM {relation} WHERE {reading.where} ORDER BY 1 LIMIT {_SHOWN}"
    return ", ".join(repr(row[0]) for row in staging.sql(query))
