"""A version that a retraining proposed comes to learners when somebody has approved it, by command or by annotation."""

import json
from collections.abc import Iterator

import pytest

from components.registry import find, settle
from earlybell.errors import GateError
from rollout.approvals import APPROVAL_REASON, APPROVED_VERSION
from tests.rollout.site import MODEL, Site

PROPOSED = "The candidate is better than version 3."
TAGS = ("proposal", "proposal_sentence", "proposal_decided")


@pytest.fixture
def proposed(campus: Site) -> Iterator[Site]:
    """Version 3 serves, and version 4 is what a retraining proposed."""
    for tag, value in zip(TAGS, ("waiting", PROPOSED), strict=False):
        campus.registry.set_model_version_tag(MODEL, "4", tag, value)
    campus.apply(campus.release(3, "--traffic", 100))
    campus.knative_settles()
    yield campus
    for tag in TAGS:
        campus.registry.delete_model_version_tag(MODEL, "4", tag)


def _annotate(site: Site, version: int, reason: str = "") -> None:
    notes = [f"{APPROVED_VERSION}={version}"] + ([f"{APPROVAL_REASON}={reason}"] if reason else [])
    site.kubectl("annotate", "inferenceservice", MODEL, "--overwrite", *notes)


def test_what_waits_is_not_released_and_the_way_out_is_told(proposed: Site) -> None:
    with pytest.raises(GateError, match="version 4 of learner-risk is not approved: .*earlybell approve 4 --reason"):
        proposed.release(4, "--traffic", 0)


def test_what_was_rejected_is_not_released_even_with_an_annotation(proposed: Site) -> None:
    settle(find(MODEL, "4"), "ann: too early", approved=False)
    _annotate(proposed, 4)
    with pytest.raises(GateError, match="'rejected by ann: too early'"):
        proposed.release(4, "--traffic", 0)


def test_what_was_approved_is_released(proposed: Site) -> None:
    settle(find(MODEL, "4"), "ann: fine", approved=True)
    assert proposed.release(4, "--traffic", 0)


def test_an_annotation_of_that_version_approves_and_of_another_does_not(proposed: Site) -> None:
    _annotate(proposed, 5)
    with pytest.raises(GateError):
        proposed.release(4, "--traffic", 0)
    _annotate(proposed, 4)
    assert proposed.release(4, "--traffic", 0)


def test_the_registry_follows_the_annotation(proposed: Site) -> None:
    _annotate(proposed, 4, "better in every run")
    assert "would approve version 4" in proposed.run("aliases", "--dry-run").stdout
    assert find(MODEL, "4").proposal == "waiting"
    assert "approved version 4, as its annotation says" in proposed.run("aliases").stdout
    version = find(MODEL, "4")
    place = f"annotation of InferenceService {proposed.namespace}/{MODEL}"
    assert (version.proposal, version.decided) == ("approved", f"{place}: better in every run")
    assert "approved version" not in proposed.run("aliases").stdout


def test_an_annotation_of_no_version_stops_no_alias(proposed: Site) -> None:
    _annotate(proposed, 99)
    told = proposed.run("aliases").stdout
    assert "set champion: none -> 3" in told
    assert APPROVED_VERSION in told


def test_the_way_back_is_never_barred(proposed: Site) -> None:
    settle(find(MODEL, "4"), "ann: fine", approved=True)
    proposed.apply(proposed.release(4, "--traffic", 10))
    proposed.knative_settles()
    settle(find(MODEL, "4"), "ann: no", approved=False)
    with pytest.raises(GateError):
        proposed.release(4, "--traffic", 50)
    assert proposed.release(4, "--traffic", 0)


def test_the_status_shows_what_waits(proposed: Site) -> None:
    line = f"Version 4 waits for a person: {PROPOSED} Decide by `earlybell approve 4` or `earlybell reject 4`."
    assert line in proposed.run("status").stdout.splitlines()
    assert json.loads(proposed.run("status", "--json").stdout)["waiting"] == [{"version": "4", "proposed": PROPOSED}]
    settle(find(MODEL, "4"), "ann: fine", approved=True)
    assert "waits for a person" not in proposed.run("status").stdout
