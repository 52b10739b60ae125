"""What the chart's own pods run, run here as they run it: the Job of the trail's owner, and what `helm test` runs."""

import itertools
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psycopg
import pytest

from components.extract import extract
from tests.components.extract.moodle_db.places import Servers
from tests.components.extract.moodle_db.site import site
from tests.earlybell.trail.conftest import postgresql
from tests.helm.render import SITES, pods, rendered
from tests.mariadb import start_mariadb
from tests.postgresql import Server
from tests.serving.running import free_ports

__all__ = ["postgresql"]  # a fixture
_numbers = itertools.count()
Database = Callable[[str], str]


def run(pod: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run what a pod of the chart runs, with our Python."""
    program, *arguments = pods(rendered(*SITES["trail_owner"]))[pod]["containers"][0]["command"]
    ours = Path(sys.executable).with_name(program)
    return subprocess.run([ours, *arguments], env=os.environ | environment, text=True, capture_output=True)


def test_a_sync_fills_the_volume_from_which_the_pipelines_extract(postgresql: Server, tmp_path: Path) -> None:
    place = Servers(lambda: postgresql, start_mariadb).make("postgresql", site())
    container = pods(rendered(*SITES["sync"]))["CronJob/earlybell-sync"]["containers"][0]
    source, key = place.source("code=idnumber:^([A-Z]+[0-9]+)"), "0123456789abcdef0123456789abcdef"
    values = {"EARLYBELL_MOODLE": source, "EARLYBELL_MOODLE_PASSWORD": "none", "EARLYBELL_PSEUDONYM_KEY": key}
    references = {one["name"]: one["valueFrom"]["secretKeyRef"] for one in container["env"] if "valueFrom" in one}
    assert references.keys() == values.keys() | {"EARLYBELL_MOODLE_TOKEN"}
    # One way needs the password, the other the token.
    may_lack = {name for name, reference in references.items() if reference.get("optional")}
    assert may_lack == {"EARLYBELL_MOODLE_PASSWORD", "EARLYBELL_MOODLE_TOKEN"}
    program, *arguments = container["command"]
    for name, value in values.items():  # Kubernetes does so
        arguments = [argument.replace(f"$({name})", value) for argument in arguments]
    assert container["volumeMounts"][0]["mountPath"] == "/sources"
    arguments = [argument.replace("/sources", str(tmp_path)) for argument in arguments]
    ours = Path(sys.executable).with_name(program)
    for _ in range(2):
        done = subprocess.run([ours, *arguments], env=os.environ | values, text=True, capture_output=True)
        assert done.returncode == 0, done.stderr
    assert "nothing has changed; 0 rows of the log read" in done.stdout
    facts = extract([f"tables:{tmp_path}/moodle"], tmp_path / "out", key=key)
    assert facts["rows"]["outcomes"] == 6


@pytest.fixture
def database(postgresql: Server) -> Database:
    """A new database: its address for a role, `owner`, who may create, or `writer`, who may not."""
    name = f"chart_{next(_numbers)}"
    with psycopg.connect(postgresql.address, autocommit=True) as connection:
        for role in ("owner", "writer"):
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone():
                connection.execute(f"CREATE ROLE {role} LOGIN")
        connection.execute(f"CREATE DATABASE {name} OWNER owner")
    place = postgresql.address.partition("@")[2].partition("/")[0]
    return lambda role: f"postgresql://{role}@{place}/{name}"


def test_the_trail_can_be_tested_after_its_owner_made_it_and_its_writer_can_only_add(database: Database) -> None:
    address = database("writer")
    for _ in range(2):  # an upgrade runs it again
        made = run("Job/earlybell-trail", EARLYBELL_TRAIL=address)
        assert made.returncode == 0, made.stderr
    tested = run("Pod/earlybell-test-trail", EARLYBELL_TRAIL=address)
    assert tested.returncode == 0, tested.stderr
    with psycopg.connect(address, autocommit=True) as connection:
        assert connection.execute("SELECT count(*) FROM trail_chain").fetchone() == (0,)
        for statement in ("DELETE FROM trail_payload", "UPDATE trail_chain SET seq = 1", "DROP TABLE trail_chain"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def test_a_trail_whose_role_makes_its_tables_can_be_tested_before_it_has_any(database: Database) -> None:
    tested = run("Pod/earlybell-test-trail", EARLYBELL_TRAIL=database("owner"))
    assert tested.returncode == 0, tested.stderr
    with psycopg.connect(database("owner")) as connection:
        assert connection.execute("SELECT to_regclass('trail_helm_test')").fetchone() == (None,)


def test_a_trail_that_nobody_made_for_its_writer_fails_its_test(database: Database) -> None:
    tested = run("Pod/earlybell-test-trail", EARLYBELL_TRAIL=database("writer"))
    assert tested.returncode == 1
    assert "permission denied" in tested.stderr
    assert "trail.address" in tested.stderr


@contextmanager
def mlflow(folder: Path, *options: str, **environment: str) -> Iterator[str]:
    """A real MLflow server; its address."""
    port = free_ports(1)[0]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", *options]
    with (folder / "log").open("w") as log:
        settings = os.environ | environment
        process = subprocess.Popen(command, cwd=folder, env=settings, stdout=log, stderr=log, start_new_session=True)
    try:
        until = time.monotonic() + 120
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5)
                break
            except OSError:
                assert process.poll() is None, (folder / "log").read_text()[-2000:]
                assert time.monotonic() < until, (folder / "log").read_text()[-2000:]
                time.sleep(0.3)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # nothing of it is wanted any more, and politely it can take long
        process.wait()


def test_mlflow_is_tested_by_its_password_which_must_be_right(tmp_path: Path) -> None:
    login = {"username": "admin", "password": "right-password-of-admin"}
    settings = f"[mlflow]\ndatabase_uri = sqlite:///{tmp_path}/auth.db\ndefault_permission = NO_PERMISSIONS\n"
    settings += f"admin_username = {login['username']}\nadmin_password = {login['password']}\n"
    settings += "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
    (tmp_path / "auth.ini").write_text(settings)
    options = {"MLFLOW_AUTH_CONFIG_PATH": f"{tmp_path}/auth.ini", "MLFLOW_FLASK_SERVER_SECRET_KEY": "of-the-tests"}
    with mlflow(tmp_path, "--app-name", "basic-auth", **options) as address:
        env = {"MLFLOW_TRACKING_URI": address, "MLFLOW_TRACKING_USERNAME": login["username"]}
        right = run("Pod/earlybell-test-mlflow", MLFLOW_TRACKING_PASSWORD=login["password"], **env)
        wrong = run("Pod/earlybell-test-mlflow", MLFLOW_TRACKING_PASSWORD="wrong", **env)  # noqa: S106
    assert right.returncode == 0, right.stderr
    assert wrong.returncode == 1
    assert "earlybell-mlflow" in wrong.stderr


def test_an_mlflow_that_answers_to_anybody_fails_its_test() -> None:
    class Open(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Open) as door:
        threading.Thread(target=door.serve_forever, daemon=True).start()
        env = {"MLFLOW_TRACKING_USERNAME": "admin", "MLFLOW_TRACKING_PASSWORD": "any"}
        tested = run("Pod/earlybell-test-mlflow", MLFLOW_TRACKING_URI=f"http://127.0.0.1:{door.server_port}", **env)
        door.shutdown()
    assert tested.returncode == 1
    assert "basic-auth" in tested.stderr
