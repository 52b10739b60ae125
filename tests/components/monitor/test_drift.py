"""Drift: how often quiet terms are named, and what is named where something moves."""

from pathlib import Path

import numpy as np
import pytest

from components.monitor import drift as module
from components.monitor.distances import mmd
from components.monitor.drift import ALPHA, LEAST_MARGIN, MARGIN_OF_FEW, Drift
from components.monitor.weeks import Weeks
from components.watched import Row
from earlybell.bundle import Bundle, read_bundle
from tests.components.monitor.terms import terms


@pytest.fixture(scope="module")
def opened(bundle: Path) -> Bundle:
    return read_bundle(bundle)


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
    together = rows[4]["mmd_earlier_runs"]
    assert (together.subject, together.status, together.sentence) == ("all", "ok", "")
    assert rows[4]["risk_ks_earlier_runs"].status == "ok"


def test_all_features_together_are_compared_without_the_risk_and_as_many_learners_as_mmd_can_take(
    opened: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    weeks = terms(opened, courses=2, rounds=3, learners=60, weeks=3, seed=6)
    weeks.raw[:] = np.linspace(0, 1, len(weeks.raw))  # what would tell of a shift, if risks counted
    run = weeks.runs["C001-2"]

    def row(most: int) -> Row:
        monkeypatch.setattr(module, "MOST_TOGETHER", most)
        return next(row for row in Drift(weeks).rows(run, 2, "1") if row.figure == "mmd_earlier_runs")

    calendar = opened.catalogue.never_reasons
    at = [i for i, feature in enumerate(opened.catalogue.features) if feature.family not in calendar]
    compared = Drift(weeks).compared(run, 2, "earlier_runs")
    assert compared is not None
    assert (len(compared.now), len(compared.before)) == (60, 120)
    now, before = (weeks.observed.values[rows][:, at].astype(float) for rows in (compared.now, compared.before))
    value, threshold = mmd(now, before, ALPHA / (run.looks * 2 * (len(at) + 1)))
    assert (row(400).value, row(400).threshold) == pytest.approx((value, threshold))
    assert (row(400).learners, row(50).learners) == (60, 50)
    every = np.linspace(0, 119, 50).astype(int)
    assert row(50).value == pytest.approx(mmd(now[np.linspace(0, 59, 50).astype(int)], before[every], 0.5)[0])


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
