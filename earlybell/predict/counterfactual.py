"""The smallest change in what a learner can change that would move the band: a statement about the model, no promise.

The search is exact over a stated grid. Of each changeable feature whose value is known, the values are steps from the
present one to the favourable end of the training range (both ends, where the direction is open), equal on the
catalogue's scale, which is the model's own, and rounded as the words round them: ten steps for one feature alone, three
for each of two. What follows from a change comes with it (see `ties`), and nothing leaves the range that training saw.
Of all that would move the band, the fewest chosen features win, then the smallest change: the sum over all features
that differ, each in units of its training range on that scale. What cannot be is no candidate (see `limits`).
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from earlybell.bundle import Bundle, Feature
from earlybell.predict.answer import Band, Change, Counterfactual
from earlybell.predict.correction import correct
from earlybell.predict.evidence import outside
from earlybell.predict.limits import limits, possible
from earlybell.predict.scales import MEASURES
from earlybell.predict.ties import Follow

Floats = npt.NDArray[np.float32]

STEPS = (10, 3)  # of the grid, where one feature is changed, and where two are
PART = 1024  # rows scored at a time: a hit in the cheaper ones saves the others


@dataclass(frozen=True)
class Candidates:
    """Changed copies `rows` (n, features) of one moment's values, and the features `chosen` (n, size) to change."""

    rows: Floats
    chosen: npt.NDArray[np.int64]

    def where(self, places: npt.NDArray[Any]) -> "Candidates":
        return Candidates(self.rows[places], self.chosen[places])


class Search:
    """The search for counterfactuals of a bundle. `risk_of` scores raw features (n, features)."""

    def __init__(self, bundle: Bundle, risk_of: Callable[[Floats], Floats]) -> None:
        self._bands, self._risk_of = bundle.bands, risk_of
        self._features, self._names = bundle.catalogue.features, bundle.catalogue.names
        self._follow, self._scale = Follow(bundle.catalogue), MEASURES[bundle.catalogue.scale]
        ranges = self._bands.ranges
        ends = np.array([ranges.get(name, (np.nan, np.nan)) for name in self._names], dtype=np.float32)
        self._low, self._high = ends.T
        self._span = self._scale.of(self._high) - self._scale.of(self._low)

    def smallest(
        self, row: Floats, days_seen: float, risk: float, band: Band, correction: float = 0.0
    ) -> Counterfactual:
        """The counterfactual of one moment's values (features,), for its present risk and band.

        Args:
            correction: what is added to the log-odds of the model's risks; `risk` has it.
        """
        if band not in ("high", "medium"):
            why = (
                "there is too little to go by" if band == "insufficient_evidence" else "the band is the lowest there is"
            )
            return Counterfactual((), risk, band, f"No change was looked for: {why}.")
        for candidates in self._candidates(row, days_seen):
            if cheapest := self._cheapest(row, candidates, self._threshold(band), correction):
                return self._counterfactual(row, *cheapest)
        words = f"No change of one or two things was found with which the model would no longer say {band}."
        return Counterfactual((), risk, band, words)

    def _threshold(self, band: str) -> float:
        return self._bands.high if band == "high" else self._bands.medium

    def _candidates(self, row: Floats, days_seen: float) -> Iterator[Candidates]:
        """Of one chosen feature, then of two."""
        for size, steps in enumerate(STEPS, start=1):
            candidates = combine(row, self.grid(row, steps, days_seen), size)
            self._follow(row, candidates.rows, days_seen)
            new = outside(candidates.rows, self._names, self._bands.ranges)
            seen = new <= outside(row[None], self._names, self._bands.ranges)
            yield candidates.where(seen & possible(self._features, row, candidates.rows, days_seen))

    def grid(self, row: Floats, steps: int, days_seen: float = math.inf) -> list[tuple[int, float]]:
        """The values that features may be changed to after so many days of teaching, each with its feature's place."""
        return [
            (i, value)
            for i, feature in enumerate(self._features)
            if feature.changeable and not np.isnan(row[i]) and not np.isnan(self._span[i])
            for value in self._values(feature, float(row[i]), *self._ends(i, days_seen), steps)
        ]

    def _ends(self, i: int, days_seen: float) -> tuple[float, float]:
        """The ends of the training range, as far as a feature can come."""
        least, most = limits(self._features[i], days_seen)
        low, high = max(float(self._low[i]), least), min(float(self._high[i]), most)
        return (math.ceil(low), math.floor(high)) if self._features[i].whole else (low, high)

    def _values(self, feature: Feature, value: float, low: float, high: float, steps: int) -> list[float]:
        """From the value to the favourable end, without what would be told in the same words."""
        ends = {-1: [high], 1: [low], 0: [low, high]}[feature.direction]
        towards = [end for end in ends if (end - value) * feature.direction <= 0]
        values = [to for end in towards for to in self._steps(value, end, steps, feature.digits)]
        now = feature.say(value)
        return [to for to in dict.fromkeys(values) if feature.say(to) != now]

    def _steps(self, value: float, end: float, steps: int, digits: int) -> list[float]:
        """Equal steps on the scale, rounded, the last one at the end itself."""
        first, last = float(self._scale.of(value)), float(self._scale.of(end))
        scaled = (first + (last - first) * step / steps for step in range(1, steps + 1))
        rounded = (round(self._scale.back(step), digits) for step in scaled)
        return [min(max(to, min(value, end)), max(value, end)) for to in rounded]

    def cost(self, row: Floats, rows: Floats) -> Floats:
        """How large the change from `row` (features,) to each of `rows` is, in training ranges: shape (n,)."""
        moved = np.abs(self._scale.of(rows) - self._scale.of(row)) / np.where(self._span > 0, self._span, 1)
        return np.asarray(np.nansum(moved, axis=1))

    def _cheapest(
        self, row: Floats, candidates: Candidates, threshold: float, correction: float
    ) -> tuple[Floats, npt.NDArray[np.int64], float] | None:
        """The cheapest candidate whose risk is below the threshold: its row, what was chosen, its risk."""
        ordered = candidates.where(np.argsort(self.cost(row, candidates.rows), kind="stable"))
        for start in range(0, len(ordered.rows), PART):
            risk = correct(self._risk_of(ordered.rows[start : start + PART]), correction)
            if len(hits := np.flatnonzero(risk < threshold)):
                return ordered.rows[start + hits[0]], ordered.chosen[start + hits[0]], float(risk[hits[0]])
        return None

    def _counterfactual(self, row: Floats, to: Floats, chosen: npt.NDArray[np.int64], risk: float) -> Counterfactual:
        band: Band = "medium" if risk >= self._bands.medium else "low"
        others = [i for i in np.flatnonzero((to != row) & ~np.isnan(row)).tolist() if i not in chosen]
        changes = [self._change(i, row, to, follows=False) for i in chosen.tolist()]
        followers = [self._change(i, row, to, follows=True) for i in others]
        visible = [change for change in followers if change.words != change.words_to]
        beside = f"; with that comes: {_in_words(visible)}" if visible else ""
        words = f"The model would say {band} if: {_in_words(changes)}{beside}."
        return Counterfactual((*changes, *followers), risk, band, words)

    def _change(self, i: int, row: Floats, to: Floats, *, follows: bool) -> Change:
        feature, value, other = self._features[i], float(row[i]), float(to[i])
        return Change(feature.name, value, other, feature.say(value), feature.say(other), follows)


def _in_words(changes: list[Change]) -> str:
    return " and ".join(f"{change.words_to} (now: {change.words})" for change in changes)


def combine(row: Floats, grid: list[tuple[int, float]], size: int) -> Candidates:
    """Copies of `row` (features,) with each combination of `size` (1 or 2) values of the grid, of unlike features."""
    places = np.array([place for place, _ in grid], dtype=np.int64)
    values = np.array([value for _, value in grid], dtype=np.float32)
    picks = np.arange(len(grid))[:, None] if size == 1 else np.column_stack(np.triu_indices(len(grid), 1))
    picks = picks[places[picks[:, 0]] != places[picks[:, 1]]] if size == 2 else picks
    rows = np.repeat(row[None], len(picks), axis=0)
    np.put_along_axis(rows, places[picks], values[picks], axis=1)
    return Candidates(rows, places[picks])
