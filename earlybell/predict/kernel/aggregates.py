"""Sums, extremes and the like of the rows of each group, each as DuckDB computes it; of no value they are null."""

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

from earlybell.predict.kernel.columns import Array, Column, Mask, NotUnderstoodError, Rows, UnusualError, both
from earlybell.predict.kernel.functions import INTEGERS, bounded
from earlybell.predict.kernel.groups import Groups
from earlybell.predict.kernel.ranges import EVERYTHING, Range

Aggregate: TypeAlias = Callable[[Groups, Column], Column]


def aggregate(name: str, of_type: str, result: str) -> Aggregate:
    """An aggregate of one column, which has a value for each row.

    Raises:
        NotUnderstoodError: no such aggregate of this type.
    """
    if name == "sum" and of_type in INTEGERS:
        return lambda groups, column: _integral_sum(groups, column, result)
    if (name, of_type) not in _AGGREGATES:
        raise NotUnderstoodError(f"{name} of {of_type}")
    return _AGGREGATES[name, of_type]


def range_of(name: str, values: Range) -> Range:
    """What an aggregate of such values can be."""
    return values if name in ("min", "max", "avg", "arg_max") else EVERYTHING


def arg_max(groups: Groups, column: Column, by: Column) -> Column:
    """The value where another is greatest, of rows in which neither is null.

    Raises:
        UnusualError: several rows are, and their values differ.
    """
    null = both(column.null, by.null)
    of_row, values = _present(groups, column._replace(null=null))
    _, order = _present(groups, by._replace(null=null))
    most = np.full(len(groups), -np.inf)
    np.maximum.at(most, of_row, order)
    at_most = order == most[of_row]
    of_row, values = of_row[at_most], values[at_most]
    chosen = np.zeros(len(groups))
    chosen[of_row] = values
    if (chosen[of_row] != values).any():
        raise UnusualError("several rows with the greatest value")
    return Column(chosen, _nothing(np.bincount(of_row, minlength=len(groups))))


def _sum(groups: Groups, column: Column) -> Column:
    of_row, values = _present(groups, column)
    return Column(np.bincount(of_row, values, len(groups)), _lacking(groups, column, of_row))


def _integral_sum(groups: Groups, column: Column, result: str) -> Column:
    total, null, _ = _sum(groups, column)
    return Column(bounded(result, total, null).astype(np.int64), null)


def _mean(groups: Groups, column: Column) -> Column:
    of_row, values = _present(groups, column)
    counts = _counts(groups, column, of_row)
    return Column(np.bincount(of_row, values, len(groups)) / np.maximum(counts, 1), _nothing(counts))


def _deviation(groups: Groups, column: Column) -> Column:
    """By Welford's method, a value after the other, as DuckDB does: the last digits are the same."""
    of_row, values = _present(groups, column)
    counts, means, squares = ([0.0] * len(groups) for _ in range(3))
    for group, value in zip(of_row.tolist(), values.tolist(), strict=True):
        counts[group] += 1
        before = value - means[group]
        means[group] += before / counts[group]
        squares[group] += before * (value - means[group])
    spread = [math.sqrt(square / count) if count > 1 else 0.0 for square, count in zip(squares, counts, strict=True)]
    return Column(np.array(spread), _nothing(np.array(counts)))


def _extreme(compute: "np.ufunc", start: Callable[[np.dtype[Any]], Any]) -> Aggregate:
    def extreme(groups: Groups, column: Column) -> Column:
        of_row, values = _present(groups, column)
        if len(groups) == 1 and len(values):
            return Column(compute.reduce(values, keepdims=True))
        found = np.full(len(groups), start(values.dtype), dtype=values.dtype)
        compute.at(found, of_row, values)
        null = _lacking(groups, column, of_row)
        return Column(found if null is None else np.where(null, 0, found), null)

    return extreme


def _least(kind: np.dtype[Any]) -> Any:
    return -np.inf if kind.kind == "f" else np.iinfo(kind).min


def _most(kind: np.dtype[Any]) -> Any:
    return np.inf if kind.kind == "f" else np.iinfo(kind).max


def _present(groups: Groups, column: Column) -> tuple[Rows, Array]:
    """The groups and the values of the rows that are not null."""
    if column.null is None:
        return groups.of_row, column.values
    there = np.flatnonzero(~column.null)
    return groups.of_row[there], column.values[there]


def _counts(groups: Groups, column: Column, of_row: Rows) -> Rows:
    """How many values each group has, of which those are."""
    return groups.counts if column.null is None else np.bincount(of_row, minlength=len(groups))


def _lacking(groups: Groups, column: Column, of_row: Rows) -> Mask | None:
    """Which groups have no value, of which those are."""
    if column.null is None or (len(groups) == 1 and len(of_row)):
        return None  # each group has a row
    return _nothing(np.bincount(of_row, minlength=len(groups)))


def _nothing(counts: Rows) -> Mask | None:
    none = counts == 0
    return none if none.any() else None


_MIN, _MAX = _extreme(np.minimum, _most), _extreme(np.maximum, _least)
_NUMBERS = (*INTEGERS, "DOUBLE", "TIMESTAMP")
_AGGREGATES: Mapping[tuple[str, str], Aggregate] = {
    ("sum", "DOUBLE"): _sum,
    ("avg", "DOUBLE"): _mean,
    ("stddev_pop", "DOUBLE"): _deviation,
    ("bit_or", "BIGINT"): _extreme(np.bitwise_or, lambda kind: 0),
    **{("min", kind): _MIN for kind in _NUMBERS},
    **{("max", kind): _MAX for kind in _NUMBERS},
}
