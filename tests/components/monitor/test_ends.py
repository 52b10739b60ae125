"""What came of flags, by hand: outcomes, the time that was left, and what staff did."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from components.monitor.ends import Ends, Mask
from components.monitor.labels import Labels
from components.monitor.weeks import Weeks
from components.report.monitoring import _groups
from components.watched import Row
from earlybell.bundle import read_bundle
from earlybell.tables.sql import connect
from tests.components.monitor.terms import START, numbers, terms

DAY = timedelta(days=1)
NAME = "C000-0"
NOW = START + 400 * DAY


@pytest.fixture
def weeks(bundle: Path) -> Weeks:
    """One run of 40 learners and ten weeks; the first 20 are flagged from week 2 on."""
    made = terms(read_bundle(bundle), courses=1, rounds=1)
    number = numbers(made)
    risk = np.where(number < 20, 0.8, 0.2)
    return replace(made, risk=risk, band=np.where((number < 20) & (made.week >= 2), "high", "low"))


def _ends(
    weeks: Weeks, actions: list[tuple[str, str, int]], bad: int = 15, groups: dict[str, Mask] | None = None
) -> Ends:
    """With `actions` (learner, kind, day); of the first so many learners the end is bad, at day 60."""
    number = numbers(weeks)
    decided = np.full(len(number), np.datetime64(START + 60 * DAY, "us"))
    nothing = np.full(len(number), np.nan)
    labels = Labels(nothing, nothing > 0, (number < bad).astype(np.float64), decided)
    connection = connect()
    connection.execute(
        "CREATE TABLE interventions (course_id VARCHAR, learner_id VARCHAR, kind VARCHAR, shown_at TIMESTAMP)"
    )
    for learner, kind, day in actions:
        connection.execute("INSERT INTO interventions VALUES (?, ?, ?, ?)", [NAME, learner, kind, START + day * DAY])
    groups = groups or {"half": number % 2 == 0, "tiny": number < 5}
    return Ends(weeks, labels, groups, connection, NOW)


def _by_figure(rows: Iterator[Row]) -> dict[tuple[str, str], Row]:
    return {(row.figure, row.subject): row for row in rows}


def test_who_was_helped_and_who_dismissed_within_two_weeks_of_the_first_flag(weeks: Weeks) -> None:
    actions = [("l0", "message", 14), ("l1", "message", 27), ("l2", "message", 28), ("l3", "message", 13)]
    actions += [
        ("l4", "dismiss", 20),
        ("l5", "wrong", 20),
        ("l6", "note", 20),
        ("l30", "message", 20),
        ("l4", "task", 21),
    ]
    ends, run = _ends(weeks, actions), weeks.runs[NAME]
    rows = _by_figure(ends.actions(run, 4, "1"))
    # Flagged first at day 14: l0 and l1 are in time, l2 a day too late, l3 before. l4 was helped and dismissed.
    assert (rows["acted_on", "all"].value, rows["acted_on", "all"].learners) == (3 / 20, 20)
    assert rows["dismissed", "all"].value == 2 / 20
    early = _by_figure(ends.actions(run, 3, "1"))
    assert early["acted_on", "all"].status == "suppressed"  # two weeks have not passed of anybody


def test_wilsons_interval_by_hand(weeks: Weeks) -> None:
    row = _by_figure(_ends(weeks, []).flagged(weeks.runs[NAME], 3, "1"))["flagged", "all"]
    assert row.value == 0.5
    assert (row.low, row.high) == pytest.approx((0.3520, 0.6480), abs=1e-4)  # of 20 in 40


def test_the_share_of_a_group_of_fewer_than_ten_is_not_shown(weeks: Weeks) -> None:
    rows = _by_figure(_ends(weeks, []).flagged(weeks.runs[NAME], 3, "1"))
    assert (rows["flagged", "tiny"].value, rows["flagged", "tiny"].status) == (None, "suppressed")
    assert rows["flagged", "half"].learners == 20


def test_outcomes_show_figures_of_each_week_and_of_groups(weeks: Weeks) -> None:
    ends, run = _ends(weeks, []), weeks.runs[NAME]
    assert ends.arrived(run) == START + 60 * DAY
    rows = [row for row in ends.measured(run, "1") if row.week == 4]
    found = _by_figure(iter(rows))
    # Of 20 flagged 15 ended badly, and of those not flagged nobody: 15 * (20 + 5 / 2) of 15 * 25 pairs are in order.
    assert found["roc_auc", "all"].value == pytest.approx(22.5 / 25)
    assert found["precision", "all"].value == 0.75
    assert found["recall", "all"].value == 1.0
    assert found["brier", "all"].value == pytest.approx((15 * 0.04 + 5 * 0.64 + 20 * 0.04) / 40)
    assert found["calibration_gap", "all"].value == pytest.approx(0.5 - 15 / 40)
    assert found["precision", "half"].learners == 10
    assert found["roc_auc", "tiny"].status == "suppressed"


def test_the_days_left_are_from_the_first_flag_to_the_end(weeks: Weeks) -> None:
    rows = _by_figure(_ends(weeks, []).measured(weeks.runs[NAME], "1"))
    assert (rows["lead_days", "all"].value, rows["lead_days", "all"].learners) == (46.0, 15)


def test_risks_that_outcomes_show_to_be_far_off_ask_somebody_to_act(weeks: Weeks) -> None:
    run = weeks.runs[NAME]
    off = [_by_figure(_ends(weeks, [], bad=bad).measured(run, "1"))["calibration_gap", "all"] for bad in (20, 37)]
    assert [row.status for row in off] == ["ok", "problem"]
    assert "too low on average" in off[1].sentence


def test_no_share_of_a_group_that_is_too_small_follows_from_those_of_others(weeks: Weeks) -> None:
    number = numbers(weeks)
    ends = _ends(weeks, [], groups={"gender=F": number < 39, "gender=M": number == 39})
    run = weeks.runs[NAME]
    rows = [*ends.flagged(run, 3, "1"), *ends.measured(run, "1")]
    of_groups = [row for row in rows if row.subject != "all"]
    assert {row.subject for row in of_groups} == {"gender=F", "gender=M"}
    assert {(row.value, row.status, row.learners) for row in of_groups} == {(None, "suppressed", 0)}
    page = _groups(rows)
    assert "gender=F" not in str(page)
    # Both are large enough, but of those flagged one has five: neither's precision is shown.
    ends = _ends(
        weeks, [], groups={"gender=F": (number < 15) | (number >= 35), "gender=M": (number >= 15) & (number < 35)}
    )
    found = {(row.figure, row.subject): row for row in ends.measured(run, "1")}
    assert [found["precision", group].status for group in ("gender=F", "gender=M")] == ["suppressed", "suppressed"]
    assert found["brier", "gender=F"].learners == 20
