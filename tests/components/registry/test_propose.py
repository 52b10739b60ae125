"""The last step of a retraining: a version that waits, one that the site approves, or none, which is remembered."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest
from msgspec import structs

from components.basis import Basis
from components.registry import find, read_trained
from components.registry.component import propose
from components.retraining import Comparison, Decision, Finding, Proposal
from earlybell.bundle.json_files import write_json
from earlybell.gates import Gates
from earlybell.trail import Approval, read_entries
from tests.components.registry.test_registry import _sealed

BASIS = Basis("data", "settings")
PROPOSAL = Proposal(
    decision=Decision(train=True, cause="calendar", sentence="One is due.", basis=BASIS, at=datetime(2026, 11, 30)),
    champion="7",
    champion_digest="a" * 64,
    candidate_digest="b" * 64,
    comparison=Comparison(at=0.4),
)


@dataclass
class Artifact:
    """What KFP hands to a step."""

    path: str
    uri: str = "file:///tables"
    metadata: dict[str, str] = field(default_factory=dict)


@pytest.fixture(autouse=True)
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "EARLYBELL_TRAIL", "EARLYBELL_TRAIL_ANCHORS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("EARLYBELL_HOME", str(tmp_path / "home"))


def _propose(
    folder: Path, gates: Gates, finding: Finding = "not comparable", approval: str = "person", *, seen: bool = False
) -> None:
    bundle = _sealed(folder / "bundle", gates).path
    comparison = structs.replace(PROPOSAL.comparison, finding=finding, seen=seen)
    write_json(folder / "given", structs.replace(PROPOSAL, comparison=comparison))
    (folder / "page").write_text("a page")
    propose.python_func(
        model_name="learner-risk",
        approval=approval,
        trail=f"sqlite:{folder}/trail.db",
        trail_anchors="",
        bundle=Artifact(str(bundle)),
        tables=Artifact(str(folder)),
        proposal=Artifact(str(folder / "given")),
        page=Artifact(str(folder / "page")),
        version=Artifact(str(folder / "version")),
    )


@pytest.mark.parametrize(
    ("approval", "finding", "state"),
    [
        ("person", "better", "waiting"),
        ("automatic", "better", "approved"),
        ("automatic", "no clear difference", "approved"),
        ("automatic", "worse", "waiting"),
        ("automatic", "not comparable", "waiting"),
    ],
)
def test_the_site_approves_what_is_not_worse_if_it_says_so_and_the_trail_knows(
    approval: str, finding: Finding, state: str, tmp_path: Path
) -> None:
    _propose(tmp_path, Gates(), finding, approval)
    version = find("learner-risk", "1")
    assert version.proposal == state
    assert json.loads((tmp_path / "version").read_text())["version"] == "1"
    (trained,) = read_trained("learner-risk")
    assert (trained.version, trained.basis) == ("1", BASIS)
    kept = list(read_entries(f"sqlite:{tmp_path}/trail.db", Approval)) if state == "approved" else []
    assert [one.in_short for one in kept] == ([version.decided] if state == "approved" else [])


def test_what_the_champion_has_learned_from_waits_for_a_person_whatever_the_site_says(tmp_path: Path) -> None:
    _propose(tmp_path, Gates(), "better", "automatic", seen=True)
    assert find("learner-risk", "1").proposal == "waiting"


def test_what_missed_a_gate_is_no_version_and_is_not_trained_again(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        _propose(tmp_path, Gates(min_auc=0.999))
    assert ended.value.code == 5
    (trained,) = read_trained("learner-risk")
    assert (trained.version, trained.basis) == ("", BASIS)
