"""The commands of the audit trail."""

import json
import sys
from pathlib import Path

import pytest
from msgspec import structs
from typer.testing import CliRunner

from earlybell.cli.main import app, main
from earlybell.cli.trail import commands
from earlybell.trail import open_trail
from tests.earlybell.trail.places import Place, record, sqlite_place

_COMMANDS = ["create", "verify", "show", "erase", "pairs"]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A trail of four records of two learners."""
    made = sqlite_place(tmp_path)
    made.filled("abcd", ["ann", "bob"])
    return made


def _run(*arguments: object) -> str:
    result = CliRunner().invoke(app, ["trail", *(str(argument) for argument in arguments)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return str(result.stdout)


def _fails(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> object:
    monkeypatch.setattr(sys, "argv", ["earlybell", "trail", *(str(argument) for argument in arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


@pytest.mark.parametrize("command", _COMMANDS)
def test_every_command_has_help_an_example_and_exit_codes(command: str) -> None:
    text = " ".join(_run(command, "--help").split())
    assert f"Example: earlybell trail {command}" in text
    assert "Exit codes: 0" in text


def test_there_is_no_command_without_a_test_of_its_help() -> None:
    assert {command.callback.__name__ for command in commands.registered_commands if command.callback} == set(_COMMANDS)


def test_a_whole_trail_is_said_to_be(place: Place) -> None:
    assert "Whole: 4 entries of 1 writer, 0 erased." in _run("verify", place.address, "--anchors", place.anchors)
    assert "Without anchors" in _run("verify", place.address, "--anchors", "none")
    audit = json.loads(_run("verify", place.address, "--anchors", place.anchors, "--json"))
    assert audit == {"entries": 4, "writers": 1, "erased": 0, "anchored": True, "findings": [], "whole": True}


def test_a_trail_that_is_not_whole_ends_with_10_and_names_the_record(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place.tamper("DELETE FROM trail_payload WHERE seq = 2")
    assert _fails(monkeypatch, "verify", place.address, "--anchors", place.anchors, "--json") == 10
    out, error = capsys.readouterr()
    audit = json.loads(out)
    assert not audit["whole"]
    assert [(finding["seq"], finding["until"], finding["what"]) for finding in audit["findings"]] == [(2, 2, "removed")]
    assert error.startswith("error: trail sqlite:")
    assert error.count("\n") == 1
    assert _fails(monkeypatch, "verify", place.address, "--anchors", place.anchors) == 10
    assert "entry 2: removed" in capsys.readouterr().out


def test_show_prints_the_records_that_were_asked_for(place: Place) -> None:
    lines = [json.loads(line) for line in _run("show", place.address, "--learner", "bob", "--json").splitlines()]
    assert [(record["request_id"], record["learner_id"], record["features"]) for record in lines] == [
        ("b", "bob", [1.5, None, 0.1]),
        ("d", "bob", [1.5, None, 0.1]),
    ]
    output = _run("show", place.address, "--request", "c")
    assert output.count("\n") == 1
    assert "learner ann" in output
    assert "medium, risk 0.250 (0.100 to 0.500), by learner-risk 3, asked by moodle" in output


def test_show_says_by_what_a_risk_was_corrected_for_its_course(tmp_path: Path) -> None:
    made = sqlite_place(tmp_path)
    with made.open() as trail:
        trail.append([record("a"), structs.replace(record("b"), correction=-0.25)]).result()
    plain, corrected = _run("show", made.address).splitlines()
    assert "corrected" not in plain
    assert "risk 0.250 (0.100 to 0.500), corrected for its course by -0.250 log-odds, by learner-risk 3" in corrected


def test_show_says_the_trial_of_a_course_run(tmp_path: Path) -> None:
    made = sqlite_place(tmp_path)
    with made.open() as trail:
        trail.append([record("a"), structs.replace(record("b"), trial="0a" * 32)]).result()
    plain, tried = _run("show", made.address).splitlines()
    assert "trial" not in plain
    assert tried.endswith(f", trial {'0a' * 32}")


def test_erase_says_how_many_and_the_trail_stays_whole(place: Place) -> None:
    options = ["--learner", "bob", "--reason", "asked for", "--anchors", place.anchors]
    assert _run("erase", place.address, *options, "--by", "dean") == "Erased 2 records.\n"
    assert json.loads(_run("erase", place.address, *options, "--json")) == {"erased": 0}
    assert "Whole: 5 entries of 2 writers, 2 erased." in _run("verify", place.address, "--anchors", place.anchors)


def test_pairs_compares_two_trails(place: Place, tmp_path: Path) -> None:
    other = f"sqlite:{tmp_path}/challenger.db"
    with open_trail(other) as trail:
        trail.append([record("a", "ann", 0.5, "high"), record("b", "bob", 0.25)]).result()
    comparison = json.loads(_run("pairs", place.address, other, "--json"))
    assert (comparison["pairs"], comparison["only_champion"], comparison["only_challenger"]) == (2, 2, 0)
    assert (comparison["band_agreement"], comparison["mean_difference"]) == (0.5, 0.125)
    words = _run("pairs", place.address, other)
    assert "same band                0.500" in words
    assert "0.250 medium -> 0.500 high" in words


def test_a_trail_that_is_not_there_ends_with_10(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _fails(monkeypatch, "show", f"sqlite:{tmp_path}/none.db") == 10
    assert _fails(monkeypatch, "show", "oracle:none") == 2
