"""A real API server with the kinds that the chart and the manifests use, and without a node: nothing runs on it."""

import json
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.helm.render import Object
from tests.helm.tools import module, program

RESTRICTED = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}


@dataclass(frozen=True)
class ApiServer:
    """An API server by its kubeconfig, which is an administrator's."""

    kubeconfig: Path

    def kubectl(self, *arguments: str, objects: list[Object] | None = None) -> subprocess.CompletedProcess[str]:
        """Run kubectl, with objects on its stdin; what it printed, whether it failed or not."""
        command = [program("kubectl"), "--kubeconfig", self.kubeconfig, *arguments]
        return subprocess.run(command, input=yaml.safe_dump_all(objects or []), text=True, capture_output=True)

    def apply(self, namespace: str, objects: list[Object]) -> str:
        """Apply objects, strictly; the server's warnings."""
        done = self.kubectl("apply", "--server-side", "--validate=strict", "-n", namespace, "-f", "-", objects=objects)
        assert done.returncode == 0, done.stderr
        return done.stderr

    def namespace(self, name: str) -> str:
        """A namespace of pod security `restricted`, with the account that a controller would make in it."""
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": RESTRICTED}}
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
        self.apply("default", [space])
        self.apply(name, [account])
        return name

    def may(self, account: str, namespace: str, verb: str, resource: str) -> bool:
        """Whether a ServiceAccount may do it."""
        user = f"--as=system:serviceaccount:{namespace}:{account}"
        return self.kubectl("auth", "can-i", verb, resource, "-n", namespace, user).stdout.strip() == "yes"


@contextmanager
def started(folder: Path) -> Iterator[ApiServer]:
    """An API server on free ports of this machine, its state in a folder, ended with all that it started."""
    etcd_port, peer_port, port = _free_ports(3)
    token = secrets.token_hex(16)
    (folder / "tokens.csv").write_text(f'{token},admin,admin,"system:masters"\n')
    subprocess.run(["openssl", "genrsa", "-out", folder / "key"], check=True, capture_output=True)
    store = f"http://127.0.0.1:{etcd_port}"
    etcd = [
        *(
            program("etcd"),
            "--data-dir",
            folder / "etcd",
            "--listen-client-urls",
            store,
            "--advertise-client-urls",
            store,
        ),
        *("--listen-peer-urls", f"http://127.0.0.1:{peer_port}", "--unsafe-no-fsync", "--log-level", "error"),
    ]
    server = [
        *(program("kube-apiserver"), "--etcd-servers", store, "--cert-dir", folder / "certificates"),
        *("--bind-address", "127.0.0.1", "--secure-port", port, "--token-auth-file", folder / "tokens.csv"),
        *("--service-account-issuer", "https://kubernetes", "--service-account-key-file", folder / "key"),
        *("--service-account-signing-key-file", folder / "key", "--authorization-mode", "RBAC"),
        *("--service-cluster-ip-range", "10.96.0.0/16"),
    ]
    with (folder / "log").open("wb") as log, _running(etcd, log.fileno()), _running(server, log.fileno()):
        found = ApiServer(_kubeconfig(folder / "admin.conf", f"https://127.0.0.1:{port}", token))
        _ready(found, folder / "log")
        _define(found)
        yield found


@contextmanager
def _running(command: list[object], log: int) -> Iterator[None]:
    process = subprocess.Popen(list(map(str, command)), stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_ports(count: int) -> list[int]:
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def _kubeconfig(path: Path, address: str, token: str) -> Path:
    cluster = {"name": "test", "cluster": {"server": address, "insecure-skip-tls-verify": True}}
    user = {"name": "admin", "user": {"token": token}}
    context = {"name": "test", "context": {"cluster": "test", "user": "admin"}}
    lists = {"clusters": [cluster], "users": [user], "contexts": [context], "current-context": "test"}
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "Config", **lists}))
    return path


def _ready(server: ApiServer, log: Path, seconds: float = 60) -> None:
    """Wait until it answers and its own objects are there, as the namespace `default`."""
    end = time.monotonic() + seconds
    while server.kubectl("get", "--raw", "/readyz").returncode or server.kubectl("get", "ns", "default").returncode:
        assert time.monotonic() < end, log.read_text()[-2000:]
        time.sleep(0.3)


def _define(server: ApiServer) -> None:
    """The kinds of KServe, the Gateway API and the Prometheus operator, from their Go modules."""
    kserve = module("kserve") / "charts/kserve-crd/templates"
    places = [
        *(kserve / f"serving.kserve.io_{name}.yaml" for name in ("inferenceservices", "servingruntimes")),
        module("gateway_api") / "config/crd/standard",
        module("prometheus_operator") / "example/prometheus-operator-crd",
    ]
    files = [f"--filename={place}" for place in places]
    done = server.kubectl("apply", "--server-side", *files)
    assert done.returncode == 0, done.stderr
    done = server.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
    assert done.returncode == 0, done.stderr
