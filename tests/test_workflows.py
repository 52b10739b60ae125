"""What GitHub runs are make targets that exist, with no more rights than they need and nothing secret in the text."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yaml"))
each = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)


def read(path: Path) -> dict[str, Any]:
    workflow: dict[str, Any] = yaml.safe_load(path.read_text())
    return workflow


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in read(path)["jobs"].values() for step in job.get("steps", [])]


def test_there_are_three() -> None:
    assert [path.stem for path in WORKFLOWS] == ["release", "retrain", "test"]


@each
def test_every_command_is_a_make_target_that_exists(path: Path) -> None:
    commands = [step["run"].removeprefix('sudo env "PATH=$PATH" ') for step in steps(path) if "run" in step]
    assert all(command == ".ci/run" or re.match(r"make [a-z]", command) for command in commands), commands
    for command in commands:
        targets = [word for word in command.split()[1:] if "=" not in word]
        for target in targets:
            dry_run = ["make", "-n", "VENV=none", "PYTHON=python3", target]
            assert subprocess.run(dry_run, cwd=ROOT, capture_output=True).returncode == 0, target


@each
def test_rights_are_stated_and_writing_is_for_publishing_alone(path: Path) -> None:
    workflow = read(path)
    assert workflow["permissions"] in ({}, {"contents": "read"})
    for name, job in workflow["jobs"].items():
        rights = job.get("permissions", {})
        assert name == "publish" or "write" not in rights.values()
        assert rights.get("contents", "read") == "read"


@each
def test_actions_are_pinned_by_their_commit(path: Path) -> None:
    named = [step["uses"] for step in steps(path) if "uses" in step]
    assert named
    assert [action for action in named if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action)] == []


@each
def test_no_input_and_no_secret_is_written_into_a_command(path: Path) -> None:
    assert [step["run"] for step in steps(path) if "${{" in step.get("run", "")] == []
    secrets = [
        line for line in path.read_text().splitlines() if re.search(r"(?i)\b(\w*token|\w*password|\w*secret):", line)
    ]
    assert [line for line in secrets if "${{ secrets." not in line and "id-token: write" not in line] == []


@each
def test_a_checkout_leaves_no_token_and_a_job_ends(path: Path) -> None:
    for step in steps(path):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"] == {"persist-credentials": False}
    for job in read(path)["jobs"].values():
        assert "uses" in job or "timeout-minutes" in job
