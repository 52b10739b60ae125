"""Rules of the data, on made-up records: each where it is broken, and where it is not."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from components.monitor.data import DataChecks
from components.monitor.records import GROWING, Daily, Records
from components.monitor.weeks import Weeks
from components.watched import Row
from earlybell.bundle import read_bundle
from tests.components.monitor.terms import numbers, terms

LAST = "C000-3"


@pytest.fixture
def weeks(bundle: Path) -> Weeks:
    return terms(read_bundle(bundle), courses=2, rounds=4)


def _records(weeks: Weeks, *, until: int = 77, lost: str = "", new: str = "", times: float = 1.0) -> Records:
    """Each day 200 events of two components and one of four learners hands in; of the last run what is asked for."""
    hours: dict[str, dict[str, np.ndarray[tuple[int], np.dtype[np.datetime64]]]] = {name: {} for name in GROWING}
    events, groups, work = dict[str, Daily](), dict[str, Daily](), dict[str, Daily]()
    for name, run in weeks.runs.items():
        own = name == LAST
        days = np.arange(until if own else 77)
        at = np.datetime64(run.starts_at, "us") + days * np.timedelta64(1, "D")
        for table in GROWING:
            hours[table][name] = at
        parts = {"core": 120.0, "mod_quiz": 80.0}
        if own:
            parts = {part: count * times for part, count in parts.items() if part != lost} | (
                {new: 50.0} if new else {}
            )
        what = np.repeat(np.array([*parts], dtype=object), len(days))
        counts = np.repeat(np.array([*parts.values()]), len(days))
        events[name] = Daily(np.tile(days, len(parts)), what, counts)
        groups[name] = Daily(
            days, np.full(len(days), "half", dtype=object), np.full(len(days), 30.0 if own and new else 100.0)
        )
        work[name] = Daily(days, np.full(len(days), "work", dtype=object), np.full(len(days), 10.0))
    return Records(hours, events, groups, work)


def _rows(weeks: Weeks, records: Records, week: int = 6) -> dict[tuple[str, str], Row]:
    half = numbers(weeks) % 2 == 0
    checks = DataChecks(weeks, records, {"half": half, "tiny": np.zeros_like(half)})
    return {(row.figure, row.subject): row for row in checks.rows(weeks.runs[LAST], week, "1")}


def test_nothing_is_said_of_data_like_those_of_earlier_runs(weeks: Weeks) -> None:
    rows = _rows(weeks, _records(weeks))
    named = {key for key, row in rows.items() if row.trouble} - {("out_of_range", _furthest(rows)), ("coverage", "all")}
    assert named == set()
    assert rows["events_a_learner", "all"].value == 7 * 200 / 40
    assert rows["submissions_a_learner", "all"].value == 42 * 10 / 40
    assert rows["events_of_group", "half"].value == pytest.approx((100 / 20) / (200 / 40))
    assert ("events_of_group", "tiny") not in rows


def _furthest(rows: dict[tuple[str, str], Row]) -> str:
    """The feature that made-up values have furthest out of range: they are no real ones."""
    return next(subject for figure, subject in rows if figure == "out_of_range")


def test_records_that_stopped_are_named_with_the_day_and_breaks_do_not_count(weeks: Weeks) -> None:
    records = _records(weeks, until=30)
    row = _rows(weeks, records)["days_without_record", "events"]
    assert (row.value, row.threshold, row.status) == (13.0, 5.0, "problem")
    newest = weeks.runs[LAST].starts_at + timedelta(days=29)
    assert f"since {newest:%Y-%m-%d}" in row.sentence
    run = weeks.runs[LAST]
    day = timedelta(days=1)
    pause = (run.starts_at + 30 * day, run.starts_at + 39 * day)
    weeks.runs[LAST] = replace(run, breaks=(pause,))
    assert _rows(weeks, records)["days_without_record", "events"].value == 4.0


def test_a_run_in_a_break_is_not_asked_for_records(weeks: Weeks) -> None:
    run = weeks.runs[LAST]
    looked: datetime = weeks.at(weeks.rows(LAST, 6))
    weeks.runs[LAST] = replace(run, breaks=((looked - timedelta(days=3), looked + timedelta(days=3)),))
    rows = _rows(weeks, _records(weeks, until=20))
    assert {row.status for (figure, _), row in rows.items() if figure == "days_without_record"} == {"unknown"}


def test_a_component_that_fell_silent_is_named(weeks: Weeks) -> None:
    row = _rows(weeks, _records(weeks, lost="mod_quiz"))["lost_components", "all"]
    assert row.value == pytest.approx(0.4)
    assert row.status == "problem"
    assert "No events of mod_quiz for two weeks" in row.sentence


def test_a_component_that_nobody_knows_is_named_and_so_is_a_group_that_lacks_events(weeks: Weeks) -> None:
    rows = _rows(weeks, _records(weeks, new="mod_new"))
    row = rows["unknown_components", "all"]
    assert row.value == pytest.approx(0.2)
    assert row.status == "warning"
    assert "mod_new" in row.sentence
    assert rows["events_of_group", "half"].status == "warning"


@pytest.mark.parametrize(("times", "status"), [(0.3, "warning"), (0.6, "ok"), (1.8, "ok"), (2.2, "warning")])
def test_events_far_fewer_or_more_than_in_earlier_runs_are_told(times: float, status: str, weeks: Weeks) -> None:
    row = _rows(weeks, _records(weeks, times=times))["events_a_learner", "all"]
    assert row.status == status
    assert row.threshold == pytest.approx(35 * (2.0 if times > 2 else 0.4))


def test_values_that_are_missing_now_and_were_not_before_are_named_by_their_feature(weeks: Weeks) -> None:
    rows = weeks.rows(LAST, 6)
    name = weeks.bundle.catalogue.names[4]
    weeks.observed.values[rows[:20], 4] = np.nan
    row = _rows(weeks, _records(weeks))["missing_values", name]
    assert (row.value, row.threshold, row.status) == (0.5, 0.3, "warning")
    assert weeks.bundle.catalogue.features[4].title in row.sentence


def test_of_fewer_than_twenty_learners_no_component_is_missed(weeks: Weeks) -> None:
    few = replace(weeks, week=np.where((weeks.observed.course_id == LAST) & (numbers(weeks) >= 3), -1, weeks.week))
    figures = {figure for figure, _ in _rows(few, _records(weeks, lost="mod_quiz", new="mod_new"))}
    assert figures == {"days_without_record"}


def test_a_component_that_only_some_earlier_runs_had_is_not_missed(weeks: Weeks) -> None:
    """Three earlier runs have one component each, and no two the same."""
    records = _records(weeks)
    for name, component in (("C000-0", "mod_a"), ("C000-1", "mod_b"), ("C000-2", "mod_c")):
        events = records.events[name]
        records.events[name] = replace(events, what=np.full(len(events.what), component, dtype=object))
    row = _rows(weeks, records)["lost_components", "all"]
    assert (row.value, row.status) == (0.0, "ok")


def test_a_run_that_breaks_cover_whole_has_no_look(weeks: Weeks) -> None:
    run = weeks.runs[LAST]
    whole = replace(weeks, runs=weeks.runs | {LAST: replace(run, breaks=((run.starts_at, run.ends_at),))})
    assert whole.weeks(LAST) == []
    assert whole.weeks("C001-3") == weeks.weeks("C001-3") != []


def test_the_threshold_of_work_is_the_least_and_of_a_group_its_events_a_learner(weeks: Weeks) -> None:
    records = _records(weeks, new="mod_new")
    records.submissions[LAST] = replace(records.submissions[LAST], count=records.submissions[LAST].count * 9)
    rows = _rows(weeks, records)
    work = rows["submissions_a_learner", "all"]
    assert work.threshold == pytest.approx(0.4 * 35 * 10 / 40)
    assert work.status == "ok"
    assert "as many events a learner as all; in earlier runs 100%" in rows["events_of_group", "half"].sentence
