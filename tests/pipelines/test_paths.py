"""The whole chain in a folder whose name SQL, patterns, URLs, shells and JSON read in ways of their own."""

import json
import shutil
from pathlib import Path

import pytest

from earlybell.bundle import read_bundle
from earlybell.predict import open_tables
from tests.pipelines.test_training import _earlybell

NAME = 'it\'s a "run" {1} [x]*'
SMALL = "learners=120,courses=1,runs=2,weeks=8,events=60,seed=5"
KEY = "k" * 32


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Beside it lies a folder that its name as a pattern would match, with other tables."""
    root = tmp_path_factory.mktemp("paths")
    decoy = root / 'it\'s a "run" {1} x, another'
    for place, learners in ((root / NAME, 120), (decoy, 30)):
        _run("simulate", str(place / "site"), "--settings", SMALL.replace("120", str(learners)), home=root / "home")
    for name in ("tables", "bundle"):
        shutil.copytree(decoy / "site", decoy / name)
    return root / NAME


def _run(*arguments: str, home: Path) -> str:
    done = _earlybell(*arguments, home=home, key=KEY)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_every_command_works_in_it(folder: Path) -> None:
    home, bundle, tables = folder / "home 100%", str(folder / "bundle"), f"tables:{folder}/tables"

    facts = json.loads(_run("extract", f"tables:{folder}/site", str(folder / "tables"), "--json", home=home))
    assert facts["rows"]["enrolments"] == 120
    assert "Wrote" in _run("features", tables, str(folder / "features"), home=home)
    gates = ["--min-auc", "0", "--max-calibration-error", "1", "--min-brier-skill", "-1"]
    gates += ["--min-worst-auc", "0", "--max-worst-calibration-error", "1"]
    _run("train", tables, "--out", bundle, *gates, home=home)
    files = ["--out", str(folder / "risks.parquet"), "--worklist", str(folder / "first.csv")]
    trail = f"sqlite:{folder}/trail.db"
    rows = _run("predict", bundle, tables, "--as-of", "0.4", *files, "--trail", trail, "--json", home=home).splitlines()
    (enrolled,) = open_tables(folder / "tables").execute("SELECT count(*) FROM enrolments").fetchall()
    assert 80 < len(rows) <= enrolled[0]
    assert f"Whole: {len(rows)} entries" in _run("trail", "verify", trail, home=home)
    measured = json.loads(_run("evaluate", bundle, f"tables:{folder}/site", "--as-of", "0.4", "--json", home=home))
    assert next(row["value"] for row in measured if row["metric"] == "roc_auc") > 0.5
    _run("card", bundle, "--out", str(folder / "card.html"), home=home)
    facts = json.loads(_run("predict-site", tables, "--version", "1", "--as-of", "0.4", "--json", home=home))
    assert facts["learners"] == len(rows)
    assert facts["digest"] == read_bundle(folder / "bundle").digest
    expected = {"risks.parquet", "first.csv", "card.html", "features", "bundle", "trail.db", "home 100%"}
    assert expected <= {path.name for path in folder.iterdir()}
    assert sorted(path.name for path in folder.parent.iterdir()) == sorted([NAME, 'it\'s a "run" {1} x, another'])
