"""The values of a request's column, as JSON has them, read as an array: understood as those of a file are.

Most columns are plain, and NumPy reads them whole. What is not plain is looked at by its distinct texts; a text that
may be a time or a number is read by DuckDB, which reads those of files.
"""

import json
import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import NoneType
from typing import Any, NamedTuple, TypeAlias

import duckdb
import numpy as np
import numpy.typing as npt

from earlybell.tables.rules import ARTICLE
from earlybell.tables.schema import EARLIEST, LATEST, LONGEST, Column, Type
from earlybell.tables.sql import connect
from earlybell.tables.words import FLOATED, FLOATED_END, NO_DATE, UNIX, WRITTEN, unknown_words

Array: TypeAlias = npt.NDArray[Any]
Mask: TypeAlias = npt.NDArray[np.bool_]

_NEVER = np.datetime64("NaT", "us")
_NO_TIME = int(_NEVER.astype(np.int64))
_FIRST, _LAST = np.datetime64(EARLIEST, "us"), np.datetime64(LATEST, "us")
_EARLIEST, _LATEST = int(_FIRST.astype(np.int64)), int(_LAST.astype(np.int64))
_WRONG: Any = object()  # in the place of a value that is not of its column's type
_PLAIN_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z?").fullmatch
_PARTS = ((0, 4), (5, 2), (8, 2), (11, 2), (14, 2), (17, 2))  # of it: where the year, month, …, second begin
_REPEATED = 8  # rows of a text on average, from which on a column is read by its words
_TOO_FAR = 1e12  # seconds of Unix that are no time
_MANY = 32  # times, for which it is worth looking at all at once
_NO_DATE, _UNIX, _FLOATED = (re.compile(form).fullmatch for form in (NO_DATE, UNIX, FLOATED))
_MOST_SHOWN = 80  # characters
_DIGITS = re.compile(r"[0-9]{12,13}(\.[0-9]+)?").fullmatch
_WRITTEN = [(re.compile(form).fullmatch, re.compile(apart)) for form, apart in WRITTEN]
NO_TEXT = re.compile("[\0-\x1f\x7f-\x9f\ud800-\udfff]").search  # what no store can keep, or a terminal would obey
NO_TEXT_REASON = "It has a character that cannot be shown, as NUL or a line's end."
_HIDDEN, _TOO_LONG = "a text with NUL or a line's end, or what cannot be shown", f"longer than {LONGEST} characters"
MILLISECONDS = "milliseconds: divide by 1000"
_EXPECTED: dict[Type, str] = {
    "string": "a text",
    "integer": "an integer",
    "number": "a finite number",
    "timestamp": "a time such as 2026-03-01T08:30:00Z or 1772353800 (seconds of Unix), "
    f"between {EARLIEST:%Y} and {LATEST:%Y}",
}


class Coded(NamedTuple):
    """A column of texts by its words: of each row the place of its text, which may be None."""

    codes: Array
    words: tuple[str | None, ...]


class Categories(Sequence[Any]):
    """A column of texts that repeat, as a request may have it: each text once, and of each row which of them it has."""

    def __init__(self, categories: list[Any], codes: Array) -> None:
        """
        Args:
            categories: texts, as JSON has them: not all are well-formed.
            codes: of each row the place among `categories`, (rows,).
        """
        self.categories, self.codes = categories, codes

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, row: Any) -> Any:
        return self.categories[self.codes[row]]

    def __iter__(self) -> Iterator[Any]:
        return map(self.categories.__getitem__, self.codes.tolist())


Sent: TypeAlias = list[Any] | Categories  # a column as it was sent


@dataclass(frozen=True)
class Read:
    """A column that was read: null is None, NaN or NaT.

    `wrong` has where values are not of its type, by the reason; `full` says that no value is null; `coded` is the same
    column of texts that repeat.
    """

    array: Array
    wrong: dict[str, Mask]
    full: bool
    coded: Coded | None = None


def read_values(column: Column, values: Sent) -> Read:
    """Read the values of a column; those of `Categories` are texts."""
    if isinstance(values, Categories):
        return _categories(column, values)
    if not values or (values[0] is None and values.count(None) == len(values)):  # left out, as many are
        return Read(_NULL[column.type].repeat(len(values)), {}, full=not values)
    return _READ[column.type](column, values)


def expected(column: Column) -> str:
    """What a value must be, in words."""
    if column.timezone:
        return "a time zone of the IANA database, as Europe/Berlin"
    if column.choices:
        return f"one of {', '.join(column.choices)}"
    return column.meaning if column.pattern else _EXPECTED[column.type]


def shown(value: object) -> str:
    """A value as an error shows it: short."""
    try:
        value = value[:_MOST_SHOWN] if isinstance(value, str) else value  # what is cut off need not be written
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):
        text = f"a {type(value).__name__}"
    text = text.encode(errors="backslashreplace").decode()
    return text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 3]}..."


def implausible(times: Array) -> Mask:
    """Which times cannot be true."""
    return (times < _FIRST) | (times > _LAST)


def is_milliseconds(value: object) -> bool:
    """Whether it is a plausible time in milliseconds, as JavaScript counts."""
    far = isinstance(value, int) and not 0 < value < 1e14
    text = str(value) if isinstance(value, int | float | str) and not far else ""
    return bool(_DIGITS(text)) and float(text) / 1e3 > 1e8 and not _is_far(round(float(text) * 1e3))


_NULL: dict[Type, Array] = {
    "string": np.array([None], dtype=object),
    "integer": np.array([np.nan]),
    "number": np.array([np.nan]),
    "timestamp": np.array([_NEVER]),
}


def _texts(column: Column, values: list[Any]) -> Read:
    wrong: dict[str, Mask] = {}
    if not (distinct := _distinct(values)):
        values = _as_texts(values)
        values = _without(f"not {ARTICLE['string']}", values, {_WRONG}, wrong)
        distinct = set(values)
    full = None not in distinct
    distinct.discard(None)
    if NO_TEXT("".join(distinct)):
        hidden = {text for text in distinct if NO_TEXT(text)}
        values, distinct = _without(_HIDDEN, values, hidden, wrong), distinct - hidden
    if max(map(len, distinct), default=0) > LONGEST:
        long = {text for text in distinct if len(text) > LONGEST}
        values, distinct = _without(_TOO_LONG, values, long, wrong), distinct - long
    if meant := _meant(column, distinct):
        values = [meant.get(value, value) for value in values]
    full = full and not wrong and None not in meant.values()
    if _REPEATED * len(distinct) > len(values):
        return Read(np.fromiter(values, object, len(values)), wrong, full)
    coded = _coded(values, _words((meant.get(text, text) for text in distinct), full=full))
    return Read(np.array(coded.words, dtype=object)[coded.codes], wrong, full, coded)


def _categories(column: Column, values: Categories) -> Read:
    """Read each category that has a row as a value of its own: so the column means what it means as a list."""
    used = np.flatnonzero(np.bincount(values.codes, minlength=len(values.categories)))
    place = np.zeros(len(values.categories), dtype=np.int64)
    place[used] = np.arange(len(used))
    rows, read = place[values.codes], read_values(column, [values.categories[i] for i in used])
    wrong = {reason: mask[rows] for reason, mask in read.wrong.items()}
    texts = read.array.tolist()
    if _REPEATED * len(texts) > len(values):
        return Read(read.array[rows], wrong, read.full)
    coded = _coded(texts, _words(texts, full=read.full))
    return Read(read.array[rows], wrong, read.full, Coded(coded.codes[rows], coded.words))


def _words(texts: Iterable[str | None], *, full: bool) -> tuple[str | None, ...]:
    """The different texts in their order; of a column that is not full, null after them."""
    words = sorted({text for text in texts if text is not None})
    return (*words,) if full else (*words, None)


def _coded(values: list[Any], words: tuple[str | None, ...]) -> Coded:
    if len(words) == 1:
        return Coded(np.zeros(len(values), dtype=np.int64), words)
    places = {word: place for place, word in enumerate(words)}
    return Coded(np.fromiter(map(places.__getitem__, values), np.int64, len(values)), words)


def _distinct(values: list[Any]) -> set[Any]:
    """The different values, if each is a text or null; else none. There are few, as of learners or actions."""
    try:
        distinct = set(values)
    except TypeError:  # lists and objects
        return set()
    return distinct if all(value is None or isinstance(value, str) for value in distinct) else set()


def _without(reason: str, values: list[Any], bad: Collection[Any], wrong: dict[str, Mask]) -> list[Any]:
    """The values with null for those that are bad, which is noted."""
    mask = np.fromiter((value in bad for value in values), bool, len(values))
    if mask.any():
        wrong[reason] = mask
    return [None if value in bad else value for value in values]


def _as_texts(values: list[Any]) -> list[Any]:
    """The values as texts; of integers, as ids of Moodle's are, each distinct one is written once."""
    if set(map(type, values)) <= {str, int, NoneType}:
        texts = {value: _text_of(value) for value in set(values)}
        return [texts[value] for value in values]
    return [_text_of(value) for value in values]


def _text_of(value: object) -> Any:
    """A text, or a number as one: an id of Moodle's is an integer."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e300:
        return _WRONG
    integral = isinstance(value, float) and value.is_integer() and abs(value) < 1e15
    return str(int(value)) if integral else str(value)


def _meant(column: Column, texts: Collection[str]) -> dict[str, str | None]:
    """What those texts mean that mean something else."""
    words = unknown_words(column)
    meanings: dict[str, str | None] = {"": None} if "" in texts else {}
    if column.is_id:
        plain = {text: text.strip(" ") for text in texts}
        meanings |= {text: stripped or None for text, stripped in plain.items() if stripped != text}
        floats = [text for text, stripped in plain.items() if stripped.endswith(".0")]
        if floats and all(_FLOATED(stripped) for stripped in plain.values() if stripped not in words and stripped):
            meanings |= {text: re.sub(FLOATED_END, "", plain[text]) for text in floats}
    if column.choices:
        by_word = {choice.lower(): choice for choice in column.choices}
        meanings |= {text: by_word[word] for text in texts if (word := text.strip().lower()) in by_word}
    if words:
        meanings |= dict.fromkeys((text for text in texts if text.strip(" ") in words), None)
    return meanings


def _numbers(column: Column, values: list[Any]) -> Read:
    kinds = set(map(type, values))
    if kinds <= {int, float}:
        array = _floats(values, full=True)
        if np.isfinite(array).all() and (column.type == "number" or (array == np.floor(array)).all()):
            return Read(array + 0.0, {}, full=True)  # -0.0 is 0.0
    reason, wrong = f"not {ARTICLE[column.type]}", np.zeros(len(values), dtype=bool)
    if not kinds <= {int, float, NoneType}:
        by_text = _numbers_of(column, {value for value in values if isinstance(value, str)})
        values = [_number_of(value, by_text) for value in values]
        wrong |= np.fromiter((value is _WRONG for value in values), bool, len(values))
        values = [None if value is _WRONG else value for value in values]
        kinds = set(map(type, values))
    array = _floats(values, full=NoneType not in kinds)
    odd = np.isinf(array) if column.type == "number" else np.isinf(array) | (array != np.floor(array))
    if not (full := not np.isnan(array).any()):
        present = np.fromiter((value is not None for value in values), bool, len(values))
        odd = (odd | np.isnan(array)) & present
    if odd.any():
        array[odd] = np.nan
        wrong |= odd
    return Read(array + 0.0, {reason: wrong} if wrong.any() else {}, full and not odd.any())


def _floats(values: list[Any], *, full: bool) -> npt.NDArray[np.float64]:
    plain = values if full else [math.nan if value is None else value for value in values]
    try:
        return np.array(plain, dtype=np.float64)
    except OverflowError:  # an integer of hundreds of digits
        return np.array([math.inf if abs(value) > 1e300 else value for value in plain], dtype=np.float64)


def _number_of(value: object, by_text: Mapping[str, Any]) -> Any:
    """A number, or None for unknown."""
    if isinstance(value, str):
        return by_text[value]
    return value if value is None or (isinstance(value, int | float) and not isinstance(value, bool)) else _WRONG


def _numbers_of(column: Column, texts: Collection[str]) -> dict[str, Any]:
    """The number that each text is, or None for unknown."""
    words, numbers = unknown_words(column), _cast(texts, "try_cast(text AS DOUBLE)")
    odd = [text for text, number in numbers.items() if number is None]
    unknown = [text for text, number in numbers.items() if number != number and text.strip(" ") in words]
    written = {text: None if text.strip(" ") in words else _written(text) for text in odd}
    return numbers | written | dict.fromkeys(unknown)


def _written(text: str) -> Any:
    """A number with a decimal comma or thousands apart, if it can be read one way alone."""
    for is_so, apart in _WRITTEN:
        if is_so(text):
            return float(apart.sub("", text).replace(",", "."))
    return _WRONG


def _times(column: Column, values: list[Any]) -> Read:
    kinds = set(map(type, values))
    if kinds <= {int, float, NoneType} and (read := _unix(column, values, full=NoneType not in kinds)):
        return read
    if kinds - {str, NoneType}:
        return _odd_times(column, values)
    texts = [value for value in values if value is not None] if NoneType in kinds else values
    times = _alike(texts) if len(texts) >= _MANY else None
    try:
        times = _plain_times(texts) if times is None else times
    except ValueError:  # a day that is none
        times = None
    if times is None:
        return _odd_times(column, values)
    array = times
    if texts is not values:
        array = np.full(len(values), _NEVER)
        array[[value is not None for value in values]] = times
    if column.nullable and (far := implausible(array)).any():
        array[far & [isinstance(value, str) and bool(_NO_DATE(value)) for value in values]] = _NEVER
    return Read(array, {}, not np.isnat(array).any())


def _unix(column: Column, values: list[Any], *, full: bool) -> Read | None:
    """Times that are all seconds of Unix, as Moodle has them, or null. None: some are no number, or too far away."""
    seconds = _floats(values, full=full)
    none = np.isnan(seconds)
    if none.sum() > values.count(None) or not (none | (np.abs(seconds) < _TOO_FAR)).all():
        return None
    if column.nullable:
        none |= seconds == 0
    array = np.rint(np.where(none, 0.0, seconds) * 1e6).astype("datetime64[us]")
    array[none] = _NEVER
    return Read(array, {}, not none.any())


def _plain_times(texts: list[str]) -> Array | None:
    """Times of a plain form, as most are: NumPy reads them ten times faster than DuckDB. None: some are not.

    Raises:
        ValueError: a day that is none.
    """
    if not all(map(_PLAIN_TIME, texts)):
        return None
    return np.array([text.removesuffix("Z") for text in texts], dtype="datetime64[us]")


def _alike(texts: list[str]) -> Array | None:
    """Times of a plain form, all written alike, as a program writes them: read by digits, all at once. None: they are
    not, or there is no such time."""
    form, joined = texts[0], "".join(texts)
    if not _PLAIN_TIME(form) or set(map(len, texts)) != {len(form)} or not joined.isascii():
        return None
    digits = np.frombuffer(joined.encode(), np.uint8).reshape(len(texts), len(form)).T - ord("0")  # others are above 9
    of_form = digits[:, 0]
    if (digits[of_form <= 9] > 9).any() or (digits[of_form > 9] != of_form[of_form > 9, None]).any():
        return None
    year, month, day, hour, minute, second = (_joined(digits[at : at + size]) for at, size in _PARTS)
    fraction = digits[20 : len(form.removesuffix("Z"))]
    microsecond = _joined(fraction) * 10 ** (6 - len(fraction))
    first = (12 * (year - 1970) + month - 1).astype("datetime64[M]")
    length = ((first + 1).astype("datetime64[D]") - first.astype("datetime64[D]")).astype(np.int64)
    bounds = ((month, 1, 12), (day, 1, length), (hour, 0, 23), (minute, 0, 59), (second, 0, 59))
    if any(((numbers < least) | (numbers > most)).any() for numbers, least, most in bounds):
        return None
    seconds = (hour * 60 + minute) * 60 + second
    times: Array = first.astype("datetime64[us]") + ((day - 1) * 86_400 + seconds) * 1_000_000 + microsecond
    return times


def _joined(digits: Array) -> Array:
    """The numbers that rows of digits make."""
    numbers = np.zeros(digits.shape[1], dtype=np.int64)
    for row in digits:
        numbers = 10 * numbers + row
    return numbers


def _odd_times(column: Column, values: list[Any]) -> Read:
    """Times not all of one plain form: numbers, unknown ones, ones with a zone."""
    by_text = _times_of(column, {value for value in values if isinstance(value, str)})
    at = [_time_of(column, value, by_text) for value in values]
    wrong = np.fromiter((time is _WRONG for time in at), bool, len(at))
    if wrong.any():
        at = [None if time is _WRONG else time for time in at]
    array = np.array([_NO_TIME if time is None else time for time in at], dtype=np.int64).view("datetime64[us]")
    return Read(array, {f"not {ARTICLE['timestamp']}": wrong} if wrong.any() else {}, not np.isnat(array).any())


def _time_of(column: Column, value: object, by_text: Mapping[str, Any]) -> Any:
    """Microseconds of Unix, or None for unknown."""
    if isinstance(value, str):
        return by_text[value]
    if value is None or (value == 0 and column.nullable and not isinstance(value, bool)):
        return None
    return _of_seconds(value) if isinstance(value, int | float) and not isinstance(value, bool) else _WRONG


def _times_of(column: Column, texts: Collection[str]) -> dict[str, Any]:
    """The time that each text is, or None for unknown."""
    at = "try_cast(text AS TIMESTAMPTZ)"
    times = _cast(texts, f"CASE WHEN isfinite({at}) THEN epoch_us({at}) END")
    return times | {text: _odd_time(column, text, at) for text, at in times.items() if at is None or _is_far(at)}


def _odd_time(column: Column, text: str, at: int | None) -> Any:
    plain = text.strip(" ")
    if plain in unknown_words(column) or (column.nullable and _NO_DATE(plain)):
        return None
    if at is not None:
        return at
    return _of_seconds(float(text)) if _UNIX(text) else _WRONG


def _of_seconds(seconds: float) -> Any:
    """Microseconds of Unix; further away than this is no time that can be told."""
    return round(seconds * 1e6) if abs(seconds) < _TOO_FAR else _WRONG


def _is_far(microseconds: int) -> bool:
    return not _EARLIEST <= microseconds <= _LATEST


def _cast(texts: Collection[str], expression: str) -> dict[str, Any]:
    """What DuckDB makes of each text, in a file as here; None where it makes nothing of it."""
    if not texts:
        return {}
    readable = ["" if NO_TEXT(text) else text for text in texts] if NO_TEXT("".join(texts)) else list(texts)
    cursor = _engine().cursor()  # a thread's own
    cursor.execute("SET TimeZone = 'UTC'")
    query = f"SELECT {expression} FROM (SELECT unnest($1::VARCHAR[]) AS text)"
    rows = cursor.execute(query, [readable]).fetchall()
    return {text: row[0] for text, row in zip(texts, rows, strict=True)}


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    return connect()


_READ: dict[Type, Callable[[Column, list[Any]], Read]] = {
    "string": _texts,
    "integer": _numbers,
    "number": _numbers,
    "timestamp": _times,
}
