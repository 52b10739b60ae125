"""bands.json: what a risk is called, how sure it is, and when there is too little to go by."""

import math

from msgspec import Struct


class Interval(Struct, frozen=True):
    """The Venn-Abers interval of a risk: `low` and `high` at each `risk` of a grid, all of shape (grid,)."""

    risk: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


class LevelError(Struct, frozen=True, forbid_unknown_fields=True):
    """How far the mean risk of a course run lies from its base rate: root mean square over runs that were left out.

    Attributes:
        stages: shares of a course run.
        earlier_runs, no_earlier_runs: at each stage, of courses of which the model knows earlier runs, and of others.
        times: how many level errors the standard deviation of a course's risks must be, to say anything there.
    """

    stages: tuple[float, ...]
    earlier_runs: tuple[float, ...]
    no_earlier_runs: tuple[float, ...]
    times: float


class Bands(Struct, frozen=True, forbid_unknown_fields=True):
    """The rule of the bands. A setting that is not known here would call learners something else: it is refused.

    Attributes:
        high, medium: the risk from which on a learner is called so.
        days_needed: days of teaching that it takes to say anything.
        most_outside: of a learner's values, how many may lie outside of what training saw.
        ranges: the least and the greatest value of each feature in training; features without any are left out.
        level_error: None: there is no rule for course runs, as in older bundles.
    """

    high: float
    medium: float
    days_needed: float
    most_outside: int
    ranges: dict[str, tuple[float, float]]
    interval: Interval
    level_error: LevelError | None = None


# Of a model that was not measured yet: of nobody there is enough to go by, and every range is the widest.
UNMEASURED = Bands(math.inf, math.inf, math.inf, 0, {}, Interval((0.0, 1.0), (0.0, 0.0), (1.0, 1.0)))
