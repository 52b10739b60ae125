"""The worklist: whom the staff should look at first, within their capacity, in a file that a spreadsheet can open."""

import csv
import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest
from msgspec import structs

from components.features.catalogue import find_catalogue
from earlybell.bundle import Manifest, read_bundle
from earlybell.cli import show
from earlybell.errors import SettingError
from earlybell.predict import (
    DOUBT_WORDS,
    Entry,
    Observed,
    Predictions,
    Predictor,
    Reason,
    bundle_capacity,
    make_worklist,
    write_worklist,
)

CATALOGUE = find_catalogue()


@pytest.fixture(scope="module")
def predictions(bundle: Path, site: Path) -> Predictions:
    """No course run is in doubt as a whole."""
    opened = read_bundle(bundle)
    undoubting = dataclasses.replace(opened, bands=structs.replace(opened.bands, level_error=None))
    return Predictor(undoubting).predict_tables(site, "0.5")


def _by_run(entries: list[Entry]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        found.setdefault(entry.course_id, []).append(entry)
    return found


def test_each_course_run_has_its_learners_by_risk_up_to_the_capacity(predictions: Predictions) -> None:
    found = _by_run(make_worklist(predictions, 7, CATALOGUE))
    assert set(found) == set(predictions.observed.course_id)
    for run, entries in found.items():
        ranked = (predictions.observed.course_id == run) & (predictions.band != "insufficient_evidence")
        highest = sorted(predictions.risk[ranked], reverse=True)[:7]
        assert [entry.risk for entry in entries] == [round(risk, 4) for risk in highest]
        assert [entry.rank for entry in entries] == list(range(1, len(entries) + 1))


def test_a_capacity_below_1_is_a_share_of_the_learners_of_the_run_but_one_at_least(predictions: Predictions) -> None:
    for share in (0.1, 0.001):
        for run, entries in _by_run(make_worklist(predictions, share, CATALOGUE)).items():
            learners = int((predictions.observed.course_id == run).sum())
            assert len(entries) == max(1, math.floor(share * learners + 1e-9))


def test_a_run_with_fewer_learners_than_the_capacity_is_listed_whole(predictions: Predictions) -> None:
    enough = predictions.band != "insufficient_evidence"
    assert len(make_worklist(predictions, 10_000, CATALOGUE)) == enough.sum()


def test_whoever_has_too_little_evidence_is_not_ranked(predictions: Predictions) -> None:
    band = np.where(predictions.risk > np.median(predictions.risk), "insufficient_evidence", predictions.band)
    doubtful = dataclasses.replace(predictions, band=band)
    entries = make_worklist(doubtful, 10_000, CATALOGUE)
    assert len(entries) == (band != "insufficient_evidence").sum()
    assert "insufficient_evidence" not in {entry.band for entry in entries}


def test_equal_risks_are_ordered_by_doubt_and_then_by_id_whatever_order_they_come_in(predictions: Predictions) -> None:
    risk, low = np.full_like(predictions.risk, 0.5), np.round(predictions.low, 1)
    tied = dataclasses.replace(predictions, risk=risk, low=low)
    entries = make_worklist(tied, 10_000, CATALOGUE)
    for run in _by_run(entries).values():
        assert [(-(entry.low or 0), entry.learner_id) for entry in run] == sorted(
            (-(one.low or 0), one.learner_id) for one in run
        )
    assert make_worklist(_turned(tied), 10_000, CATALOGUE) == entries


def _turned(predictions: Predictions) -> Predictions:
    """The same predictions, the last first."""
    seen = predictions.observed
    observed = dataclasses.replace(
        seen, **{one.name: getattr(seen, one.name)[::-1] for one in dataclasses.fields(seen)}
    )
    rest = {
        name: getattr(predictions, name)[::-1]
        for name in ("risk", "band", "doubt", "low", "high", "correction", "reasons", "outlook")
    }
    return Predictions(observed, **rest)


def test_weeks_are_worklists_of_their_own(bundle: Path, site: Path) -> None:
    weekly = Predictor(read_bundle(bundle)).predict_tables(site, "weekly")
    entries = make_worklist(weekly, 2, CATALOGUE)
    assert len({(entry.course_id, entry.as_of, entry.rank) for entry in entries}) == len(entries)


def test_reasons_raise_the_risk_and_what_can_be_changed_comes_first(predictions: Predictions) -> None:
    reasons = (
        Reason("a", 1, 0.9, "cannot be changed", False),
        Reason("b", 1, -0.8, "lowers the risk", True),
        Reason("c", 1, 0.5, "can be changed", True),
        Reason("d", 1, 0.1, "can be changed too", True),
    )
    entries = make_worklist(dataclasses.replace(predictions, reasons=[reasons] * len(predictions.risk)), 1, CATALOGUE)
    assert {entry.reasons for entry in entries} == {"can be changed; can be changed too; cannot be changed"}


def _of_class(missed: list[float], absent: list[float], doubt: str = "course_level") -> Predictions:
    """Learners a, b, c and so on of one run, by the work that they missed and how long they were away."""
    values = np.full((len(missed), len(CATALOGUE.names)), np.nan, dtype=np.float32)
    values[:, CATALOGUE.names.index("missed_work")] = missed
    values[:, CATALOGUE.names.index("days_since_activity")] = absent
    count, ids = len(missed), np.array([*"abcdefghij"][: len(missed)], dtype=object)
    run, at = np.full(count, "run", dtype=object), np.full(count, np.datetime64("2026-01-01", "us"))
    observed, half = Observed(run, ids, at, np.full(count, 20.0), values), np.full(count, 0.5)
    band = np.full(count, "insufficient_evidence" if doubt else "low")
    return Predictions(observed, half, band, np.full(count, doubt), half, half, 0 * half, [()] * count, [()] * count)


def test_a_run_in_doubt_is_listed_by_missed_work_and_then_by_absence_and_shows_no_risk() -> None:
    nan = math.nan
    entries = make_worklist(_of_class([0, 2, 2, nan, 3, 0], [30, 1, 8, 9, nan, 2]), 10, CATALOGUE)
    assert [entry.learner_id for entry in entries] == ["e", "c", "b", "a", "d"]  # f missed nothing and was there
    assert [entry.rank for entry in entries] == [1, 2, 3, 4, 5]
    assert [entry.reasons for entry in entries[1:4]] == [
        "pieces of work missed: 2; no activity for 8 days",
        "pieces of work missed: 2",
        "no activity for 30 days",
    ]
    assert {(entry.risk, entry.low, entry.high, entry.band) for entry in entries} == {
        (None, None, None, "insufficient_evidence")
    }
    assert {entry.doubt for entry in entries} == {f"no risk is said, as {DOUBT_WORDS['course_level']}"}


def test_facts_keep_to_the_capacity_and_equal_facts_go_by_id() -> None:
    entries = make_worklist(_of_class([1, 1, 1], [0, 0, 0]), 2, CATALOGUE)
    assert [entry.learner_id for entry in entries] == ["a", "b"]


def test_facts_are_shown_in_a_terminal_of_80_columns(
    bundle: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    predictions = _of_class([4] * 6, [0] * 6)
    show.worklist(make_worklist(predictions, 1, CATALOGUE), predictions, read_bundle(bundle).evaluation)
    shown = " ".join(capsys.readouterr().out.split())
    assert "missed: 4" in shown
    assert f"Listed by facts: no risk is said, as {DOUBT_WORDS['course_level']}." in shown


def test_learners_who_are_in_doubt_by_themselves_are_not_listed_by_facts() -> None:
    known = _of_class([0, 5], [0, 40], doubt="little_teaching")
    assert make_worklist(known, 10, CATALOGUE) == []
    known.doubt[0], known.band[0] = "", "low"
    (entry,) = make_worklist(known, 10, CATALOGUE)
    assert (entry.learner_id, entry.risk, entry.doubt) == ("a", 0.5, "")


def test_a_risk_that_is_not_said_is_an_empty_cell(tmp_path: Path) -> None:
    write_worklist(make_worklist(_of_class([1], [0]), 10, CATALOGUE), tmp_path / "worklist.csv")
    (row,) = csv.DictReader((tmp_path / "worklist.csv").read_text(encoding="utf-8").splitlines())
    assert (row["risk"], row["low"], row["high"]) == ("", "", "")


@pytest.mark.parametrize("capacity", [0, -1, math.nan, math.inf])
def test_a_capacity_that_cannot_be_is_refused(predictions: Predictions, capacity: float) -> None:
    with pytest.raises(SettingError, match="capacity is not above 0"):
        make_worklist(predictions, capacity, CATALOGUE)


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
