"""A waiver of the gates is an entry of the chain: it is shown, verified, and says nothing of a learner."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from earlybell.cli.main import app
from earlybell.trail import Waiver, compare, erase, keep_entry, new_waiver, read_entries, read_records, verify
from tests.earlybell.trail.places import Place, sqlite_place

REASON = 'a "trial" in one course, "whose":["'  # like a part of an erasure
MISSED = ("roc_auc is 0.600, asked: at least 0.650",)


def _keep(place: Place) -> Waiver:
    waiver = new_waiver("release", REASON, model_name="learner-risk", model_version="4", digest="d" * 64)
    keep_entry(waiver, place.address, str(place.anchors))
    return waiver


def test_a_waiver_comes_back_as_it_was_kept_with_its_place(place: Place) -> None:
    began = datetime.now(UTC)
    waiver = _keep(place)
    (stored,) = read_entries(place.address, Waiver)
    assert (stored.seq, len(stored.writer)) == (1, 16)
    assert Waiver(*(getattr(stored, name) for name in Waiver.__struct_fields__[:-2])) == waiver
    assert began <= stored.time <= datetime.now(UTC)
    assert stored.who


def test_the_trail_is_whole_with_waivers_and_erasures_between_predictions(place: Place) -> None:
    place.filled("ab", ["ann"])
    _keep(place)
    erase(place.address, "ann", "asked for", anchors=place.anchors)
    _keep(place)
    erase(place.address, "bob", "asked for", anchors=place.anchors)
    audit = verify(place.address, place.anchors)
    assert (audit.whole, audit.entries, audit.erased) == (True, 5, 2), audit.findings
    assert len(list(read_entries(place.address, Waiver))) == 2


def test_a_waiver_that_was_changed_or_removed_is_found(place: Place) -> None:
    _keep(place)
    place.tamper("UPDATE trail_payload SET payload = replace(payload, 'trial', 'whim')")
    assert [finding.what for finding in verify(place.address, place.anchors).findings] == ["changed"]
    place.tamper("DELETE FROM trail_payload")
    assert [finding.what for finding in verify(place.address, place.anchors).findings] == ["removed"]


def test_a_waiver_is_no_record_of_a_learner(place: Place) -> None:
    place.filled("a", ["ann"])
    _keep(place)
    assert [record.learner_id for record in read_records(place.address)] == ["ann"]
    assert compare(place.address, place.address).pairs == 1


@pytest.fixture
def trail(tmp_path: Path) -> Place:
    """A prediction, and a training without gates."""
    made = sqlite_place(tmp_path)
    made.filled("a", ["ann"])
    waiver = new_waiver("train", "a trial", model_name="learner-risk", model_version="", digest="d" * 64, missed=MISSED)
    keep_entry(waiver, made.address, str(made.anchors))
    return made


def _show(trail: Place, *options: str) -> list[str]:
    result = CliRunner().invoke(app, ["trail", "show", trail.address, *options])
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


def test_show_prints_who_let_what_go_on_and_why(trail: Place) -> None:
    prediction, waiver = _show(trail)
    assert "learner ann" in prediction
    assert "train of a new version of learner-risk (digest dddddddddddd) without gates, by " in waiver
    assert waiver.endswith(f": a trial. Missed: {MISSED[0]}.")


def test_machines_get_a_waiver_with_its_kind_and_place(trail: Place) -> None:
    waiver = json.loads(_show(trail, "--json")[1])
    assert (waiver["kind"], waiver["reason"], waiver["missed"], waiver["seq"]) == ("waiver", "a trial", list(MISSED), 1)


@pytest.mark.parametrize("options", [("--learner", "ann"), ("--request", "a")])
def test_what_was_predicted_of_somebody_comes_without_waivers(trail: Place, options: tuple[str, str]) -> None:
    assert len(_show(trail, *options)) == 1
