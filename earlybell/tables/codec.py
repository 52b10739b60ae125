"""A request's codec, made from the canonical tables: an instance is a small extract of one course run in them.

A table stands in an instance as rows (a list of objects) or as columns (an object of lists). `course_id` may be left
out everywhere but in `courses`, which has one row. Times are ISO 8601; without a zone they are UTC.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

import duckdb
import numpy as np
import numpy.typing as npt

from earlybell.errors import RequestError
from earlybell.tables.schema import BY_NAME, DEFAULT_WEEKS, EARLIEST, LARGEST, LATEST, LONGEST, Column, Table, Type
from earlybell.tables.zones import known_zones

TABLES_READ = ("courses", "enrolments", "events", "assessments", "extensions", "submissions", "breaks")
_KNOWN_AT = {"events": "occurred_at", "submissions": "submitted_at", "extensions": "granted_at"}

_PLAIN_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z?").fullmatch

_PLAUSIBLE = f"It must be between {EARLIEST:%Y} and {LATEST:%Y}."
NO_TEXT = re.compile("[\0-\x1f\x7f-\x9f\ud800-\udfff]").search  # what no store can keep, or a terminal would obey
NO_TEXT_REASON = "It has a character that cannot be shown, as NUL or a line's end."

Columns: TypeAlias = dict[str, npt.NDArray[Any]]
Rows: TypeAlias = dict[str, Columns]


@dataclass(frozen=True)
class Instance:
    """One course run of a request, checked.

    Attributes:
        course_id: the course run.
        as_of: the moment, in UTC without a zone.
        rows: for each table that features read its columns, as arrays of one length.
    """

    course_id: str
    as_of: datetime
    rows: Rows

    def __len__(self) -> int:
        """Rows of all tables together."""
        return sum(len(next(iter(columns.values()))) for columns in self.rows.values())

    @property
    def under_way(self) -> bool:
        """Whether the moment lies within the course run."""
        start, end = (self.rows["courses"][name][0] for name in ("starts_at", "ends_at"))
        end = start + np.timedelta64(DEFAULT_WEEKS, "W") if np.isnat(end) else end
        return bool(start < np.datetime64(self.as_of) <= end)

    @property
    def ignored(self) -> dict[str, int]:
        """How many records of each table became known only at `as_of` or later, and so are not read."""
        at = np.datetime64(self.as_of)
        counts = {name: int((self.rows[name][column] >= at).sum()) for name, column in _KNOWN_AT.items()}
        return {name: count for name, count in counts.items() if count}


def decode(data: object, where: str, now: datetime) -> Instance:
    """An instance from parsed JSON.

    Args:
        where: what errors call it, as `instances[0]`.
        now: the moment where `as_of` is not given, in UTC without a zone.

    Raises:
        RequestError: it breaks the canonical tables; names the field, the value and what is expected.
    """
    if not isinstance(data, dict):
        raise RequestError(where, shown(data), "It must be an object with the tables of one course run.")
    for name in data:
        if name not in (*TABLES_READ, "as_of"):
            raise RequestError(f"{where}.{name}", shown(data[name]), f"Fields are as_of, {', '.join(TABLES_READ)}.")
    course_id = _the_course(data.get("courses"), where)
    rows = {name: _table(BY_NAME[name], data.get(name), f"{where}.{name}", course_id) for name in TABLES_READ}
    _check_between(rows, where)
    as_of = data.get("as_of")
    return Instance(course_id, now if as_of is None else read_time(f"{where}.as_of", as_of), rows)


def rows_given(data: object) -> int:
    """Rows of all tables of an instance that is not read yet, as far as they are any."""
    tables = data.values() if isinstance(data, dict) else ()
    return sum(max(map(_length, one.values()), default=0) if isinstance(one, dict) else _length(one) for one in tables)


def _length(value: object) -> int:
    return len(value) if isinstance(value, list) else 0


def encode(connection: duckdb.DuckDBPyConnection, course_id: str, learner_id: str | None = None) -> dict[str, Any]:
    """An instance of the tables that are attached to `connection` (see `earlybell.tables.attach`), as columns.

    Raises:
        RequestError: there is no such course run, or the learner is not enrolled in it.
    """
    found = {name: _selected(connection, BY_NAME[name], course_id, learner_id) for name in TABLES_READ}
    if not found["courses"]["course_id"]:
        known = ", ".join(row[0] for row in connection.execute("SELECT course_id FROM courses ORDER BY 1").fetchall())
        raise RequestError("no such course run", course_id, f"Course runs: {known}.")
    if not found["enrolments"]["learner_id"]:
        raise RequestError(f"not enrolled in {course_id}", learner_id, "Name one of its learners, or leave it out.")
    return found


def shown(value: object) -> str:
    """A value as an error shows it: short."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):
        text = f"a {type(value).__name__}"
    return text if len(text) <= 80 else f"{text[:77]}..."


def _the_course(data: object, where: str) -> str:
    table = BY_NAME["courses"]
    values = _values(table, data, f"{where}.courses", None)["course_id"]
    if len(values) != 1 or not isinstance(values[0], str):
        raise RequestError(f"{where}.courses", shown(values), "An instance has the one row of its course run.")
    return values[0]


def _table(table: Table, data: object, where: str, course_id: str) -> Columns:
    values = _values(table, data, where, course_id)
    columns = {column.name: _array(column, values[column.name], where) for column in table.columns}
    for column in table.columns:
        if column.not_before is not None:
            early = columns[column.name] < columns[column.not_before]
            _refuse(early, values[column.name], f"{where}[{{}}].{column.name}", f"It is before {column.not_before}.")
    if "course_id" in columns:
        other = columns["course_id"] != course_id
        _refuse(other, values["course_id"], f"{where}[{{}}].course_id", f"The course run is {course_id!r}.")
    _check_key(table, values, where)
    return columns


def _values(table: Table, data: object, where: str, course_id: str | None) -> dict[str, list[Any]]:
    """A table's columns as lists, whether they came as rows or as columns; what is left out is null."""
    if data is None:
        data = []
    if isinstance(data, list):
        given = _from_rows(table, data, where)
    elif isinstance(data, dict):
        given = _from_columns(table, data, where)
    else:
        raise RequestError(where, shown(data), "It must be a list of rows, or an object of columns.")
    length = max(map(len, given.values()), default=0)
    given.setdefault("course_id", [course_id] * length)
    return {name: given.get(name) or [None] * length for name in table.names}


def _from_rows(table: Table, rows: list[Any], where: str) -> dict[str, list[Any]]:
    if not set(map(type, rows)) <= {dict}:
        at = next(i for i, row in enumerate(rows) if not isinstance(row, dict))
        raise RequestError(f"{where}[{at}]", shown(rows[at]), f"A row is an object with {', '.join(table.names)}.")
    found = set().union(*rows)
    if unknown := found - set(table.names):
        at = next(i for i, row in enumerate(rows) if unknown & row.keys())
        raise RequestError(f"{where}[{at}]", shown(min(unknown)), f"Columns are {', '.join(table.names)}.")
    return {name: [row.get(name) for row in rows] for name in found}


def _from_columns(table: Table, columns: dict[str, Any], where: str) -> dict[str, list[Any]]:
    length = None
    for name, values in columns.items():
        if name not in table.names:
            raise RequestError(where, shown(name), f"Columns are {', '.join(table.names)}.")
        if not isinstance(values, list):
            raise RequestError(f"{where}.{name}", shown(values), "A column is a list.")
        length = len(values) if length is None else length
        if len(values) != length:
            raise RequestError(f"{where}.{name}", f"{len(values)} values", f"Other columns have {length}.")
    return dict(columns)


def _array(column: Column, values: list[Any], where: str) -> npt.NDArray[Any]:
    """A column's values as an array of its type; what is null there is None, NaN or NaT."""
    place = f"{where}[{{}}].{column.name}"
    kinds = set(map(type, values))
    if type(None) in kinds and not column.nullable:
        _refuse([value is None for value in values], values, place, f"It must be {_expected(column)}.")
    if not kinds <= _KINDS[column.type] | {type(None)}:
        unlike = [type(value) not in _KINDS[column.type] and value is not None for value in values]
        _refuse(unlike, values, place, f"It must be {_expected(column)}.")
    array = _MAKE[column.type](values, place)
    for wrong, reason in _outside(column, array):
        _refuse(wrong, values, place, reason)
    return array


def _outside(column: Column, array: npt.NDArray[Any]) -> Iterable[tuple[npt.NDArray[np.bool_], str]]:
    if column.choices:
        yield (
            np.array([value not in column.choices for value in array.tolist()]),
            f"It must be one of {', '.join(column.choices)}.",
        )
    if column.timezone:
        yield _not_null_and(lambda value: value not in known_zones(), array), f"It must be {_ARTICLE_OF_ZONE}."
    if (pattern := column.pattern) is not None:
        matches = re.compile(pattern).fullmatch
        yield _not_null_and(lambda value: not matches(value), array), f"It must be {column.meaning}."
    if column.type in ("integer", "number"):
        least = -LARGEST if column.minimum is None else column.minimum
        most = LARGEST if column.maximum is None else column.maximum
        yield (array < least) | (array > most), f"It must be from {least:g} to {most:g}."
    if column.type == "timestamp":
        yield _implausible(array), _PLAUSIBLE


def _not_null_and(is_wrong: Callable[[str], bool], array: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    return np.array([value is not None and is_wrong(value) for value in array.tolist()], dtype=bool)


def _refuse(wrong: Sequence[bool] | npt.NDArray[np.bool_], values: list[Any], place: str, way_out: str) -> None:
    """Raise for the first value that is wrong, if any; `place` has {} for its number."""
    at = np.flatnonzero(wrong)
    if len(at):
        raise RequestError(place.format(at[0]), shown(values[at[0]]), way_out)


def _check_key(table: Table, values: dict[str, list[Any]], where: str) -> None:
    keys = list(zip(*(values[name] for name in table.key), strict=True)) if table.key else []
    if len(set(keys)) < len(keys):
        first = {key: i for i, key in reversed(list(enumerate(keys)))}
        twice = [first[key] < i for i, key in enumerate(keys)]
        _refuse(
            twice, [list(key) for key in keys], f"{where}[{{}}]", f"{', '.join(table.key)} must differ in each row."
        )


def _check_between(rows: Rows, where: str) -> None:
    """That each learner of a record is enrolled, and each assessment known."""
    for name, columns in rows.items():
        for key, home in (("learner_id", "enrolments"), ("assessment_id", "assessments")):
            if key in columns and name != home:
                known, values = set(rows[home][key].tolist()), columns[key].tolist()
                if unknown := set(values) - known:
                    wrong = [value in unknown for value in values]
                    _refuse(wrong, values, f"{where}.{name}[{{}}].{key}", f"It is not in {home}.")


def read_time(place: str, value: object) -> datetime:
    """A time of a request, in UTC without a zone.

    Raises:
        RequestError: it is none, or not a plausible one.
    """
    if not isinstance(value, str):
        raise RequestError(place, shown(value), f"It must be {_ARTICLE['timestamp']}.")
    times = _times([value], place)
    _refuse(_implausible(times), [value], place, _PLAUSIBLE)
    return times[0].item()  # type: ignore[no-any-return]


def _implausible(times: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    return (times < np.datetime64(EARLIEST)) | (times > np.datetime64(LATEST))


def _times(values: list[Any], place: str) -> npt.NDArray[Any]:
    try:
        if None not in values and all(map(_PLAIN_TIME, values)):  # as most are: NumPy reads them ten times faster
            return np.array([value.removesuffix("Z") for value in values], dtype="datetime64[us]")
        return np.array([None if value is None else _utc(value) for value in values], dtype="datetime64[us]")
    except (ValueError, OverflowError):
        for i, value in enumerate(values):
            _refuse([not _is_time(value)], [value], place.format(i), f"It must be {_ARTICLE['timestamp']}.")
        raise


def _utc(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo in (UTC, None) else at.astimezone(UTC)).replace(tzinfo=None)


def _is_time(value: str | None) -> bool:
    try:
        return value is None or bool(_utc(value))
    except (ValueError, OverflowError):
        return False


def _texts(values: list[Any], place: str) -> npt.NDArray[Any]:
    distinct = {value for value in set(values) if value}  # there are few, as of learners or actions
    if NO_TEXT("".join(distinct)):
        wrong = [value is not None and NO_TEXT(value) is not None for value in values]
        _refuse(wrong, values, place, NO_TEXT_REASON)
    if max(map(len, distinct), default=0) > LONGEST:
        _refuse([len(value or "") > LONGEST for value in values], values, place, f"At most {LONGEST} characters.")
    return np.array(values, dtype=object)


def _numbers(values: list[Any], place: str) -> npt.NDArray[Any]:
    try:
        array = np.array([math.nan if value is None else value for value in values], dtype=np.float64)
    except OverflowError:
        array = np.array([math.nan if value is None else min(value, 2 * LARGEST) for value in values], dtype=np.float64)
    given = np.array([value is not None for value in values], dtype=bool)
    _refuse(given & ~np.isfinite(array), values, place, f"It must be {_ARTICLE['number']}.")
    return array


_KINDS: dict[Type, set[type]] = {"string": {str}, "integer": {int}, "number": {int, float}, "timestamp": {str}}
_ARTICLE: dict[Type, str] = {
    "string": "a text",
    "integer": "an integer",
    "number": "a finite number",
    "timestamp": "a time such as 2026-03-01T08:30:00Z",
}
_ARTICLE_OF_ZONE = "a time zone of the IANA database, as Europe/Berlin"
_MAKE: dict[Type, Callable[[list[Any], str], npt.NDArray[Any]]] = {
    "string": _texts,
    "integer": _numbers,
    "number": _numbers,
    "timestamp": _times,
}


def _expected(column: Column) -> str:
    if column.timezone:
        return _ARTICLE_OF_ZONE
    return _ARTICLE[column.type] + (f" (one of {', '.join(column.choices)})" if column.choices else "")


def _selected(
    connection: duckdb.DuckDBPyConnection, table: Table, course_id: str, learner_id: str | None
) -> dict[str, list[Any]]:
    """The rows of a course run, and of one learner if named, as columns of plain values."""
    in_run = (
        "course_id"
        if "course_id" in table.names
        else "(SELECT course_id FROM assessments WHERE assessment_id = t.assessment_id)"
    )
    condition, values = f"{in_run} = ?", [course_id]
    if learner_id is not None and "learner_id" in table.names:
        condition, values = f"{condition} AND learner_id = ?", [course_id, learner_id]
    selected = ", ".join(_plain(column) for column in table.columns)
    found = connection.execute(
        f"SELECT {selected} FROM {table.name} t WHERE {condition} ORDER BY ALL", values
    ).fetchall()
    columns = list(zip(*found, strict=True)) or [()] * len(table.columns)
    return {column.name: list(column_values) for column, column_values in zip(table.columns, columns, strict=True)}


def _plain(column: Column) -> str:
    if column.type != "timestamp":
        return column.name
    return f"strftime({column.name}, '%Y-%m-%dT%H:%M:%S.%fZ') AS {column.name}"
