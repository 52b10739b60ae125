"""When a course run is taught, as its learners' activity shows it."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.extract.teaching import teaching

START = np.datetime64("2024-09-23")
Rows = list[tuple[int, int]]


def _class(learners: int = 12, weeks: int = 8, days: tuple[int, ...] = (0, 2, 4)) -> Rows:
    """A day since the start and a learner, for each learner's days."""
    return [(7 * week + day, learner) for learner in range(learners) for week in range(weeks) for day in days]


def _span(rows: Rows) -> tuple[date, date]:
    taught = teaching(np.array([START + day for day, _ in rows]), np.array([learner for _, learner in rows]))
    assert taught is not None
    return taught.main.first, taught.main.last


def test_nobody_is_taught_nothing() -> None:
    assert teaching(np.array([], dtype="datetime64[D]"), np.array([], dtype=np.int64)) is None


@pytest.mark.parametrize("learners", [1, 2, 3, 8, 200])
def test_a_class_of_any_size_is_taught_while_it_comes(learners: int) -> None:
    assert _span(_class(learners)) == (date(2024, 9, 23), date(2024, 11, 15))


def test_learner_days_count_and_not_how_often_one_is_written() -> None:
    assert _span([*_class(), *[(200, 3)] * 500]) == (date(2024, 9, 23), date(2024, 11, 15))


def test_a_course_that_most_leave_is_taught_to_those_who_stay() -> None:
    rows = [(day, learner) for learner in range(300) for day in range(0, 84, 2) if day < 14 or learner < 30]
    assert _span(rows) == (date(2024, 9, 23), date(2024, 12, 14))


@given(st.lists(st.tuples(st.integers(-2000, 2000), st.just(0)), max_size=40))
def test_one_learner_alone_never_moves_a_run(alone: Rows) -> None:
    first, last = _span([*_class(), *alone])
    assert (first, last) == (date(2024, 9, 23), date(2024, 11, 15))
