"""Fewer weeks of each learner: nobody is dropped, nobody has more than their share, and all weeks are seen."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from components.train.thinning import ENOUGH_ROWS, LEAST_WEEKS, thin, weeks_kept


@given(st.lists(st.integers(1, 40), min_size=1, max_size=60), st.integers(1, 12), st.randoms())
def test_each_enrolment_has_so_many_rows_or_all_that_it_has(counts: list[int], weeks: int, random: object) -> None:
    enrolment = np.repeat(np.arange(len(counts)), counts)
    random.shuffle(enrolment)  # type: ignore[attr-defined]
    weight = thin(enrolment, weeks)
    stays = weight > 0
    assert np.bincount(enrolment[stays], minlength=len(counts)).tolist() == [min(count, weeks) for count in counts]
    assert np.allclose(np.bincount(enrolment, weight, minlength=len(counts)), counts), "they stand for all"


def test_rows_are_spread_over_a_learners_time_and_over_all_weeks() -> None:
    enrolment = np.repeat(np.arange(1_000), 20)
    week = np.tile(np.arange(20), 1_000)
    stays = thin(enrolment, 2) > 0
    first, second = week[stays].reshape(-1, 2).T
    assert (second - first == 10).all()
    assert np.bincount(week[stays], minlength=20).min() >= 90  # of 100, were they spread perfectly


def test_a_small_site_keeps_all_weeks_and_a_large_one_two_of_each_learner() -> None:
    assert weeks_kept(400) == 30
    assert weeks_kept(ENOUGH_ROWS) == LEAST_WEEKS == 2
    assert weeks_kept(1_000_000) == 2
    assert weeks_kept(0) == ENOUGH_ROWS


def test_no_row_is_no_error() -> None:
    assert thin(np.empty(0, dtype=np.int64), 2).tolist() == []
