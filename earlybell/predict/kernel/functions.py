"""The vocabulary of values: DuckDB's functions and casts over columns, each as DuckDB means it."""

import math
import re
from collections.abc import Callable, Mapping
from functools import cache, reduce
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from earlybell.predict.kernel import clocks
from earlybell.predict.kernel.columns import (
    SAFE,
    Array,
    Column,
    Mask,
    NotUnderstoodError,
    UnusualError,
    both,
    column_of,
    either,
    with_common_words,
    with_words,
)
from earlybell.predict.kernel.ranges import CONDITION, EVERYTHING, RULES, Range

Apply: TypeAlias = Callable[..., Column]

INTEGERS = {
    "TINYINT": Range(-(2**7), 2**7 - 1),
    "SMALLINT": Range(-(2**15), 2**15 - 1),
    "INTEGER": Range(-(2**31), 2**31 - 1),
    "BIGINT": Range(-SAFE, SAFE),
    "HUGEINT": Range(-SAFE, SAFE),
}
_DIGITS = 15  # DECIMALs of so many digits are different floats
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)").fullmatch
_DAY = 86_400_000_000  # microseconds


class Term(NamedTuple):
    """An argument as the plan tells it: its type, and what it can be."""

    type: str
    range: Range = EVERYTHING


class Function(NamedTuple):
    """What makes a column of columns, and what its values can be."""

    apply: Apply
    range: Range = EVERYTHING


def bounded(of_type: str, values: Array, null: Mask | None) -> Array:
    """Integers, if they are of the type.

    Raises:
        UnusualError: some are not.
    """
    least, most = INTEGERS[of_type]
    known = values if null is None else values[~np.broadcast_to(null, values.shape)]
    if known.size and (known.min() < least or known.max() > most):
        raise UnusualError(f"an integer that is no {of_type}")
    return values


class Decimal(NamedTuple):
    """A DECIMAL: a number in the SQL, or an integer made one. It is a float here."""

    width: int
    scale: int

    @property
    def range(self) -> Range:
        """Integers that it has room for, and that a float tells apart from all other values of it."""
        most = 10 ** (min(self.width, _DIGITS) - self.scale) - 1
        return Range(-most, most)

    def holds(self, other: "Decimal") -> bool:
        """Whether each value of the other is one of it."""
        return self.scale >= other.scale and self.width - self.scale >= other.width - other.scale


def _decimal(of_type: str) -> Decimal | None:
    parts = _DECIMAL(of_type)
    return Decimal(int(parts[1]), int(parts[2])) if parts else None


def constant(of_type: str, value: Any) -> Column:
    """A value in the SQL; None: null.

    Raises:
        NotUnderstoodError: of another type, or of more digits than are exact.
    """
    decimal = _decimal(of_type)
    if value is None:
        words = ("",) if of_type == "VARCHAR" else None
        kind = float if decimal or of_type == "DOUBLE" else np.bool_ if of_type == "BOOLEAN" else np.int64
        return Column(np.zeros(1, dtype=kind), np.ones(1, dtype=bool), words)
    if of_type == "VARCHAR":
        return Column(np.zeros(1, dtype=np.int64), None, (str(value),))
    if of_type == "BOOLEAN":
        return Column(np.array([bool(value)]))
    if of_type in INTEGERS and _is_exact(value, SAFE):
        return Column(bounded(of_type, np.array([value], dtype=np.int64), None))
    if decimal and _is_exact(value, 10**_DIGITS - 1):
        return Column(np.array([value / 10.0**decimal.scale]))
    if of_type == "DOUBLE" and isinstance(value, int | float):
        return Column(np.array([float(value)]))
    if of_type == "INTERVAL" and not value["months"]:
        return Column(np.array([value["days"] * _DAY + value["micros"]]))
    raise NotUnderstoodError(f"a constant of type {of_type}")


def _is_exact(value: Any, most: int) -> bool:
    """Whether it is an integer that is not too large: DuckDB writes one of more than 64 bits in two parts."""
    return isinstance(value, int) and -most <= value <= most


@cache
def cast(source: Term, target: str) -> Function:
    """Raises:
    NotUnderstoodError: no such cast.
    """
    if source.type == "NULL":
        nothing = constant(target, None)
        return Function(lambda column: nothing, Range(0, 0))
    if source.type == target:
        return Function(lambda column: column, source.range)
    if _is_float_of(source, target):
        return Function(_as_float, source.range)
    if target in INTEGERS and source.type in {*INTEGERS, "BOOLEAN", "DOUBLE"}:
        return _integral(target, _as_integer, source.range)
    raise NotUnderstoodError(f"a cast from {source.type} to {target}")


def _is_float_of(source: Term, target: str) -> bool:
    """Whether a cast to a DOUBLE or a DECIMAL neither rounds nor fails."""
    before, after = _decimal(source.type), _decimal(target)
    if before:
        return target == "DOUBLE" or (after is not None and after.holds(before))
    whole = CONDITION if source.type == "BOOLEAN" else INTEGERS.get(source.type)
    if whole is None:
        return False
    return target == "DOUBLE" or (after is not None and source.range.cut(whole).within(after.range))


@cache
def function(name: str, terms: tuple[Term, ...], result: str) -> Function:
    """A function by its name, its arguments and the type of its value: the same object each time.

    Raises:
        NotUnderstoodError: there is none.
    """
    types = tuple(term.type for term in terms)
    if name in _COMPARISONS:
        return Function(_comparison(name, "VARCHAR" in types), CONDITION)
    known = _FUNCTIONS.get((name, *types))
    if known is None or (name in _SHIFTS and not _is_shift(*terms)) or (name == "<<" and terms[0].range.least < 0):
        raise NotUnderstoodError(f"{name} of {', '.join(types)}")
    if name in _ZONED and not terms[1].range.within(clocks.KNOWN):
        raise NotUnderstoodError("a time that may be far away")
    values = (
        RULES[name](*(term.range for term in terms))
        if name in RULES
        else CONDITION
        if result == "BOOLEAN"
        else EVERYTHING
    )
    if result not in INTEGERS:
        return Function(known, values)
    if name == "*" and not all(term.range.within(INTEGERS["INTEGER"]) for term in terms):
        raise NotUnderstoodError("a product that may be too large")
    return _integral(result, known, values)


def all_of(*columns: Column) -> Column:
    """AND: false where any is, else null where any is."""
    false = reduce(np.logical_or, (_known(~column.values, column.null) for column in columns))
    null = either(*(column.null for column in columns))
    return column_of(~false, None if null is None else null & ~false)


def any_of(*columns: Column) -> Column:
    """OR: true where any is, else null where any is."""
    true = reduce(np.logical_or, map(is_true, columns))
    null = either(*(column.null for column in columns))
    return column_of(true, None if null is None else null & ~true)


def is_true(column: Column) -> Mask:
    """Where a condition holds; where it is null it does not."""
    return _known(column.values, column.null)


def not_(column: Column) -> Column:
    """NOT."""
    return Column(~column.values, column.null)


def is_null(column: Column) -> Column:
    """IS NULL."""
    return Column(np.zeros(len(column.values), dtype=bool) if column.null is None else column.null)


def is_not_null(column: Column) -> Column:
    """IS NOT NULL."""
    return Column(np.ones(len(column.values), dtype=bool) if column.null is None else ~column.null)


def coalesce(*columns: Column) -> Column:
    """The first that is not null."""
    *others, last = columns
    for column in reversed(others):
        last = column if column.null is None else choose(column.null, last, column)
    return last


def case(when: Column, then: Column, otherwise: Column) -> Column:
    """CASE of one condition."""
    return choose(is_true(when), then, otherwise)


def choose(condition: Mask, then: Column, otherwise: Column) -> Column:
    """One column where a condition holds, another elsewhere."""
    if otherwise.is_nothing:
        return column_of(then.values, both(then.null, ~condition), then.words)
    if then.is_nothing:
        return column_of(otherwise.values, both(otherwise.null, condition), otherwise.words)
    if then.words is not None:
        then, otherwise = with_common_words([then, otherwise])
    null = None
    if then.null is not None or otherwise.null is not None:
        null = np.where(condition, is_null(then).values, is_null(otherwise).values)
    return column_of(np.where(condition, then.values, otherwise.values), null, then.words)


def _known(condition: Mask, null: Mask | None) -> Mask:
    return condition if null is None else condition & ~null


def _strict(compute: Callable[[Array], Array]) -> Apply:
    """Null where the argument is."""
    return lambda column: Column(compute(column.values), column.null)


def _strict_pair(compute: Callable[[Array, Array], Array]) -> Apply:
    """Null where an argument is."""

    def pair(left: Column, right: Column) -> Column:
        (values, null, _), (others, null_too, _) = left, right
        if null is None and null_too is None:  # as most are
            return Column(compute(values, others))
        return column_of(compute(values, others), both(null, null_too))

    return pair


def _integral(result: str, apply: Apply, values: Range) -> Function:
    """What gives integers, which are checked where they might not be of the type."""
    if values.within(INTEGERS[result]):
        return Function(apply, values)

    def checked(*columns: Column) -> Column:
        column = apply(*columns)
        return Column(bounded(result, column.values, column.null), column.null)

    return Function(checked, values.cut(INTEGERS[result]))


def _as_float(column: Column) -> Column:
    return Column(column.values.astype(np.float64), column.null)


def _as_integer(column: Column) -> Column:
    """To the nearest; of two the even one."""
    kind, values = column.values.dtype.kind, column.values
    return Column((np.rint(values) if kind == "f" else values).astype(np.int64, copy=False), column.null)


_COMPARISONS: dict[str, Callable[[Array, Array], Array]] = {
    "=": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    ">": np.greater,
    "<=": np.less_equal,
    ">=": np.greater_equal,
}


@cache
def _comparison(name: str, of_texts: bool) -> Apply:
    compute = _strict_pair(_COMPARISONS[name])
    if not of_texts:
        return compute
    if name not in ("=", "!="):
        raise NotUnderstoodError("an order of texts")
    return lambda *columns: compute(*with_common_words(columns))


def equal(left: Column, right: Column) -> Column:
    """Where values are equal."""
    return _comparison("=", left.words is not None)(left, right)


def _quotient(left: Column, right: Column) -> Column:
    null = both(left.null, right.null)
    divisor = right.values if right.null is None else np.where(right.null, 1.0, right.values)
    return column_of(left.values / divisor, null)  # by zero: NumPy's error


def _remainder(left: Array, right: Array) -> Array:
    if (right == 0).any():
        raise UnusualError("a remainder by zero")
    return np.fmod(left, right)


def _is_shift(number: Term, places: Term) -> bool:
    """By a few places, of what has room."""
    return places.range.within(Range(0, 14)) and number.range.within(INTEGERS["INTEGER"])


def _bit_count(values: Array) -> Array:
    if (values < 0).any():
        raise UnusualError("the bits of a negative number")
    return np.bitwise_count(values).astype(np.int64)


def _logarithm(column: Column) -> Column:
    """As the C library's, which DuckDB asks; NumPy's own differs in the last digit."""
    values = column.values if column.null is None else np.where(column.null, 1.0, column.values)
    if values.size and values.min() <= 0:
        raise UnusualError("a logarithm of nothing")
    return Column(np.fromiter(map(math.log, values.tolist()), np.float64, len(values)), column.null)


def _extreme(compute: Callable[[Array, Array], Array]) -> Apply:
    """The greatest, or the least, of what is not null."""

    def extreme(*columns: Column) -> Column:
        first, *others = columns
        for column in others:
            pair = Column(compute(first.values, column.values))
            if column.null is not None:
                pair = choose(column.null, first, pair)
            first = pair if first.null is None else choose(first.null, column, pair)
        return first

    return extreme


def _epoch(values: Array) -> Array:
    return values / 1e6


def _timezone(offsets: Callable[[str], clocks.Offsets]) -> Apply:
    def timezone(zone: Column, at: Column) -> Column:
        null, words = both(zone.null, at.null), zone.words or ("",)
        if len(words) == 1 and zone.null is None and len(zone.values):
            return column_of(at.values + offsets(words[0]).at(at.values), null)
        codes, times = np.broadcast_arrays(zone.values, at.values)
        values = times.copy()
        for code in np.unique(codes[np.broadcast_to(is_not_null(zone).values, codes.shape)]).tolist():
            of_zone = codes == code
            values[of_zone] += offsets(words[code]).at(times[of_zone])
        return column_of(values, null)

    return timezone


def _date_trunc(part: Column, at: Column) -> Column:
    if part.words != ("DAY",):
        raise UnusualError("another part of a date than its day")
    return Column(at.values // _DAY * _DAY, at.null)


def _joined(left: Column, right: Column) -> Column:
    """Of which one is a constant: two columns of texts have too many pairs."""
    before, after = left.words or ("",), right.words or ("",)
    if min(len(before), len(after)) > 1:
        raise UnusualError("texts joined with texts")
    codes = column_of(left.values + right.values, both(left.null, right.null))  # of one they are all 0
    return with_words(codes, [start + end for start in before for end in after])


def _place(text: Column, word: Column) -> Column:
    """Where a word begins in a text, from 1; 0: nowhere."""
    return _looked_up(text, word, lambda text, word: text.find(word) + 1, np.int64)


def _contains(text: Column, word: Column) -> Column:
    return _looked_up(text, word, lambda text, word: word in text, np.bool_)


def _looked_up(left: Column, right: Column, compute: Callable[[str, str], int], kind: Any) -> Column:
    """By the words of both, each pair once."""
    before, after = left.words or ("",), right.words or ("",)
    pairs = np.array([compute(text, word) for text in before for word in after], dtype=kind)
    places = left.values * len(after) + right.values
    return column_of(pairs[places], both(left.null, right.null))


def _substring(text: Column, start: Column, length: Column) -> Column:
    """Of a constant: from a place, of a length."""
    (words, known) = text.words or ("",), is_not_null(start).values
    if len(words) != 1 or len(length.values) != 1 or length.values[0] < 0 or ((start.values < 1) & known).any():
        raise UnusualError("a part of a text that is counted from its end")
    starts, codes = np.unique(start.values, return_inverse=True)
    end = int(length.values[0])
    parts = [words[0][max(place - 1, 0) :][:end] for place in starts.tolist()]
    return with_words(column_of(codes, either(text.null, start.null, length.null)), parts)


_INTEGRAL = ("SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_SHIFTS, _ZONED = ("<<", ">>"), ("timezone",)
_SUMS: Mapping[str, Apply] = {name: _strict_pair(add) for name, add in {"+": np.add, "-": np.subtract}.items()}
_FUNCTIONS: Mapping[tuple[str, ...], Apply] = {
    **{(name, kind, kind): add for name, add in _SUMS.items() for kind in (*_INTEGRAL, "DOUBLE")},
    **{("-", kind): _strict(np.negative) for kind in (*_INTEGRAL, "DOUBLE")},
    **{(name, "TIMESTAMP", "INTERVAL"): add for name, add in _SUMS.items()},
    **{("*", kind, kind): _strict_pair(np.multiply) for kind in (*_INTEGRAL, "DOUBLE")},
    ("/", "DOUBLE", "DOUBLE"): _quotient,
    **{("%", kind, kind): _strict_pair(_remainder) for kind in _INTEGRAL},
    **{("&", kind, kind): _strict_pair(np.bitwise_and) for kind in _INTEGRAL},
    **{(">>", kind, kind): _strict_pair(np.right_shift) for kind in _INTEGRAL},
    **{("<<", kind, kind): _strict_pair(np.left_shift) for kind in _INTEGRAL},
    **{
        (name, *(kind,) * count): _extreme(compute)
        for name, compute in {"greatest": np.maximum, "least": np.minimum}.items()
        for kind in (*_INTEGRAL, "DOUBLE", "TIMESTAMP")
        for count in (2, 3)
    },
    ("bit_count", "BIGINT"): _strict(_bit_count),
    ("floor", "DOUBLE"): _strict(np.floor),
    ("ceil", "DOUBLE"): _strict(np.ceil),
    ("ln", "DOUBLE"): _logarithm,
    ("epoch", "TIMESTAMP"): _strict(_epoch),
    ("timezone", "VARCHAR", "TIMESTAMP"): _timezone(clocks.instant),
    ("timezone", "VARCHAR", "TIMESTAMP WITH TIME ZONE"): _timezone(clocks.shown),
    ("date_trunc", "VARCHAR", "TIMESTAMP"): _date_trunc,
    ("||", "VARCHAR", "VARCHAR"): _joined,
    ("strpos", "VARCHAR", "VARCHAR"): _place,
    ("contains", "VARCHAR", "VARCHAR"): _contains,
    ("substring", "VARCHAR", "BIGINT", "BIGINT"): _substring,
}
