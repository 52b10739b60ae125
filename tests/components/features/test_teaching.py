"""One definition of teaching time: the days that are no holidays, from the learner's begin to the last day shown."""

from dataclasses import replace

import pytest

from tests.components.features.by_hand import Story, days

PAGE = "mod_page viewed course_module"
STORY = Story()  # four weeks from Monday, 2 March 2026
BREAKS: dict[str, tuple[tuple[tuple[str, str], ...], int]] = {
    "none": ((), 28),
    "at the start": ((("2026-03-02", "2026-03-08 23:59:59"),), 21),
    "in the middle": ((("2026-03-09", "2026-03-22 23:59:59"),), 14),
    "until the next midnight": ((("2026-03-09", "2026-03-23"),), 14),
    "until the last minute": ((("2026-03-09", "2026-03-22 23:59"),), 14),
    "at the end, and beyond it": ((("2026-03-23", "2026-04-19 23:59:59"),), 21),
    "overlapping": ((("2026-03-09", "2026-03-15 23:59:59"), ("2026-03-12", "2026-03-18 23:59:59")), 18),
    "one within the other": ((("2026-03-09", "2026-03-22 23:59:59"), ("2026-03-12", "2026-03-14")), 14),
    "the same twice": ((("2026-03-09", "2026-03-15 23:59:59"),) * 2, 21),
    "one after the other": ((("2026-03-09", "2026-03-15 23:59:59"), ("2026-03-16", "2026-03-22 23:59:59")), 14),
    "meeting in a day": ((("2026-03-09", "2026-03-11 10:00"), ("2026-03-11 10:00", "2026-03-13 23:59:59")), 23),
    "from Friday evening to Monday morning": ((("2026-03-13 18:00", "2026-03-16 08:00"),), 26),
    "an afternoon": ((("2026-03-11 13:00", "2026-03-11 18:00"),), 28),
    "a moment": ((("2026-03-11 12:00", "2026-03-11 12:00"),), 28),
    "before the start": ((("2026-02-01", "2026-02-20 23:59:59"),), 28),
    "across the start": ((("2026-02-16", "2026-03-03 23:59:59"),), 26),
    "covering everything": ((("2026-02-01", "2026-06-30"),), 0),
    "after the moment": ((("2026-03-30", "2026-04-10"),), 28),
}

of_each = pytest.mark.parametrize(("breaks", "taught"), BREAKS.values(), ids=BREAKS)


@of_each
@pytest.mark.parametrize("zone", [None, "America/Lima", "Asia/Kathmandu", "Pacific/Auckland"])
def test_days_of_teaching_leave_each_holiday_out_once(
    breaks: tuple[tuple[str, str], ...], taught: int, zone: str | None
) -> None:
    assert Story(zone, breaks=breaks).features()["days_seen"] == taught


@of_each
def test_who_is_there_every_day_is_active_seven_days_a_week_and_never_more(
    breaks: tuple[tuple[str, str], ...], taught: int
) -> None:
    features = replace(STORY, breaks=breaks).did(PAGE, *days("2026-02-20", 60)).features()
    assert features["active_days_per_week"] == (7 if taught else None)
    assert features["active_weeks_share"] == (1 if taught else None)
    assert features["clicks_per_week"] == (7 if taught else None)
    assert features["active_days_last_28"] == 28  # a window shows holidays too


def test_what_is_done_on_holidays_counts_for_no_week() -> None:
    holiday = replace(STORY, breaks=(("2026-03-09", "2026-03-22 23:59:59"),))
    features = holiday.did(PAGE, *days("2026-03-09", 14)).did(PAGE, "2026-03-03").features()
    assert features["active_days_per_week"] == 0.5
    assert features["clicks_per_week"] == features["material_per_week"] == features["sessions_per_week"] == 0.5
    assert features["active_weeks_share"] == 0.5
    assert features["active_days_last_28"] == 15
    assert features["days_since_activity"] == 7.5


@pytest.mark.parametrize(
    ("joined", "breaks", "taught"),
    [
        ("2026-03-16", (), 14),
        ("2026-03-16 15:00", (), 14),  # the day of joining is the first
        ("2026-03-16", (("2026-03-02", "2026-03-08 23:59:59"),), 14),
        ("2026-03-16", (("2026-03-09", "2026-03-18 23:59:59"),), 11),
        ("2026-03-29 20:00", (), 1),
    ],
    ids=["late", "at three", "a holiday before joining", "a holiday across joining", "yesterday"],
)
def test_teaching_begins_for_a_learner_when_they_join(
    joined: str, breaks: tuple[tuple[str, str], ...], taught: int
) -> None:
    story = replace(STORY, joined=joined, breaks=breaks)
    assert story.features()["days_seen"] == taught
    features = story.did(PAGE, *days("2026-02-20", 60, "21:00")).features()
    assert features["active_days_per_week"] == 7
    assert features["active_weeks_share"] == 1


def test_a_week_of_holidays_is_no_week_and_one_with_a_day_of_teaching_is_one() -> None:
    week_off = replace(STORY, breaks=(("2026-03-09", "2026-03-15 23:59:59"),)).did(PAGE, "2026-03-02")
    six_days_off = replace(STORY, breaks=(("2026-03-09", "2026-03-14 23:59:59"),)).did(PAGE, "2026-03-02")
    assert week_off.features()["active_weeks_share"] == pytest.approx(1 / 3)
    assert six_days_off.features()["active_weeks_share"] == pytest.approx(1 / 4)


def test_two_holidays_that_meet_in_a_week_take_all_of_it() -> None:
    breaks = (("2026-03-09", "2026-03-11 23:59:59"), ("2026-03-12", "2026-03-15 23:59:59"))
    assert replace(STORY, breaks=breaks).did(PAGE, "2026-03-02").features()["active_weeks_share"] == pytest.approx(
        1 / 3
    )


def test_of_daily_sums_the_day_that_has_begun_is_no_day_of_teaching_yet() -> None:
    assert Story(granularity="daily", as_of="2026-03-29 18:00").features()["days_seen"] == 27
    assert Story(granularity="raw", as_of="2026-03-29 18:00").features()["days_seen"] == 28
