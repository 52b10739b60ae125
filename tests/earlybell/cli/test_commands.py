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

from components.features import find_catalogue
from earlybell.bundle import read_bundle
from earlybell.cli.main import app, main
from earlybell.errors import SettingError, SourceError
from earlybell.predict import Predictor, open_tables, read_corrections
from earlybell.trail import read_records, verify

COMMANDS = [
    "demo",
    "simulate",
    "extract",
    "courses",
    "doctor",
    "moodle-grants",
    "sync",
    "features",
    "pseudonym",
    "train",
    "predict",
    "predict-site",
    "monitor",
    "retrain",
    "approve",
    "reject",
    "evaluate",
    "card",
    "report",
    "reproduce",
    "release",
    "status",
    "aliases",
    "serve",
    "mlbackend",
    "token",
    "request",
]
KEY = {"EARLYBELL_PSEUDONYM_KEY": "0123456789abcdef0123456789abcdef"}


def _run(*arguments: object, env: dict[str, str] = KEY) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], env=env)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return str(result.stdout)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_an_example(command: str) -> None:
    text = " ".join(_run(command, "--help").split())
    assert f"Example: earlybell {command}" in text
    assert all(row.help for command in app.registered_commands for row in [command] if command.help is not None)


def test_the_help_lists_every_command_and_the_exit_codes() -> None:
    text = _run("--help")
    assert all(command in text for command in COMMANDS)
    assert "Exit codes" in text


def test_there_is_no_command_without_a_test_of_its_help() -> None:
    names = {command.callback.__name__.replace("_", "-") for command in app.registered_commands if command.callback}
    assert names == set(COMMANDS)


def test_simulate_then_extract_then_features(tmp_path: Path) -> None:
    _run("simulate", tmp_path / "site", "--settings", "learners=60,courses=1,runs=1,weeks=8,events=60,seed=1")
    facts = json.loads(_run("extract", f"tables:{tmp_path}/site", tmp_path / "tables", "--json"))
    assert facts["ids"] == "pseudonymous"
    assert facts["rows"]["enrolments"] == 60
    assert f"Wrote {len(find_catalogue().names)} features" in _run(
        "features", f"tables:{tmp_path}/tables", tmp_path / "f", "--as-of", "0.5"
    )


def test_extract_keeps_ids_when_asked(tmp_path: Path, site: Path) -> None:
    _run("extract", f"tables:{site}", tmp_path / "tables", "--ids", "keep", env={})
    (ids,) = open_tables(tmp_path / "tables").execute("SELECT min(learner_id) FROM enrolments").fetchall()
    assert ids[0].startswith("learner-")


def _refused(*arguments: object, env: dict[str, str] = KEY) -> str:
    """What a command says that ends with the code of a source that cannot be used."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], env=env)
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
    message = _refused(*_commands(bundle, copied, tmp_path / "f")[command], *options)
    assert "not as they were when they were written" in message
    (copied / "tables.json").unlink()
    message = _refused(*_commands(bundle, copied, tmp_path / "f")[command], *options)
    assert "folder of canonical tables without its tables.json" in message
    assert "Make it with `earlybell extract`" in message


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
    output = _run("predict", bundle, f"tables:{site}", "--as-of", "0.5", "--out", out, "--ids", "keep")
    assert "Learners to look at first" in output
    expected = Predictor(read_bundle(bundle)).predict_tables(site, "0.5")
    risks = duckdb.connect().execute(f"SELECT risk FROM '{out}'").fetchnumpy()["risk"]
    np.testing.assert_allclose(risks, expected.risk)


def test_predict_says_which_courses_were_corrected_and_a_request_carries_the_correction_of_its_course(
    bundle: Path, site: Path, tmp_path: Path
) -> None:
    file, of_site = tmp_path / "corrections.json", (f"tables:{site}", "--ids", "keep")
    output = _run("predict", bundle, *of_site, "--as-of", "0.5", "--corrections", file)
    made = read_corrections(file)
    assert f"Wrote {len(made)} corrections to {file}." in output
    for entry in made:
        assert (f"{entry.course_id}: {entry.words}" in output) == (entry.notable or entry.doubt != "")
    entry = next(entry for entry in made if entry.notable)
    options = ["--course", entry.course_id, "--corrections", file]
    (instance,) = json.loads(_run("request", *of_site, *options))["instances"]
    assert instance["correction"] == {
        "bundle": read_bundle(bundle).digest,
        "shift": entry.shift,
        "doubt": entry.doubt,
    }
    result = CliRunner().invoke(app, ["request", *of_site, *map(str, options), "--as-of", "2001-01-01T00:00:00Z"])
    assert isinstance(result.exception, SettingError)
    assert "no correction as of 2001-01-01 00:00 or before" in str(result.exception)


def test_predict_says_that_nobody_is_enrolled_now_and_writes_empty_files(
    bundle: Path, site: Path, tmp_path: Path
) -> None:
    files = ["--out", tmp_path / "risks.parquet", "--worklist", tmp_path / "today.csv", "--ids", "keep"]
    output = _run("predict", bundle, f"tables:{site}", "--as-of", "now", *files)
    assert output.startswith("Nobody is enrolled now.\nWrote 0 learners to ")
    assert {path.name for path in tmp_path.iterdir()} == {"risks.parquet", "today.csv"}


def test_predict_prints_a_json_line_a_learner(bundle: Path, site: Path) -> None:
    lines = _run("predict", bundle, f"tables:{site}", "--as-of", "0.5", "--ids", "keep", "--json").splitlines()
    row = json.loads(lines[0])
    answer = {"risk", "low", "high", "band", "doubt", "correction", "reasons", "outlook"}
    assert set(row) == {"course_id", "learner_id", "as_of"} | answer
    assert set(row["reasons"][0]) == {"feature", "value", "effect", "words", "changeable"}


def test_predict_writes_and_shows_a_worklist_for_the_staffs_capacity(bundle: Path, site: Path, tmp_path: Path) -> None:
    out = tmp_path / "worklist.csv"
    options = ["--as-of", "0.5", "--ids", "keep", "--capacity", "3", "--worklist", out]
    output = _run("predict", bundle, f"tables:{site}", *options)
    assert output.count("Worklist of ") == 5
    assert f"Wrote 15 learners to {out.name}" in output.replace("\n", "").replace(f"{tmp_path}/", "")
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
    env = KEY | {"EARLYBELL_MODEL_VERSION": called}
    _run("predict", bundle, f"tables:{site}", "--as-of", "0.5", "--trail", trail, env=env)
    assert {record.model_version for record in read_records(trail)} == {called or read_bundle(bundle).version}


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
    pseudonym = _run("pseudonym", learner).strip()
    assert learner not in pseudonym
    assert f"learner {pseudonym} " in _run("trail", "show", trail, "--learner", pseudonym)
    with pytest.raises(SettingError, match="key for pseudonyms is missing"):
        _run("pseudonym", learner, env={"EARLYBELL_PSEUDONYM_KEY": ""})


def test_predict_counts_whoever_has_too_little_evidence_apart(bundle: Path, site: Path) -> None:
    output = _run("predict", bundle, f"tables:{site}", "--as-of", "0.05", "--ids", "keep", "--capacity", "3")
    assert "Worklist of" not in output
    assert "Not ranked, since there is too little to go by: " in output


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
    message = capsys.readouterr().err
    assert message.startswith("error: a file of bundle")
    assert message.count("\n") == 1
