"""A real Kubernetes API server for tests: etcd and kube-apiserver on free ports of this machine, and no node.

It checks schemas, pod security, rights and server-side apply as a cluster does. What a controller would do, a test does
itself or does without: no pod runs, no namespace is ever gone, and a status is what a test writes into it.
"""

import os
import shutil
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NoReturn

import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.cluster.addons import modules
from tests.serving.running import end, free_ports

PROGRAMS = ("etcd", "kube-apiserver", "kubectl")
_READY_IN = 90.0  # seconds; it takes ten or so
_TOKEN = "of-the-tests"  # noqa: S105


@dataclass(frozen=True)
class ApiServer:
    """An API server that runs.

    Attributes:
        url: its address.
        kubeconfig: of an administrator; may be named by `KUBECONFIG`.
    """

    url: str
    kubeconfig: Path

    def kubectl(self, *words: str, stdin: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
        """`kubectl` as its administrator, or with `--as` as somebody else; what it said is in the error."""
        command = [program("kubectl"), f"--kubeconfig={self.kubeconfig}", *words]
        done = subprocess.run(command, input=stdin, check=False, capture_output=True, text=True)
        if check and done.returncode:
            raise RuntimeError(f"kubectl {' '.join(words)}: {done.stderr}")
        return done

    def install(self, *crds: Path) -> None:
        """Install files of CustomResourceDefinitions and wait until they are served."""
        for file in crds:  # too large for the annotation that a client-side apply keeps
            self.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(file))
        for _ in range(20):  # kubectl refuses to wait for one that has no conditions yet
            done = self.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all", check=False)
            if not done.returncode:
                return
            time.sleep(0.5)
        raise RuntimeError(f"the resources are not served: {done.stderr}")


@cache
def program(name: str) -> str:
    """Where a program is: among those of the tests' cluster, or on PATH. Without it, the test does not run here."""
    folder = modules.programs()
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    while not (executable := shutil.which(name, path=path)) and _are_built(folder):
        time.sleep(1)
    if not (executable := executable or shutil.which(name, path=path)):
        missing(f"{name} is not installed: `make cluster` builds what a cluster needs")
    return executable


def _are_built(programs: Path) -> bool:
    """Whether somebody builds the cluster's programs now, as CI does beside the tests."""
    lock = programs / ".lock"
    return lock.exists() and subprocess.run(["flock", "--nonblock", lock, "true"], check=False).returncode != 0


def module(name: str) -> Path:
    """The folder of a Go module, as `kserve`, fetched if need be. Where it cannot be, the test does not run here."""
    program("go")
    try:
        return modules.module(name)
    except subprocess.CalledProcessError as error:
        missing(f"the Go module of {name} cannot be fetched: {error.stdout.strip()}")


def missing(reason: str) -> NoReturn:
    """End the test: skipped on a user's machine, failed in CI, where nothing may be missing."""
    if os.environ.get("CI") or os.environ.get("EARLYBELL_CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def api_server(folder: Path) -> Iterator[ApiServer]:
    """An API server that is ready; it and its data are gone afterwards.

    Args:
        folder: new or empty, for its keys, data and logs.
    """
    etcd, kube = program("etcd"), program("kube-apiserver")
    client, peer, port = free_ports(3)
    folder.mkdir(parents=True, exist_ok=True)
    database = [etcd, f"--data-dir={folder}/etcd", "--unsafe-no-fsync", f"--listen-peer-urls=http://127.0.0.1:{peer}"]
    database += [f"--{name}-client-urls=http://127.0.0.1:{client}" for name in ("listen", "advertise")]
    started = [_start(folder, "etcd", database)]
    try:
        server = _server(folder, port)
        started.append(_start(folder, "kube-apiserver", [kube, *_options(folder, client, port)]))
        _wait(server.url, started, folder)
        yield server
    finally:
        for process in reversed(started):
            end(process)


def _start(folder: Path, name: str, command: list[str]) -> subprocess.Popen[bytes]:
    with (folder / f"{name}.log").open("wb") as log:
        return subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)


def _options(folder: Path, client: int, port: int) -> list[str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "accounts.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, *form))
    (folder / "tokens.csv").write_text(f'{_TOKEN},admin,admin,"system:masters"\n')
    return [
        f"--etcd-servers=http://127.0.0.1:{client}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={folder}/certificates",  # it makes its own
        f"--token-auth-file={folder}/tokens.csv",
        "--authorization-mode=RBAC",
        "--allow-privileged",
        "--disable-admission-plugins=ServiceAccount",  # no controller makes the accounts that it waits for
        "--service-cluster-ip-range=10.96.0.0/16",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={folder}/accounts.key",
        f"--service-account-signing-key-file={folder}/accounts.key",
    ]


def _server(folder: Path, port: int) -> ApiServer:
    url, authority = f"https://127.0.0.1:{port}", f"{folder}/certificates/apiserver.crt"
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "tests", "cluster": {"server": url, "certificate-authority": authority}}],
        "users": [{"name": "admin", "user": {"token": _TOKEN}}],
        "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": "admin"}}],
        "current-context": "tests",
    }
    (folder / "kubeconfig").write_text(yaml.safe_dump(config))
    return ApiServer(url, folder / "kubeconfig")


def _wait(url: str, started: list[subprocess.Popen[bytes]], folder: Path) -> None:
    trusting = ssl._create_unverified_context()  # noqa: S323
    until = time.monotonic() + _READY_IN
    while time.monotonic() < until and all(process.poll() is None for process in started):
        try:
            with urllib.request.urlopen(f"{url}/readyz", context=trusting, timeout=5):  # noqa: S310
                return
        except OSError:
            time.sleep(0.2)
    logs = "\n".join((folder / f"{name}.log").read_text()[-2000:] for name in ("etcd", "kube-apiserver"))
    raise RuntimeError(f"the API server was not ready in {_READY_IN:g} s: {logs}")
