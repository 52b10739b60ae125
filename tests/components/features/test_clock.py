"""Days, weekends, weeks and windows are the site's, daylight saving included."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earlybell.tables.zones import known_zones
from tests.components.features.by_hand import Story, days

PAGE = "mod_page viewed course_module"
LIMA, OMAN, NEPAL = Story("America/Lima"), Story("Asia/Muscat", "fri,sat"), Story("Asia/Kathmandu", "sat")
SPRING = Story("Europe/Berlin", as_of="2026-04-06")  # clocks go forward on Sunday, 29 March 2026
AUTUMN = Story("Europe/Berlin", start="2026-09-28", as_of="2026-11-02", joined="2026-09-01", ends="2026-12-21")
WEEK = [f"2026-03-{day:02d} 12:00" for day in range(2, 9)]  # Monday to Sunday


def test_an_evening_in_lima_is_one_day_though_midnight_of_utc_lies_in_it() -> None:
    evenings = [time for clock in ("18:40", "19:10", "20:00") for time in days("2026-03-02", 4, clock, every=7)]
    features = LIMA.did(PAGE, *evenings).features()
    assert features["active_days_last_28"] == 4
    assert features["active_days_per_week"] == 1
    assert features["weekend_share"] == 0


def test_a_sunday_evening_in_lima_is_of_the_weekend() -> None:
    features = LIMA.did(PAGE, *days("2026-03-08", 4, "20:10", every=7)).features()
    assert features["weekend_share"] == 1
    assert features["active_weeks_share"] == 1


@pytest.mark.parametrize(
    ("story", "at_weekends"),
    [
        (LIMA, ("2026-03-07", "2026-03-08")),
        (OMAN, ("2026-03-06", "2026-03-07")),
        (NEPAL, ("2026-03-07",)),
        (Story("Asia/Muscat", "none"), ()),
        (Story("Asia/Kathmandu", "thu"), ("2026-03-05",)),
    ],
    ids=["Lima", "Oman: Friday and Saturday", "Nepal: Saturday", "none", "Thursday"],
)
def test_the_weekend_is_the_sites(story: Story, at_weekends: tuple[str, ...]) -> None:
    for time in WEEK:
        for clock in ("00:00", "23:59:59"):
            share = story.did(PAGE, f"{time[:10]} {clock}").features()["weekend_share"]
            assert share == (time[:10] in at_weekends), (time, clock)


@pytest.mark.parametrize(
    "story", [LIMA, OMAN, NEPAL, SPRING, AUTUMN], ids=["Lima", "Oman", "Nepal", "spring", "autumn"]
)
@pytest.mark.parametrize("clock", ["00:00", "00:00:01", "09:30", "23:59:59"])
def test_a_window_of_seven_days_shows_seven_days_whenever_it_is_looked_at(story: Story, clock: str) -> None:
    """Someone who is there all day long, hour by hour, for six weeks."""
    first = datetime.fromisoformat(story.as_of) - timedelta(days=42)
    hours = [f"{first + timedelta(hours=hour):%Y-%m-%d %H:%M}" for hour in range(24 * 45)]
    at = Story(story.zone, story.weekend, story.start, story.ends, story.joined, f"{story.as_of} {clock}")
    features = at.did(PAGE, *hours).features()
    assert features["active_days_last_7"] == 7
    assert features["active_days_last_28"] == 28
    assert features["active_days_per_week"] == 7
    assert features["active_weeks_share"] == 1


def test_the_hour_that_the_clock_shows_twice_is_of_one_day_and_an_hour_long() -> None:
    """25 October 2026 in Berlin has 25 hours: at three it is two again."""
    twice = AUTUMN.did(PAGE, "2026-10-25 02:30").did(PAGE, "2026-10-25 02:30", fold=1)
    features = twice.features()
    assert features["active_days_last_28"] == 1
    assert features["longest_gap_days"] == pytest.approx(27 + 2.5 / 24)  # since the start, one hour of it later
    assert features["sessions_per_week"] == pytest.approx(2 / 5)  # an hour is a pause


def test_the_days_at_both_changes_of_the_clock_begin_and_end_at_midnight() -> None:
    for story, day in ((SPRING, "2026-03-29"), (AUTUMN, "2026-10-25")):
        assert story.did(PAGE, f"{day} 00:00", f"{day} 23:59:59").features()["active_days_last_28"] == 1
        before, after = (datetime.fromisoformat(day) + timedelta(seconds=seconds) for seconds in (-1, 86_400))
        assert story.did(PAGE, f"{before}", f"{day} 12:00", f"{after}").features()["active_days_last_28"] == 3


def test_seven_days_over_a_change_of_the_clock_are_whole_days() -> None:
    week = Story("Europe/Berlin", as_of="2026-04-01")  # 167 hours
    assert week.did(PAGE, "2026-03-25 00:00", "2026-03-31 23:59:59").features()["active_days_last_7"] == 2
    assert week.did(PAGE, "2026-03-24 23:59:59").features()["active_days_last_7"] == 0
    week = Story("Europe/Berlin", start="2026-09-28", as_of="2026-10-28", joined="2026-09-01", ends=None)  # 169 hours
    assert week.did(PAGE, "2026-10-21 00:00", "2026-10-27 23:59:59").features()["active_days_last_7"] == 2
    assert week.did(PAGE, "2026-10-20 23:59:59").features()["active_days_last_7"] == 0


def test_the_last_fraction_of_a_second_is_still_of_its_day() -> None:
    features = LIMA.did(PAGE, "2026-03-08 23:59:59.999999").features()
    assert features["weekend_share"] == 1
    assert (
        Story("America/Lima", as_of="2026-03-09").did(PAGE, "2026-03-08 23:59:59.7").features()["active_days_last_7"]
        == 1
    )
    assert (
        Story("America/Lima", as_of="2026-03-16").did(PAGE, "2026-03-08 23:59:59.7").features()["active_days_last_7"]
        == 0
    )


def test_days_since_activity_stay_a_duration() -> None:
    assert SPRING.did(PAGE, "2026-03-27 00:00").features()["days_since_activity"] == pytest.approx(10 - 1 / 24)


@pytest.mark.parametrize(
    ("as_of", "shown"),
    [("2026-03-30 00:00", 7), ("2026-03-30 15:00", 7), ("2026-03-29 23:59:59", 7), ("2026-03-29 12:00", 7)],
)
def test_of_daily_sums_the_windows_end_with_the_last_whole_day(as_of: str, shown: int) -> None:
    daily = Story("America/Lima", granularity="daily", as_of=as_of)
    features = daily.did(PAGE, *days("2026-02-23", 60, "23:59:59")).features()
    assert features["active_days_last_7"] == shown
    assert features["clicks_last_7"] == shown
    assert features["active_days_last_28"] == 28


def test_weeks_begin_with_the_first_day_of_teaching_by_the_sites_clock() -> None:
    """The course begins on a Wednesday at nine: its first week ends with the Tuesday after."""
    story = Story("America/Lima", start="2026-03-04 09:00", as_of="2026-03-18")
    first, second = story.did(PAGE, "2026-03-10 23:30"), story.did(PAGE, "2026-03-10 23:30", "2026-03-11 00:30")
    assert first.features()["active_weeks_share"] == 0.5
    assert second.features()["active_weeks_share"] == 1


TIMES = st.datetimes(datetime(2012, 1, 1), datetime(2037, 12, 31)).map(lambda time: time.replace(microsecond=0))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(known_zones())), st.lists(TIMES, min_size=30, max_size=30))
def test_the_engines_clock_shows_the_dates_that_the_standard_library_shows(zone: str, times: list[datetime]) -> None:
    """What is compared is another copy of the same database: zones that only one has are left out."""
    try:
        clock = ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        return
    connection = duckdb.connect()
    shown = "timezone(?, timezone('UTC', unnest(?::TIMESTAMP[])))::DATE"
    dates = [row[0] for row in connection.execute(f"SELECT {shown}", [zone, times]).fetchall()]
    expected = [time.replace(tzinfo=UTC).astimezone(clock).date() for time in times]
    differing = sum(by_engine != by_library for by_engine, by_library in zip(dates, expected, strict=True))
    assert differing <= 1, zone  # the years of a rule may differ between two copies
