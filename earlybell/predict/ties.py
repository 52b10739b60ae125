"""What follows from a change of a feature: features that hang together never take an impossible combination.

A tie bounds a feature by others: clicks of the last 7 days are clicks of the last 28. Where one of the others changes,
the feature moves to its bound if it is on the wrong side of it, always the favourable way. What is not changed is left
alone, and so is a value that is not known. Features that a bundle does not have are tied to nothing.

Missed work can be made up for: what is handed in late is not missed, and is not late either where the teacher grants an
extension. Whether the course takes it, only the teacher knows.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from earlybell.bundle import Catalogue

Column = npt.NDArray[np.float32]
_COUNTABLE = 2**24  # up to here float32 has every whole number; a share that makes more of the work due is not one


@dataclass(frozen=True)
class Tie:
    """`feature` is at least `bound` of the features `of`, or at most, where more of it raises the risk.

    `bound` takes a column (rows,) of each; `per` names what of the `Situation` it is divided by, if anything.
    """

    feature: str
    of: tuple[str, ...]
    bound: Callable[..., Column]
    per: str = ""


@dataclass(frozen=True)
class Situation:
    """What no change alters: `weeks` of teaching so far, and how many pieces of work were `due` (nan: not known)."""

    weeks: float
    due: float

    def divisor(self, per: str) -> float:
        """What a bound is divided by; nan where the tie does not hold: what is recent may be from before the start."""
        if per == "due":
            return self.due
        weeks_needed = {"": 0, "week": 1, "month": 4}[per]
        return float("nan") if self.weeks < weeks_needed else self.weeks if per else 1.0


def _same(column: Column) -> Column:
    return column


def _some(column: Column) -> Column:
    return (column > 0).astype(np.float32)


def _none_if_none(column: Column) -> Column:
    return np.where(column > 0, np.inf, 0).astype(np.float32)


def _rest(column: Column) -> Column:
    return 1 - column


def _within(days: int) -> Callable[[Column], Column]:
    return lambda column: (column < days).astype(np.float32)


def _recent(days: int) -> Callable[[Column], Column]:
    return lambda column: np.where(column > 0, days, np.inf).astype(np.float32)


def _total(*columns: Column) -> Column:
    return np.asarray(np.nansum(columns, axis=0), dtype=np.float32)


KINDS = ("forum", "quiz", "material", "assignment", "course_page", "collaboration", "live")

TIES = (
    # A day with activity has a click, and a click makes such a day.
    Tie("active_days_last_7", ("clicks_last_7",), _some),
    Tie("active_days_last_7", ("days_since_activity",), _within(7)),
    Tie("clicks_last_7", ("active_days_last_7",), _same),
    Tie("active_days_last_28", ("active_days_last_7",), _same),
    Tie("active_days_last_28", ("days_since_activity",), _within(28)),
    Tie("clicks_last_28", ("clicks_last_7",), _same),
    Tie("clicks_last_28", ("kinds_used_last_28",), _same),
    Tie("clicks_last_28", ("active_days_last_28",), _same),
    Tie("active_days_last_28", ("clicks_last_28",), _some),
    Tie("days_since_activity", ("active_days_last_28",), _recent(28)),
    Tie("days_since_activity", ("active_days_last_7",), _recent(7)),
    # What was done lately was done since the start: on days of teaching, as no row tells how many were holidays.
    Tie("active_days_per_week", ("active_days_last_7",), _same, "week"),
    Tie("active_days_per_week", ("active_days_last_28",), _same, "month"),
    Tie("clicks_per_week", ("active_days_per_week",), _same),
    Tie("clicks_per_week", ("clicks_last_7",), _same, "week"),
    Tie("clicks_per_week", ("clicks_last_28",), _same, "month"),
    Tie("clicks_per_week", tuple(f"{kind}_per_week" for kind in KINDS), _total),
    # One work that is missed is missed in every count, and work that was due stays due.
    Tie("missed_work", ("missed_share",), _none_if_none),
    Tie("missed_last", ("missed_work",), _same),
    Tie("missed_share", ("missed_work",), _same, "due"),
    Tie("missed_weight_share", ("missed_work",), _none_if_none),
    # Marks are gathered of what is not missing.
    Tie("missed_weight_share", ("points_share",), _rest),
)


class Follow:
    """Carries changes on to what hangs together with them, for the features of a catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._place = {feature.name: i for i, feature in enumerate(catalogue.features)}
        self._direction = {feature.name: feature.direction for feature in catalogue.features}
        self._ties = [tie for tie in TIES if {tie.feature, *tie.of} <= self._place.keys()]

    def __call__(self, row: Column, changed: npt.NDArray[np.float32], days_seen: float) -> None:
        """Move what follows in `changed` (rows, features), copies of `row` (features,) with changes, in place."""
        situation = Situation(days_seen / 7, self._due(row))
        moving = True
        while moving:  # it ends: each move is towards a bound, and no circle of ties widens
            moving = max(
                (self._apply(tie, row, changed, situation.divisor(tie.per)) for tie in self._ties), default=False
            )

    def _apply(self, tie: Tie, row: Column, changed: npt.NDArray[np.float32], divisor: float) -> bool:
        """Whether the tie moved anything."""
        of, to = [self._place[name] for name in tie.of], self._place[tie.feature]
        if np.isnan(divisor) or np.isnan(row[to]):
            return False
        rows = np.flatnonzero(((changed[:, of] != row[of]) & ~np.isnan(row[of])).any(axis=1))
        if not len(rows):
            return False
        bound = tie.bound(*(changed[rows, i] for i in of)) / np.float32(divisor)
        before, pick = changed[rows, to], np.fmin if self._direction[tie.feature] > 0 else np.fmax
        changed[rows, to] = pick(before, bound)
        return bool((changed[rows, to] != before).any())

    def _due(self, row: Column) -> float:
        """Pieces of work that were due so far, from how many and which share of them were missed."""
        if not {"missed_work", "missed_share"} <= self._place.keys():
            return float("nan")
        work, share = (float(row[self._place[name]]) for name in ("missed_work", "missed_share"))
        due = round(work / share) if share > 0 and work / share < _COUNTABLE else 0
        return float(due) if due else float("nan")
