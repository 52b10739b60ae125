"""Every component's compiled command runs for real, by the executor input of KFP's driver, outside Kubernetes.

It gets the variables that the compiled task is given and no other, a home and a working folder that are looked into,
and what it leaves must be what KFP's launcher and metadata store take.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from components.train import find_candidates
from earlybell.bundle import read_bundle
from earlybell.trail import read_records, verify
from tests.pipelines.executor import Artifact, Compiled, task, variables

SITE = "simulate:learners=150,courses=2,runs=2,weeks=8,events=60,seed=5"
READING: dict[str, Any] = {"sources": [SITE], "max_bad_share": 0.01}


@dataclass
class Chain:
    """Tasks run one after the other; `left` has the artifacts of each by `task.output`."""

    folder: Path
    values: dict[str, str]
    left: dict[str, Artifact] = field(default_factory=dict)
    stderr: dict[str, str] = field(default_factory=dict)

    def run(self, compiled: Compiled, name: str, artifacts: dict[str, Any], title: str = "", **parameters: Any) -> None:
        """Run a task; artifacts by `task.output`, or a list of those."""
        title = title or name
        inputs = {key: self._artifact(names) for key, names in artifacts.items()}
        ready = task(compiled, name, self.folder / title, parameters, inputs)
        for empty in ("home", "cwd", "tmp"):
            (self.folder / empty).mkdir(exist_ok=True)
        environment = {
            variable: self.values[variable] for variable in variables(compiled, name) if variable in self.values
        }
        path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
        places = {"HOME": str(self.folder / "home"), "TMPDIR": str(self.folder / "tmp"), "PATH": path}
        done = subprocess.run(
            ready.command,
            env=places | environment | {"PYTHONPATH": os.environ.get("PYTHONPATH", "")},
            cwd=self.folder / "cwd",
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, f"{title}: {done.stderr[-3000:]}"
        self.stderr[title] = done.stderr
        self.left |= {f"{title}.{key}": artifact for key, artifact in ready.left().items()}

    def path(self, artifact: str) -> Path:
        return Path(self.left[artifact]["uri"])

    def _artifact(self, named: str | list[str]) -> Artifact | list[Artifact]:
        return [self.left[name] for name in named] if isinstance(named, list) else self.left[named]


@pytest.fixture(scope="module")
def chain(training: Compiled, prediction: Compiled, tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """Both pipelines, task by task."""
    folder = tmp_path_factory.mktemp("chain")
    registry = f"sqlite:///{folder}/mlflow.db"
    values = {"EARLYBELL_PSEUDONYM_KEY": "k" * 32, "MLFLOW_TRACKING_URI": registry}
    values |= {"EARLYBELL_TRAIL": f"sqlite:{folder}/trail.db", "EARLYBELL_TRAIL_ANCHORS": str(folder / "heads")}
    chain = Chain(folder, values)
    _train(chain, training)
    _predict(chain, prediction)
    return chain


def _train(chain: Chain, training: Compiled) -> None:
    chain.run(training, "extract", {}, **READING)
    tables = {"tables": "extract.tables"}
    chain.run(training, "features", tables, engine="duckdb")
    seen = {"examples": "features.examples"}
    chain.run(training, "label", tables | seen, kind="outcome", rubric="")
    seen["labels"] = "label.labels"
    foretold = {"targets": "label.targets"}
    chain.run(training, "heads", seen | foretold, title="outlook")
    foretold["heads"] = "outlook.models"
    for candidate in find_candidates():
        chain.run(training, "train", seen, title=f"train-{candidate}", candidate=candidate)
    candidates = [f"train-{candidate}.model" for candidate in find_candidates()]
    policy: dict[str, Any] = {"label_kind": "outcome", "capacity": 0.2, "cost_miss": 0.0, "cost_false_alarm": 0.0}
    policy |= {"min_auc": 0.5, "max_calibration_error": 0.5, "max_disparity": 0.9, "without_gates": ""}
    policy |= {"min_brier_skill": -1.0, "min_worst_auc": 0.0, "max_worst_calibration_error": 1.0}
    chain.run(training, "evaluate", {"candidates": candidates, **tables, **seen, **foretold}, **policy)
    chosen = {"bundle": "evaluate.bundle"}
    chain.run(training, "report", chosen)
    chain.run(training, "gates", chosen, model_name="learner-risk", trail="", trail_anchors="")
    chain.run(training, "register", chosen | tables, model_name="learner-risk")
    chain.run(
        training, "push-gauges", {"result": "evaluate.bundle"}, pipeline="training", started="2026-01-01T00:00:00Z"
    )


def _predict(chain: Chain, prediction: Compiled) -> None:
    chain.run(prediction, "fetch", {}, model_name="learner-risk", version="1", folder="", model_version="")
    options: dict[str, Any] = {"as_of": "0.5", "capacity": 4.0, "trail": "", "trail_anchors": ""}
    chain.run(prediction, "predict", {"bundle": "fetch.bundle", "tables": "extract.tables"}, **options)


def test_a_version_is_registered_and_fetched_back_as_it_was_trained(chain: Chain) -> None:
    trained, fetched = (read_bundle(chain.path(f"{step}.bundle")).digest for step in ("evaluate", "fetch"))
    assert trained == fetched
    assert json.loads(chain.path("register.version").read_text())["digest"] == trained


def test_everybody_predicted_is_in_the_trail_of_the_settings(chain: Chain) -> None:
    audit = verify(chain.values["EARLYBELL_TRAIL"], Path(chain.values["EARLYBELL_TRAIL_ANCHORS"]))
    assert (audit.whole, audit.entries) == (True, chain.left["predict.predictions"]["metadata"]["moments"])
    assert chain.path("predict.worklist").read_text().startswith("rank,course_id,")


def test_the_registrys_number_of_the_version_goes_from_fetch_to_the_files_and_the_trail(chain: Chain) -> None:
    named = {
        chain.left[output]["metadata"]["version"]
        for output in ("fetch.bundle", "predict.predictions", "predict.worklist")
    }
    assert named == {record.model_version for record in read_records(chain.values["EARLYBELL_TRAIL"])} == {"1"}


@pytest.mark.parametrize(("called", "expected"), [("7", "7"), ("", None)], ids=["named", "without a name"])
def test_a_bundle_in_a_folder_is_called_as_asked_or_by_its_digest(
    chain: Chain, prediction: Compiled, called: str, expected: str | None
) -> None:
    options = {"model_name": "learner-risk", "version": "champion", "folder": str(chain.path("evaluate.bundle"))}
    chain.run(prediction, "fetch", {}, title=f"folder{called}", model_version=called, **options)
    version = chain.left[f"folder{called}.bundle"]["metadata"]["version"]
    assert version == (expected or read_bundle(chain.path("evaluate.bundle")).digest[:12])


def test_a_night_between_two_terms_goes_on_to_the_last_task_with_nobody(chain: Chain, prediction: Compiled) -> None:
    tonight: dict[str, Any] = {"as_of": "now", "capacity": 0.0, "trail": "", "trail_anchors": ""}
    inputs = {"bundle": "fetch.bundle", "tables": "extract.tables"}
    chain.run(prediction, "predict", inputs, title="night", **tonight)
    assert "0 learners in 0 course runs: nobody is enrolled now" in chain.stderr["night"]
    assert chain.left["night.predictions"]["metadata"]["learners"] == 0
    ended = {"pipeline": "prediction", "started": "2026-01-01T00:00:00Z"}
    chain.run(prediction, "push-gauges", {"result": "night.predictions"}, title="told", **ended)


def test_a_registered_version_says_where_its_tables_lie(chain: Chain) -> None:
    code = """
import sys
from mlflow import MlflowClient
client = MlflowClient(sys.argv[1])
print(client.get_run(client.get_model_version("learner-risk", "1").run_id).data.params["pipeline.tables"])"""
    done = subprocess.run(
        [sys.executable, "-c", code, chain.values["MLFLOW_TRACKING_URI"]], capture_output=True, text=True, check=True
    )
    assert Path(done.stdout.strip()) == chain.path("extract.tables")


def test_a_task_writes_to_its_outputs_and_to_temporary_files_alone(chain: Chain) -> None:
    """MLflow's own artifacts aside, which on a cluster are a server's, and caches: the image's home is in `/tmp`."""
    assert {path.name for path in (chain.folder / "cwd").iterdir()} <= {"mlruns", "mlartifacts"}
    assert {path.name for path in (chain.folder / "home").iterdir()} <= {".cache", ".config"}


def test_a_source_that_cannot_be_read_fails_the_task_with_its_own_words(training: Compiled, tmp_path: Path) -> None:
    ready = task(training, "extract", tmp_path / "out", READING | {"sources": ["tables:/sources/nowhere"]})
    environment = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "EARLYBELL_PSEUDONYM_KEY": "k" * 32}
    environment["PYTHONPATH"] = os.environ.get("PYTHONPATH", "")
    done = subprocess.run(ready.command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 3
    assert "/sources/nowhere" in done.stderr
    assert "Traceback" not in done.stderr
