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

from components.registry import register
from components.report import card
from earlybell import __version__
from earlybell.bundle import read_bundle
from earlybell.errors import GateError
from earlybell.gates import read_verdict
from earlybell.trail import Waiver, read_entries, verify
from pipelines.compiled import compile_all
from tests.pipelines.executor import documents

SMALLEST = "simulate:learners=120,courses=1,runs=2,weeks=8,events=60,seed=5"
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
    "step", ["extract", "features", "label", "heads", "train", "evaluate", "report", "gates", "register"]
)
def test_the_demo_tells_its_progress_step_by_step(demo: subprocess.CompletedProcess[str], step: str) -> None:
    assert re.search(rf"^ *[\d.]+ s  {step}: ", demo.stderr, re.MULTILINE)


def test_the_demo_tells_a_line_a_step_and_the_log_has_the_rest(
    demo: subprocess.CompletedProcess[str], home: Path
) -> None:
    first, *lines = demo.stderr.splitlines()
    (log,) = home.glob("runs/*/run.log")
    assert first == f"Training; the log is {log}"
    table = lines.index(next(line for line in lines if line.startswith("Course runs to learn from")))
    others = [line for line in lines if not line.startswith("warning: ") and not re.match("[│┃┏┡└]", line)]
    assert len(others) == 9 + 6 + 1  # five more candidates, the Pushgateway, and the title of the table
    assert re.search(r"extract: [\d,]+ rows", lines[table - 1])
    runs = [line.split()[1] for line in lines if line.startswith("│ FMT-")]
    assert runs == ["FMT-101-01", "FMT-101-02", "FMT-101-03", "FMT-102-01", "FMT-102-02"]
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", demo.stderr)
    assert re.search(r"extract: events [\d,]+ rows written", log.read_text())


def test_the_demo_says_which_file_has_what_is_odd_in_its_data(demo: subprocess.CompletedProcess[str]) -> None:
    warning = re.search(r"^warning: extract: notes on the data: (\d+), in (.*)$", demo.stderr, re.MULTILINE)
    assert warning
    assert len(json.loads(Path(warning.group(2)).read_text())["notes"]) == int(warning.group(1))


def test_every_candidate_is_a_task_of_its_own(demo: subprocess.CompletedProcess[str]) -> None:
    trained = re.findall(r"train: (.*) on [\d,]+ moments", demo.stderr)
    models = ["Logistic regression", "Random forest", "Rules", "Two features", "XGBoost", "XGBoost, tuned"]
    assert sorted(trained) == models


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


@pytest.fixture(scope="module")
def missed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home where a training missed a gate."""
    home = tmp_path_factory.mktemp("missed")
    done = _earlybell("train", SMALLEST, "--min-auc", "0.999", "--out", str(home / "bundle"), home=home, key="k" * 32)
    assert done.returncode == 5, done.stderr
    assert re.search(r"roc_auc is 0\.\d+, asked: at least 0\.999", done.stderr)
    return home


def test_a_missed_gate_ends_the_run_and_nothing_is_registered(missed: Path) -> None:
    assert not (missed / "bundle").exists()
    assert not (missed / "mlflow").exists()


def test_what_missed_a_gate_is_left_as_a_bundle_and_a_report_that_say_so(missed: Path) -> None:
    (folder,) = (missed / "runs").glob("*/artifacts/**/bundle/verdict.json")
    verdict = read_verdict(folder.parent)
    assert verdict is not None
    assert (verdict.outcome, verdict.gates.min_auc, verdict.split) == ("missed", 0.999, "course_run")
    (page,) = (missed / "runs").glob("*/artifacts/**/report/page")
    assert "The model missed a gate. It is not registered." in _words(page)
    with pytest.raises(GateError, match="missed a gate"):
        register(folder.parent)


def _words(page: Path) -> str:
    return " ".join(re.sub("<[^>]+>", "", page.read_text()).split())


@pytest.fixture(scope="module")
def waived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home where a model that missed a gate was registered for a reason, with a trail that knows it."""
    home = tmp_path_factory.mktemp("waived")
    options = ["--min-auc", "0.999", "--out", str(home / "bundle"), "--without-gates", "a trial in one course"]
    done = _earlybell("train", SMALLEST, *options, "--trail", f"sqlite:{home}/trail.db", home=home, key="k" * 32)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "without gates: a trial in one course; recorded in the audit trail" in done.stderr
    assert "Gates:   waived: a trial in one course" in done.stdout
    return home


def test_a_missed_gate_may_be_waived_and_bundle_report_card_and_registry_have_the_reason(waived: Path) -> None:
    verdict = read_verdict(waived / "bundle")
    assert verdict is not None
    assert (verdict.outcome, verdict.waived) == ("waived", "a trial in one course")
    for page in (_words(waived / "bundle" / "report.html"), card(read_bundle(waived / "bundle"))):
        assert "Its gates were waived. The reason: a trial in one course" in page
    code = "from components.registry import find; print(find('learner-risk', '1').verdict)"
    assert _python(code, waived) == "waived: a trial in one course"


def test_the_trail_knows_who_waived_a_gate_and_which(waived: Path) -> None:
    trail = f"sqlite:{waived}/trail.db"
    (waiver,) = read_entries(trail, Waiver)
    assert (waiver.command, waiver.model_name, waiver.reason) == ("train", "learner-risk", "a trial in one course")
    assert waiver.digest == read_bundle(waived / "bundle").digest
    assert [missed.split()[0] for missed in waiver.missed if "0.999" in missed] == ["roc_auc"]
    assert verify(trail).whole


def test_what_was_waived_is_the_same_when_it_is_trained_again_and_the_trail_gets_nothing(waived: Path) -> None:
    done = _earlybell("reproduce", "1", "--json", home=waived)
    assert json.loads(done.stdout)["same"], done.stdout
    assert len(list(read_entries(f"sqlite:{waived}/trail.db", Waiver))) == 1


def _python(code: str, home: Path) -> str:
    """What a program prints that asks the registry of a home."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW")}
    environment["EARLYBELL_HOME"] = str(home)
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()


def test_train_without_a_key_says_how_to_make_one(tmp_path: Path) -> None:
    done = _earlybell("train", SMALL, "--out", str(tmp_path / "bundle"), home=tmp_path)
    assert done.returncode == 2
    assert "secrets.token_hex" in done.stderr


@pytest.fixture(scope="module")
def compiled(written: Path) -> dict[str, list[Any]]:
    """The documents of each compiled file by its name."""
    return {path.name: documents(path) for path in written.iterdir()}


def test_the_pipeline_compiles_to_what_a_cluster_takes(compiled: dict[str, list[Any]]) -> None:
    (spec, *_) = compiled["training.yaml"]
    tasks = set(spec["root"]["dag"]["tasks"])
    assert {"extract", "features", "label", "heads", "evaluate", "report", "gates", "register"} <= tasks
    kinds = [(resource["kind"], resource["metadata"]["name"]) for resource in compiled["training-kubernetes.yaml"]]
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
    (snapshot,) = snapshots.iterdir()
    shutil.copytree(snapshots, tmp_path / "tables")
    (snapshot / "events.parquet").write_bytes(b"PAR1")

    done = _earlybell("reproduce", "1", home=home)

    shutil.rmtree(snapshots)
    shutil.copytree(tmp_path / "tables", snapshots)
    assert done.returncode == 3
    assert "a snapshot has changed since it was kept" in done.stderr
