"""What commands find out before they begin: wrong settings, keys that lack, and places that cannot be written."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from components.evaluate import evaluate as evaluate_candidates
from components.label import label_rubric, scale
from components.label.overlap import label_rubric_and_overlap
from components.train import train
from earlybell.bundle import read_bundle, seal
from earlybell.cli.main import app
from earlybell.cli.site import _facts
from earlybell.errors import EarlybellError, SettingError
from earlybell.moved import in_addresses
from earlybell.predict import create_moments, open_tables
from earlybell.tables.sql import connect, parquet, quoted
from tests.earlybell.cli.test_commands import KEY

SECONDS = 20.0  # of a command that does no work; training takes a minute


def _ended(*arguments: object, env: dict[str, str] = KEY) -> EarlybellError:
    """The error that a command ends with, soon."""
    began = time.monotonic()
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], env=env)
    assert isinstance(result.exception, EarlybellError), result.output
    assert time.monotonic() - began < SECONDS
    return result.exception


@pytest.fixture
def below(tmp_path: Path) -> Path:
    """A path that cannot be made."""
    (tmp_path / "plain").touch()
    return tmp_path / "plain" / "below.md"


def _commands(bundle: Path, site: Path, below: Path) -> dict[str, list[object]]:
    tables = f"tables:{site}"
    predict = ["predict", bundle, tables, "--as-of", "0.4"]
    train = ["train", tables, "--out", below.parent.parent / "new", "--without-gates", "a trial"]
    return {
        "train --out": ["train", tables, "--out", below],
        "train --trail": [*train, "--trail", f"sqlite:{below}"],
        "predict --out": [*predict, "--out", below],
        "predict --worklist": [*predict, "--worklist", below],
        "predict --trail": [*predict, "--trail", f"sqlite:{below}"],
        "predict --trail-anchors": [*predict, "--trail", f"sqlite:{below.parent}-new", "--trail-anchors", below],
        "predict-site --out": ["predict-site", tables, "--out", below],
        "predict-site --worklist": ["predict-site", tables, "--worklist", below],
        "predict-site --trail": ["predict-site", tables, "--trail", f"sqlite:{below}"],
        "monitor --out": ["monitor", tables, "--out", below],
        "card --out": ["card", bundle, "--out", below],
        "extract": ["extract", tables, below],
        "features": ["features", tables, below],
        "simulate": ["simulate", below],
        "token --file": ["token", "moodle", "--file", below],
        "serve --trail": ["serve", bundle, "--no-tokens", "--trail", f"sqlite:{below}"],
        "serve --trail-journal": ["serve", bundle, "--no-tokens", "--trail-journal", below],
    }


@pytest.mark.parametrize("command", list(_commands(Path(), Path(), Path())))
def test_a_place_that_cannot_be_written_is_named_before_any_work(
    bundle: Path, site: Path, tmp_path: Path, below: Path, command: str
) -> None:
    if command.startswith(("token", "serve")):
        pytest.importorskip("kserve", reason="kserve is not installed (the extra `serving`)", exc_type=ImportError)
    error = _ended(*_commands(bundle, site, below)[command], env=KEY | {"EARLYBELL_HOME": str(tmp_path / "home")})
    assert isinstance(error, SettingError)
    assert error.value in (str(below), f"{below}.anchors")
    assert "Not a directory" in error.way_out
    assert {path.name for path in tmp_path.iterdir()} <= {"plain", "home"}
    assert not (tmp_path / "home" / "runs").exists()


@pytest.mark.parametrize("command", ["train", "predict-site", "demo", "reproduce", "serve"])
def test_a_home_that_cannot_be_written_is_named_before_any_work(
    bundle: Path, site: Path, tmp_path: Path, below: Path, command: str
) -> None:
    arguments: dict[str, list[object]] = {
        "train": [f"tables:{site}", "--out", tmp_path / "new"],
        "predict-site": [f"tables:{site}"],
        "demo": [],
        "reproduce": ["1"],
        "serve": [bundle, "--no-tokens"],
    }
    error = _ended(command, *arguments[command], env=KEY | {"EARLYBELL_HOME": str(below)})
    assert (error.thing, error.value) == ("EARLYBELL_HOME cannot be written", str(below))


def test_a_bundle_is_never_trained_into_something_that_is_there(site: Path, tmp_path: Path) -> None:
    error = _ended("train", f"tables:{site}", "--out", tmp_path)
    assert "is there already" in error.thing


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--label", "grade"], "no such label"),
        (["--label", "rubric", "--rubric", "nowhere.yaml"], "the rubric cannot be read"),
        (["--rubric", "nowhere.yaml"], "a rubric is given, and the label is another"),
        (["--engine", "sqlite"], "no such engine"),
        (["--capacity", "0"], "capacity is not above 0"),
        (["--capacity", "nan"], "capacity is not above 0"),
        (["--model-name", "it's"], "no name for a registered model"),
        (["--model-name", ""], "no name for a registered model"),
        (["--cost-miss", "5"], "costs are given together"),
        (["--without-gates", ""], "--without-gates needs a reason"),
        (["--without-gates", "a trial", "--trail", "oracle:x"], "names no store"),
        (["--without-gates", "a trial", "--trail", "postgresql://u@h/d"], "anchors of a trail in PostgreSQL"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_train_checks_its_settings_before_any_work(
    site: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    home = tmp_path / "home"
    error = _ended(
        "train", f"tables:{site}", "--out", tmp_path / "new", *arguments, env=KEY | {"EARLYBELL_HOME": str(home)}
    )
    assert message in error.thing
    assert error.exit_code == 2
    assert not home.exists()


@pytest.mark.parametrize("command", ["train", "predict", "predict-site", "features", "extract", "request"])
@pytest.mark.parametrize("key", ["", "short"])
def test_a_key_that_lacks_is_told_before_any_work(
    bundle: Path, site: Path, tmp_path: Path, command: str, key: str
) -> None:
    tables = f"tables:{site}"
    arguments: dict[str, list[object]] = {
        "train": [tables, "--out", tmp_path / "new"],
        "predict": [bundle, tables],
        "predict-site": [tables],
        "features": [tables, tmp_path / "new"],
        "extract": [tables, tmp_path / "new"],
        "request": [tables, "--course", "a"],
    }
    env = {"EARLYBELL_PSEUDONYM_KEY": key, "EARLYBELL_HOME": str(tmp_path / "home")}
    error = _ended(command, *arguments[command], env=env)
    assert error.thing.startswith("key for pseudonyms")
    assert list(tmp_path.iterdir()) == []


def test_tables_with_pseudonyms_need_no_key(bundle: Path, site: Path, tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["extract", f"tables:{site}", str(tmp_path / "t")], env=KEY).exit_code == 0
    env = {"EARLYBELL_PSEUDONYM_KEY": ""}
    result = CliRunner().invoke(app, ["predict", str(bundle), f"tables:{tmp_path}/t", "--as-of", "0.4"], env=env)
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("command", ["predict", "predict-site", "features", "evaluate"])
@pytest.mark.parametrize("as_of", ["tomorrow", "1.5", "nan"])
def test_a_moment_that_is_none_is_told_before_any_work(bundle: Path, tmp_path: Path, command: str, as_of: str) -> None:
    tables = "tables:nowhere"
    arguments: dict[str, list[object]] = {
        "predict": [bundle, tables],
        "predict-site": [tables],
        "features": [tables, tmp_path / "new"],
        "evaluate": [bundle, tables],
    }
    error = _ended(command, *arguments[command], "--as-of", as_of)
    assert error.thing.startswith("--as-of")


@pytest.mark.parametrize("command", ["predict", "predict-site"])
def test_a_capacity_of_nobody_is_told_before_any_work(bundle: Path, command: str) -> None:
    arguments: list[object] = [bundle] if command == "predict" else []
    assert "capacity" in _ended(command, *arguments, "tables:nowhere", "--capacity", "-3").thing


@pytest.mark.parametrize("command", ["train", "predict", "predict-site", "features", "demo", "evaluate"])
def test_a_source_of_no_kind_is_told_before_any_work(bundle: Path, tmp_path: Path, command: str) -> None:
    arguments: dict[str, list[object]] = {
        "train": ["moodle:x", "--out", tmp_path / "new"],
        "predict": [bundle, "moodle:x"],
        "predict-site": ["moodle:x"],
        "features": ["moodle:x", tmp_path / "new"],
        "demo": ["moodle:x"],
        "evaluate": [bundle, "moodle:x"],
    }
    error = _ended(command, *arguments[command], env=KEY | {"EARLYBELL_HOME": str(tmp_path / "home")})
    assert error.thing == "unknown kind of source"
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def of_rubric(site: Path, features: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle that was trained with the rubric label."""
    out = tmp_path_factory.mktemp("of_rubric")
    label_rubric_and_overlap(site, features, out / "labels.parquet")
    train("logistic", features, out / "labels.parquet", out / "logistic")
    evaluate_candidates([out / "logistic"], features, out / "labels.parquet", site, out / "bundle", label="rubric")
    return out / "bundle"


def test_a_bundle_with_the_rubric_label_is_measured_by_the_rubric(of_rubric: Path, site: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["evaluate", str(of_rubric), f"tables:{site}", "--as-of", "0.4", "--json"])
    assert result.exit_code == 0, result.output
    rows = {row["metric"]: row for row in json.loads(result.stdout) if row["group"] == "all"}
    connection = open_tables(site)
    create_moments(connection, "0.4")
    connection.execute(f"COPY moments TO {quoted(tmp_path / 'features.parquet')} (FORMAT parquet)")
    label_rubric(site, tmp_path, tmp_path / "labels.parquet")
    (expected,) = (
        connect().execute(f"SELECT avg(label), count(*) FROM {parquet(tmp_path / 'labels.parquet')}").fetchall()
    )
    assert rows["base_rate"]["value"] == pytest.approx(expected[0], abs=1e-6)
    assert rows["base_rate"]["learners"] == expected[1]
    assert {row["label"] for row in rows.values()} == {"rubric"}
    bad = "SELECT avg((outcome IN ('fail', 'withdrawn'))::INTEGER)"
    (outcomes,) = connection.execute(f"{bad} FROM moments JOIN outcomes USING (course_id, learner_id)").fetchall()
    assert abs(expected[0] - outcomes[0]) > 0.02, "the two labels differ, or this shows nothing"


def test_another_rubric_than_the_bundles_is_refused(of_rubric: Path, site: Path, tmp_path: Path) -> None:
    own = yaml.safe_load(Path(scale.__file__).with_name("rubric.yaml").read_text())
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(own | {"threshold": own["threshold"] - 0.5}))
    error = _ended("evaluate", of_rubric, f"tables:{site}", "--rubric", tmp_path / "own.yaml")
    assert error.thing == "another rubric than the bundle's"


def test_a_rubric_for_a_bundle_of_outcomes_is_refused(bundle: Path, site: Path) -> None:
    error = _ended("evaluate", bundle, f"tables:{site}", "--rubric", "own.yaml")
    assert error.thing == "a rubric is given, and the label is another"


def test_a_fraction_stays_one_and_a_count_is_whole() -> None:
    facts = _facts({"learners": 3.0, "share": 0.4, "as_of": "x", "bands": {"high": 2.0, "mean": 1.5}, "ready": True})
    assert json.dumps(facts) == json.dumps(
        {"learners": 3, "share": 0.4, "as_of": "x", "bands": {"high": 2, "mean": 1.5}, "ready": True}
    )


def test_json_is_all_that_is_printed_while_a_query_takes_longer_than_the_bars_delay(
    bundle: Path, site: Path, tmp_path: Path
) -> None:
    """The bundle's SQL takes some seconds; with `python -c` DuckDB takes the process for interactive."""
    slow = tmp_path / "slow"
    shutil.copytree(bundle, slow)
    sql = (slow / "features.sql").read_text()
    wait = "(SELECT count(*) FROM range(3000000000) AS r(i) WHERE hash(i) % 7 = 3)"
    (slow / "features.sql").write_text(f"SELECT f.* FROM ({sql}) f WHERE {wait} > 0")
    seal(slow, read_bundle(bundle).manifest)
    assert read_bundle(slow).sql != read_bundle(bundle).sql
    code = "from earlybell.cli.main import main; main()"
    options = ["--as-of", "0.4", "--ids", "keep", "--json"]
    command = [sys.executable, "-c", code, "predict", str(slow), f"tables:{site}", *options]
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert time.monotonic() - began > 3
    lines = done.stdout.splitlines()
    assert len(lines) > 300
    assert all(set(json.loads(line)) >= {"learner_id", "risk"} for line in lines)


@pytest.mark.parametrize("option", ["--pass-mark", "--timezone"])
@pytest.mark.parametrize("command", ["extract", "train", "predict-site"])
def test_an_option_that_moved_into_the_address_of_a_source_that_does_not_take_it_is_told_with_its_new_place(
    command: str, option: str
) -> None:
    code = "from earlybell.cli.main import main; main()"
    run = [sys.executable, "-c", code, command, "tables:site", f"{option}=50"]
    ended = subprocess.run(run, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert f"it is part of the source's address now: '{option}'" in ended.stderr
    assert "moodle-log:DIR?pass_mark=50%&timezone=Europe/Berlin" in ended.stderr


def test_an_option_that_moved_into_the_sources_address_is_read_there_and_said() -> None:
    lines: list[str] = []
    arguments = ["extract", "moodle-log:site?weekend=sat", "out", "--pass-mark", "50%", "--timezone=Asia/Muscat"]
    address = "moodle-log:site?weekend=sat&pass_mark=50%&timezone=Asia/Muscat"
    assert in_addresses(arguments, lines.append) == ["extract", address, "out"]
    said = "note: --pass-mark and --timezone: part of the source's address now, which is read as"
    assert lines == [f"{said} '{address}'."]


def test_a_moved_option_is_in_the_address_of_every_source_that_takes_it() -> None:
    arguments = ["train", "moodle-log:a", "tables:b", "moodle-db:mysql://u@h/d", "--pass-mark", "50"]
    placed = ["train", "moodle-log:a?pass_mark=50", "tables:b", "moodle-db:mysql://u@h/d?pass_mark=50"]
    assert in_addresses(arguments, list[str]().append) == placed


@pytest.mark.parametrize("arguments", [["extract", "moodle-log:a", "--pass-mark"], ["train", "--timezone", "UTC"]])
def test_a_moved_option_without_a_value_or_a_source_is_told_with_its_new_place(arguments: list[str]) -> None:
    with pytest.raises(SettingError, match="it is part of the source's address now"):
        in_addresses(arguments, list[str]().append)


def test_a_moved_option_that_the_address_has_too_is_given_twice() -> None:
    code = "from earlybell.cli.main import main; main()"
    run = [sys.executable, "-c", code, "extract", "moodle-log:.?pass_mark=40", "out", "--pass-mark=50"]
    ended = subprocess.run(run, capture_output=True, text=True, check=False, env=os.environ | KEY)
    assert ended.returncode == 2
    assert "an option is given twice" in ended.stderr


def test_a_value_that_is_called_as_such_an_option_is_no_option() -> None:
    code = "from earlybell.cli.main import main; main()"
    run = [sys.executable, "-c", code, "extract", "tables:nowhere", "timezone"]
    ended = subprocess.run(run, capture_output=True, text=True, check=False, env=os.environ | KEY)
    assert ended.returncode != 0
    assert "nowhere" in ended.stderr
    assert "source's address now" not in ended.stderr
