"""The prediction pipeline: a whole site, run here as a cluster runs it, and compiled for one."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from earlybell.bundle import read_bundle
from earlybell.counts import counted
from earlybell.predict import Predictor, make_worklist, read_corrections
from earlybell.trail import read_records, verify
from tests.pipelines.executor import documents

KEY = "0123456789abcdef0123456789abcdef"


def _earlybell(*arguments: object, home: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW", "EARLYBELL"))}
    environment |= {"EARLYBELL_HOME": str(home), "EARLYBELL_PSEUDONYM_KEY": KEY} | settings
    command = [str(Path(sys.executable).with_name("earlybell")), *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, bundle: Path) -> Path:
    """A home whose registry has the bundle as a version, and as the champion."""
    folder = tmp_path_factory.mktemp("home")
    code = """
import pathlib, sys
from components.registry import register
from components.registry.server import connect
register(pathlib.Path(sys.argv[1]))
connect().set_registered_model_alias("learner-risk", "champion", "1")"""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW")}
    environment["EARLYBELL_HOME"] = str(folder)
    subprocess.run([sys.executable, "-c", code, str(bundle)], env=environment, check=True, timeout=300)
    return folder


@pytest.fixture(scope="module")
def run(site: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """A whole site by the champion."""
    out = ["--out", home / "risks.parquet", "--worklist", home / "today.csv"]
    out += ["--corrections", home / "corrections.json"]
    out += ["--trail", f"sqlite:{home}/trail.db", "--trail-anchors", home / "heads"]
    done = _earlybell("predict-site", f"tables:{site}", "--as-of", "0.5", "--capacity", "4", *out, "--json", home=home)
    assert done.returncode == 0, done.stderr[-3000:]
    return done


def test_a_site_is_predicted_as_the_champion_predicts_it(
    run: subprocess.CompletedProcess[str], home: Path, bundle: Path, site: Path
) -> None:
    expected = Predictor(read_bundle(bundle)).predict_tables(site, "0.5")
    predictions = duckdb.connect().execute(f"SELECT course_id, risk FROM '{home}/risks.parquet'").fetchnumpy()
    np.testing.assert_allclose(np.sort(predictions["risk"]), np.sort(expected.risk), atol=1e-9)
    with (home / "today.csv").open(newline="") as file:
        listed = list(csv.DictReader(file))
    entries = make_worklist(expected, 4, read_bundle(bundle).catalogue)
    assert [row["risk"] for row in listed] == ["" if entry.risk is None else str(entry.risk) for entry in entries]
    assert not [row for row in listed if row["learner_id"].startswith("learner-")]  # pseudonyms alone


def test_the_corrections_lie_beside_the_predictions_and_the_run_says_which_courses_were_corrected(
    run: subprocess.CompletedProcess[str], home: Path, bundle: Path
) -> None:
    made = read_corrections(home / "corrections.json")
    assert {entry.bundle for entry in made} == {read_bundle(bundle).digest}
    count = sum(entry.notable for entry in made)
    assert json.loads(run.stdout)["corrected"] == count > 0
    assert f"risks of {counted(count, 'course run')} corrected" in run.stderr


def test_the_run_says_how_many_are_in_each_band_and_by_which_bundle(
    run: subprocess.CompletedProcess[str], bundle: Path, site: Path
) -> None:
    opened = read_bundle(bundle)
    bands, counts = np.unique(Predictor(opened).predict_tables(site, "0.5").band, return_counts=True)
    facts = json.loads(run.stdout)
    assert facts["bands"] == dict(zip(bands.tolist(), counts.tolist(), strict=True))
    assert facts["digest"] == opened.digest
    assert facts["moments"] == counts.sum()


@pytest.mark.parametrize("step", ["extract", "fetch", "predict"])
def test_the_run_tells_its_progress_step_by_step(run: subprocess.CompletedProcess[str], step: str) -> None:
    assert re.search(rf"^ *[\d.]+ s  {step}: ", run.stderr, re.MULTILINE)


def test_a_night_between_two_terms_is_no_error(home: Path, site: Path, tmp_path: Path) -> None:
    out = ["--out", tmp_path / "risks.parquet", "--worklist", tmp_path / "today.csv"]
    done = _earlybell("predict-site", f"tables:{site}", *out, home=home)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "0 learners in 0 course runs, as of 20" in done.stdout
    assert done.stdout.count("nobody is enrolled now") == 1
    assert duckdb.connect().execute(f"FROM '{tmp_path}/risks.parquet'").fetchall() == []
    assert (tmp_path / "today.csv").read_text().count("\n") == 1


def test_a_bundle_that_was_changed_predicts_nobody(bundle: Path, site: Path, tmp_path: Path) -> None:
    shutil.copytree(bundle, tmp_path / "bundle")
    (tmp_path / "bundle" / "features.sql").write_text("SELECT 1")
    options = ["--bundle", tmp_path / "bundle", "--worklist", tmp_path / "today.csv"]
    done = _earlybell("predict-site", f"tables:{site}", "--as-of", "0.5", *options, home=tmp_path)
    assert done.returncode == 6, done.stderr
    assert "was changed after sealing: 'features.sql'" in done.stderr
    assert not (tmp_path / "today.csv").exists()


def test_every_prediction_is_in_the_trail_and_anchored_where_asked(
    run: subprocess.CompletedProcess[str], home: Path
) -> None:
    audit = verify(f"sqlite:{home}/trail.db", home / "heads")
    assert (audit.whole, audit.entries) == (True, json.loads(run.stdout)["moments"])
    assert not (home / "trail.db.anchors").exists()


def test_the_champion_is_called_by_its_number_in_the_trail_as_online(
    run: subprocess.CompletedProcess[str], home: Path
) -> None:
    assert json.loads(run.stdout)["version"] == "1"
    assert {record.model_version for record in read_records(f"sqlite:{home}/trail.db")} == {"1"}


def test_a_bundle_without_a_registry_is_called_as_the_environment_says(
    bundle: Path, site: Path, tmp_path: Path
) -> None:
    options = ["--as-of", "0.5", "--bundle", bundle, "--trail", f"sqlite:{tmp_path}/trail.db", "--json"]
    done = _earlybell("predict-site", f"tables:{site}", *options, home=tmp_path, EARLYBELL_MODEL_VERSION="7")
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout)["version"] == "7"
    assert {record.model_version for record in read_records(f"sqlite:{tmp_path}/trail.db")} == {"7"}


@pytest.fixture(scope="module")
def compiled(written: Path) -> list[Any]:
    """The documents of the compiled pipeline."""
    return documents(written / "prediction.yaml")


def test_no_step_is_cached_since_each_run_reads_what_is_new(compiled: list[Any]) -> None:
    tasks = compiled[0]["root"]["dag"]["tasks"]
    assert set(tasks) == {"extract", "fetch", "predict", "push-gauges"}
    assert not [name for name, task in tasks.items() if task.get("cachingOptions", {}).get("enableCache")]


def test_a_recurring_run_predicts_as_of_its_own_time_by_the_champion(compiled: list[Any]) -> None:
    parameters = compiled[0]["root"]["inputDefinitions"]["parameters"]
    assert parameters["as_of"]["defaultValue"] == "now"
    assert parameters["version"]["defaultValue"] == "champion"
    assert "pip install" not in json.dumps(compiled)
