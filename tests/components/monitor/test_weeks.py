"""Teaching and breaks of a course run, by hand."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from components.monitor import weeks
from components.monitor.weeks import Run, parts_of, read_weeks
from earlybell.bundle import read_bundle

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


def test_parts_keep_the_order_and_have_room_for_so_many_moments() -> None:
    """Of 4, 3, 9, 1, 2, 5 in parts of 7: 4 and 3; 9, which is more than a part; 1 and 2; 5 would be one too many."""
    counts = list(zip("abcdef", (4, 3, 9, 1, 2, 5), strict=True))
    assert parts_of(counts, 7) == [["a", "b"], ["c"], ["d", "e"], ["f"]]
    assert parts_of([], 7) == []


def test_features_in_parts_are_those_of_all_at_once(bundle: Path, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read_weeks(read_bundle(bundle), site).observed
    monkeypatch.setattr(weeks, "AT_ONCE", 1)  # each course run by itself
    parts = read_weeks(read_bundle(bundle), site).observed
    assert len(np.unique(whole.course_id)) > 2
    for name in ("course_id", "learner_id", "as_of", "days_seen", "values"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))
