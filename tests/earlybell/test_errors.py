"""An error's exit code has one place, and a program ends by it with one line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from components.reporting import ERROR_FILE, errors_reported, read_error
from earlybell import errors
from earlybell.errors import MEMORY, EarlybellError, PipelineError, SettingError, ended_by_own_errors, exit_codes
from earlybell.tables.sql import connect

KINDS = EarlybellError.__subclasses__()


def test_each_error_has_a_code_and_a_meaning_of_its_own() -> None:
    assert len({kind.exit_code for kind in KINDS} | {0, 1, errors.INTERRUPTED}) == len(KINDS) + 3
    assert len({kind.meaning for kind in KINDS} | {EarlybellError.meaning}) == len(KINDS) + 1


def test_the_codes_of_a_command_are_those_of_its_errors_in_order() -> None:
    assert exit_codes(PipelineError, SettingError) == (
        "Exit codes: 0 done, 1 a defect of ours, 2 a wrong setting, 13 Kubeflow Pipelines, 130 interrupted."
    )


def test_without_errors_all_codes_are_there() -> None:
    assert [word for word in exit_codes().replace(",", "").split() if word.isdigit()] == sorted(
        ["0", "1", "130", *(str(kind.exit_code) for kind in KINDS)], key=int
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_program_ends_by_an_own_error_with_its_code_and_a_line(kind: type[EarlybellError]) -> None:
    lines = list[str]()
    with pytest.raises(SystemExit) as ended, ended_by_own_errors(lines.append):
        raise kind("the thing", 7, "Do it.")
    assert ended.value.code == kind.exit_code
    assert lines == ["error: the thing: 7. Do it."]


@pytest.mark.parametrize("other", [ValueError("x"), KeyboardInterrupt(), SystemExit(4)])
def test_what_is_no_error_of_ours_goes_on_as_it_is(other: BaseException) -> None:
    lines = list[str]()
    with pytest.raises(type(other)) as raised, ended_by_own_errors(lines.append):
        raise other
    assert raised.value is other
    assert lines == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_steps_error_is_read_where_it_left_it(
    kind: type[EarlybellError], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(ERROR_FILE, str(tmp_path / "error.json"))
    with pytest.raises(SystemExit) as ended, errors_reported():
        raise kind("the thing", "a value", "Do it.")
    assert ended.value.code == kind.exit_code
    left = read_error(tmp_path / "error.json")
    assert type(left) is kind
    assert str(left) == str(kind("the thing", "a value", "Do it."))
    assert capsys.readouterr().err == f"error: {left}\n"


def _more_than_the_memory() -> None:
    """A hash table of some gigabytes that cannot be put aside."""
    with connect(threads=1, temp_directory="") as connection:
        connection.execute("SELECT list(range), list(hash(range)) FROM range(40_000_000)").fetchall()


def test_too_little_memory_for_duckdb_names_the_variable_in_a_command_and_in_a_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(MEMORY, "50MB")
    monkeypatch.setenv(ERROR_FILE, str(tmp_path / "error.json"))
    line = "EARLYBELL_MEMORY is too little for these tables: '50MB'. Give more, as 6GB."
    lines = list[str]()
    with pytest.raises(SystemExit) as ended, ended_by_own_errors(lines.append):
        _more_than_the_memory()
    assert (ended.value.code, lines) == (SettingError.exit_code, [f"error: {line}"])
    with pytest.raises(SystemExit) as ended, errors_reported():
        _more_than_the_memory()
    assert ended.value.code == SettingError.exit_code
    assert str(read_error(tmp_path / "error.json")) == line
    assert capsys.readouterr().err == f"error: {line}\n"


def test_without_a_place_for_it_a_step_leaves_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ERROR_FILE, raising=False)
    with pytest.raises(SystemExit), errors_reported():
        raise SettingError("the thing", "a value", "Do it.")
    assert read_error(tmp_path / "error.json") is None


@pytest.mark.parametrize("module", ["earlybell.cli.main", "pipelines.__main__"])
def test_both_programs_list_their_codes(module: str) -> None:
    code = f"from {module} import main; main()"
    shown = subprocess.run(
        [sys.executable, "-c", code, "--help"],
        env=os.environ | {"COLUMNS": "500"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    codes = exit_codes() if module.startswith("earlybell") else exit_codes(SettingError, PipelineError)
    assert codes in " ".join(shown.stdout.split())
