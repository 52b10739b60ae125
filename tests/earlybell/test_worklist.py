"""The worklist: whom the staff should look at first, within their capacity, in a file that a spreadsheet can open."""

import csv
import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest

from earlybell.bundle import Manifest, read_bundle
from earlybell.errors import SettingError
from earlybell.predict import (
    Entry,
    Predictions,
    Predictor,
    Reason,
    bundle_capacity,
    make_worklist,
    write_worklist,
)


@pytest.fixture(scope="module")
def predictions(bundle: Path, site: Path) -> Predictions:
    return Predictor(read_bundle(bundle)).predict_tables(site, "0.5")


def _by_run(entries: list[Entry]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        found.setdefault(entry.course_id, []).append(entry)
    return found


def test_each_course_run_has_its_learners_by_risk_up_to_the_capacity(predictions: Predictions) -> None:
    found = _by_run(make_worklist(predictions, 7))
    assert set(found) == set(predictions.observed.course_id)
    for run, entries in found.items():
        ranked = (predictions.observed.course_id == run) & (predictions.band != "insufficient_evidence")
        highest = sorted(predictions.risk[ranked], reverse=True)[:7]
        assert [entry.risk for entry in entries] == [round(risk, 4) for risk in highest]
        assert [entry.rank for entry in entries] == list(range(1, len(entries) + 1))


def test_a_capacity_below_1_is_a_share_of_the_learners_of_the_run_but_one_at_least(predictions: Predictions) -> None:
    for share in (0.1, 0.001):
        for run, entries in _by_run(make_worklist(predictions, share)).items():
            learners = int((predictions.observed.course_id == run).sum())
            assert len(entries) == max(1, math.floor(share * learners + 1e-9))


def test_a_run_with_fewer_learners_than_the_capacity_is_listed_whole(predictions: Predictions) -> None:
    enough = predictions.band != "insufficient_evidence"
    assert len(make_worklist(predictions, 10_000)) == enough.sum()


def test_whoever_has_too_little_evidence_is_not_ranked(predictions: Predictions) -> None:
    band = np.where(predictions.risk > np.median(predictions.risk), "insufficient_evidence", predictions.band)
    doubtful = dataclasses.replace(predictions, band=band)
    entries = make_worklist(doubtful, 10_000)
    assert len(entries) == (band != "insufficient_evidence").sum()
    assert "insufficient_evidence" not in {entry.band for entry in entries}


def test_equal_risks_are_ordered_by_doubt_and_then_by_id_whatever_order_they_come_in(predictions: Predictions) -> None:
    risk, low = np.full_like(predictions.risk, 0.5), np.round(predictions.low, 1)
    tied = dataclasses.replace(predictions, risk=risk, low=low)
    entries = make_worklist(tied, 10_000)
    for run in _by_run(entries).values():
        assert [(-entry.low, entry.learner_id) for entry in run] == sorted((-one.low, one.learner_id) for one in run)
    assert make_worklist(_turned(tied), 10_000) == entries


def _turned(predictions: Predictions) -> Predictions:
    """The same predictions, the last first."""
    seen = predictions.observed
    observed = dataclasses.replace(
        seen, **{one.name: getattr(seen, one.name)[::-1] for one in dataclasses.fields(seen)}
    )
    rest = {name: getattr(predictions, name)[::-1] for name in ("risk", "band", "low", "high", "reasons")}
    return Predictions(observed, **rest)


def test_weeks_are_worklists_of_their_own(bundle: Path, site: Path) -> None:
    weekly = Predictor(read_bundle(bundle)).predict_tables(site, "weekly")
    entries = make_worklist(weekly, 2)
    assert len({(entry.course_id, entry.as_of, entry.rank) for entry in entries}) == len(entries)


def test_reasons_raise_the_risk_and_what_can_be_changed_comes_first(predictions: Predictions) -> None:
    reasons = (
        Reason("a", 1, 0.9, "cannot be changed", False),
        Reason("b", 1, -0.8, "lowers the risk", True),
        Reason("c", 1, 0.5, "can be changed", True),
        Reason("d", 1, 0.1, "can be changed too", True),
    )
    entries = make_worklist(dataclasses.replace(predictions, reasons=[reasons] * len(predictions.risk)), 1)
    assert {entry.reasons for entry in entries} == {"can be changed; can be changed too; cannot be changed"}


@pytest.mark.parametrize("capacity", [0, -1, math.nan, math.inf])
def test_a_capacity_that_cannot_be_is_refused(predictions: Predictions, capacity: float) -> None:
    with pytest.raises(SettingError, match="capacity is not above 0"):
        make_worklist(predictions, capacity)


def test_the_capacity_is_the_bundles_own_where_none_is_given(bundle: Path) -> None:
    opened = read_bundle(bundle)
    assert bundle_capacity(opened) == opened.manifest.settings.capacity
    older = dataclasses.replace(opened, manifest=Manifest())
    assert bundle_capacity(older) == 0.2


def test_no_cell_is_a_formula_and_the_file_reads_back(tmp_path: Path) -> None:
    nasty = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", 'a "b", c', "ünïcode"]
    entries = [Entry(i, "=HYPERLINK()", one, "2026-01-01", 0.5, 0.4, 0.6, "high", one) for i, one in enumerate(nasty)]
    write_worklist(entries, tmp_path / "deep" / "worklist.csv")
    with (tmp_path / "deep" / "worklist.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [field.name for field in dataclasses.fields(Entry)]
    assert [row["learner_id"].removeprefix("'") for row in rows] == nasty
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["worklist.csv"]


def test_a_worklist_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    out = tmp_path / "worklist.csv"
    out.write_text("yesterday's")
    broken = Entry(1, "a", "b\ud800", "2026-01-01", 0.5, 0.4, 0.6, "high", json.dumps({}))
    with pytest.raises(UnicodeEncodeError):
        write_worklist([broken], out)
    assert out.read_text() == "yesterday's"
    assert [path.name for path in tmp_path.iterdir()] == ["worklist.csv"]
