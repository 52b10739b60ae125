"""How it runs: who may ask, what is counted, how it starts and ends, and the copies for a challenger."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec import structs
from typer.testing import CliRunner

from earlybell.bundle import read_bundle, seal
from earlybell.cli.main import app
from earlybell.predict import open_tables
from earlybell.tables.codec import encode
from earlybell.trail import compare, read_records, verify
from serving.runtime.access import revoke
from tests.serving.running import Server, free_ports, started

pytestmark = pytest.mark.usefixtures("serving")
EARLYBELL = str(Path(sys.executable).with_name("earlybell"))
PREDICT = "/v1/models/learner-risk:predict"


@pytest.fixture(scope="module")
def body(site: Path) -> dict[str, Any]:
    """A request about one course run."""
    connection = open_tables(site)
    row = connection.execute("SELECT course_id, starts_at + INTERVAL 30 DAY FROM courses ORDER BY 1").fetchone()
    assert row is not None
    return {"instances": [{"as_of": f"{row[1].isoformat()}Z", **encode(connection, row[0])}]}


def ask(server: Server, body: dict[str, Any], **headers: str) -> httpx.Response:
    return httpx.post(f"{server.url}{PREDICT}", json=body, headers=headers, timeout=30, trust_env=False)


def metrics(server: Server) -> str:
    return httpx.get(f"{server.url}/metrics", trust_env=False).text


def token(file: Path, name: str) -> str:
    ran = CliRunner().invoke(app, ["token", name, "--file", str(file), "--days", "1"])
    assert ran.exit_code == 0, ran.output
    return ran.stdout.strip()


def test_only_who_has_a_token_may_ask_and_tokens_rotate_without_a_restart(
    bundle: Path, body: dict[str, Any], tmp_path: Path
) -> None:
    file = tmp_path / "tokens.json"
    first = token(file, "moodle")
    assert first not in file.read_text()
    with started(bundle, tmp_path, "--tokens", str(file)) as server:
        assert ask(server, body).status_code == 401
        assert ask(server, body, authorization="Bearer wrong").status_code == 401
        answer = ask(server, body, authorization=f"Bearer {first}", **{"x-request-id": "one"})
        assert answer.status_code == 200
        assert {record.caller for record in read_records(server.trail, request="one")} == {"moodle"}
        second = token(file, "moodle")
        for statuses in ([200, 200], [401, 200]):
            time.sleep(1.5)  # the file is looked at once a second
            headers = [f"Bearer {secret}" for secret in (first, second)]
            assert [ask(server, body, authorization=secret).status_code for secret in headers] == statuses
            _expire(file, first)
        assert _says(server, 'earlybell_token_expires_timestamp_seconds{caller="moodle"}')
        assert first not in server.log.read_text()


def test_a_file_of_tokens_that_hangs_holds_up_nobody(bundle: Path, body: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    bearer, journal = token(file, "moodle"), str(tmp_path / "journal")
    with started(bundle, tmp_path, "--tokens", str(file), "--trail-journal", journal) as server:
        os.mkfifo(tmp_path / "hangs")  # nobody writes to it: whoever reads waits
        (tmp_path / "hangs").rename(file)
        time.sleep(1.5)
        for _ in range(5):
            began = time.monotonic()
            assert ask(server, body, authorization=f"Bearer {bearer}").status_code == 200
            assert time.monotonic() - began < 2
        with _locked(server):
            assert ask(server, body, authorization=f"Bearer {bearer}").status_code == 200
            assert _says(server, "earlybell_trail_journaling 1.0")  # what watches goes on as well
        (tmp_path / "other").write_text('{"tokens": []}')
        hung = os.open(file, os.O_WRONLY)  # it comes back
        (tmp_path / "other").rename(file)
        os.close(hung)
        time.sleep(2.5)
        assert ask(server, body, authorization=f"Bearer {bearer}").status_code == 401


def test_a_container_says_version_and_anchors_by_its_environment(
    bundle: Path, body: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARLYBELL_MODEL_VERSION", "7")
    monkeypatch.setenv("EARLYBELL_TRAIL_ANCHORS", "log")
    with started(bundle, tmp_path, "--workers", "2") as server:
        assert ask(server, body, **{"x-request-id": "one"}).json()["model_version"] == "7"
    assert {record.model_version for record in read_records(server.trail, request="one")} == {"7"}
    audit = verify(server.trail, server.log)
    assert audit.whole
    assert audit.anchored
    assert not (tmp_path / "trail.db.anchors").exists()


def test_a_caller_whose_tokens_were_taken_out_never_expires_though_nobody_asks(bundle: Path, tmp_path: Path) -> None:
    file, gauge = tmp_path / "tokens.json", "earlybell_token_expires_timestamp_seconds"
    for name in ("moodle", "other"):
        token(file, name)
    with started(bundle, tmp_path, "--tokens", str(file), "--workers", "2") as server:
        assert _says(server, f'{gauge}{{caller="moodle"}} 1')
        revoke(file, "moodle")
        assert _says(server, f'{gauge}{{caller="moodle"}} +Inf')
        assert f'{gauge}{{caller="other"}} 1' in metrics(server)


def _says(server: Server, text: str) -> bool:
    """Whether its metrics say so soon: gauges are set once a second."""
    until = time.monotonic() + 10
    while text not in metrics(server) and time.monotonic() < until:
        time.sleep(0.1)
    return text in metrics(server)


def test_the_tokens_of_a_caller_are_taken_out(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    token(file, "moodle")
    token(file, "other")
    file.chmod(0o640)
    command = [EARLYBELL, "token", "moodle", "--file", str(file), "--revoke"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.startswith("Took 1 tokens")
    assert [entry["name"] for entry in json.loads(file.read_text())["tokens"]] == ["other"]
    assert file.stat().st_mode & 0o777 == 0o640
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.returncode == 2
    assert "It has tokens of other." in again.stderr


def test_the_earlier_tokens_of_a_caller_are_taken_out(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    for name in ("moodle", "other", "moodle"):
        token(file, name)
    last = json.loads(file.read_text())["tokens"][1:]
    command = [EARLYBELL, "token", "moodle", "--file", str(file), "--revoke-earlier"]
    for taken in (1, 0):
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stdout.startswith(f"Took {taken} tokens")
        assert json.loads(file.read_text())["tokens"] == last


def test_a_port_that_is_taken_is_said(server: Server, bundle: Path, tmp_path: Path) -> None:
    command = [EARLYBELL, "serve", str(bundle), "--no-tokens", "--trail", f"sqlite:{tmp_path}/t.db", "--grpc-port", "0"]
    ran = subprocess.run([*command, "--http-port", str(server.port)], capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert f"127.0.0.1:{server.port}" in ran.stderr
    assert "name another port" in ran.stderr


def _expire(file: Path, token: str) -> None:
    content = json.loads(file.read_text())
    content["tokens"][0]["expires_at"] = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    file.write_text(json.dumps(content))


def test_whom_to_let_ask_must_be_said(bundle: Path) -> None:
    ran = subprocess.run([EARLYBELL, "serve", str(bundle)], capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert "--no-tokens" in ran.stderr


def test_several_workers_count_together_and_answer_the_same(bundle: Path, body: dict[str, Any], tmp_path: Path) -> None:
    with started(bundle, tmp_path, "--workers", "2") as server:
        answers = [ask(server, body) for _ in range(20)]  # a new connection each: both workers get some
        assert {answer.status_code for answer in answers} == {200}
        assert len({json.dumps(answer.json()["predictions"]) for answer in answers}) == 1
        assert 'earlybell_requests_total{model_version="' in metrics(server)
        counted = [line for line in metrics(server).splitlines() if 'outcome="ok",route="predict"' in line]
        assert [float(line.split()[-1]) for line in counted] == [20]
        learners = sum(float(line.split()[-1]) for line in metrics(server).splitlines() if "learners_total{" in line)
        assert learners == 20 * len(answers[0].json()["predictions"][0]["learners"])
    assert verify(server.trail).whole
    assert len(list(read_records(server.trail))) == learners


def test_metrics_say_what_was_asked_how_long_it_took_and_how_sure_it_was(server: Server, body: dict[str, Any]) -> None:
    learner = ask(server, body).json()["predictions"][0]["learners"][0]["learner_id"]
    text = metrics(server)
    for name in ("requests_total", "risk_bucket", "learners_total", "out_of_range_total", "trail_lag_seconds"):
        assert f"earlybell_{name}" in text
    for stage in ("features", "scoring", "whole"):
        assert re.search(f'earlybell_seconds_count{{model_version="[^"]+",stage="{stage}"}} [1-9]', text)
    assert re.search('requests_total{model_version="[^"]+",outcome="unavailable",route="predict"} 0.0', text)
    assert "request_predict_seconds" in text  # KServe's own
    assert learner not in text


def test_sigterm_lets_what_was_begun_finish_and_flushes_the_trail(
    bundle: Path, body: dict[str, Any], tmp_path: Path
) -> None:
    answered: list[str] = []
    with started(bundle, tmp_path) as server:
        threads = [threading.Thread(target=_ask_until_it_ends, args=(server, body, answered, i)) for i in range(4)]
        for thread in threads:
            thread.start()
        while len(answered) < 8:
            time.sleep(0.01)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(30) == 0
        for thread in threads:
            thread.join()
    request_ids = {record.request_id for record in read_records(server.trail)}
    assert set(answered) <= request_ids
    assert verify(server.trail).whole


def _ask_until_it_ends(server: Server, body: dict[str, Any], answered: list[str], number: int) -> None:
    with httpx.Client(trust_env=False, timeout=30) as client:
        for i in range(10_000):
            try:
                answer = client.post(f"{server.url}{PREDICT}", json=body, headers={"x-request-id": f"{number}-{i}"})
            except httpx.TransportError:
                return
            if answer.status_code == 200:
                answered.append(answer.json()["request_id"])


def test_a_bundle_that_was_changed_is_never_ready_and_says_why(bundle: Path, tmp_path: Path) -> None:
    copy = tmp_path / "bundle"
    shutil.copytree(bundle, copy)
    (copy / "bands.json").write_text("{}")
    command = [EARLYBELL, "serve", str(copy), "--no-tokens", "--trail"]
    ran = subprocess.run([*command, f"sqlite:{tmp_path}/t.db"], capture_output=True, text=True, check=False)
    assert ran.returncode == 6
    assert "bands.json" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_bundle_that_is_not_the_released_one_is_never_ready_and_says_why(
    bundle: Path, body: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    released, other = read_bundle(bundle), tmp_path / "bundle"
    shutil.copytree(bundle, other)
    replaced = seal(other, structs.replace(released.manifest, name="another"))
    monkeypatch.setenv("EARLYBELL_BUNDLE_DIGEST", released.digest)
    command = [EARLYBELL, "serve", str(other), "--no-tokens", "--trail", f"sqlite:{tmp_path}/t.db"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 6
    assert released.digest in ran.stderr
    assert replaced.digest in ran.stderr
    assert "Traceback" not in ran.stderr
    with started(bundle, tmp_path) as server:
        assert ask(server, body).status_code == 200


def test_a_bundle_is_found_where_a_storage_initializer_puts_it(
    bundle: Path, body: dict[str, Any], tmp_path: Path
) -> None:
    shutil.copytree(bundle, tmp_path / "models" / "7")
    with started(tmp_path / "models", tmp_path, "--model-version", "7") as server:
        assert ask(server, body).json()["model_version"] == "7"


def test_a_challenger_gets_a_copy_of_each_request_and_its_answers_are_not_returned(
    bundle: Path, body: dict[str, Any], tmp_path: Path
) -> None:
    older = Path(__file__).parent / "data" / "bundle-of-catalogue-1"
    (tmp_path / "champion").mkdir()
    (tmp_path / "challenger").mkdir()
    with (
        started(older, tmp_path / "challenger") as challenger,
        started(bundle, tmp_path / "champion", "--mirror", challenger.url) as champion,
    ):
        answers = [ask(champion, body).json() for _ in range(3)]
        version = {answer["model_version"] for answer in answers}
        expected = 3 * len(answers[0]["predictions"][0]["learners"])
        until = time.monotonic() + 20
        while len(list(read_records(challenger.trail))) < expected and time.monotonic() < until:
            time.sleep(0.1)
        assert 'earlybell_mirrored_total{outcome="answered"} 3.0' in metrics(champion)
    pairs = compare(champion.trail, challenger.trail)
    assert pairs.pairs == expected
    assert {record.model_version for record in read_records(champion.trail)} == version
    assert {record.model_version for record in read_records(challenger.trail)}.isdisjoint(version)


def test_a_challenger_that_is_away_costs_nothing(bundle: Path, body: dict[str, Any], tmp_path: Path) -> None:
    nobody = f"http://127.0.0.1:{free_ports(1)[0]}"
    with started(bundle, tmp_path, "--mirror", nobody) as server:
        assert [ask(server, body).status_code for _ in range(3)] == [200] * 3
        until = time.monotonic() + 10
        while 'mirrored_total{outcome="failed"} 3.0' not in metrics(server) and time.monotonic() < until:
            time.sleep(0.05)
        assert 'mirrored_total{outcome="failed"} 3.0' in metrics(server)


def test_what_serves_has_loaded_no_training_code(bundle: Path, tmp_path: Path) -> None:
    program = f"""
import sys
from pathlib import Path
from serving.runtime import server
from serving.runtime.model import LearnerRisk
from serving.runtime.settings import Settings
LearnerRisk(Settings(Path({str(bundle)!r}), "sqlite:" + sys.argv[1])).close()
print(" ".join(sorted({{name.partition(".")[0] for name in sys.modules}})))
"""
    command = [sys.executable, "-c", program, str(tmp_path / "loaded.db")]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = set(ran.stdout.split())
    assert {"kserve", "duckdb", "onnxruntime"} <= loaded
    assert not loaded & {"components", "pipelines", "kfp", "mlflow", "ibis", "pandera", "sklearn", "skl2onnx"}
    assert not loaded & {"onnxmltools", "onnx", "matplotlib", "shap", "numba"}


def test_a_trail_that_cannot_be_written_refuses_answers_unless_there_is_a_journal(
    bundle: Path, body: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with started(bundle, tmp_path / "a") as server, _locked(server):
        answer = ask(server, body)
        assert answer.status_code == 503
        assert "audit trail" in answer.json()["error"]
        assert int(answer.headers["retry-after"]) > 0
    with started(bundle, tmp_path / "b", "--trail-journal", str(tmp_path / "journal")) as server, _locked(server):
        assert ask(server, body).status_code == 200
        assert any((tmp_path / "journal").iterdir())
        assert _says(server, "earlybell_trail_journaling 1.0")


@contextmanager
def _locked(server: Server) -> Iterator[None]:
    """The store is locked, as by a long backup."""
    program = f"""
import sqlite3, sys
sqlite3.connect({server.trail.removeprefix("sqlite:")!r}, isolation_level=None).execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
"""
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        holder.stdout.readline()
        yield
        holder.communicate()
