"""Rows that belong together: by equal values of several columns."""

from functools import cached_property

import numpy as np

from earlybell.predict.kernel.columns import Array, Column, Rows, UnusualError

_MOST = 2**62  # different keys that one integer can tell apart
_TABLE = 1024  # keys for which a table is made, beside four for each row


class Groups:
    """Rows in groups.

    Attributes:
        of_row: of each row its group.
        first: of each group its first row.
    """

    def __init__(self, of_row: Rows, first: Rows) -> None:
        self.of_row, self.first = of_row, first

    def __len__(self) -> int:
        return len(self.first)

    @cached_property
    def counts(self) -> Rows:
        """How many rows each has: one at least."""
        return np.bincount(self.of_row, minlength=len(self))


def grouped(rows: int, *columns: Column) -> Groups:
    """The groups of rows whose columns are the same, nulls too."""
    keys, span = keys_of(rows, *columns)
    if span == 1:
        return Groups(keys, np.arange(min(rows, 1)))
    if not is_few(span, rows):
        _, first, of_row = np.unique(keys, return_index=True, return_inverse=True)
        return Groups(of_row, first)
    first = np.full(span, -1)
    first[keys[::-1]] = np.arange(rows - 1, -1, -1)
    there = first >= 0
    return Groups((np.cumsum(there) - 1)[keys], first[there])


def keys_of(rows: int, *columns: Column) -> tuple[Rows, int]:
    """For each row a number from 0, the same where all columns are, nulls too; and how many there can be."""
    keys, span = np.zeros(rows, dtype=np.int64), 1
    if rows < 2:
        return keys, span
    for column in columns:
        codes, size = _codes(column)
        if size == 1:
            continue
        if size > _MOST // span:
            keys, span = _dense(keys)
            codes, size = _dense(codes)
        keys = keys * size + codes if span > 1 else codes
        span = span * size
    return keys, span


def is_few(keys: int, rows: int) -> bool:
    """Whether a table of so many keys costs less than to look for so many rows."""
    return keys <= 4 * rows + _TABLE


def _codes(column: Column) -> tuple[Rows, int]:
    """Numbers from 0 that tell the values apart, null being the first; and how many there can be."""
    values, null, words = column
    if words is not None:
        least, most = 0, len(words) - 1
    else:
        values = _dense(values)[0] if values.dtype.kind == "f" else values.astype(np.int64, copy=False)
        least, most = int(values.min()), int(values.max())
    if most - least >= _MOST:
        raise UnusualError("integers far apart")
    if null is None:
        return (values - least if least else values), most - least + 1
    return np.where(null, 0, values - (least - 1)), most - least + 2


def _dense(values: Array) -> tuple[Rows, int]:
    distinct, places = np.unique(values, return_inverse=True)
    return places, len(distinct)
