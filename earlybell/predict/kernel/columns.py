"""Columns: what the instructions of a program take and give."""

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from earlybell.predict.kernel.ranges import EVERYTHING, Range
from earlybell.tables.schema import EARLIEST, LATEST, Type
from earlybell.tables.values import Coded

Array: TypeAlias = npt.NDArray[Any]
Mask: TypeAlias = npt.NDArray[np.bool_]
Rows: TypeAlias = npt.NDArray[np.intp]

SAFE = 2**53  # integers up to here are exact as floats, and no sum or difference of two leaves 64 bits


class NotUnderstoodError(ValueError):
    """A plan has what the kernel does not know."""


class UnusualError(ValueError):
    """Values, or an order of rows, of which DuckDB itself must say what becomes."""


class Column(NamedTuple):
    """Values of one type; a column of one value stands for as many as there are rows.

    Attributes:
        values: integers and times (microseconds) as int64, numbers as float64, conditions as bool; of texts the places
            in `words`. What stands where a value is null means nothing, but can be computed with.
        null: where the values are null; None: nowhere.
        words: of a column of texts its texts, each once, at least one.
    """

    values: Array
    null: Mask | None = None
    words: tuple[str, ...] | None = None

    def take(self, rows: Rows) -> "Column":
        """The values of those rows."""
        return Column(self.values[rows], None if self.null is None else self.null[rows], self.words)

    def take_or_null(self, rows: Rows) -> "Column":
        """The values of those rows; of row -1 null."""
        if not len(self.values):
            return Column(np.zeros(len(rows), self.values.dtype), np.ones(len(rows), dtype=bool), self.words)
        taken = self.take(rows)
        return taken._replace(null=either(taken.null, rows < 0))

    def of_length(self, rows: int) -> "Column":
        """With a value for each row."""
        values, null, words = self
        if len(values) == rows and (null is None or len(null) == rows):
            return self
        return Column(np.broadcast_to(values, rows), None if null is None else np.broadcast_to(null, rows), words)

    @property
    def is_nothing(self) -> bool:
        """Whether it is the constant null."""
        return self.null is not None and len(self.null) == 1 and bool(self.null[0])


def column_of(values: Array, null: Mask | None, words: tuple[str, ...] | None = None) -> Column:
    """A column of values and of where they are null, of which one may stand for all rows."""
    if null is not None and len(null) != len(values):
        if len(null) == 1:
            null = np.broadcast_to(null, values.shape)
        else:
            values = np.broadcast_to(values, null.shape)
    return Column(values, null, words)


def both(left: Mask | None, right: Mask | None) -> Mask | None:
    """Where either of two masks is."""
    if left is None:
        return right
    return left if right is None else left | right


def either(*masks: Mask | None) -> Mask | None:
    """Where any of the masks is."""
    given = [mask for mask in masks if mask is not None]
    return reduce(np.logical_or, given) if given else None


def range_of(of_type: Type) -> Range:
    """What the values of a column of a canonical table can be."""
    return _RANGES.get(of_type, EVERYTHING)


def staged(of_type: Type, array: Array) -> Column:
    """A column of a canonical table: texts as objects, integers and numbers as floats, times as datetime64[us].

    Raises:
        UnusualError: an integer or a time is far beyond all others.
    """
    if of_type == "string":
        return _staged_texts(array.tolist())
    missing = np.isnat(array) if of_type == "timestamp" else np.isnan(array)
    null = missing if missing.any() else None
    values = array.view(np.int64) if of_type == "timestamp" else array
    if null is not None:
        values = np.where(null, 0, values)
    if of_type in _RANGES and len(values):
        least, most = _RANGES[of_type]
        known = values if null is None else values[~null]
        if len(known) and not (known.min() >= least and known.max() <= most):
            raise UnusualError(f"a {of_type} that is far away")
    return Column(values.astype(np.int64) if of_type == "integer" else values, null)


_RANGES: Mapping[Type, Range] = {
    "integer": Range(-(2**31), 2**31 - 1),
    "timestamp": Range(*(int(np.datetime64(at, "us").astype(np.int64)) for at in (EARLIEST, LATEST))),
}


def staged_words(coded: Coded) -> Column:
    """A column of texts that is known by its words."""
    codes, words = coded
    null = codes == words.index(None) if None in words else None
    return _with_texts(Column(codes, null), words)


def _staged_texts(values: list[str | None]) -> Column:
    places = {text: place for place, text in enumerate(dict.fromkeys(values))}
    if len(places) == 1:
        codes = np.zeros(len(values), dtype=np.int64)
    else:
        codes = np.fromiter(map(places.__getitem__, values), np.int64, len(values))
    null = codes == places[None] if None in places else None
    return _with_texts(Column(codes, null), places)


def _with_texts(column: Column, texts: Iterable[str | None]) -> Column:
    """A column of texts with these as its words: null has the word "", which may be among them, and is there once."""
    return with_words(column, [text or "" for text in texts] or [""])


def concatenated(columns: Sequence[Column]) -> Column:
    """The rows of one after those of the other."""
    if len(columns) == 1:
        return columns[0]
    columns = with_common_words(columns)
    null = None
    if any(column.null is not None for column in columns):
        null = np.concatenate(
            [np.zeros(len(column.values), dtype=bool) if column.null is None else column.null for column in columns]
        )
    return Column(np.concatenate([column.values for column in columns]), null, columns[0].words)


def with_common_words(columns: Sequence[Column]) -> Sequence[Column]:
    """Columns of texts with the same words; others as they are."""
    if all(column.words is columns[0].words or column.words == columns[0].words for column in columns):
        return columns
    places: dict[str, int] = {}
    for column in columns:
        for word in column.words or ():
            places.setdefault(word, len(places))
    words = tuple(places)
    return [Column(_recoded(column, places), column.null, words) for column in columns]


def with_words(column: Column, words: Iterable[str]) -> Column:
    """A column of texts with other words in the place of its own."""
    written = list(words)
    places = {word: place for place, word in enumerate(dict.fromkeys(written))}
    if len(places) == len(written):
        return column._replace(words=tuple(written))
    return Column(_recoded(column._replace(words=tuple(written)), places), column.null, tuple(places))


def _recoded(column: Column, places: Mapping[str, int]) -> Array:
    if column.words is None:  # a null of no type
        return np.zeros(len(column.values), dtype=np.int64)
    return np.array([places[word] for word in column.words], dtype=np.int64)[column.values]
