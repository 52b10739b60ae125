"""A site's own authorities: each client of the pods trusts a server by the chart's variables, and not without."""

import os
import shutil
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psycopg
import pytest
from urllib3.exceptions import MaxRetryError

from earlybell import __version__
from pipelines.submit import Backend
from tests.apiserver import missing
from tests.earlybell.trail.conftest import postgresql
from tests.helm.render import pods, rendered
from tests.postgresql import Server

__all__ = ["postgresql"]  # a fixture
SITE = ("--set", "trust.configMap=authorities,trust.key=site.pem,trail.owner.role=earlybell")
MOUNTED = "/etc/earlybell/trust/site.pem"
MLFLOW = "import mlflow; print(mlflow.MlflowClient().search_registered_models())"
MIRROR = """
import asyncio, os, sys
from serving.runtime.metrics import MIRRORED
from serving.runtime.mirror import Mirror

async def copied():
    mirror = Mirror(os.environ["MLFLOW_TRACKING_URI"], "")
    mirror.send("/", b"{}", {})
    while not (known := {one.labels["outcome"] for one in MIRRORED.collect()[0].samples if one.value}):
        await asyncio.sleep(0.05)
    return known

known = asyncio.run(copied())
print(known)
"""
BLOB = (
    "import os; from azure.storage.blob import ContainerClient;"
    "key = {'account_name': 'a', 'account_key': 'a2V5'};"
    "ContainerClient(os.environ['MLFLOW_TRACKING_URI'], 'c', key, retry_total=0).get_container_properties()"
)
PUSH = (
    "import os; from prometheus_client import CollectorRegistry, push_to_gateway;"
    "push_to_gateway(os.environ['MLFLOW_TRACKING_URI'], 'test', CollectorRegistry())"
)


@dataclass(frozen=True)
class Keys:
    """An authority and a server's key that it signed.

    Attributes:
        authority: the certificate that a site puts into its ConfigMap.
        certificate, key: of 127.0.0.1.
    """

    authority: Path
    certificate: Path
    key: Path


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """Keys from openssl, which last a day."""
    if not shutil.which("openssl"):
        missing("openssl is not installed")
    folder = tmp_path_factory.mktemp("keys")
    new = "openssl req -newkey rsa:2048 -nodes -days 1"
    ca = f"{new} -x509 -keyout ca.key -out site.pem -subj /CN=authority -addext basicConstraints=critical,CA:TRUE"
    subprocess.run(
        [*ca.split(), "-addext", "keyUsage=critical,keyCertSign"], cwd=folder, check=True, capture_output=True
    )
    own = f"{new} -x509 -CA site.pem -CAkey ca.key -keyout own.key -out own.pem -subj /CN=127.0.0.1"
    own += " -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE"
    subprocess.run(own.split(), cwd=folder, check=True, capture_output=True)
    return Keys(folder / "site.pem", folder / "own.pem", folder / "own.key")


class _Answers(BaseHTTPRequestHandler):
    """Enough of MLflow, S3, Blob, KFP and the Pushgateway for a client to be content."""

    def do_GET(self) -> None:
        body, unauthorized = b"{}", self.path.startswith("/api/2.0/mlflow/") and "Authorization" not in self.headers
        if "list-type=2" in self.path:
            body = b"<ListBucketResult><Name>earlybell</Name></ListBucketResult>"
        self.send_response(401 if unauthorized else 200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.do_GET()

    do_POST = do_PUT  # noqa: N815 (its name)

    def log_message(self, format: str, *args: object) -> None:
        pass


class _Door(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that refuses the certificate goes away: as it should."""


@pytest.fixture(scope="module")
def door(keys: Keys) -> Iterator[str]:
    """The address of a server whose certificate nobody knows but the site."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(keys.certificate, keys.key)
    with _Door(("127.0.0.1", 0), _Answers) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://127.0.0.1:{server.server_port}"
        server.shutdown()


def run(pod: str, authority: Path | None, code: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
    """Run code as a pod of the chart would, or what the pod runs itself; its authorities are this file, or none."""
    container = pods(rendered(*SITE))[pod]["containers"][0]
    trusting = {
        variable["name"]: variable["value"] for variable in container["env"] if variable.get("value") == MOUNTED
    }
    assert len(trusting) == 6, pod
    clean = {key: value for key, value in os.environ.items() if key not in trusting and "proxy" not in key.lower()}
    env = {key: str(authority) for key in trusting} if authority else {}
    env |= {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", "AWS_MAX_ATTEMPTS": "1"} | settings
    program, *arguments = ["python", "-c", code] if code else container["command"]
    command = [Path(sys.executable).with_name(program), *arguments]
    return subprocess.run(command, env=clean | env, text=True, capture_output=True, timeout=120)


CLIENTS = {
    "helm_test_of_mlflow": ("Pod/earlybell-test-mlflow", ""),
    "helm_test_of_the_store": ("Pod/earlybell-test-store", ""),
    "mlflow": ("CronJob/earlybell-aliases", MLFLOW),
    "blob": ("CronJob/earlybell-aliases", BLOB),
    "pushgateway": ("CronJob/earlybell-aliases", PUSH),
}


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_trusts_the_sites_authority_and_refuses_it_without(client: str, door: str, keys: Keys) -> None:
    pod, code = CLIENTS[client]
    settings = {
        "MLFLOW_TRACKING_URI": door, "MLFLOW_TRACKING_USERNAME": "a", "MLFLOW_TRACKING_PASSWORD": "b",
        "EARLYBELL_STORE_BUCKET": "earlybell", "AWS_ENDPOINT_URL": door, "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
    }  # fmt: skip
    trusting = run(pod, keys.authority, code, **settings)
    assert trusting.returncode == 0, trusting.stderr
    refusing = run(pod, None, code, **settings)
    assert refusing.returncode != 0
    assert "CERTIFICATE_VERIFY_FAILED" in refusing.stderr or "certificate verify failed" in refusing.stderr


@pytest.fixture(scope="module")
def trail(postgresql: Server, keys: Keys) -> Iterator[str]:
    """The address of a trail in a PostgreSQL that speaks TLS."""
    with psycopg.connect(postgresql.address, autocommit=True) as connection:
        data = Path(connection.execute("SHOW data_directory").fetchone()[0])  # type: ignore[index]
        for file in (keys.certificate, keys.key):
            shutil.copy(file, data / file.name)
            shutil.chown(data / file.name, data.owner())
            (data / file.name).chmod(0o600)
        settings = {"ssl": "on", "ssl_cert_file": keys.certificate.name, "ssl_key_file": keys.key.name}
        for name, value in settings.items():
            connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        connection.execute("SELECT pg_reload_conf()")
        yield postgresql.address
        for name in settings:
            connection.execute(f"ALTER SYSTEM RESET {name}")
        connection.execute("SELECT pg_reload_conf()")


@pytest.mark.parametrize("mode", ["verify-full", "verify-ca"])
@pytest.mark.parametrize("pod", ["Pod/earlybell-test-trail", "Job/earlybell-trail"])
def test_the_trail_is_reached_by_the_sites_authority_where_its_address_asks_for_one(
    pod: str, mode: str, trail: str, keys: Keys
) -> None:
    settings = {"EARLYBELL_TRAIL": f"{trail}?sslmode={mode}"}
    trusting = run(pod, keys.authority, **settings)
    assert trusting.returncode == 0, trusting.stderr
    refusing = run(pod, None, HOME=str(keys.key.parent), **settings)
    assert refusing.returncode != 0
    assert "root certificate file" in refusing.stderr or "certificate verify failed" in refusing.stderr


def test_every_pod_of_the_site_has_the_authorities_where_its_variables_say() -> None:
    sources = {"configMap": {"name": "authorities"}}, {"secret": {"secretName": "authorities"}}
    for kind, source in zip(("configMap", "secret"), sources, strict=True):
        site = ("--set", f"trust.{kind}=authorities,trust.key=site.pem,trail.owner.role=owner")
        for name, pod in pods(rendered(*site)).items():
            assert {"name": "trust", **source} in pod["volumes"], name
            for container in pod["containers"]:
                (mount,) = (mount for mount in container["volumeMounts"] if mount["name"] == "trust")
                assert mount == {"name": "trust", "mountPath": str(Path(MOUNTED).parent), "readOnly": True}
                assert len([variable for variable in container["env"] if variable.get("value") == MOUNTED]) == 6, name


@pytest.mark.parametrize(
    ("site", "annotated"),
    [("trust.configMap=authorities", True), ("trust.secret=authorities", False), ("store.kind=s3", False)],
)
def test_kserve_fetches_a_bundle_by_the_sites_authorities_where_it_can(site: str, annotated: bool) -> None:
    accounts = [manifest for manifest in rendered("--set", site) if manifest["kind"] == "ServiceAccount"]
    (serving,) = (account for account in accounts if account["metadata"]["name"] == "earlybell-serving")
    annotations = {name: value for name, value in serving["metadata"]["annotations"].items() if "cabundle" in name}
    bundle = {"configmap": "authorities", "": "/etc/earlybell/trust/ca.crt"}
    expected = {f"serving.kserve.io/s3-cabundle{'-' * bool(end)}{end}": value for end, value in bundle.items()}
    assert annotations == (expected if annotated else {})


def test_a_mirror_trusts_the_sites_authority_and_refuses_it_without(door: str, keys: Keys) -> None:
    pod = f"ServingRuntime/earlybell-{__version__}"
    for authority, outcome in ((keys.authority, "answered"), (None, "failed")):
        done = run(pod, authority, MIRROR, MLFLOW_TRACKING_URI=door)
        assert done.stdout.strip() == f"{{'{outcome}'}}", done.stderr


def test_kubeflow_pipelines_is_trusted_by_the_sites_authority_and_refused_without(
    door: str, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = object.__new__(Backend)  # the whole client asks for more than our door knows
    backend._endpoint = door
    monkeypatch.setenv("SSL_CERT_FILE", str(keys.authority))
    backend._probe("")
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(MaxRetryError, match="certificate verify failed"):
        backend._probe("")
