"""Joins by equal values and further conditions; of a left join, rows of the left side without a partner, too."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from earlybell.predict.kernel import functions
from earlybell.predict.kernel.columns import Column, NotUnderstoodError, Rows, concatenated, either
from earlybell.predict.kernel.expressions import full_values_of, values_of
from earlybell.predict.kernel.functions import Term
from earlybell.predict.kernel.groups import is_few, keys_of
from earlybell.predict.kernel.plan import Operator
from earlybell.predict.kernel.program import Frame, Program, Value

_ORDERS = {
    "COMPARE_LESSTHAN": "<",
    "COMPARE_GREATERTHAN": ">",
    "COMPARE_LESSTHANOREQUALTO": "<=",
    "COMPARE_GREATERTHANOREQUALTO": ">=",
}


class Pairs(NamedTuple):
    """Rows of the left side and their partners, None being all in their order; -1 is no partner."""

    left: Rows | None
    right: Rows | None
    size: int
    lonely: bool

    def of_left(self, column: Column) -> Column:
        """The values of the left side."""
        return column if self.left is None else column.take(self.left)

    def of_right(self, column: Column) -> Column:
        """The values of the right side, null where there is no partner."""
        if self.right is None:
            return column
        return column.take_or_null(self.right) if self.lonely else column.take(self.right)


def joined(program: Program, operator: Operator, left: Frame, right: Frame) -> Frame:
    """The frame of a join.

    Raises:
        NotUnderstoodError: it is of another kind, or without equal values.
    """
    equal = [condition for condition in operator.conditions if condition.comparison == "COMPARE_EQUAL"]
    ordered = [condition for condition in operator.conditions if condition.comparison in _ORDERS]
    if operator.join_type not in ("INNER", "LEFT") or not equal or len(equal + ordered) < len(operator.conditions):
        raise NotUnderstoodError(f"a join {operator.join_type}")
    keys = [
        *full_values_of(program, [condition.left for condition in equal], left),
        *full_values_of(program, [condition.right for condition in equal], right),
    ]
    pairs = program.add(_pairs, left.rows, right.rows, *keys)
    for condition in ordered:
        of_left, of_right = (
            values_of(program, [side], frame)[0] for side, frame in ((condition.left, left), (condition.right, right))
        )
        terms = (Term(of_left.type), Term(of_right.type))
        compare = functions.function(_ORDERS[condition.comparison], terms, "BOOLEAN").apply
        slots = program.full(of_left, left), program.full(of_right, right)
        pairs = program.add(_where(compare), pairs, *slots)
    if operator.join_type == "LEFT":
        pairs = program.add(_with_lonely, pairs, left.rows)
    return _frame(program, pairs, left, right)


def _frame(program: Program, pairs: int, left: Frame, right: Frame) -> Frame:
    def column(place: int) -> Value:
        if place < left.width:
            value = left.column(place)
            slot = program.add(Pairs.of_left, pairs, program.full(value, left))
        else:
            value = right.column(place - left.width)
            slot = program.add(Pairs.of_right, pairs, program.full(value, right))
        return value._replace(slot=slot, single=False)

    return Frame(program.add(_size, pairs), left.width + right.width, column)


def _size(pairs: Pairs) -> int:
    return pairs.size


def _pairs(left_rows: int, right_rows: int, *keys: Column) -> Pairs:
    """Rows of both sides whose keys are equal, no null among them."""
    pairs = [*zip(keys[: len(keys) // 2], keys[len(keys) // 2 :], strict=True)]
    if 1 in (left_rows, right_rows):
        return _pairs_with_one(left_rows, right_rows, pairs)
    left, right = _keys(left_rows, right_rows, pairs)
    if len(left.keys) < len(right.keys):  # what is many is looked up in what is few
        of_right, of_left = _looked_up(right.keys, left.keys, left.span)
    else:
        of_left, of_right = _looked_up(left.keys, right.keys, left.span)
    return _paired(left.number(of_left), right.number(of_right), left_rows, right_rows)


def _pairs_with_one(left_rows: int, right_rows: int, keys: Sequence[tuple[Column, Column]]) -> Pairs:
    """Where one side has but one row, as for one learner both often have: all of it is a comparison."""
    same = functions.is_true(functions.all_of(*(functions.equal(*pair) for pair in keys)))
    of_many = np.flatnonzero(same)
    of_one = np.zeros(len(of_many), dtype=np.intp)
    many = None if len(of_many) == max(left_rows, right_rows) else of_many
    one = None if len(of_many) == 1 else of_one
    return Pairs(one, many, len(of_many), False) if left_rows == 1 else Pairs(many, one, len(of_many), False)


def _paired(left: Rows, right: Rows, left_rows: int, right_rows: int) -> Pairs:
    return Pairs(
        None if _is_all(left, left_rows) else left, None if _is_all(right, right_rows) else right, len(left), False
    )


def _is_all(rows: Rows, count: int) -> bool:
    """Whether they are all rows in their order."""
    return len(rows) == count and bool((rows == np.arange(count)).all())


@cache
def _where(compare: functions.Apply) -> Callable[[Pairs, Column, Column], Pairs]:
    def where(pairs: Pairs, left: Column, right: Column) -> Pairs:
        there = functions.is_true(compare(pairs.of_left(left), pairs.of_right(right)))
        if there.all():
            return pairs
        rows = np.flatnonzero(there)
        left_rows, right_rows = (rows if some is None else some[rows] for some in (pairs.left, pairs.right))
        return Pairs(left_rows, right_rows, len(rows), False)

    return where


def _with_lonely(pairs: Pairs, rows: int) -> Pairs:
    """With every row of the left side that has no partner."""
    if pairs.left is None:
        return pairs
    lonely = np.ones(rows, dtype=bool)
    lonely[pairs.left] = False
    alone = np.flatnonzero(lonely)
    if not len(alone):
        return pairs
    right = np.arange(pairs.size) if pairs.right is None else pairs.right
    left_rows = np.append(pairs.left, alone)
    in_order = None if _is_all(left_rows, rows) else left_rows
    return Pairs(in_order, np.append(right, np.full(len(alone), -1)), len(left_rows), True)


class _Side(NamedTuple):
    """Keys of the rows of one side that have one, as numbers from 0, and how many there can be."""

    keys: Rows
    rows: Rows | None
    span: int

    def number(self, places: Rows) -> Rows:
        """The rows at these places."""
        return places if self.rows is None else self.rows[places]


def _keys(left_rows: int, right_rows: int, pairs: Sequence[tuple[Column, Column]]) -> tuple[_Side, _Side]:
    stacked = [concatenated(pair) for pair in pairs]
    keys, span = keys_of(left_rows + right_rows, *stacked)
    null = either(*(column.null for column in stacked))
    if null is None:
        return _Side(keys[:left_rows], None, span), _Side(keys[left_rows:], None, span)
    of_left, of_right = np.flatnonzero(~null[:left_rows]), np.flatnonzero(~null[left_rows:])
    return _Side(keys[of_left], of_left, span), _Side(keys[left_rows + of_right], of_right, span)


def _looked_up(many: Rows, few: Rows, span: int) -> tuple[Rows, Rows]:
    """All pairs of equal keys: places in the one and in the other."""
    if not is_few(span, len(many) + len(few)):
        distinct, few = np.unique(few, return_inverse=True)
        at = np.minimum(np.searchsorted(distinct, many), max(len(distinct) - 1, 0))
        there = np.flatnonzero(distinct[at] == many) if len(distinct) else at[:0]
        of_many, of_few = _looked_up(at[there], few, len(distinct))
        return there[of_many], of_few
    counts = np.bincount(few, minlength=span)
    if counts.max(initial=0) <= 1:
        place = np.full(span, -1)
        place[few] = np.arange(len(few))
        of_few = place[many]
        of_many = np.flatnonzero(of_few >= 0)
        return of_many, of_few[of_many]
    order, first = np.argsort(few, kind="stable"), np.cumsum(counts) - counts
    partners = counts[many]
    of_many = np.repeat(np.arange(len(many)), partners)
    ends = np.cumsum(partners)
    within = np.arange(len(of_many)) - np.repeat(ends - partners, partners)
    return of_many, order[np.repeat(first[many], partners) + within]
