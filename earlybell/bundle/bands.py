"""bands.json: what a risk is called, how sure it is, and when there is too little to go by."""

import math

from msgspec import Struct


class Interval(Struct, frozen=True):
    """The Venn-Abers interval of a risk: `low` and `high` at each `risk` of a grid, all of shape (grid,)."""

    risk: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


class Bands(Struct, frozen=True, forbid_unknown_fields=True):
    """The rule of the bands. A setting that is not known here would call learners something else: it is refused.

    Attributes:
        high, medium: the risk from which on a learner is called so.
        days_needed: days of teaching that it takes to say anything.
        most_outside: of a learner's values, how many may lie outside of what training saw.
        ranges: the least and the greatest value of each feature in training; features without any are left out.
    """

    high: float
    medium: float
    days_needed: float
    most_outside: int
    ranges: dict[str, tuple[float, float]]
    interval: Interval


# Of a model that was not measured yet: of nobody there is enough to go by, and every range is the widest.
UNMEASURED = Bands(math.inf, math.inf, math.inf, 0, {}, Interval((0.0, 1.0), (0.0, 0.0), (1.0, 1.0)))
