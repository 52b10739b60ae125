"""What holds for every value, as data: each rule with its words, and what becomes of a value that breaks it.

Files are checked by it with Ibis (`components.extract.checks`), requests with NumPy (`earlybell.tables.sifting`): one
rule for a value or a row, two engines. A property-based test holds them together.

How many bad rows refuse the whole differs. A request bears one of each table, and else at most `MOST_BAD_SHARE` of its
rows; those of people who are not enrolled do not count. A file bears what `--max-bad-share` says, and all rows count.
A request has no limit on learners who are left out, and no pattern of a whole export is looked for in it. It says in
words of its own that a time is in milliseconds, and that a text cannot be shown or is too long.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from earlybell.tables.schema import EARLIEST, LARGEST, LATEST, MOST_EXTRA_CREDIT, Bad, Column, Table, Type

Kind = Literal[
    "there",
    "type",
    "time",
    "choices",
    "timezone",
    "pattern",
    "minimum",
    "maximum",
    "not_before",
    "plausible",
    "not_below",
]

REPEATED = "repeats another row"
TOGETHER = "brought together with another row of its key"
DIFFER = "same key as another row"
ARTICLE: dict[Type, str] = {
    "string": "a text",
    "integer": "an integer",
    "number": "a number",
    "timestamp": "a timestamp",
}


@dataclass(frozen=True)
class Limit:
    """A rule on the values of one column, by its kind; `bad` as `Column.bad` has it."""

    kind: Kind
    reason: str
    bad: Bad

    @property
    def unreadable(self) -> bool:
        """Whether who breaks it may have the wrong column: such values count as bad rows do, odd ones do not."""
        return self.bad in ("row", "learner", "stop") or self.reason.startswith("not ")


def limits(table: Table, column: Column) -> Iterator[Limit]:
    """What each value of the column must be: there, of its type, plausible, in its range, one of its choices."""
    bad = column.bad or table.bad
    if not column.nullable:
        yield Limit("there", "missing", bad)
    if column.type != "string":
        yield Limit("type", f"not {ARTICLE[column.type]}", bad)
    if column.type == "timestamp":
        yield Limit("time", f"not between {EARLIEST:%Y} and {LATEST:%Y}", bad)
    if column.choices:
        yield Limit("choices", f"not one of {', '.join(column.choices)}", bad)
    if column.timezone:
        yield Limit("timezone", "not a time zone", bad)
    if column.pattern is not None:
        yield Limit("pattern", f"not of the form {column.form or column.pattern}", bad)
    if column.type in ("integer", "number"):
        yield Limit("minimum", f"below {least(column):g}", bad)
        yield Limit("maximum", f"above {most(column):g}", bad)
    if column.not_before is not None:
        yield Limit("not_before", f"before {column.not_before}", bad)
    if column.plausible is not None:
        yield Limit("plausible", f"above {column.plausible:g}", "null")
    if column.not_below is not None:
        yield Limit("not_below", f"before {column.not_below}", "raise")


def least(column: Column) -> float:
    """The least that a number may be."""
    return -LARGEST if column.minimum is None else column.minimum


def most(column: Column) -> float:
    """The most that a number may be."""
    return LARGEST if column.maximum is None else column.maximum


def not_found(table: str) -> str:
    """The reason where what a value refers to is not there."""
    return f"not found in {table}"


def not_found_together(table: str) -> str:
    """The reason where no row has the values that a row refers to together."""
    return f"not found together in {table}"


def far_above(limit: str) -> str:
    """The reason where a value is so far above the one at `limit` that it is no extra credit."""
    return f"above {MOST_EXTRA_CREDIT:g} times {limit}"
