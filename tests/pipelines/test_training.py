"""The training pipeline: run here as the demo runs it, and compiled for a cluster."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from earlybell import __version__
from earlybell.bundle import read_bundle
from pipelines.compiled import compile_all

SMALL = "simulate:learners=250,courses=2,runs=2,weeks=8,events=60,seed=5"


def _earlybell(*arguments: str, home: Path, key: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW", "EARLYBELL"))}
    environment |= {"EARLYBELL_HOME": str(home), "COLUMNS": "140"} | ({"EARLYBELL_PSEUDONYM_KEY": key} if key else {})
    command = [str(Path(sys.executable).with_name("earlybell")), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def demo(home: Path) -> subprocess.CompletedProcess[str]:
    """The demo as `make demo` runs it, on a smaller site: without a key of the user's."""
    done = _earlybell("demo", SMALL, home=home)
    assert done.returncode == 0, done.stderr[-3000:]
    return done


def test_the_demo_shows_learners_the_candidates_and_the_report(demo: subprocess.CompletedProcess[str]) -> None:
    assert "Learners to look at first" in demo.stdout
    assert "Logistic" in demo.stdout
    assert "(chosen)" in demo.stdout
    report = re.search(r"Report: +file://(\S+)", demo.stdout)
    assert report
    assert "<svg" in Path(report.group(1)).read_text()


@pytest.mark.parametrize(
    "step", ["extract", "validate", "features", "label", "train", "evaluate", "report", "gates", "register"]
)
def test_the_demo_tells_its_progress_step_by_step(demo: subprocess.CompletedProcess[str], step: str) -> None:
    assert re.search(rf"^ *[\d.]+ s  {step}: ", demo.stderr, re.MULTILINE)


def test_every_candidate_is_a_task_of_its_own(demo: subprocess.CompletedProcess[str]) -> None:
    trained = re.findall(r"train: (.*) on [\d,]+ moments", demo.stderr)
    assert sorted(trained) == ["Logistic regression", "Random forest", "XGBoost", "XGBoost, tuned"]


@pytest.mark.filterwarnings("ignore:The ``noload``:DeprecationWarning")  # SQLAlchemy, of MLflow
def test_the_demos_bundle_is_sealed_and_registered_as_candidate(
    demo: subprocess.CompletedProcess[str], home: Path
) -> None:
    from mlflow import MlflowClient

    bundle = read_bundle(home / "demo")
    client = MlflowClient(f"sqlite:///{home.absolute()}/mlflow/mlflow.db")
    version = client.get_model_version("learner-risk", "1")
    assert version.tags["candidate"] == "true"
    assert version.tags["bundle_digest"] == bundle.digest
    assert version.aliases == []


def test_no_raw_id_and_no_key_is_in_any_file_of_the_run(demo: subprocess.CompletedProcess[str], home: Path) -> None:
    for path in (path for path in (home / "runs").rglob("*") if path.is_file()):
        assert b"learner-00" not in path.read_bytes(), path


def test_a_source_that_cannot_be_read_ends_the_run_with_its_own_error_and_exit_code(tmp_path: Path) -> None:
    done = _earlybell("train", "oulad:nowhere", "--out", str(tmp_path / "bundle"), home=tmp_path, key="k" * 32)
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr
    assert "nowhere" in done.stderr
    assert not (tmp_path / "bundle").exists()


def test_a_missed_gate_ends_the_run_and_nothing_is_registered(tmp_path: Path) -> None:
    options = ["--min-auc", "0.999", "--out", str(tmp_path / "bundle")]
    done = _earlybell(
        "train",
        "simulate:learners=120,courses=1,runs=2,weeks=8,events=60,seed=5",
        *options,
        home=tmp_path,
        key="k" * 32,
    )
    assert done.returncode == 5, done.stderr
    assert re.search(r"roc_auc is 0\.\d+, asked: at least 0\.999", done.stderr)
    assert not (tmp_path / "bundle").exists()
    assert not (tmp_path / "mlflow").exists()


def test_train_without_a_key_says_how_to_make_one(tmp_path: Path) -> None:
    done = _earlybell("train", SMALL, "--out", str(tmp_path / "bundle"), home=tmp_path)
    assert done.returncode == 2
    assert "secrets.token_hex" in done.stderr


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """The documents of each compiled file by its name."""
    files = compile_all(tmp_path_factory.mktemp("compiled"))
    return {path.name: list(yaml.safe_load_all(path.read_text())) for path in files}


def test_the_pipeline_compiles_to_what_a_cluster_takes(compiled: dict[str, list[Any]]) -> None:
    (spec, *_) = compiled["training.yaml"]
    tasks = set(spec["root"]["dag"]["tasks"])
    assert {"extract", "validate", "features", "label", "evaluate", "report", "gates", "register"} <= tasks
    kinds = [(one["kind"], one["metadata"]["name"]) for one in compiled["training-kubernetes.yaml"]]
    assert [kind for kind, _ in kinds] == ["Pipeline", "PipelineVersion"]
    assert kinds[0][1] == "earlybell-training"
    assert re.fullmatch(rf"earlybell-training-{re.escape(__version__)}-[0-9a-f]{{8}}", kinds[1][1])


def test_no_component_installs_anything_when_it_runs(compiled: dict[str, list[Any]]) -> None:
    assert "pip install" not in json.dumps(compiled["training.yaml"])


def test_no_secret_of_who_compiles_is_in_a_compiled_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = ("EARLYBELL_PSEUDONYM_KEY", "AWS_SECRET_ACCESS_KEY", "MLFLOW_TRACKING_PASSWORD")
    for name in secrets:  # a cluster gives them by the names of its Secrets
        monkeypatch.setenv(name, f"value-of-{name}")
    assert not [path.name for path in compile_all(tmp_path) if "value-of-" in path.read_text()]


def test_nothing_is_registered_before_the_gates(compiled: dict[str, list[Any]]) -> None:
    task = compiled["training.yaml"][0]["root"]["dag"]["tasks"]["register"]
    assert "gates" in task["dependentTasks"]


def test_a_registered_version_is_trained_again_from_its_snapshot_and_is_the_same(
    demo: subprocess.CompletedProcess[str], home: Path
) -> None:
    done = _earlybell("reproduce", "1", "--json", home=home)

    assert done.returncode == 0, done.stderr[-3000:]
    bundle = read_bundle(home / "demo")
    assert json.loads(done.stdout) == {"same": True, "before": bundle.digest, "after": bundle.digest, "differing": []}


def test_a_snapshot_that_has_changed_is_not_trained_on(
    demo: subprocess.CompletedProcess[str], home: Path, tmp_path: Path
) -> None:
    snapshots = home / "tables"
    (kept,) = snapshots.iterdir()
    shutil.copytree(snapshots, tmp_path / "tables")
    (kept / "events.parquet").write_bytes(b"PAR1")

    done = _earlybell("reproduce", "1", home=home)

    shutil.rmtree(snapshots)
    shutil.copytree(tmp_path / "tables", snapshots)
    assert done.returncode == 3
    assert "a snapshot has changed since it was kept" in done.stderr
