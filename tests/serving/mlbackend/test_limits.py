"""What a request may cost, and how the server starts and ends."""

import os
import subprocess
import threading
from pathlib import Path

import pytest

from earlybell.cli.mlbackend import PASSWORD
from tests.serving.mlbackend.moodle import Answer, course, labelled, log_lines, started, unlabelled
from tests.serving.running import EARLYBELL, end, free_ports

IDS = [f"{i}" * 40 for i in range(1, 4)]


def test_a_training_that_takes_too_long_is_ended_and_its_rows_are_kept(tmp_path: Path) -> None:
    with started(tmp_path / "models", "--max-seconds", "0.3") as backend:
        answer = backend.post("training", labelled(course(20, 0.5, seed=1)))
        assert (answer.status_code, answer.text) == (504, "it has not ended within 0.3 seconds: raise --max-seconds")
        assert len(list(backend.folder.rglob("*.parquet"))) == 1
        assert backend.metric('earlybell_mlbackend_fits_total{kind="train",outcome="too slow"}') == 1
        assert backend.metric("earlybell_mlbackend_fitting") == 0
    with started(tmp_path / "models") as backend:  # with time enough the next prediction trains on them
        assert backend.ask("prediction", unlabelled(course(4, 0.5, seed=2)))["status"] == 0


def test_so_many_trainings_run_at_once_and_the_others_wait(tmp_path: Path) -> None:
    with started(tmp_path / "models", "--max-fits", "1") as backend:
        answers: list[Answer] = []
        data = labelled(course(40, 0.5, seed=1))
        asking = [
            threading.Thread(target=lambda model=model: answers.append(backend.ask("training", data, model)))
            for model in IDS
        ]
        for thread in asking:
            thread.start()
        most = 0.0
        while any(thread.is_alive() for thread in asking):
            most = max(most, backend.metric("earlybell_mlbackend_fitting"))
            asking[0].join(0.05)
        assert [answer["status"] for answer in answers] == [0, 0, 0]
        assert most == 1
        assert backend.metric("earlybell_mlbackend_waiting") == 0


def test_two_servers_of_one_folder_are_refused(tmp_path: Path) -> None:
    with started(tmp_path / "models"):
        ended = _run(tmp_path / "models")
        assert ended.returncode == 2
        assert "Another back end uses it" in ended.stderr


@pytest.mark.parametrize(
    ("options", "password", "said"),
    [
        ((), "", f"{PASSWORD}: ''"),
        ((), "not good", f"{PASSWORD}: '(not shown)'"),
        (("--user", "a:b"), "good", "--user: 'a:b'"),
        (("--host", "203.0.113.1"), "good", "cannot listen at"),
    ],
    ids=[
        "no password",
        "one that Moodle cannot hold",
        "a user that Moodle cannot hold",
        "an address of another machine",
    ],
)
def test_a_wrong_setting_is_told_before_anything_starts(
    tmp_path: Path, options: tuple[str, ...], password: str, said: str
) -> None:
    ended = _run(tmp_path / "models", *options, password=password)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "not good" not in ended.stderr


def test_a_folder_that_cannot_be_written_is_a_wrong_setting(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file")
    ended = _run(tmp_path / "models")
    assert (ended.returncode, "It is a file" in ended.stderr) == (2, True)


def test_sigterm_lets_a_training_end_and_a_new_server_goes_on(tmp_path: Path) -> None:
    answers: list[Answer] = []
    with started(tmp_path / "models") as backend:
        data = labelled(course(20, 0.5, seed=1))
        asking = threading.Thread(target=lambda: answers.append(backend.ask("training", data)))
        asking.start()
        while not backend.metric("earlybell_mlbackend_fitting"):
            asking.join(0.01)
        assert end(backend.process) == 0
        asking.join()
        assert answers[0]["status"] == 0
        assert all(line["level"] != "error" for line in log_lines(backend))
    with started(tmp_path / "models") as backend:
        assert backend.ask("prediction", unlabelled(course(4, 0.5, seed=2)))["status"] == 0


def _run(folder: Path, *options: str, password: str = "good") -> subprocess.CompletedProcess[str]:  # noqa: S107
    (port,) = free_ports(1)
    command: list[str | Path] = [*EARLYBELL, "mlbackend", folder, "--port", str(port), *options]
    environment = os.environ | {PASSWORD: password}
    return subprocess.run(command, env=environment, text=True, capture_output=True, timeout=60, check=False)
