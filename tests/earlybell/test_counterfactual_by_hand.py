"""The smallest change, searched by hand: every combination of a small catalogue's grid, with nothing of the search.

The rule. One feature is changed, to any of ten values; if that moves no band, two are, each to any of three. Only what
the learner can change is changed, and only where its value and what training saw of it are known. The values are equal
steps, on the scale of sign times log(1 + size), from the present value to the end of what training saw and of what can
be: the low end of what raises the risk, the high end of what lowers it, both ends where that is open. They are rounded
as words show them; what would be told in the words of the present value is no change.

What follows is changed with it: see `_TIES`. A change counts where each changed value can be, where no more values are
outside of training's range than before, and where the risk is below the threshold of the present band. Of those with
the fewest chosen features the smallest counts: the sum of what all features move on that scale, each in units of its
range.
"""

import dataclasses
import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pytest
from msgspec import structs

from components.features import find_catalogue
from earlybell.bundle import Catalogue, Feature, read_bundle
from earlybell.bundle.bands import UNMEASURED
from earlybell.predict import Counterfactual
from earlybell.predict.counterfactual import Search

SMALL = Path(__file__).parents[1] / "serving/runtime/data/bundle-of-catalogue-1"
Values = dict[str, float]  # each one that float32 has
HIGH, MEDIUM = 0.6, 0.35


DIGITS = {"count": 0, "days": 0, "per week": 1, "ratio": 1, "share": 2}
MOST = {"active_days_last_7": 7.0, "active_days_last_28": 28.0, "weekend_share": 1.0, "missed_share": 1.0}


def _feature(name: str, unit: str, direction: int, words: str = "{value}", changeable: bool = True) -> Feature:
    return Feature(
        name,
        name,
        unit,  # type: ignore[arg-type]
        "temporal",
        "",
        words,
        changeable=changeable,
        direction=direction,
        digits=DIGITS[unit],
        least=None if name == "activity_trend" else 0.0,
        most=MOST.get(name),
        whole=unit == "count",
        counts_days=name.startswith("active_days_last_"),
    )


FEATURES = (
    _feature("prior_attempts", "count", 1, changeable=False),
    _feature("active_days_last_7", "count", -1),
    _feature("active_days_last_28", "count", -1),
    _feature("clicks_last_7", "count", -1),
    _feature("clicks_last_28", "count", -1),
    _feature("clicks_per_week", "per week", -1),
    _feature("days_since_activity", "days", 1),
    _feature("activity_trend", "ratio", -1, "less: {value}|more: {value}"),
    _feature("weekend_share", "share", 0),
    _feature("missed_work", "count", 1),
    _feature("missed_share", "share", 1),
)
NAMES = [feature.name for feature in FEATURES]
DIRECTION = {feature.name: feature.direction for feature in FEATURES}
# What training saw: on purpose more than can be of some, and less than some learners have.
RANGES = {
    "prior_attempts": (0, 3),
    "active_days_last_7": (0, 9),
    "active_days_last_28": (0, 21.5),
    "clicks_last_7": (0, 80),
    "clicks_last_28": (0.5, 300),
    "clicks_per_week": (0.25, 90),
    "days_since_activity": (-2, 60),
    "activity_trend": (-3, 3),
    "weekend_share": (0.05, 1.5),
    "missed_work": (0, 8),
    "missed_share": (0, 1),
}


@dataclass(frozen=True)
class Learner:
    """One moment: values, days of teaching so far, and the weight of each feature in the logistic model of its risk."""

    values: Values
    days: float
    weights: dict[str, float]
    base: float

    def risk(self, values: Values) -> float:
        """The logistic model; a value that is not known adds nothing."""
        terms = (self.weights[name] * _scale(value) for name, value in values.items() if not math.isnan(value))
        return 1 / (1 + math.exp(-self.base - sum(terms)))

    @property
    def work_due(self) -> float:
        """Pieces of work that were due, of which the share is missed; 0 where that cannot be told."""
        missed, share = self.values["missed_work"], self.values["missed_share"]
        return round(missed / share) if share > 0 and not math.isnan(missed) else 0


@dataclass(frozen=True)
class Tie:
    """Where one of `causes` changes, `follower` is at least the bound, or at most, where more of it raises the risk."""

    follower: str
    causes: tuple[str, ...]
    bound: Callable[[Values, Learner], float]


NO_BOUND = math.nan
_TIES = (
    # A click within the week, or an activity less than a week ago, is an active day of it, and the other way round.
    Tie("active_days_last_7", ("clicks_last_7",), lambda now, _: 1 if now["clicks_last_7"] > 0 else 0),
    Tie("active_days_last_7", ("days_since_activity",), lambda now, _: 1 if now["days_since_activity"] < 7 else 0),
    Tie("clicks_last_7", ("active_days_last_7",), lambda now, _: now["active_days_last_7"]),
    Tie(
        "days_since_activity", ("active_days_last_7",), lambda now, _: 7 if now["active_days_last_7"] > 0 else NO_BOUND
    ),
    # The same of four weeks.
    Tie("active_days_last_28", ("clicks_last_28",), lambda now, _: 1 if now["clicks_last_28"] > 0 else 0),
    Tie("active_days_last_28", ("days_since_activity",), lambda now, _: 1 if now["days_since_activity"] < 28 else 0),
    Tie("clicks_last_28", ("active_days_last_28",), lambda now, _: now["active_days_last_28"]),
    Tie(
        "days_since_activity",
        ("active_days_last_28",),
        lambda now, _: 28 if now["active_days_last_28"] > 0 else NO_BOUND,
    ),
    # What was in the last week was in the last four.
    Tie("active_days_last_28", ("active_days_last_7",), lambda now, _: now["active_days_last_7"]),
    Tie("clicks_last_28", ("clicks_last_7",), lambda now, _: now["clicks_last_7"]),
    # What was lately was since the start, if the start is that long ago.
    Tie("clicks_per_week", ("clicks_last_7",), lambda now, who: _a_week(now["clicks_last_7"], who.days, 7)),
    Tie("clicks_per_week", ("clicks_last_28",), lambda now, who: _a_week(now["clicks_last_28"], who.days, 28)),
    # Missed work: none is a share of none, and what was due stays due.
    Tie("missed_work", ("missed_share",), lambda now, _: NO_BOUND if now["missed_share"] > 0 else 0),
    Tie(
        "missed_share",
        ("missed_work",),
        lambda now, who: now["missed_work"] / who.work_due if who.work_due else NO_BOUND,
    ),
)


def _a_week(clicks: float, days: float, window: int) -> float:
    return clicks / (days / 7) if days >= window else NO_BOUND


def _single(value: float) -> float:
    return float(np.float32(value))


def _scale(value: float) -> float:
    return math.copysign(math.log(1 + abs(value)), value)


def _can_be(name: str, days: float) -> tuple[float, float]:
    if name in ("weekend_share", "missed_share"):
        return 0, 1
    if name.startswith("active_days_last_"):
        return 0, min(int(name.rpartition("_")[2]), math.ceil(days))
    return (-math.inf if name == "activity_trend" else 0), math.inf


def _grid(feature: Feature, value: float, days: float, steps: int) -> list[float]:
    """The values that one feature may be changed to."""
    if not feature.changeable or math.isnan(value):
        return []
    low, high = (_single(end) for end in RANGES[feature.name])
    least, most = _can_be(feature.name, days)
    low, high = max(low, least), min(high, most)
    if feature.unit == "count":
        low, high = math.ceil(low), math.floor(high)
    ends = ([low] if low <= value else [], [high] if high >= value else [])
    chosen = {1: ends[0], -1: ends[1], 0: [low, high]}[feature.direction]
    return [to for end in chosen for to in _steps(feature, value, end, steps) if feature.say(to) != feature.say(value)]


def _steps(feature: Feature, value: float, end: float, steps: int) -> Iterator[float]:
    for step in range(1, steps + 1):
        scaled = _scale(value) + (_scale(end) - _scale(value)) * step / steps
        to = round(math.copysign(math.exp(abs(scaled)) - 1, scaled), DIGITS[feature.unit])
        yield sorted((value, to, end))[1]  # rounding leads past neither


def _follow(who: Learner, now: Values) -> None:
    was = who.values
    for _ in range(len(_TIES)):
        for tie in _TIES:
            moved = any(now[name] != was[name] and not math.isnan(was[name]) for name in tie.causes)
            bound = _single(tie.bound(now, who))
            if moved and not math.isnan(was[tie.follower]) and not math.isnan(bound):
                pick = min if DIRECTION[tie.follower] > 0 else max
                now[tie.follower] = pick(now[tie.follower], bound)


def _outside(values: Values) -> int:
    known = ((RANGES[name], value) for name, value in values.items() if not math.isnan(value))
    return sum(not _single(low) <= value <= _single(high) for (low, high), value in known)


def _counts(who: Learner, now: Values, threshold: float) -> bool:
    for feature in FEATURES:
        value, (least, most) = now[feature.name], _can_be(feature.name, who.days)
        changed = value != who.values[feature.name] and not math.isnan(value)
        whole = feature.unit != "count" or value.is_integer()
        if changed and not (least <= value <= most and whole):
            return False
    return _outside(now) <= _outside(who.values) and who.risk(now) < threshold


def _cost(who: Learner, now: Values) -> float:
    moved = (name for name in NAMES if now[name] != who.values[name] and not math.isnan(now[name]))
    return sum(
        abs(_scale(now[name]) - _scale(who.values[name])) / (_scale(RANGES[name][1]) - _scale(RANGES[name][0]))
        for name in moved
    )


def _smallest(who: Learner, threshold: float) -> tuple[int, list[tuple[float, Values]]]:
    """How many features are chosen (0: no change will do), and every change of so many that counts, by its cost."""
    for size, steps in ((1, 10), (2, 3)):
        values = {feature.name: _grid(feature, who.values[feature.name], who.days, steps) for feature in FEATURES}
        changes = []
        for names in itertools.combinations(NAMES, size):
            for chosen in itertools.product(*(values[name] for name in names)):
                now = who.values | {name: _single(to) for name, to in zip(names, chosen, strict=True)}
                _follow(who, now)
                if _counts(who, now, threshold):
                    changes.append((_cost(who, now), now))
        if changes:
            return size, sorted(changes, key=lambda change: change[0])
    return 0, []


def _learner(seed: int) -> Learner:
    """Somebody whose values hang together more or less; a few are not known, a few are outside of what training saw."""
    rng = np.random.default_rng(seed)
    last_7, last_28 = int(rng.integers(0, 3)), int(rng.integers(0, 8))
    missed, due = int(rng.integers(0, 5)), int(rng.integers(5, 9))
    values: dict[str, float] = {
        "prior_attempts": int(rng.integers(0, 3)),
        "active_days_last_7": last_7,
        "active_days_last_28": last_7 + last_28,
        "clicks_last_7": last_7 * int(rng.integers(1, 5)),
        "clicks_last_28": last_7 * 5 + last_28 * int(rng.integers(1, 9)),
        "clicks_per_week": rng.uniform(0, 20),
        "days_since_activity": rng.uniform(0, 7) if last_7 else rng.uniform(7, 70),
        "activity_trend": rng.uniform(-3.5, 1),
        "weekend_share": rng.uniform(0, 1),
        "missed_work": missed,
        "missed_share": missed / due,
    }
    known = {name: _single(value) if rng.random() > 0.07 else math.nan for name, value in values.items()}
    signs = {name: DIRECTION[name] or int(rng.choice([-1, 1])) for name in NAMES}
    weights = {name: float(signs[name] * rng.exponential(0.5) * (rng.random() < 0.3)) for name in NAMES}
    who = Learner(known, float(rng.choice([2.5, 5, 13, 27.5, 60])), weights, 0)
    risk = float(rng.uniform(0.4, 0.9))  # the present one
    return Learner(
        known, who.days, weights, math.log(risk / (1 - risk)) - math.log(who.risk(known) / (1 - who.risk(known)))
    )


def _searched(who: Learner, band: Literal["high", "medium"]) -> Counterfactual:
    """The answer of the search under test."""
    ranges = {name: (float(low), float(high)) for name, (low, high) in RANGES.items()}
    bands = structs.replace(UNMEASURED, high=HIGH, medium=MEDIUM, ranges=ranges)
    ties = tuple(tie for tie in find_catalogue().ties if {tie.feature, *tie.of} <= set(NAMES))
    catalogue = Catalogue("1", FEATURES, ties, scale="logarithmic")
    bundle = dataclasses.replace(read_bundle(SMALL), catalogue=catalogue, bands=bands)

    def risk_of(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        risks = [who.risk(dict(zip(NAMES, row, strict=True))) for row in rows.tolist()]
        return np.array(risks, dtype=np.float32)

    row = np.array([who.values[name] for name in NAMES], dtype=np.float32)
    return Search(bundle, risk_of).smallest(row, who.days, who.risk(who.values), band)


def test_the_search_finds_what_trying_everything_finds() -> None:
    sizes = []
    for seed in range(120):
        who = _learner(seed)
        high = who.risk(who.values) >= HIGH
        size, changes = _smallest(who, HIGH if high else MEDIUM)
        answer = _searched(who, "high" if high else "medium")
        sizes.append(size)
        assert sum(not change.follows for change in answer.changes) == size, seed
        if changes:
            now = who.values | {change.feature: _single(change.to) for change in answer.changes}
            assert _cost(who, now) == pytest.approx(changes[0][0], abs=1e-5), seed
            assert any(_near(now, other) for _, other in changes), seed
            assert answer.risk == pytest.approx(who.risk(now)), seed
    assert min(sizes.count(size) for size in (0, 1, 2)) > 4, "each case is among them"


def _near(values: Values, others: Values) -> bool:
    return np.allclose([values[name] for name in NAMES], [others[name] for name in NAMES], atol=1e-5, equal_nan=True)
