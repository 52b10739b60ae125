"""The operating point: whom to call high or medium, by the staff's capacity or by costs, and what to expect of it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np

from components.evaluate.metrics import interval, resample
from components.examples import Examples
from components.metrics.resamples import Resamples
from components.metrics.sample import Floats
from earlybell.bundle.evaluation import Capacity, OperatingPoint
from earlybell.bundle.figures import Measured, Quartiles
from earlybell.errors import SettingError

RESAMPLES = 200
MEDIUM = 2.0  # medium is for twice the capacity: who comes next
SHARES = (0.05, 0.1, 0.2, 0.3)  # of learners a week: other capacities, to compare with


@dataclass(frozen=True)
class Policy:
    """What decides the thresholds: the staff's capacity, or the costs of a miss and of a false alarm.

    Attributes:
        capacity: learners a week that the staff of a course run can see; below 1: a share of its learners.
        cost_miss, cost_false_alarm: in any one unit; both given, they decide instead.
    """

    capacity: float = 0.2
    cost_miss: float | None = None
    cost_false_alarm: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.capacity < math.inf:
            raise SettingError("capacity is not above 0", self.capacity, "Learners a week (20), or a share (0.2).")
        costs = (self.cost_miss, self.cost_false_alarm)
        wrong = any(cost is not None and not 0 < cost < math.inf for cost in costs)
        if wrong or (costs[0] is None) != (costs[1] is None):
            raise SettingError(
                "costs are given together and are above 0", costs, "As --cost-miss 5 --cost-false-alarm 1."
            )


def operating_point(
    policy: Policy, risk: Floats, examples: Examples, days: Mapping[str, Floats], seed: int
) -> OperatingPoint:
    """Thresholds, and what they would have meant for learners that the model had not seen.

    Args:
        risk: (n,) of learners left out, without missing values.
        days: (n,) from each moment to what may come too late to help, by its name; NaN where it never came.
    """
    high, medium, rule = _thresholds(policy, risk, examples)
    weights = resample(examples.learner, RESAMPLES, seed)
    others = {share: _expected(_highest(risk, share), risk, examples, days, weights) for share in SHARES}
    return OperatingPoint(
        rule=rule,
        medium=round(medium, 6),
        **_expected(high, risk, examples, days, weights),
        capacities=tuple(Capacity(share=share, **expected) for share, expected in others.items()),
    )


class _Expected(TypedDict):
    """What a threshold would have meant."""

    high: float
    flagged_a_week: Measured
    rightly_a_week: Measured
    rightly: Measured
    found: Measured
    lead_days: dict[str, Quartiles]


def _expected(
    high: float, risk: Floats, examples: Examples, days: Mapping[str, Floats], weights: Resamples
) -> _Expected:
    flagged, weeks = risk >= high, len(_weeks(examples))
    with np.errstate(invalid="ignore", divide="ignore"):
        rightly = weights @ (flagged & (examples.label == 1)) / (weights @ flagged)
    return {
        "high": round(high, 6),
        "flagged_a_week": interval(weights @ flagged / weeks),
        "rightly_a_week": interval(weights @ (flagged & (examples.label == 1)) / weeks),
        "rightly": interval(rightly),
        "found": interval(_found(flagged, examples, weights)),
        "lead_days": {name: _lead(flagged, examples, until) for name, until in days.items()},
    }


def _thresholds(policy: Policy, risk: Floats, examples: Examples) -> tuple[float, float, str]:
    if policy.cost_miss and policy.cost_false_alarm:
        high = policy.cost_false_alarm / (policy.cost_false_alarm + policy.cost_miss)
        rule = f"a miss costs {policy.cost_miss:g} where a false alarm costs {policy.cost_false_alarm:g}"
        return high, high / MEDIUM, rule
    if policy.capacity < 1:
        share, rule = policy.capacity, f"the staff can see {policy.capacity:.0%} of the learners each week"
    else:
        share = min(1.0, policy.capacity * len(_weeks(examples)) / len(risk))
        learners = "learner" if policy.capacity == 1 else "learners"
        rule = f"the staff can see {policy.capacity:g} {learners} of a course run each week"
    return _highest(risk, share), _highest(risk, MEDIUM * share), rule


def _highest(risk: Floats, share: float) -> float:
    """The risk that this share of moments reaches."""
    return float(np.quantile(risk, max(0.0, 1 - share)))


def _weeks(examples: Examples) -> Any:
    """The weeks of all course runs."""
    return np.unique(np.rec.fromarrays([examples.course_id.astype(str), examples.as_of]))


def _found(flagged: Any, examples: Examples, weights: Resamples) -> Floats:
    """Of learners with label 1, the share who were flagged in at least one week, by resample."""
    everybody, first = np.unique(examples.learner, return_index=True)
    kept = np.isin(everybody, examples.learner[examples.label == 1])
    bad, first = everybody[kept], first[kept]
    ever = np.isin(bad, examples.learner[flagged & (examples.label == 1)])
    with np.errstate(invalid="ignore", divide="ignore"):
        of_bad = weights.where(first)
        return of_bad @ ever / of_bad.total


def _lead(flagged: Any, examples: Examples, until: Floats) -> Quartiles:
    """Quartiles of the days left at a rightly flagged learner's first flag."""
    rows = np.flatnonzero(flagged & (examples.label == 1))
    _, first = np.unique(examples.learner[rows], return_index=True)
    days = until[rows[first]]
    days = days[~np.isnan(days)]
    if not len(days):
        return Quartiles(None, None, None)
    low, median, high = np.quantile(days, [0.25, 0.5, 0.75])
    return Quartiles(*(round(float(end), 1) for end in (low, median, high)))
