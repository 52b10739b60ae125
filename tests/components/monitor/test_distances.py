"""Distances of two samples: by hand, beside SciPy, and how often chance makes them large."""

import numpy as np
import pytest
from scipy.stats import ks_2samp

from components.monitor.distances import by_chance, ks, mmd, psi, wasserstein


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


def test_mmd_by_hand() -> None:
    # Places among the second sample are 0 and 1/2. The middle distance of two rows is 1/2, so k is exp(-1/2) across.
    now, before = np.zeros((2, 1)), np.ones((2, 1))
    value, _ = mmd(now, before, 0.05)
    assert value == pytest.approx(np.sqrt(2 - 2 * np.exp(-0.5)))
    assert mmd(before, before, 0.05) == (0.0, 0.0)


def test_mmd_sees_columns_that_no_longer_rise_together_where_no_column_differs() -> None:
    rng = np.random.default_rng(5)
    before = rng.multivariate_normal([0, 0], [[1, 0.9], [0.9, 1]], 300)
    now = rng.multivariate_normal([0, 0], [[1, -0.9], [-0.9, 1]], 150)
    value, threshold = mmd(now, before, 0.001)
    assert value > threshold
    assert (ks(now, before) < by_chance(0.001, 150, 300)).all()


def test_mmd_sees_values_that_went_missing() -> None:
    rng = np.random.default_rng(6)
    now, before = rng.normal(size=(100, 3)), rng.normal(size=(200, 3))
    now[:40, 1] = np.nan
    value, threshold = mmd(now, before, 0.001)
    assert value > threshold


@pytest.mark.parametrize(("alpha", "most"), [(0.05, 0.08), (0.01, 0.02), (0.002, 0.006)])
def test_mmd_exceeds_its_threshold_about_as_often_as_it_says(alpha: float, most: float) -> None:
    """Of columns that rise together, as features do."""
    rng = np.random.default_rng(7)
    covariance = np.full((8, 8), 0.5) + np.eye(8) / 2
    samples = [rng.multivariate_normal(np.zeros(8), covariance, 120) for _ in range(1000)]
    beyond = [value > threshold for value, threshold in (mmd(of[:40], of[40:], alpha) for of in samples)]
    assert alpha / 4 <= np.mean(beyond) <= most
