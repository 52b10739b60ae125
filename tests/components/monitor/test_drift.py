"""Drift: distances by hand, and how often quiet terms are named."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import ks_2samp

from components.monitor.drift import ALPHA, LEAST_MARGIN, MARGIN_OF_FEW, Drift, by_chance, ks, psi, wasserstein
from components.monitor.weeks import Weeks
from earlybell.bundle import Bundle, read_bundle
from tests.components.monitor.terms import terms


@pytest.fixture(scope="module")
def opened(bundle: Path) -> Bundle:
    return read_bundle(bundle)


def test_the_distance_is_the_largest_between_two_shares_and_a_missing_value_is_the_least() -> None:
    now = np.array([[1.0, np.nan], [2.0, np.nan], [3.0, 1.0], [4.0, 1.0]])
    before = np.array([[1.0, 1.0], [2.0, 1.0], [2.0, 1.0], [2.0, np.nan]])
    # First column: at 2 there are 2 of 4, and 4 of 4. Second: missing are 2 of 4, and 1 of 4.
    assert ks(now, before).tolist() == [0.5, 0.25]


def test_the_distance_is_that_of_scipy_ties_included() -> None:
    rng = np.random.default_rng(1)
    now, before = rng.integers(0, 7, (50, 6)).astype(float), rng.integers(0, 9, (83, 6)).astype(float)
    expected = [ks_2samp(now[:, at], before[:, at]).statistic for at in range(6)]
    assert ks(now, before) == pytest.approx(expected)


def test_two_samples_of_one_distribution_are_seldom_further_apart_than_by_chance() -> None:
    rng = np.random.default_rng(2)
    far = [ks(rng.random((40, 50)), rng.random((90, 50))) > by_chance(0.05, 40, 90) for _ in range(40)]
    assert np.mean(far) <= 0.05


def test_psi_by_hand_and_its_sampling_threshold() -> None:
    # Two bins: shares are 1/4 and 3/4 now, 1/2 and 1/2 before, each with half a row more.
    now, before = np.repeat([0.0, 1.0], [25, 75]), np.repeat([0.0, 1.0], [50, 50])
    value, threshold = psi(now, before, 0.05)
    low, high = 25.5 / 101, 75.5 / 101
    assert value == pytest.approx((low - 0.5) * np.log(low / 0.5) + (high - 0.5) * np.log(high / 0.5))
    assert threshold == pytest.approx(3.8415 * 2 / 100, rel=1e-4)  # chi-squared with one degree of freedom


def test_psi_exceeds_its_threshold_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    pairs = [psi(rng.normal(size=200), rng.normal(size=400), 0.05) for _ in range(400)]
    assert np.mean([value > threshold for value, threshold in pairs]) == pytest.approx(0.05, abs=0.03)


def test_wasserstein_is_in_standard_deviations() -> None:
    before = np.array([0.0, 2.0, np.nan])  # the deviation is 1
    assert wasserstein(before + 3, before) == pytest.approx(3.0)
    assert wasserstein(before, np.ones(3)) is None


def _named(weeks: Weeks) -> tuple[int, int]:
    """How many runs with earlier runs there are, and how many of them are named at any look."""
    drift = Drift(weeks)
    runs = [run for run in weeks.runs.values() if weeks.earlier(run)]
    warned = [
        any(row.status == "warning" for week in weeks.weeks(run.course_id) for row in drift.rows(run, week, "1"))
        for run in runs
    ]
    return len(runs), sum(warned)


@pytest.mark.parametrize("between", [0.0, 0.3], ids=["alike", "different"])
def test_of_200_quiet_terms_at_most_one_in_twenty_is_named(opened: Bundle, between: float) -> None:
    count, named = _named(terms(opened, courses=40, rounds=6, learners=24, weeks=5, between=between))
    assert count == 200
    assert named <= 0.05 * count
    assert ALPHA <= 0.05


def test_a_feature_that_moves_is_named_in_its_own_words_and_no_other_is(opened: Bundle) -> None:
    weeks = terms(opened, courses=6, rounds=4, learners=120, weeks=6, seed=4)
    name = "days_since_activity"
    moved = (weeks.observed.course_id == "C002-3") & (weeks.week >= 4)
    weeks.observed.values[moved, opened.catalogue.names.index(name)] += 3
    drift, run = Drift(weeks), weeks.runs["C002-3"]
    rows = {week: {row.figure: row for row in drift.rows(run, week, "1")} for week in weeks.weeks("C002-3")}
    assert {week: row["ks_earlier_runs"].status for week, row in rows.items()} == {
        **dict.fromkeys((1, 2, 3), "ok"),
        **dict.fromkeys((4, 5, 6), "warning"),
    }
    row = rows[4]["ks_earlier_runs"]
    assert row.subject == name
    assert (row.value or 0) > (row.threshold or 1)
    title = next(feature.title for feature in opened.catalogue.features if feature.name == name)
    assert title in row.sentence
    assert "no activity for" in row.sentence
    psi_row = rows[4]["psi_earlier_runs"]
    assert (psi_row.subject, psi_row.status, psi_row.sentence) == (name, "ok", "")
    assert rows[4]["risk_ks_earlier_runs"].status == "ok"


def test_runs_that_differ_by_themselves_make_the_margin_and_few_of_them_a_wide_one(opened: Bundle) -> None:
    weeks = terms(opened, courses=6, rounds=3, between=0.5)
    first, last = weeks.runs["C000-1"], weeks.runs["C000-2"]
    few, more = (Drift(weeks).margin(run, "earlier_runs") for run in (first, last))
    assert (few.comparisons, more.comparisons) == (0, 6)
    assert set(few.distance) == {MARGIN_OF_FEW}
    alike = Drift(terms(opened, courses=6, rounds=3, between=0.0)).margin(last, "earlier_runs")
    assert more.distance.mean() > alike.distance.mean() >= LEAST_MARGIN


def test_a_groups_risks_are_compared_with_those_of_the_same_group(opened: Bundle) -> None:
    weeks = terms(opened, courses=6, rounds=4, learners=200, weeks=4, seed=5)
    member = np.char.endswith(weeks.observed.learner_id.astype(str), ("3"))
    struck = member & (weeks.observed.course_id == "C001-3") & (weeks.week >= 3)
    weeks.raw[struck] = 0.97
    drift = Drift(weeks, {"gender=F": member, "gender=M": ~member, "tiny": np.zeros_like(member)})
    rows = {row.subject: row for row in drift.rows(weeks.runs["C001-3"], 3, "1") if row.figure == "group_risk_ks"}
    assert {group: row.status for group, row in rows.items()} == {
        "gender=F": "warning",
        "gender=M": "ok",
        "tiny": "suppressed",
    }
    assert "gender=F" in rows["gender=F"].sentence
    assert rows["tiny"].value is None


def test_without_earlier_runs_it_is_not_known(opened: Bundle) -> None:
    weeks = terms(opened, courses=2, rounds=1)
    rows = list(Drift(weeks).rows(weeks.runs["C000-0"], 3, "1"))
    assert {row.status for row in rows} == {"unknown"}
    assert all("the source has none" in row.sentence for row in rows)
