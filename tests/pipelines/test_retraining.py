"""The retraining pipeline, run here as a cluster runs it: its version waits for a person, and is never made twice."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bench.time_travel import leave_out
from components.evaluate import evaluate
from components.extract.simulate import parse, simulate
from components.features import compute_features
from components.label import label_outcomes
from components.train import train
from tests.conftest import Once

KEY = "0123456789abcdef0123456789abcdef"
NEWEST = "FMT-101-03"
# Nothing asks for less than a small site can reach.
GATES = (
    *("--min-auc", "0", "--max-calibration-error", "1", "--max-disparity", "1", "--min-brier-skill", "-1"),
    *("--min-worst-auc", "0", "--max-worst-calibration-error", "1"),
)
AT_ONCE = ("--calendar-days", "0", "--cool-down-days", "0")


@dataclass(frozen=True)
class World:
    """A site, a champion that does not know its newest course run, and a home in which it was trained once again."""

    folder: Path

    def retrain(self, *options: object, out: Path) -> subprocess.CompletedProcess[str]:
        names = ("MLFLOW", "EARLYBELL")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(names)}
        environment |= {"EARLYBELL_HOME": str(self.folder / "home"), "EARLYBELL_PSEUDONYM_KEY": KEY}
        command = [str(Path(sys.executable).with_name("earlybell")), "retrain", f"tables:{self.folder / 'site'}"]
        command += ["--bundle", str(self.folder / "bundle"), *map(str, options), "--out", str(out)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)


@pytest.fixture(scope="module")
def world(once: Once) -> World:
    def make(out: Path) -> None:
        simulate(out / "site", parse("learners=120,courses=1,runs=3,weeks=8,events=60,seed=5"))
        leave_out(out / "site", out / "known", [NEWEST])
        compute_features(out / "known", "weekly", out / "features")
        label_outcomes(out / "known", out / "features", out / "labels.parquet")
        train("logistic", out / "features", out / "labels.parquet", out / "candidate")
        evaluate([out / "candidate"], out / "features", out / "labels.parquet", out / "known", out / "bundle")
        done = World(out).retrain(*AT_ONCE, *GATES, out=out / "proposed")
        (out / "told").write_text(done.stdout)
        assert done.returncode == 0, done.stderr[-3000:]

    return World(once("retrained", make))


@pytest.fixture(scope="module")
def proposal(world: World) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((world.folder / "proposed" / "proposal.json").read_text())
    return read


def test_what_is_due_is_trained_and_its_version_waits_for_a_person(world: World, proposal: dict[str, Any]) -> None:
    told = (world.folder / "told").read_text().splitlines()
    assert told[0].startswith("Trained (calendar). The last training was 0 days ago")
    assert told[-1].startswith("Version 1 of learner-risk: waiting; page: file://")
    assert told[-1].endswith("/proposal.html")
    assert proposal["comparison"]["course_runs"] == [NEWEST]
    assert proposal["comparison"]["seen"] is False
    assert {"what": "course runs", "before": "2", "after": f"3; new: {NEWEST}"} in proposal["changes"]
    assert (world.folder / "proposed" / "proposal.html").read_text().startswith("<!DOCTYPE html>")


def test_no_learner_is_named_in_a_proposal(world: World) -> None:
    for path in (world.folder / "proposed").iterdir():
        assert "learner-0" not in path.read_text()


def test_the_same_data_and_settings_are_not_trained_again(world: World, tmp_path: Path) -> None:
    done = world.retrain(*AT_ONCE, *GATES, "--json", out=tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout)
    assert told["version"] is None
    assert (told["decision"]["train"], told["decision"]["cause"]) == (False, "same basis")
    assert told["decision"]["sentence"] == "The data and the settings are those of version 1."
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--approval", "nobody"), "nobody approves so: 'nobody'. approval is person or automatic."),
        (("--since", "spring"), "--since is neither a day nor a moment: 'spring'"),
        (("--budget", "-1"), "Invalid value for '--budget'"),
    ],
)
def test_a_wrong_setting_is_said_before_any_work(options: tuple[str, ...], message: str, tmp_path: Path) -> None:
    done = World(tmp_path).retrain(*options, out=tmp_path / "out")
    assert done.returncode == 2, done.stderr
    assert message in " ".join(done.stderr.split())
    assert not (tmp_path / "home" / "runs").exists()
