"""The families of features, a module each: a feature's words and the expression that computes it, side by side.

Families are the first paper's (temporal, participation, numeric) and the course's calendar; elements and indicators
are those of its Appendix B. What is of the calendar alone is never given as a reason. `direction` is what a feature can
mean for the risk at most; it is not fitted.

In meanings a day is the site's, "the last 7 days" are whole days and end with the last one before the moment, "since
the start" means since the start or since joining, whichever is later, and "a week" is one of teaching: what happens on
holidays is not counted, and their days are not either. docs/reference/time.md says it for people.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

import ibis.expr.types as ir

from components.features.clock import Clock
from earlybell.bundle import Feature, Tie
from earlybell.extensions import find_extensions

PRE, POST = "pre_activity", "post_activity"
WORK, PRE_TEST, POST_TEST = "assignment_completion", "pre_test_scores", "post_test_scores"

Reach = Literal["before", "start", "7 days", "28 days"]
Value = Callable[[ir.Table], ir.Value]
Stage = Callable[[ir.Table, Mapping[str, ir.Table], Clock], ir.Table]


@dataclass(frozen=True)
class Definition:
    """A feature, and its value of the joined stages, which have a row a moment (see `components.features.expression`).

    A value is null where there is none.

    Attributes:
        reach: how far back it looks at activity: to before the start, to the learner's part of the run, or so many of
            the site's days. Where activity is not recorded whole for so long, it is missing. Empty: it looks at none.
    """

    feature: Feature
    value: Value
    reach: Reach | Literal[""] = ""


@dataclass(frozen=True)
class Family:
    """Features that belong together.

    Attributes:
        name: of the family, and of its stage.
        definitions: in the order of the model's input.
        stage: a stage of its own, which is joined to the others: takes the calendar (a row a moment, with `moment_id`,
            `course_id`, `learner_id` and `as_of`), the canonical tables by name, and the engine's clock. It has at most
            one row a `moment_id`, and reads only what is known strictly before `as_of`, of the moment's own learner.
        ties: which features hang together.
        never_reasons: what it says is nobody's doing.
        order: of our own ones.
    """

    name: str
    definitions: tuple[Definition, ...]
    stage: Stage | None = None
    ties: tuple[Tie, ...] = ()
    never_reasons: bool = False
    order: int = 99


@cache
def find_families() -> dict[str, Family]:
    """Every family by its name, our own first.

    Raises:
        SettingError: as `find_extensions`.
    """
    return find_extensions("features", Family, __name__)


def a_week(t: ir.Table, count: ir.Value) -> ir.Value:
    """By week of teaching; without a day of it there is no value. In this order seven of seven days are exactly 7."""
    return 7.0 * count.fill_null(0.0) / t.days_seen.nullif(0.0)
