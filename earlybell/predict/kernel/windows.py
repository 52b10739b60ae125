"""Window functions: of each row what it makes of the rows of its partition, in their order."""

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

import msgspec
import numpy as np

from earlybell.predict.kernel import aggregates
from earlybell.predict.kernel.columns import Array, Column, Mask, NotUnderstoodError, Rows, UnusualError
from earlybell.predict.kernel.expressions import full_values_of, value_of
from earlybell.predict.kernel.groups import Groups, grouped, keys_of
from earlybell.predict.kernel.plan import Expression
from earlybell.predict.kernel.program import Frame, Program, Value


class _Order(NamedTuple):
    """Rows by partition and order: their places, where a partition starts, and which are as the one before."""

    rows: Rows
    starts: Mask
    ties: Mask


_Window: TypeAlias = Callable[[Program, Expression, Frame], int]


def window(program: Program, expression: Expression, frame: Frame) -> Value:
    """
    Raises:
        NotUnderstoodError: a window function of another kind.
    """
    plain = expression.exclude_clause == "NO_OTHER" and not (
        expression.filters or expression.ignore_nulls or expression.distinct or expression.arg_orders
    )
    ascending = all(order.type == "ASCENDING" and order.null_order == "NULLS LAST" for order in expression.orders)
    kind = _KINDS.get((expression.type, expression.start, expression.end))
    if kind is None or not (plain and ascending and expression.partitions and expression.children):
        raise NotUnderstoodError(f"a window {expression.type} from {expression.start} to {expression.end}")
    values = value_of(program, expression.children[0], frame).range
    return Value(kind(program, expression, frame), expression.type_id, aggregates.range_of(expression.name, values))


def _lead(program: Program, expression: Expression, frame: Frame) -> int:
    """What the next row has, null after the last."""
    more = expression.children[1:]
    step, default = (program.known(value_of(program, part, frame).slot) for part in more)
    if step is None or default is None or step.values[0] != 1 or not default.is_nothing:
        raise NotUnderstoodError("a window LEAD of several rows, or with a default")
    return _ordered_window(program, _following, expression, frame)


def _of_partition(program: Program, expression: Expression, frame: Frame) -> int:
    """An aggregate of all rows of the partition: their order does not matter, but for the last digits of a sum."""
    compute = aggregates.aggregate(expression.name, expression.children[0].type_id, expression.type_id)
    groups = program.add(grouped, frame.rows, *full_values_of(program, expression.partitions, frame))
    of_groups = program.add(compute, groups, *full_values_of(program, expression.children, frame))
    program.settled.add(of_groups)
    return program.add(_of_each_row, groups, of_groups)


def _of_rows_before(program: Program, expression: Expression, frame: Frame) -> int:
    """The greatest of all rows before: of breaks, which are few."""
    end = expression.end_expr
    distance = program.known(value_of(program, end, frame).slot) if end else None
    if expression.name != "max" or distance is None or distance.values[0] != 1:
        raise NotUnderstoodError("a window over rows before, but the greatest of all")
    return _ordered_window(program, _greatest_before, expression, frame)


def _ordered_window(
    program: Program, compute: Callable[[_Order, Column], Column], expression: Expression, frame: Frame
) -> int:
    order = _order(program, expression, frame)
    slot = program.add(compute, order, *full_values_of(program, expression.children[:1], frame))
    program.ordered(slot, order, frame)
    return slot


_KINDS: Mapping[tuple[str, str, str], _Window] = {
    ("WINDOW_LEAD", "UNBOUNDED_PRECEDING", "UNBOUNDED_FOLLOWING"): _lead,
    ("WINDOW_AGGREGATE", "UNBOUNDED_PRECEDING", "UNBOUNDED_FOLLOWING"): _of_partition,
    ("WINDOW_AGGREGATE", "UNBOUNDED_PRECEDING", "EXPR_PRECEDING_ROWS"): _of_rows_before,
}


def _order(program: Program, expression: Expression, frame: Frame) -> int:
    """The slot of the order of the rows; windows may share it."""
    by = [order.expression for order in expression.orders]
    key = msgspec.json.encode(("order", expression.partitions, by))
    if key not in frame.memo:
        partitions = full_values_of(program, expression.partitions, frame)
        keys = program.add(keys_of, frame.rows, *partitions)
        frame.memo[key] = program.add(_ordered, keys, *full_values_of(program, by, frame))
    slot: int = frame.memo[key]
    return slot


def _ordered(keys: tuple[Rows, int], *by: Column) -> _Order:
    values, partition = [_sortable(column) for column in by], keys[0]
    rows = np.lexsort([*reversed(values), partition])
    partition = partition[rows]
    starts = np.ones(len(rows), dtype=bool)
    starts[1:] = partition[1:] != partition[:-1]
    ties = ~starts
    for array in values:
        ordered = array[rows]
        ties[1:] &= ordered[1:] == ordered[:-1]
    return _Order(rows, starts, ties)


def _sortable(column: Column) -> Array:
    if column.words is not None or (column.null is not None and column.null.any()):
        raise UnusualError("an order by nulls or texts")
    return column.values


def _following(order: _Order, column: Column) -> Column:
    column = _in_order(order, column)
    following = np.arange(1, len(order.rows) + 1)
    following[:-1][order.starts[1:]] = -1
    following[-1:] = -1
    return column.take_or_null(following).take(_inverse(order.rows))


def _greatest_before(order: _Order, column: Column) -> Column:
    column = _in_order(order, column)
    if column.null is not None and column.null.any():
        raise UnusualError("a window over nulls")
    before = np.zeros_like(column.values)
    for rows in np.split(np.arange(len(order.rows)), np.flatnonzero(order.starts)[1:]):
        before[rows[1:]] = np.maximum.accumulate(column.values[rows])[:-1]
    return Column(before, order.starts).take(_inverse(order.rows))


def _in_order(order: _Order, column: Column) -> Column:
    check_ties(order, column)
    return column.take(order.rows)


def check_ties(order: _Order, *columns: Column) -> None:
    """Check that tied rows are the same in these columns.

    Raises:
        UnusualError: there are rows that differ, and the SQL leaves their order open.
    """
    ties = np.flatnonzero(order.ties)
    if not len(ties):
        return
    rows, before = order.rows[ties], order.rows[ties - 1]
    for values, null, _ in columns:
        differ = values[rows] != values[before]
        if null is not None:
            differ = (null[rows] != null[before]) | (differ & ~null[rows])
        if differ.any():
            raise UnusualError("rows that differ, in no order")


def check_no_ties(order: _Order) -> None:
    """Check that each row has its place.

    Raises:
        UnusualError: there are ties, which another order may break otherwise.
    """
    if order.ties.any():
        raise UnusualError("tied rows, in no order")


def _of_each_row(groups: Groups, of_groups: Column) -> Column:
    return of_groups.take(groups.of_row)


def _inverse(order: Rows) -> Rows:
    inverse = np.empty_like(order)
    inverse[order] = np.arange(len(order))
    return inverse
