"""The command line: help for everything, and commands that work one after the other."""

import csv
import json
import shutil
import sys
from pathlib import Path

import duckdb
import numpy as np
import pytest
from typer.testing import CliRunner

from earlybell.bundle import read_bundle
from earlybell.cli.main import app, main
from earlybell.errors import SettingError, SourceError
from earlybell.predict import Predictor, open_tables
from earlybell.trail import read_records, verify

COMMANDS = [
    "demo",
    "simulate",
    "extract",
    "features",
    "pseudonym",
    "train",
    "predict",
    "predict-site",
    "evaluate",
    "card",
    "report",
    "reproduce",
    "release",
    "status",
    "aliases",
    "serve",
    "token",
    "request",
]
KEY = {"EARLYBELL_PSEUDONYM_KEY": "0123456789abcdef0123456789abcdef"}


def _run(*arguments: object, env: dict[str, str] = KEY) -> str:
    result = CliRunner().invoke(app, [str(one) for one in arguments], env=env)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return str(result.stdout)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_an_example(command: str) -> None:
    said = " ".join(_run(command, "--help").split())
    assert f"Example: earlybell {command}" in said
    assert all(row.help for one in app.registered_commands for row in [one] if one.help is not None)


def test_the_help_lists_every_command_and_the_exit_codes() -> None:
    said = _run("--help")
    assert all(command in said for command in COMMANDS)
    assert "Exit codes" in said


def test_there_is_no_command_without_a_test_of_its_help() -> None:
    names = {one.callback.__name__.replace("_", "-") for one in app.registered_commands if one.callback}
    assert names == set(COMMANDS)


def test_simulate_then_extract_then_features(tmp_path: Path) -> None:
    _run("simulate", tmp_path / "site", "--settings", "learners=60,courses=1,runs=1,weeks=8,events=60,seed=1")
    facts = json.loads(_run("extract", f"tables:{tmp_path}/site", tmp_path / "tables", "--json"))
    assert facts["ids"] == "pseudonymous"
    assert facts["rows"]["enrolments"] == 60
    assert "Wrote 45 features" in _run("features", f"tables:{tmp_path}/tables", tmp_path / "f", "--as-of", "0.5")


def test_extract_keeps_ids_when_asked(tmp_path: Path, site: Path) -> None:
    _run("extract", f"tables:{site}", tmp_path / "tables", "--ids", "keep", env={})
    (ids,) = open_tables(tmp_path / "tables").execute("SELECT min(learner_id) FROM enrolments").fetchall()
    assert ids[0].startswith("learner-")


def _refused(*arguments: object, env: dict[str, str] = KEY) -> str:
    """What a command says that ends with the code of a source that cannot be used."""
    result = CliRunner().invoke(app, [str(one) for one in arguments], env=env)
    assert isinstance(result.exception, SourceError)
    return str(result.exception)


def _commands(bundle: Path, tables: Path, out: Path) -> dict[str, list[object]]:
    """The commands that open a folder of tables."""
    return {
        "features": ["features", f"tables:{tables}", out, "--as-of", "0.5"],
        "predict": ["predict", bundle, f"tables:{tables}"],
        "evaluate": ["evaluate", bundle, f"tables:{tables}"],
        "request": ["request", f"tables:{tables}", "--course", "FMT-101-01"],
    }


@pytest.mark.parametrize("command", ["features", "predict", "evaluate", "request"])
@pytest.mark.parametrize("keep", [True, False], ids=["own ids", "pseudonyms"])
def test_a_folder_that_extract_has_not_written_is_refused_whoevers_ids_are_asked_for(
    command: str, keep: bool, bundle: Path, site: Path, tmp_path: Path
) -> None:
    copied = tmp_path / "tables"
    shutil.copytree(site, copied)
    options = ["--ids", "keep"] if keep and command != "evaluate" else []
    (copied / "courses.parquet").write_bytes((copied / "breaks.parquet").read_bytes())
    said = _refused(*_commands(bundle, copied, tmp_path / "f")[command], *options)
    assert "not as they were when they were written" in said
    (copied / "tables.json").unlink()
    said = _refused(*_commands(bundle, copied, tmp_path / "f")[command], *options)
    assert "folder of canonical tables without its tables.json" in said
    assert "Make it with `earlybell extract`" in said


def test_tables_of_another_key_are_not_predicted(bundle: Path, site: Path, tmp_path: Path) -> None:
    _run("extract", f"tables:{site}", tmp_path / "tables")
    assert "Learners to look at" in _run("predict", bundle, f"tables:{tmp_path}/tables", "--as-of", "0.5")
    other = {"EARLYBELL_PSEUDONYM_KEY": "another key of some length"}
    result = CliRunner().invoke(app, ["predict", str(bundle), f"tables:{tmp_path}/tables"], env=other)
    assert isinstance(result.exception, SettingError)
    assert "keys for pseudonyms differ" in str(result.exception)


def test_no_command_lets_more_than_a_few_percent_of_bad_rows_be_set_aside(tmp_path: Path) -> None:
    options = ["extract", "oulad:x", str(tmp_path / "out"), "--max-bad-share", "0.06"]
    result = CliRunner().invoke(app, options, env=KEY)
    assert result.exit_code == 2
    assert "less than or equal to 0.05" in " ".join(result.output.replace("│", " ").split())


def test_predict_writes_what_the_predictor_gives(bundle: Path, site: Path, tmp_path: Path) -> None:
    out = tmp_path / "risks.parquet"
    said = _run("predict", bundle, f"tables:{site}", "--as-of", "0.5", "--out", out, "--ids", "keep")
    assert "Learners to look at first" in said
    expected = Predictor(read_bundle(bundle)).predict_tables(site, "0.5")
    found = duckdb.connect().execute(f"SELECT risk FROM '{out}'").fetchnumpy()["risk"]
    np.testing.assert_allclose(found, expected.risk)


def test_predict_says_that_nobody_is_enrolled_now_and_writes_empty_files(
    bundle: Path, site: Path, tmp_path: Path
) -> None:
    files = ["--out", tmp_path / "risks.parquet", "--worklist", tmp_path / "today.csv", "--ids", "keep"]
    said = _run("predict", bundle, f"tables:{site}", "--as-of", "now", *files)
    assert said.startswith("Nobody is enrolled now.\nWrote 0 learners to ")
    assert {path.name for path in tmp_path.iterdir()} == {"risks.parquet", "today.csv"}


def test_predict_prints_a_json_line_a_learner(bundle: Path, site: Path) -> None:
    lines = _run("predict", bundle, f"tables:{site}", "--as-of", "0.5", "--ids", "keep", "--json").splitlines()
    row = json.loads(lines[0])
    assert set(row) == {"course_id", "learner_id", "as_of", "risk", "low", "high", "band", "reasons"}
    assert set(row["reasons"][0]) == {"feature", "value", "effect", "words", "changeable"}


def test_predict_writes_and_shows_a_worklist_for_the_staffs_capacity(bundle: Path, site: Path, tmp_path: Path) -> None:
    out = tmp_path / "worklist.csv"
    options = ["--as-of", "0.5", "--ids", "keep", "--capacity", "3", "--worklist", out]
    said = _run("predict", bundle, f"tables:{site}", *options)
    assert said.count("Worklist of ") == 5
    assert f"Wrote 15 learners to {out.name}" in said.replace("\n", "").replace(f"{tmp_path}/", "")
    with out.open(newline="") as file:
        assert [row["rank"] for row in csv.DictReader(file)] == ["1", "2", "3"] * 5


def test_predict_keeps_pseudonyms_in_the_trail_and_its_anchors_where_asked(
    bundle: Path, site: Path, tmp_path: Path
) -> None:
    trail = ["--trail", f"sqlite:{tmp_path}/trail.db", "--trail-anchors", tmp_path / "heads"]
    lines = _run("predict", bundle, f"tables:{site}", "--as-of", "0.5", *trail, "--json").splitlines()
    audit = verify(f"sqlite:{tmp_path}/trail.db", tmp_path / "heads")
    assert (audit.whole, audit.entries) == (True, len(lines))
    assert {path.name for path in tmp_path.iterdir()} == {"trail.db", "heads"}


@pytest.mark.parametrize("called", ["7", ""], ids=["named", "without a name"])
def test_predict_calls_the_version_in_the_trail_as_serve_does(
    bundle: Path, site: Path, tmp_path: Path, called: str
) -> None:
    trail = f"sqlite:{tmp_path}/trail.db"
    known = KEY | {"EARLYBELL_MODEL_VERSION": called}
    _run("predict", bundle, f"tables:{site}", "--as-of", "0.5", "--trail", trail, env=known)
    assert {one.model_version for one in read_records(trail)} == {called or read_bundle(bundle).version}


def test_a_sources_own_ids_are_kept_out_of_the_trail(bundle: Path, site: Path, tmp_path: Path) -> None:
    options = ["--as-of", "0.5", "--trail", f"sqlite:{tmp_path}/trail.db", "--ids", "keep"]
    for source in (f"tables:{site}", f"oulad:{tmp_path}"):
        with pytest.raises(SettingError, match=r"--trail .*--ids keep.* Leave out"):
            _run("predict", bundle, source, *options)
    assert list(tmp_path.iterdir()) == []
    _run("extract", f"tables:{site}", tmp_path / "tables")
    _run("predict", bundle, f"tables:{tmp_path}/tables", *options)
    assert verify(f"sqlite:{tmp_path}/trail.db").whole


def test_a_learners_pseudonym_finds_what_the_trail_holds_of_them(bundle: Path, site: Path, tmp_path: Path) -> None:
    trail, predict = f"sqlite:{tmp_path}/trail.db", ["predict", bundle, f"tables:{site}", "--as-of", "0.5"]
    _run(*predict, "--trail", trail)
    learner = json.loads(_run(*predict, "--ids", "keep", "--json").splitlines()[0])["learner_id"]
    found = _run("pseudonym", learner).strip()
    assert learner not in found
    assert f"learner {found} " in _run("trail", "show", trail, "--learner", found)
    with pytest.raises(SettingError, match="key for pseudonyms is missing"):
        _run("pseudonym", learner, env={"EARLYBELL_PSEUDONYM_KEY": ""})


def test_predict_counts_whoever_has_too_little_evidence_apart(bundle: Path, site: Path) -> None:
    said = _run("predict", bundle, f"tables:{site}", "--as-of", "0.05", "--ids", "keep", "--capacity", "3")
    assert "Worklist of" not in said
    assert "Not ranked, since there is too little to go by: " in said


def test_evaluate_measures_each_moment_and_course_run(bundle: Path, site: Path) -> None:
    rows = json.loads(_run("evaluate", bundle, f"tables:{site}", "--as-of", "0.2", "--as-of", "0.6", "--json"))
    assert {row["as_of"] for row in rows} == {"0.2", "0.6"}
    assert len({row["group"] for row in rows}) == 5
    assert all(row["low"] <= row["value"] <= row["high"] for row in rows if row["metric"] == "roc_auc")


def test_an_error_is_one_line_with_its_exit_code(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(bundle, tmp_path / "bundle")
    (tmp_path / "bundle" / "features.sql").write_text("SELECT 1")
    monkeypatch.setattr(sys, "argv", ["earlybell", "predict", str(tmp_path / "bundle"), "tables:nowhere"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 6
    said = capsys.readouterr().err
    assert said.startswith("error: a file of bundle")
    assert said.count("\n") == 1
