"""Anchors in a log: lines on standard output, and what is found with a log that a collector kept."""

import json
from pathlib import Path

import pytest

from earlybell.errors import SettingError
from earlybell.trail import erase, open_trail, verify
from tests.earlybell.trail.places import Place, record, sqlite_place


@pytest.fixture
def logged(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> tuple[Place, list[str]]:
    """A trail whose anchors went to the log, and the log's lines."""
    place = sqlite_place(tmp_path)
    with open_trail(place.address, anchors="log") as trail:
        for request in "abc":
            trail.append([record(request)]).result()
    return place, capfd.readouterr().out.splitlines()


def _log(folder: Path, lines: list[str], before: str = "") -> Path:
    file = folder / "pods.log"
    file.write_text("".join(f"{before}{line}\n" for line in lines))
    return file


def test_each_head_is_a_line_on_standard_output_and_no_file(logged: tuple[Place, list[str]], tmp_path: Path) -> None:
    _, lines = logged
    assert [json.loads(line)["seq"] for line in lines] == [0, 1, 2, 3, 3]
    assert [json.loads(line).get("end", False) for line in lines] == [False] * 4 + [True]
    assert {path.name for path in tmp_path.iterdir()} == {"trail.db"}


@pytest.mark.parametrize(
    "before", ["", "2026-11-25T00:00:00.123456789Z stdout F ", "[pod/learner-risk/kserve-container] "]
)
def test_a_log_verifies_the_trail_and_finds_a_cut_off_end(
    logged: tuple[Place, list[str]], tmp_path: Path, before: str
) -> None:
    place, lines = logged
    noise = ["", "INFO: started {pid}", '{"level": "info", "writer": "someone"}', '{"writer": "x", "seq": ']
    log = _log(tmp_path, noise + lines, before)
    assert verify(place.address, log).whole
    place.tamper("DELETE FROM trail_payload WHERE seq = 3")
    place.tamper("DELETE FROM trail_chain WHERE seq = 3")
    assert [(finding.seq, finding.what) for finding in verify(place.address, log).findings] == [(3, "cut off")]


def test_an_erasure_is_anchored_in_the_log_too(
    logged: tuple[Place, list[str]], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    place, lines = logged
    assert erase(place.address, "ann", "asked for", anchors="log") == 3
    assert verify(place.address, _log(tmp_path, lines + capfd.readouterr().out.splitlines())).whole


def test_verifying_asks_for_a_file_of_the_log(logged: tuple[Place, list[str]]) -> None:
    with pytest.raises(SettingError, match=r"cannot be read from a log.*--anchors"):
        verify(logged[0].address, "log")
