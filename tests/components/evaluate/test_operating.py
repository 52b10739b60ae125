"""The operating point: thresholds by capacity or costs, and what to expect of them."""

from dataclasses import replace

import numpy as np
import pytest
from msgspec import structs

from components.evaluate.operating import Policy, operating_point
from components.examples import Examples
from components.metrics.sample import Floats
from earlybell.bundle.figures import Quartiles
from earlybell.errors import SettingError
from tests.figures import ends_of


@pytest.fixture(scope="module")
def examples() -> Examples:
    """A hundred learners in each of five weeks of one run; every fourth ends badly."""
    learner = np.tile(np.arange(100), 5)
    week = np.repeat(np.arange(5), 100)
    nothing = np.zeros(500, dtype=np.int32)
    return Examples(
        course_id=np.full(500, "run", dtype=object),
        learner_id=learner.astype(str).astype(object),
        as_of=np.datetime64("2026-01-01") + 7 * week,
        code=np.full(500, "course", dtype=object),
        starts_at=np.full(500, np.datetime64("2025-10-01", "us")),
        run=np.zeros(500, dtype=np.int64),
        learner=learner,
        label=(learner % 4 == 0).astype(np.int32),
        learner_fold=nothing,
        run_fold=nothing,
        course_fold=nothing,
        is_test=nothing.astype(bool),
        days_seen=np.full(500, 30.0),
        values=np.zeros((500, 1), dtype=np.float32),
    )


def _risk(examples: Examples) -> Floats:
    """Those who end badly have the higher risk, from the third week on; before, chance has it."""
    rng = np.random.default_rng(1)
    late = examples.as_of >= np.datetime64("2026-01-15")
    return np.asarray(rng.random(len(examples)) * 0.5 + 0.5 * (late & (examples.label == 1)))


def _left(examples: Examples) -> dict[str, Floats]:
    """All are active until day 60."""
    return {"last_activity": (np.datetime64("2026-03-02") - examples.as_of) / np.timedelta64(1, "D")}


@pytest.mark.parametrize("capacity", [10, 0.1], ids=["learners", "share"])
def test_no_more_are_flagged_than_the_staff_can_see(examples: Examples, capacity: float) -> None:
    found = operating_point(Policy(capacity), _risk(examples), examples, _left(examples), seed=1)
    assert found.flagged_a_week.value == pytest.approx(10, abs=0.5)
    low, high = ends_of(found.flagged_a_week)
    assert low < 10 < high
    assert found.rightly_a_week.value == found.flagged_a_week.value
    assert found.rightly.value == 1
    assert found.medium < found.high


def test_lead_time_counts_from_the_first_right_flag(examples: Examples) -> None:
    found = operating_point(Policy(0.15), _risk(examples), examples, _left(examples), seed=1)
    assert found.found.value == 1
    assert found.lead_days["last_activity"] == Quartiles(low=46.0, median=46.0, high=46.0)


def test_lead_time_to_what_never_came_is_not_known(examples: Examples) -> None:
    never = {"outcome": np.full(len(examples), np.nan)}
    found = operating_point(Policy(0.15), _risk(examples), examples, never, seed=1)
    assert found.lead_days["outcome"] == Quartiles(low=None, median=None, high=None)


def test_costs_decide_where_they_are_given(examples: Examples) -> None:
    policy = Policy(cost_miss=4, cost_false_alarm=1)
    found = operating_point(policy, _risk(examples), examples, _left(examples), seed=1)
    assert found.high == 0.2
    assert "a miss costs 4 where a false alarm costs 1" in found.rule
    dearer = replace(policy, cost_false_alarm=4)
    assert operating_point(dearer, _risk(examples), examples, _left(examples), seed=1).high == 0.5


@pytest.mark.parametrize(
    "wrong", [{"capacity": 0}, {"cost_miss": 5}, {"cost_miss": -1, "cost_false_alarm": 1}], ids=str
)
def test_a_policy_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingError):
        Policy(**wrong)


def test_a_larger_capacity_finds_more_and_not_later(examples: Examples) -> None:
    found = operating_point(Policy(0.2), _risk(examples), examples, _left(examples), seed=1)
    capacities = found.capacities
    assert [one.share for one in capacities] == [0.05, 0.1, 0.2, 0.3]
    for name in set(structs.asdict(capacities[2])) - {"share"}:
        assert getattr(capacities[2], name) == getattr(found, name)
    flagged, ever = ([getattr(one, name).value for one in capacities] for name in ("flagged_a_week", "found"))
    assert flagged == sorted(flagged)
    assert ever == sorted(ever)
