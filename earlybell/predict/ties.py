"""What follows from a change of a feature: features that hang together never take an impossible combination.

Which do is said by the bundle's ties; this carries them out. Where one of the features that bound another changes, that
one moves to its bound if it is on the wrong side of it, always the favourable way. What is not changed is left alone,
and so is a value that is not known.

Missed work can be made up for: what is handed in late is not missed, and is not late either where the teacher grants an
extension. Whether the course takes it, only the teacher knows.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from earlybell.bundle import Catalogue, Tie
from earlybell.bundle.ties import Bound

Column = npt.NDArray[np.float32]
_COUNTABLE = 2**24  # up to here float32 has every whole number; a share that makes more of the whole is not one


def _same(column: Column) -> Column:
    return column


def _some(column: Column) -> Column:
    return (column > 0).astype(np.float32)


def _none(column: Column) -> Column:
    return np.where(column > 0, np.inf, 0).astype(np.float32)


def _rest(column: Column) -> Column:
    return 1 - column


def _total(*columns: Column) -> Column:
    return np.asarray(np.nansum(columns, axis=0), dtype=np.float32)


# Of the tie's days: a bound (rows,) from a column (rows,) of each feature that it is by.
_BOUNDS: dict[Bound, Callable[[int], Callable[..., Column]]] = {
    "same": lambda _: _same,
    "some": lambda _: _some,
    "none": lambda _: _none,
    "rest": lambda _: _rest,
    "total": lambda _: _total,
    "within": lambda days: lambda column: (column < days).astype(np.float32),
    "recent": lambda days: lambda column: np.where(column > 0, days, np.inf).astype(np.float32),
    "part": lambda _: _same,
}


class _Placed(NamedTuple):
    """A tie made ready: the place of what follows, the places of what it is bounded by, and the bound.

    `pick` takes the one of two columns that is more favourable.
    """

    tie: Tie
    to: int
    of: list[int]
    bound: Callable[..., Column]
    pick: Callable[[Column, Column], Column]

    def divisor(self, row: Column, days_seen: float) -> float:
        """What the bound is divided by; nan where the tie does not hold."""
        if np.isnan(row[self.to]):
            return float("nan")
        if self.tie.bound == "part":
            return _whole(float(row[self.of[0]]), float(row[self.to]))
        if not self.tie.per:
            return 1.0
        return days_seen / 7 if days_seen / 7 >= self.tie.days / 7 else float("nan")

    def apply(self, row: Column, changed: npt.NDArray[np.float32], divisor: float) -> bool:
        """Move what follows; whether anything moved."""
        rows = np.flatnonzero(((changed[:, self.of] != row[self.of]) & ~np.isnan(row[self.of])).any(axis=1))
        if not len(rows):
            return False
        bound = self.bound(*(changed[rows, i] for i in self.of)) / np.float32(divisor)
        before = changed[rows, self.to]
        changed[rows, self.to] = self.pick(before, bound)
        return bool((changed[rows, self.to] != before).any())


class Follow:
    """Carries changes on to what hangs together with them, for the features of a catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        place = {name: i for i, name in enumerate(catalogue.names)}
        raising = {feature.name for feature in catalogue.features if feature.direction > 0}
        self._ties = [
            _Placed(
                tie,
                place[tie.feature],
                [place[name] for name in tie.of],
                _BOUNDS[tie.bound](tie.days),
                np.fmin if tie.feature in raising else np.fmax,
            )
            for tie in catalogue.ties
        ]

    def __call__(self, row: Column, changed: npt.NDArray[np.float32], days_seen: float) -> None:
        """Move what follows in `changed` (rows, features), copies of `row` (features,) with changes, in place."""
        divisors = [(tie, tie.divisor(row, days_seen)) for tie in self._ties]
        holding = [(tie, divisor) for tie, divisor in divisors if not np.isnan(divisor)]
        for _ in holding:  # no chain of moves is longer: a bundle whose ties run in a widening circle ends as well
            moved = [tie.apply(row, changed, divisor) for tie, divisor in holding]
            if not any(moved):
                break


def _whole(part: float, share: float) -> float:
    """The whole number of which `part` is this share; nan where that cannot be told."""
    whole = round(part / share) if share > 0 and part / share < _COUNTABLE else 0
    return float(whole) if whole else float("nan")
