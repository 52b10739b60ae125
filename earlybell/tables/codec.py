"""A request's codec, made from the canonical tables: an instance is a small extract of one course run in them.

A table stands in an instance as rows (a list of objects) or as columns (an object of lists). A column of texts may also
be `{"categories": […], "codes": […]}`. `course_id` may be left out everywhere but in `courses`, which has one row.
Times are ISO 8601, without a zone of UTC, or seconds of Unix.

What concerns one learner is set aside, by the rules of files (`earlybell.tables.rules` has what differs). What makes a
request meaningless refuses it, and so do too many bad rows of a table; the error lists every fault.
"""

from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias, TypedDict

import duckdb
import msgspec
import numpy as np

from earlybell.counts import counted
from earlybell.errors import RequestError
from earlybell.tables.complete import is_complete
from earlybell.tables.correction import SentCorrection, nothing_sent, read_correction
from earlybell.tables.faults import Faults
from earlybell.tables.run_end import run_end
from earlybell.tables.schema import BY_NAME, Column, Table
from earlybell.tables.sifting import MOST_SET_ASIDE, Aside, Rows, Sifting
from earlybell.tables.trial import read_trial
from earlybell.tables.values import (
    MILLISECONDS,
    Array,
    Categories,
    Coded,
    Sent,
    expected,
    implausible,
    is_milliseconds,
    read_values,
    shown,
)

TABLES_READ = ("courses", "enrolments", "events", "assessments", "extensions", "submissions", "breaks")
FIELDS = ("as_of", "correction", "trial", *TABLES_READ)
_KNOWN_AT = {"events": "occurred_at", "submissions": "submitted_at", "extensions": "granted_at"}
_AS_OF = Column("as_of", "timestamp", "the moment")

_MANY = 100  # rows, from which on texts that repeat are sent by their categories
_Columns: TypeAlias = dict[str, Sent]


class ByCategories(TypedDict):
    """A column of texts as it is sent: each text once, and of each row its place among them."""

    categories: list[str | None]
    codes: list[int]


Encoded: TypeAlias = dict[str, list[Any] | ByCategories]  # a table by its columns


@dataclass(frozen=True)
class Instance:
    """One course run of a request, checked.

    Attributes:
        course_id: the course run.
        as_of: the moment, in UTC without a zone.
        rows: for each table that features read its columns, as arrays of one length.
        coded: of these the columns of texts that repeat, by their words too.
        correction: of the course as a whole.
        trial: digest of the arms of a trial in the course run; empty: there is none.
        set_aside: what is not read as it was sent, as far as it is listed.
        set_aside_more: at how many further places something is not.
    """

    course_id: str
    as_of: datetime
    rows: Rows
    correction: SentCorrection = field(default_factory=nothing_sent)
    set_aside: tuple[Aside, ...] = ()
    set_aside_more: int = 0
    coded: Mapping[str, Mapping[str, Coded]] = field(default_factory=dict)
    trial: str = ""

    def __len__(self) -> int:
        """Rows of all tables together."""
        return sum(len(next(iter(columns.values()))) for columns in self.rows.values())

    @property
    def under_way(self) -> bool:
        """Whether the moment lies within the course run."""
        start, end = (self.rows["courses"][name][0] for name in ("starts_at", "ends_at"))
        return bool(start < np.datetime64(self.as_of) <= run_end(start, end))

    @property
    def complete(self) -> bool:
        """Whether the records of the course run are whole at the moment."""
        since, until = (self.rows["courses"][name][0] for name in ("complete_from", "complete_until"))
        return is_complete(np.datetime64(self.as_of), since, until)

    @property
    def ignored(self) -> dict[str, int]:
        """How many records of each table became known only at `as_of` or later, and so are not read."""
        at = np.datetime64(self.as_of)
        counts = {name: int((self.rows[name][column] >= at).sum()) for name, column in _KNOWN_AT.items()}
        return {name: count for name, count in counts.items() if count}


def _on() -> None:
    """Nothing stops it."""


def decode_all(instances: list[Any], now: datetime, go_on: Callable[[], None] = _on) -> list[Instance]:
    """The instances of a request, from parsed JSON; errors call them `instances[0]` and so on.

    Args:
        now: the moment where `as_of` is not given, in UTC without a zone.
        go_on: called for each instance and table; what it raises ends this.

    Raises:
        RequestError: some are meaningless; it tells every fault.
    """
    faults, decoded, room = Faults(), list[Instance](), MOST_SET_ASIDE
    for i, data in enumerate(instances):
        with faults.gathered():
            decoded.append(instance := decode(data, f"instances[{i}]", now, go_on, room))
            left_out = {aside.learner_id for aside in instance.set_aside if aside.became == "learner_left_out"}
            room -= len(instance.set_aside) - len(left_out)
    faults.end()
    return decoded


def decode(
    data: object, where: str, now: datetime, go_on: Callable[[], None] = _on, room: int = MOST_SET_ASIDE
) -> Instance:
    """An instance from parsed JSON; what concerns one learner alone is set aside.

    Args:
        where: what errors call it, as `instances[0]`.
        now: the moment where `as_of` is not given, in UTC without a zone.
        go_on: called for each table; what it raises ends this.
        room: how many entries of what is set aside are listed, beside learners who are left out.

    Raises:
        RequestError: it is meaningless; of every fault it names the field, the value and what is expected.
    """
    go_on()
    faults = Faults()
    if not isinstance(data, dict):
        raise RequestError(where, shown(data), "It must be an object with the tables of one course run.")
    for name in data:
        if name not in FIELDS:
            faults.add(f"{where}.{name}", shown(data[name]), f"Fields are {', '.join(FIELDS)}.")
    tables = {}
    for name in TABLES_READ:
        go_on()
        tables[name] = _values(BY_NAME[name], data.get(name), f"{where}.{name}", faults)
    sifting = Sifting(faults, go_on, room)
    sifting.course_id = _add_course(sifting, tables["courses"], where, faults)
    for name, columns in tables.items():
        if columns is not None and name != "courses":
            sifting.add(BY_NAME[name], f"{where}.{name}", _of_course(columns, sifting.course_id))
    as_of, correction, trial = now, nothing_sent(), ""
    with faults.gathered():
        correction = read_correction(f"{where}.correction", data.get("correction"))
    with faults.gathered():
        trial = read_trial(f"{where}.trial", data.get("trial"))
    with faults.gathered():
        as_of = now if data.get("as_of") is None else read_time(f"{where}.as_of", data["as_of"])
    sifting.check_shares()
    faults.end()
    sifting.sift_links()
    sifting.check_shares()
    faults.end()
    return Instance(
        sifting.course_id, as_of, sifting.clean(), correction, sifting.asides, sifting.more, sifting.coded(), trial
    )


def read_time(place: str, value: object) -> datetime:
    """A time of a request, in UTC without a zone.

    Raises:
        RequestError: it is none, or not a plausible one.
    """
    at = read_values(_AS_OF, [value]).array
    if np.isnat(at[0]) or implausible(at)[0]:
        hint = f" This looks like {MILLISECONDS}." if is_milliseconds(value) else ""
        raise RequestError(place, shown(value), f"It must be {expected(_AS_OF)}.{hint}")
    return at[0].item()  # type: ignore[no-any-return]


def php_hint(value: object) -> str:
    """What to do about an object where a list belongs, if it is a list of PHP's that lost some of its keys."""
    if isinstance(value, dict) and value and all(isinstance(key, str) and key.isdecimal() for key in value):
        return " Its keys are those that PHP's array_filter or unset leave: send array_values($list)."
    return ""


def rows_given(data: object) -> int:
    """Rows of all tables of an instance that is not read yet, as far as they are any."""
    tables = data.values() if isinstance(data, dict) else ()
    return sum(
        max(map(_length, table.values()), default=0) if isinstance(table, dict) else _length(table) for table in tables
    )


def _length(value: object) -> int:
    value = value.get("codes") if isinstance(value, dict) else value
    return len(value) if isinstance(value, list) else 0


def encode(connection: duckdb.DuckDBPyConnection, course_id: str, learner_id: str | None = None) -> dict[str, Encoded]:
    """An instance of the tables that are attached to `connection` (see `earlybell.tables.attach`), as columns.

    It is what is read fastest: seconds of Unix, and of texts that repeat the categories. The course run stands in its
    own row alone, and columns without a value are left out.

    Raises:
        RequestError: there is no such course run, or the learner is not enrolled in it.
    """
    tables = {name: _selected(connection, BY_NAME[name], course_id, learner_id) for name in TABLES_READ}
    if not tables["courses"]["course_id"]:
        course_ids = ", ".join(
            row[0] for row in connection.execute("SELECT course_id FROM courses ORDER BY 1").fetchall()
        )
        raise RequestError("no such course run", course_id, f"Course runs: {course_ids}.")
    if not tables["enrolments"]["learner_id"]:
        raise RequestError(f"not enrolled in {course_id}", learner_id, "Name one of its learners, or leave it out.")
    return tables


def _add_course(sifting: Sifting, columns: _Columns | None, where: str, faults: Faults) -> str:
    """Read the course run; its id, empty where there is a fault."""
    if columns is None:
        return ""
    length = len(next(iter(columns.values())))
    if length != 1:
        ids = columns.get("course_id", [None] * length)
        faults.add(f"{where}.courses", shown(ids), "An instance has the one row of its course run.")
        return ""
    return sifting.add(BY_NAME["courses"], f"{where}.courses", columns).columns["course_id"][0] or ""


def _of_course(columns: _Columns, course_id: str) -> _Columns:
    """With the course run where it is left out."""
    runs = columns.get("course_id", [])
    if not course_id or None not in runs:
        return columns
    if runs.count(None) == len(runs):
        return columns | {"course_id": Categories([course_id], np.zeros(len(runs), dtype=np.int64))}
    return columns | {"course_id": [course_id if value is None else value for value in runs]}


def _values(table: Table, data: object, where: str, faults: Faults) -> _Columns | None:
    """A table's columns as lists, whether they came as rows or as columns; what is left out is null.

    None: it has no such form, which is among the faults. So is a column that must be there and is not: it is not among
    the columns.
    """
    if isinstance(data, dict) and not php_hint(data):
        columns = _from_columns(table, data, where, faults)
    elif isinstance(data, list) or data is None:
        columns = _from_rows(table, data or [], where, faults)
    else:
        faults.add(where, shown(data), f"It must be a list of rows, or an object of columns.{php_hint(data)}")
        return None
    if columns is None:
        return None
    length = max(map(len, columns.values()), default=0)
    lacking = [column for column in table.columns if not column.nullable and column.name not in columns]
    lacking = [column for column in lacking if length and (column.name != "course_id" or table.name == "courses")]
    for column in lacking:
        faults.add(f"{where}[0].{column.name}", "null", f"No row has it. It must be {expected(column)}.")
    names = [column.name for column in table.columns if column not in lacking]
    return {name: columns.get(name) or [None] * length for name in names}


def _from_rows(table: Table, rows: list[Any], where: str, faults: Faults) -> _Columns | None:
    if not set(map(type, rows)) <= {dict}:
        for i, row in enumerate(rows):
            if not isinstance(row, dict):
                faults.add(f"{where}[{i}]", shown(row), f"A row is an object with {', '.join(table.names)}.")
        return None
    names = set().union(*rows)
    for name in sorted(names - set(table.names)):
        at = next(i for i, row in enumerate(rows) if name in row)
        faults.add(f"{where}[{at}]", shown(name), f"Columns are {', '.join(table.names)}.")
    return {name: [row.get(name) for row in rows] for name in names}


def _from_columns(table: Table, columns: dict[str, Any], where: str, faults: Faults) -> _Columns | None:
    read: _Columns = {}
    for name in columns:
        if name not in table.names:
            faults.add(where, shown(name), f"Columns are {', '.join(table.names)}.")
    known = [column for column in table.columns if column.name in columns]
    for column in known:
        with faults.gathered():
            coded = may_be_coded(table, column)
            read[column.name] = _column(column, columns[column.name], f"{where}.{column.name}", coded=coded)
    length = len(next(iter(read.values()), ()))
    for name, values in read.items():
        if len(values) != length:
            faults.add(f"{where}.{name}", counted(len(values), "value"), f"Other columns have {length}.")
    unequal = any(len(values) != length for values in read.values())
    return None if unequal or len(read) < len(known) else read


def may_be_coded(table: Table, column: Column) -> bool:
    """Whether a column may be sent by its categories."""
    return column.type == "string" and table.name != "courses"


def _column(column: Column, values: object, where: str, *, coded: bool) -> Sent:
    """A column as it was sent: a list or, of texts, categories and codes.

    Args:
        coded: whether it may be the latter.

    Raises:
        RequestError: it has another form.
    """
    if isinstance(values, list):
        return values
    if not coded or not isinstance(values, dict) or values.keys() != ByCategories.__required_keys__:
        form = ' One of texts may also be {"categories": ["a", null], "codes": [0, 0, 1]}.' if coded else ""
        raise RequestError(where, shown(values), f"A column is a list.{php_hint(values)}{form}")
    categories, codes = values["categories"], values["codes"]
    for name, part in (("categories", categories), ("codes", codes)):
        if not isinstance(part, list):
            raise RequestError(f"{where}.{name}", shown(part), f"It is a list.{php_hint(part)}")
    for i, category in enumerate(categories):
        if isinstance(category, list | dict):  # many rows may have it
            raise RequestError(f"{where}.categories[{i}]", shown(category), f"It must be {expected(column)}.")
    return Categories(categories, _places(codes, len(categories), f"{where}.codes"))


def _places(codes: list[Any], categories: int, where: str) -> Array:
    """The codes of so many categories as an array.

    Raises:
        RequestError: a code is none.
    """
    try:
        places = np.frombuffer(array("q", msgspec.convert(codes, list[int])), np.int64)
    except (msgspec.ValidationError, OverflowError):
        places = None
    if places is not None and ((places >= 0) & (places < categories)).all():
        return places
    for row, code in enumerate(codes):
        if isinstance(code, bool) or not isinstance(code, int | float) or not 0 <= code < categories or code % 1:
            of_all = counted(categories, "category", "categories")
            way_out = f"A code is the place among the {of_all}, from 0 on. For nothing, null is a category."
            raise RequestError(f"{where}[{row}]", shown(code), way_out)
    return np.array(codes, dtype=np.int64)  # whole ones, as 7.0


def _selected(connection: duckdb.DuckDBPyConnection, table: Table, course_id: str, learner_id: str | None) -> Encoded:
    """The rows of a course run, and of one learner if named, as columns."""
    in_run = (
        "course_id"
        if "course_id" in table.names
        else "(SELECT course_id FROM assessments WHERE assessment_id = t.assessment_id)"
    )
    condition, values = f"{in_run} = ?", [course_id]
    if learner_id is not None and "learner_id" in table.names:
        condition, values = f"{condition} AND learner_id = ?", [course_id, learner_id]
    sent = [column for column in table.columns if column.name != "course_id" or table.name == "courses"]
    selected = ", ".join(_plain(column) for column in sent)
    rows = connection.execute(
        f"SELECT {selected} FROM {table.name} t WHERE {condition} ORDER BY ALL", values
    ).fetchall()
    columns = list(zip(*rows, strict=True)) or [()] * len(sent)
    encoded = {column.name: _encoded(column, list(values)) for column, values in zip(sent, columns, strict=True)}
    return {name: values for name, values in encoded.items() if values is not None}


def _plain(column: Column) -> str:
    return f"epoch_us({column.name})" if column.type == "timestamp" else column.name


def _encoded(column: Column, values: list[Any]) -> list[Any] | ByCategories | None:
    """A column as it is sent; None where it has no value in any row."""
    if column.type == "timestamp":
        values = [_seconds(value) for value in values]
    distinct = dict.fromkeys(values)
    if values and distinct.keys() == {None}:
        return None
    if column.type != "string" or len(values) < max(_MANY, 2 * len(distinct)):
        return values
    codes = {text: code for code, text in enumerate(distinct)}
    return {"categories": list(codes), "codes": [codes[value] for value in values]}


def _seconds(microseconds: int | None) -> float | None:
    """Seconds of Unix; whole ones as an integer."""
    if microseconds is None:
        return None
    return microseconds / 1_000_000 if microseconds % 1_000_000 else microseconds // 1_000_000
