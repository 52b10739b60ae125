"""What values can be, told from the plan: where they cannot leave a type, nothing is checked while it runs."""

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple


class Range(NamedTuple):
    """The least and the greatest that values which are not null can be; of texts, that their lengths can be."""

    least: float
    most: float

    def within(self, other: "Range") -> bool:
        """Whether nothing of it is beyond the other."""
        return self.least >= other.least and self.most <= other.most

    def cut(self, other: "Range") -> "Range":
        """What of it is not beyond the other."""
        return Range(max(self.least, other.least), min(self.most, other.most))


EVERYTHING = Range(-math.inf, math.inf)
_FINITE = Range(-1e300, 1e300)
CONDITION = Range(0, 1)
Rule = Callable[..., Range]


def hull(*ranges: Range) -> Range:
    """What is in any of them."""
    return Range(min(one.least for one in ranges), max(one.most for one in ranges))


def _sum(left: Range, right: Range) -> Range:
    return Range(left.least + right.least, left.most + right.most)


def _difference(left: Range, right: Range | None = None) -> Range:
    if right is None:  # less than nothing
        return Range(-left.most, -left.least)
    return Range(left.least - right.most, left.most - right.least)


def _product(left: Range, right: Range) -> Range:
    if EVERYTHING in (left, right):
        return EVERYTHING
    ends = [one * other for one in left for other in right]
    return Range(min(ends), max(ends)) if not any(map(math.isnan, ends)) else EVERYTHING


def _quotient(left: Range, right: Range) -> Range:
    if right.least > 0 and EVERYTHING not in (left, right):
        return _product(left, Range(1 / right.most, 1 / right.least))
    return EVERYTHING


def _remainder(left: Range, right: Range) -> Range:
    most = max(-right.least, right.most)
    return Range(-most, most)


def _bits(left: Range, right: Range) -> Range:
    """Of two numbers of which one is not negative."""
    most = min((one.most for one in (left, right) if one.least >= 0), default=math.inf)
    return Range(0, most) if math.isfinite(most) else EVERYTHING


def _shifted_left(left: Range, right: Range) -> Range:
    return Range(0, left.most * 2**right.most) if left.least >= 0 and right.most < 64 else EVERYTHING


def _shifted_right(left: Range, right: Range) -> Range:
    ends = [end // 2**places for end in left for places in right] if left.within(_FINITE) and right.most < 64 else []
    return Range(min(ends), max(ends)) if ends else EVERYTHING


RULES: Mapping[str, Rule] = {
    "+": _sum,
    "-": _difference,
    "*": _product,
    "/": _quotient,
    "%": _remainder,
    "&": _bits,
    "<<": _shifted_left,
    ">>": _shifted_right,
    "floor": lambda one: Range(one.least - 1, one.most),
    "ceil": lambda one: Range(one.least, one.most + 1),
    "epoch": lambda one: Range(one.least / 1e6, one.most / 1e6),
    "greatest": hull,
    "least": hull,
    "bit_count": lambda one: Range(0, 64),
    "strpos": lambda text, word: Range(0, text.most),
    # No clock is further from UTC than a day.
    "timezone": lambda zone, at: Range(at.least - 86_400e6, at.most + 86_400e6),
    "date_trunc": lambda part, at: Range(at.least - 86_400e6, at.most),
}
