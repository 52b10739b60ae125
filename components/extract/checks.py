"""Pandera checks made from the data of a `Table`: for canonical tables and for a source's own files alike.

The rows to check are an Ibis table with the table's columns, each of its type or text as it stands in a file, and
`_id`, the number of the row. A check is one expression over them, so an engine runs all of them in one scan, whatever
the number of rows. Nothing that serves imports this module: it loads pandera and Ibis.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import TypeAlias

import ibis
import ibis.expr.types as ir
import pandera.ibis as pa
from pandera.api.ibis.types import IbisData

from earlybell.tables.rules import (
    DIFFER,
    REPEATED,
    Kind,
    Limit,
    far_above,
    least,
    limits,
    most,
    not_found,
    not_found_together,
)
from earlybell.tables.schema import EARLIEST, LATEST, MOST_EXTRA_CREDIT, Bad, Column, Table, Type
from earlybell.tables.words import UNIX, WRITTEN
from earlybell.tables.zones import known_zones

ROW = "_id"
UNIT = "_unit"  # rows of one unit are one file's

Others: TypeAlias = Mapping[str, ir.Table]
_Test: TypeAlias = Callable[[ir.Table, ir.Value], ir.BooleanValue]


_NUMBER, _TYPED = "{}.number", "{}.typed"  # what `with_typed` adds


@dataclass(frozen=True, eq=False)  # Pandera takes two checks for equal that differ in what their functions close over
class Rule:
    """What holds for every row: a check of Pandera's, the columns to look at where it fails, the reason, and what
    becomes of a row or value that fails (see `earlybell.tables.schema.Column`)."""

    columns: tuple[str, ...]
    reason: str
    check: pa.Check
    bad: Bad = "row"

    def holds(self, rows: ir.Table) -> ir.BooleanScalar:
        """Whether every row passes; null where there are no rows."""
        return self.check(rows).check_passed

    def failing(self, rows: ir.Table) -> ir.Table:
        """The rows that do not pass, whole."""
        return self.check(rows).failure_cases


def typed(rows: ir.Table, column: Column) -> ir.Value:
    """The values of a column as its type; null where they are not of it. A time without a zone is UTC's.

    A time may be seconds of Unix, a choice in capitals, a number with a comma or spaces where it has one meaning alone.
    """
    ready, value = _TYPED.format(column.name), rows[column.name]
    if ready in rows.columns:
        return rows[ready]
    if column.choices:
        return _choice(value, column.choices)
    if not _is_converted(value):
        return value
    if column.type == "integer":
        number = _NUMBER.format(column.name)
        return _integer(value, rows[number] if number in rows.columns else _number(value))
    return _CONVERSIONS[column.type](value)


def with_typed(rows: ir.Table, table: Table) -> ir.Table:
    """`rows` with what `typed` makes of each column of the table beside it: each rule finds it there.

    An engine plans, and works out, each conversion once then. Written into every rule it is a hundred kilobytes of SQL.
    """
    of_text = (column for column in table.columns if column.type != "string" or column.choices)
    converted = [column for column in of_text if column.choices or _is_converted(rows[column.name])]
    integers = (column.name for column in converted if column.type == "integer")
    full = rows.mutate(**{_NUMBER.format(name): _number(rows[name]) for name in integers})
    return full.mutate(**{_TYPED.format(column.name): typed(full, column) for column in converted})


@lru_cache
def value_rules(table: Table) -> tuple[Rule, ...]:
    """What each value must be: there, of its type, plausible, in its range, one of its choices."""
    return tuple(_rule(column, limit) for column in table.columns for limit in limits(table, column))


@lru_cache
def key_rules(table: Table) -> tuple[Rule, ...]:
    """That the key is unique among the rows of one unit, which are of the table's types.

    Of rows that are the same in all columns the first passes: that is the first rule. Of rows that differ under one key
    none does: nothing says which is right.
    """
    if not table.key:
        return ()
    differ = _without(table.key, DIFFER, lambda rows: _repeated(table, rows).filter(ibis._._differs))
    same = _without(table.key, REPEATED, lambda rows: _repeated(table, rows).filter(ibis._._nth > 0))
    return same, replace(differ, bad=table.bad)


def reference_rules(table: Table, others: Others, tables: Mapping[str, Table]) -> list[Rule]:
    """That what a row refers to is there: `others` are rows, of their types, of the tables that `tables` declares."""
    return [
        *(_known(column, others) for column in table.columns if column.references),
        *(_together(table, reference.columns, others, tables[reference.table]) for reference in table.references),
        *(rule for column in table.columns if column.at_most for rule in _below(table, column, others)),
    ]


def _rule(column: Column, limit: Limit) -> Rule:
    return Rule((column.name,), limit.reason, _check(limit.reason, _test(column, limit)), limit.bad)


def _test(column: Column, limit: Limit) -> Callable[[ir.Table], ir.BooleanValue]:
    if limit.kind == "there":
        return lambda rows: rows[column.name].notnull()
    if limit.kind == "type":
        return lambda rows: rows[column.name].isnull() | typed(rows, column).notnull()
    return _where_present(column, _TESTS[limit.kind](column))


def _not_before(other: str) -> _Test:
    start = Column(other, "timestamp", "")
    return lambda rows, value: typed(rows, start).isnull() | (value >= typed(rows, start))


_TESTS: dict[Kind, Callable[[Column], _Test]] = {
    "time": lambda column: lambda rows, value: value.between(ibis.literal(EARLIEST), ibis.literal(LATEST)),
    "choices": lambda column: lambda rows, value: value.isin(column.choices),
    "timezone": lambda column: lambda rows, value: value.isin(sorted(known_zones())),
    "pattern": lambda column: lambda rows, value: value.re_search(f"^(?:{column.pattern})$"),
    "minimum": lambda column: lambda rows, value: value >= least(column),
    "maximum": lambda column: lambda rows, value: value <= most(column),
    "plausible": lambda column: lambda rows, value: value <= column.plausible,
    "not_before": lambda column: _not_before(str(column.not_before)),
    "not_below": lambda column: _not_before(str(column.not_below)),
}


def _check(reason: str, test: Callable[[ir.Table], ir.BooleanValue]) -> pa.Check:
    def passes(data: IbisData) -> ir.BooleanValue:
        return test(data.table)

    return pa.Check(passes, name=reason, error=reason)


def _where_present(column: Column, test: _Test) -> Callable[[ir.Table], ir.BooleanValue]:
    def passes(rows: ir.Table) -> ir.BooleanValue:
        value = typed(rows, column)
        return value.isnull() | test(rows, value)

    return passes


def _without(columns: Sequence[str], reason: str, bad: Callable[[ir.Table], ir.Table]) -> Rule:
    """A rule from the rows that break it: there are few of them, and finding them is a join or an aggregation."""
    return Rule(tuple(columns), reason, _check(reason, lambda rows: ~rows[ROW].isin(bad(rows)[ROW])))


def _repeated(table: Table, rows: ir.Table) -> ir.Table:
    key, columns = [UNIT, *table.key], [UNIT, *table.names]
    shared = rows.semi_join(rows.group_by(key).having(rows.count() > 1).agg(), key)
    under_key, same = shared.count().over(group_by=key), shared.count().over(group_by=columns)
    nth = ibis.row_number().over(group_by=columns, order_by=ROW)
    return shared.mutate(_differs=under_key != same, _nth=nth)


def _known(column: Column, others: Others) -> Rule:
    other, key = str(column.references).split(".")

    def unknown(rows: ir.Table) -> ir.Table:
        return rows.filter(rows[column.name].notnull()).anti_join(others[other], [(column.name, key)])

    return _without((column.name,), not_found(other), unknown)


def _together(table: Table, names: tuple[str, ...], others: Others, target: Table) -> Rule:
    def unknown(rows: ir.Table) -> ir.Table:
        full = rows
        for name in names:
            full = _with_looked_up(table, full, name, others)
        full = full.filter([full[name].notnull() for name in names])
        return full.anti_join(others[target.name], list(zip(names, target.key, strict=True)))

    return _without(table.naming(names), not_found_together(target.name), unknown)


def _below(table: Table, column: Column, others: Others) -> Iterator[Rule]:
    """A little above is extra credit and stays; far above no more than the value goes. Of nothing all is extra."""
    limit = str(column.at_most)

    def above(rows: ir.Table, *, far: bool) -> ir.Table:
        full = _with_looked_up(table, rows, limit, others)
        too_far = (full[limit] > 0) & (full[column.name] > MOST_EXTRA_CREDIT * full[limit])
        return full.filter(full[column.name] > full[limit], too_far if far else ~too_far)

    yield replace(_without((column.name,), f"above {limit}", partial(above, far=False)), bad="keep")
    yield replace(_without((column.name,), far_above(limit), partial(above, far=True)), bad="null")


def _with_looked_up(table: Table, rows: ir.Table, path: str, others: Others) -> ir.Table:
    """`rows` with the column `assessments.course_id`: that of the assessment which each refers to."""
    if "." not in path:
        return rows
    other, column = path.split(".")
    referring = table.column(table.naming((path,))[0])
    key = str(referring.references).split(".")[1]
    looked_up = others[other].select(**{f"{other}.key": others[other][key], path: others[other][column]})
    return rows.left_join(looked_up, [(referring.name, f"{other}.key")])


def _is_converted(value: ir.Value) -> bool:
    return bool(value.type().is_string() or value.type().is_floating())


def _integer(text: ir.Value, number: ir.Value) -> ir.Value:
    """Also `19.0`, as tables written by way of floating point hold it; not `19.5`. `number` is the same as a number."""
    integer = text.try_cast("int64").coalesce(number.try_cast("int64"))
    return (integer.cast("float64") == number).ifelse(integer, ibis.null("int64"))


def _number(value: ir.Value) -> ir.Value:
    number = value.try_cast("float64")
    if value.type().is_string():
        number = number.coalesce(_written_out(value).try_cast("float64"))
    number = number + 0.0  # so that -0.0, which equals 0.0, is written as it too
    return number.between(-sys.float_info.max, sys.float_info.max).ifelse(number, ibis.null("float64"))


def _written_out(text: ir.Value) -> ir.Value:
    """A number with a decimal comma or thousands apart as plain digits, if it can be read one way alone."""
    plain = ((text.re_search(f"^(?:{form})$"), text.re_replace(apart, "").replace(",", ".")) for form, apart in WRITTEN)
    return ibis.cases(*plain, else_=ibis.null("string"))


def _choice(text: ir.Value, choices: Sequence[str]) -> ir.Value:
    plain = text.strip().lower()
    return ibis.cases(*((plain == choice.lower(), choice) for choice in choices), else_=text)


def _timestamp(text: ir.Value) -> ir.Value:
    at = text.try_cast("timestamp('UTC')").cast("timestamp")
    if not text.type().is_string():
        return at
    seconds = text.re_search(f"^(?:{UNIX})$").ifelse(text.try_cast("float64"), ibis.null("float64"))
    unix = ibis.literal("1970-01-01").cast("timestamp") + (seconds * 1e6).round().cast("int64").as_interval("us")
    return at.coalesce(unix)


_CONVERSIONS: dict[Type, Callable[[ir.Value], ir.Value]] = {
    "string": lambda text: text,
    "number": _number,
    "timestamp": _timestamp,
}
