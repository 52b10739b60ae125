"""A decision on a proposal is an entry of the chain: it is shown, verified, and says nothing of a learner."""

import json

import pytest
from typer.testing import CliRunner

from earlybell.cli.main import app
from earlybell.trail import Approval, Waiver, erase, keep_entry, new_approval, read_entries, verify
from tests.earlybell.trail.places import Place

PROPOSED = "The candidate is better than version 7."


def _keep(place: Place, *, approved: bool = True) -> Approval:
    approval = new_approval(
        "better in every run",
        approved=approved,
        model_name="learner-risk",
        model_version="8",
        digest="d" * 64,
        proposed=PROPOSED,
    )
    keep_entry(approval, place.address, str(place.anchors))
    return approval


def test_a_decision_comes_back_as_it_was_kept_and_is_no_waiver(place: Place) -> None:
    approval = _keep(place)
    (stored,) = read_entries(place.address, Approval)
    assert Approval(*(getattr(stored, name) for name in Approval.__struct_fields__[:-2])) == approval
    assert stored.seq == 1
    assert list(read_entries(place.address, Waiver)) == []


def test_the_trail_is_whole_with_decisions_between_predictions_and_erasures(place: Place) -> None:
    place.filled("ab", ["ann"])
    _keep(place)
    erase(place.address, "ann", "asked for", anchors=place.anchors)
    _keep(place, approved=False)
    assert verify(place.address, place.anchors).whole
    # Each writer has a chain of its own.
    kept = sorted(read_entries(place.address, Approval), key=lambda stored: stored.time)
    assert [stored.approved for stored in kept] == [True, False]


@pytest.mark.parametrize(("approved", "word"), [(True, "approved"), (False, "rejected")])
def test_the_trail_shows_who_decided_and_why(place: Place, approved: bool, word: str) -> None:
    approval = _keep(place, approved=approved)
    shown = CliRunner().invoke(app, ["trail", "show", place.address]).stdout
    assert f"version 8 of learner-risk (digest {'d' * 12}) {word} by {approval.who}: better in every run." in shown
    assert PROPOSED in shown
    as_json = CliRunner().invoke(app, ["trail", "show", place.address, "--json"]).stdout
    assert json.loads(as_json)["kind"] == "approval"
