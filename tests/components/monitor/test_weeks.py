"""Teaching and breaks of a course run, by hand."""

from datetime import datetime, timedelta

import pytest

from components.monitor.weeks import Run

START = datetime(2026, 1, 5)
DAY = timedelta(days=1)
RUN = Run(
    "A",
    "A",
    START,
    START + 70 * DAY,
    False,
    ((START + 7 * DAY, START + 14 * DAY), (START + 12 * DAY, START + 16 * DAY)),
)


@pytest.mark.parametrize(
    ("day", "taught"), [(0, 0), (7, 7), (10, 7), (16, 7), (20, 11), (70, 61)], ids=lambda value: f"{value}"
)
def test_days_in_a_break_are_no_teaching_and_breaks_that_overlap_count_once(day: int, taught: float) -> None:
    assert RUN.taught(START + day * DAY) == taught


def test_a_look_is_usual_where_the_week_before_had_no_break() -> None:
    assert [RUN.after_break(START + day * DAY) for day in (7, 14, 22, 23)] == [False, True, True, False]


def test_a_term_has_a_look_at_the_end_of_each_week_but_the_last() -> None:
    assert RUN.looks == 9
    assert RUN.week_of(START + 21 * DAY) == 3


def test_a_part_of_a_day_makes_another_look() -> None:
    """Of 70 days the last is at day 63; of an hour more at day 70."""
    assert [Run("A", "A", START, START + 70 * DAY + timedelta(hours=hour), False).looks for hour in (0, 1)] == [9, 10]
