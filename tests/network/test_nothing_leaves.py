"""Nothing of ours asks for a name or an address that was not configured, nor writes where nobody said."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from earlybell import NO_TELEMETRY
from tests.network.namespace import HOME, Seen, watched, why_not

ROOT = Path(__file__).parents[2]
EARLYBELL = str(Path(sys.executable).with_name("earlybell"))
SITE = "simulate:learners=160,courses=2,runs=2,weeks=8,events=60,seed=4"
KEY = "a key of these tests alone"
LISTENING = 40  # seconds: ONNX Runtime first asks for its maker's address within half a minute


@pytest.fixture(scope="module", autouse=True)
def _namespaces() -> None:
    if reason := why_not():
        say = pytest.fail if os.environ.get("EARLYBELL_CI") else pytest.skip
        say(f"no namespaces here: {reason}")


def _ran(folder: Path, *command: str, seconds: float = 300.0, **environment: str) -> Seen:
    return watched(
        folder,
        command,
        seconds=seconds,
        environment={"EARLYBELL_HOME": str(folder), "EARLYBELL_PSEUDONYM_KEY": KEY, **environment},
    )


def _reached(seen: Seen) -> tuple[list[str], list[str], list[str]]:
    return seen.names, seen.addresses, seen.files


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Seen]:
    folder = tmp_path_factory.mktemp("trained")
    gates = ["--min-auc", "0", "--max-calibration-error", "1", "--max-disparity", "1"]
    gates += ("--min-brier-skill", "-1", "--min-worst-auc", "0", "--max-worst-calibration-error", "1")
    return folder, _ran(folder, EARLYBELL, "train", SITE, "--out", "bundle", *gates)


def test_the_namespace_sees_names_addresses_and_files(tmp_path: Path) -> None:
    """The canary of those below: somebody who calls home, by name and by number, and leaves an id at home."""
    code = f"""
import pathlib, socket
pathlib.Path("{HOME}/id").write_text("7")
pathlib.Path("/tmp/left").write_text("7")
pathlib.Path("here").write_text("7")
for host in ("telemetry.example.org", "203.0.113.99", "8.8.8.8"):
    try:
        socket.create_connection((host, 443), 0.5)
    except OSError:
        pass
"""
    seen = _ran(tmp_path, sys.executable, "-c", code)
    assert seen.code == 0, seen.output
    assert seen.names == ["telemetry.example.org"]
    assert seen.addresses == ["203.0.113.80:443", "203.0.113.99:443", "8.8.8.8:443"]
    assert seen.files == [f"{HOME}/id", "/tmp/left"]  # noqa: S108


def test_a_library_left_alone_is_seen_calling_home(trained: tuple[Path, Seen], tmp_path: Path) -> None:
    """Else the tests below prove nothing: ONNX Runtime without its variable, for as long as they listen."""
    shutil.copytree(trained[0] / "bundle", tmp_path / "bundle")
    code = f"""
import glob, time, onnxruntime
session = onnxruntime.InferenceSession(glob.glob("bundle/*.onnx")[0])
time.sleep({LISTENING})
"""
    seen = _ran(tmp_path, sys.executable, "-c", code)
    assert seen.code == 0, seen.output
    assert [name for name in seen.names if name.endswith("microsoft.com")]


def test_training_reaches_for_nothing(trained: tuple[Path, Seen]) -> None:
    seen = trained[1]
    assert seen.code == 0, seen.output
    assert _reached(seen) == ([], [], [])


def test_predicting_reaches_for_nothing(trained: tuple[Path, Seen], tmp_path: Path) -> None:
    shutil.copytree(trained[0] / "bundle", tmp_path / "bundle")
    seen = _ran(tmp_path, EARLYBELL, "predict", "bundle", SITE, "--out", "predictions.csv")
    assert seen.code == 0, seen.output
    assert _reached(seen) == ([], [], [])


def test_serving_reaches_for_nothing(trained: tuple[Path, Seen], tmp_path: Path) -> None:
    shutil.copytree(trained[0] / "bundle", tmp_path / "bundle")
    code = f"""
import pathlib, time, httpx
from serving.runtime.openapi import EXAMPLE
from tests.serving.running import started
with started(pathlib.Path("bundle"), pathlib.Path()) as server:
    for verb in ("predict", "explain"):
        answer = httpx.post(f"{{server.url}}/v1/models/learner-risk:{{verb}}", json={{"instances": [EXAMPLE]}})
        answer.raise_for_status()
    time.sleep({LISTENING})
"""
    seen = _ran(tmp_path, sys.executable, "-c", code, PYTHONPATH=str(ROOT))
    assert seen.code == 0, seen.output
    assert _reached(seen) == ([], [], [])


def test_every_program_of_ours_switches_it_off(tmp_path: Path) -> None:
    """The pipelines' steps and the servers import these; the variables are set before any library is."""
    read = f"[os.environ.get(name) for name in {[*NO_TELEMETRY]}]"
    for package in ("earlybell", "components", "pipelines", "serving"):
        code = f"import {package}, os, sys; print('onnxruntime' in sys.modules, {read})"
        seen = _ran(tmp_path, sys.executable, "-c", code, PYTHONPATH=str(ROOT))
        assert seen.output.strip() == f"False {[*NO_TELEMETRY.values()]}"
