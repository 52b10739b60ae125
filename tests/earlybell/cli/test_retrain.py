"""What a person decides on a proposal is kept by the trail, then by the registry."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from components.registry import Proposed, find, register
from earlybell.cli.main import app
from earlybell.errors import EarlybellError, SettingError, TrailError
from earlybell.gates import Gates
from earlybell.trail import Approval, read_entries
from tests.components.registry.test_registry import _sealed
from tests.conftest import Once

NAME = "learner-risk"


@pytest.fixture(autouse=True)
def registry(tmp_path: Path, once: Once, monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry with version 1, which waits, and version 2, which no retraining proposed."""

    def make(out: Path) -> None:
        out.mkdir()
        monkeypatch.setenv("EARLYBELL_HOME", str(out / "home"))
        bundle = _sealed(out / "bundle", Gates(0.5, 1, 1, -1, 0, 1)).path
        register(bundle, name=NAME, proposal=Proposed("It is better."))
        register(bundle, name=NAME)

    for variable in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "EARLYBELL_TRAIL", "EARLYBELL_TRAIL_ANCHORS"):
        monkeypatch.delenv(variable, raising=False)
    made = once("proposed", make)
    shutil.copytree(made / "home", tmp_path / "home")
    monkeypatch.setenv("EARLYBELL_HOME", str(tmp_path / "home"))


def _run(*arguments: object) -> str:
    result = CliRunner().invoke(app, [*map(str, arguments)])
    if isinstance(result.exception, EarlybellError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize(("command", "state"), [("approve", "approved"), ("reject", "rejected")])
def test_a_decision_is_kept_by_the_trail_and_the_registry(command: str, state: str, tmp_path: Path) -> None:
    trail = f"sqlite:{tmp_path}/trail.db"
    told = _run(command, 1, "--reason", "better in every run", "--trail", trail)
    assert told.startswith(f"{state.capitalize()} version 1 of {NAME}.")
    version = find(NAME, "1")
    (kept,) = read_entries(trail, Approval)
    assert (version.proposal, version.decided) == (state, kept.in_short)
    assert (kept.approved, kept.model_version, kept.digest) == (command == "approve", "1", version.digest)
    assert (kept.reason, kept.proposed) == ("better in every run", "It is better.")
    with pytest.raises(SettingError, match=f"nothing to {command} of version 1: 'it is {state} already, by "):
        _run(command, 1, "--reason", "again", "--trail", trail)


def test_who_rejected_may_approve_later(tmp_path: Path) -> None:
    trail = f"sqlite:{tmp_path}/trail.db"
    for command in ("reject", "approve"):
        _run(command, 1, "--reason", "a second look", "--trail", trail)
    assert find(NAME, "1").proposal == "approved"
    kept = sorted(read_entries(trail, Approval), key=lambda stored: stored.time)  # each command has a chain of its own
    assert [stored.approved for stored in kept] == [False, True]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1, "--reason", " ", "--trail", "sqlite:trail.db"), "--reason needs a reason"),
        ((1, "--reason", "fine"), "the decision has nowhere to be recorded: 'fine'"),
        ((2, "--reason", "fine", "--trail", "sqlite:trail.db"), "nothing to approve of version 2: 'no retraining"),
    ],
    ids=["no reason", "no trail", "no proposal"],
)
def test_what_cannot_be_decided_is_said_and_nothing_is_kept(
    arguments: tuple[object, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingError, match=message):
        _run("approve", *arguments)
    assert find(NAME, "1").proposal == "waiting"
    assert not (tmp_path / "trail.db").exists()


def test_where_the_trail_cannot_be_written_nothing_is_approved(tmp_path: Path) -> None:
    (tmp_path / "trail.db").write_text("no database")
    with pytest.raises(TrailError):
        _run("approve", 1, "--reason", "fine", "--trail", f"sqlite:{tmp_path}/trail.db")
    assert find(NAME, "1").proposal == "waiting"
