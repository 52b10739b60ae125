"""Every client of another program has a time-out, which docs/reference/time-outs.md names, and which holds."""

import ast
import importlib
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from earlybell import clock
from earlybell.errors import ClusterError, EarlybellError, PipelineError, RegistryError, SettingError, SourceError
from tests.apiserver import program

ROOT = Path(__file__).parents[1]
CLIENTS = {"boto3", "azure", "httpx", "kfp_server_api", "kubernetes", "psycopg", "requests", "socket", "urllib.request"}
CLIENTS |= {"aiohttp", "http.client", "mlflow", "prometheus_client.exposition", "smtplib", "sqlalchemy", "urllib3"}
CLIENTS |= {"pymysql"}
NO_CLIENT = {  # what they import it for
    "serving/runtime/server.py": "to listen",
    "serving/runtime/adapter.py": "to listen",
    "serving/runtime/settings.py": "to listen",
    "components/registry/record.py": "for MLflow's types",
    "components/registry/server.py": "makes the client that registry.py asks",
}


def _imported(path: Path) -> set[str]:
    names = set[str]()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {client for client in CLIENTS for name in names if name == client or name.startswith(f"{client}.")}


def _table() -> dict[str, float]:
    """The seconds of each module, as the table says them."""
    page = (ROOT / "docs/reference/time-outs.md").read_text()
    return {file: float(seconds) for file, seconds in re.findall(r"\| `([\w/]+\.py)` \| (\d+) \|", page)}


def test_every_module_that_asks_another_program_is_in_the_table() -> None:
    folders = ("earlybell", "components", "pipelines", "serving", "rollout")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    asking = {str(path.relative_to(ROOT)) for path in files if _imported(path)}
    # The model asks by the trail, and kubectl is a program.
    assert asking - NO_CLIENT.keys() == _table().keys() - {"serving/runtime/model.py", "rollout/kubectl.py"}


@pytest.mark.parametrize("file", sorted(_table()))
def test_the_table_says_what_the_code_does(file: str) -> None:
    if file == "serving/runtime/model.py":
        pytest.importorskip("kserve", reason="kserve is not installed (the extra `serving`)", exc_type=ImportError)
    module = importlib.import_module(file.removesuffix(".py").replace("/", "."))
    name = {"serving/runtime/model.py": "TRAIL_SECONDS", "earlybell/trail/stores.py": "TIMEOUT"}.get(file, "SECONDS")
    assert getattr(module, name) == _table()[file]


@contextmanager
def _trickling(first: bytes) -> Iterator[str]:
    """Answers anybody a byte at a time, without end: no time-out of a socket ends that."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        ended = threading.Event()

        def answer(connection: socket.socket) -> None:
            with connection:
                try:
                    connection.sendall(first)
                    while not ended.wait(0.05):
                        connection.sendall(b" ")
                except OSError:
                    return

        def listen() -> None:
            while not ended.is_set():
                try:
                    threading.Thread(target=answer, args=(listening.accept()[0],), daemon=True).start()
                except OSError:
                    return

        threading.Thread(target=listen, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        ended.set()
        listening.shutdown(socket.SHUT_RDWR)


def _prometheus(address: str, _: Path) -> None:
    from rollout.prometheus import ask

    ask(address, "site", "learner-risk")


def _kubernetes(address: str, folder: Path) -> None:
    from rollout import kubectl
    from rollout.cluster import Cluster

    file = folder / "kubeconfig"
    file.write_text(
        "{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c, user: u}}],"
        f" clusters: [{{name: c, cluster: {{server: '{address}'}}}}], users: [{{name: u, user: {{}}}}]}}"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBECONFIG", str(file))
        patch.setenv("PATH", f"{Path(program('kubectl')).parent}{os.pathsep}{os.environ['PATH']}")
        patch.setattr(kubectl, "SECONDS", 5.0)
        Cluster("site").runtimes()


def _mlflow(address: str, _: Path) -> None:
    from components.registry import read_aliases

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", address)
        read_aliases("learner-risk")


def _kfp(address: str, _: Path) -> None:
    from pipelines.submit import Backend

    Backend(address)


def _pushgateway(address: str, _: Path) -> None:
    from components.pushgateway.gauges import push

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EARLYBELL_PUSHGATEWAY", address)
        push("training", "", {})


def _moodle(address: str, _: Path) -> None:
    from components.extract.moodle_web import address as addresses
    from components.extract.moodle_web.client import Client

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(addresses.TOKEN, "a token")
        with Client(addresses.read_address(address)) as client:
            client.call("core_webservice_get_site_info", object)


_HEADER, _BODY = b"HTTP/1.1 200 OK\r\nX-Long: ", b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n"
_ASKING: dict[str, tuple[Callable[[str, Path], None], type[EarlybellError], bytes]] = {
    "Prometheus, in the header": (_prometheus, SettingError, _HEADER),
    "Prometheus, in the body": (_prometheus, SettingError, _BODY),
    "Kubernetes, in the header": (_kubernetes, ClusterError, _HEADER),
    "Kubernetes, in the body": (_kubernetes, ClusterError, _BODY),
    "MLflow, in the header": (_mlflow, RegistryError, _HEADER),
    "MLflow, in the body": (_mlflow, RegistryError, _BODY),
    "KFP, in the header": (_kfp, PipelineError, _HEADER),
    "KFP, in the body": (_kfp, PipelineError, _BODY),
    "Moodle, in the header": (_moodle, SourceError, _HEADER),
    "Moodle, in the body": (_moodle, SourceError, _BODY),
    "Pushgateway, in the header": (_pushgateway, PipelineError, _HEADER),  # nobody reads its body
}
_ASK_BY_NAME = (
    "rollout.prometheus",
    "rollout.pod",
    "pipelines.submit",
    "components.pushgateway.gauges",
    "components.extract.moodle_web.client",
)


@pytest.mark.parametrize("case", _ASKING)
def test_an_answer_that_comes_a_byte_at_a_time_is_given_up(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask, error, first = _ASKING[case]
    within = clock.within

    def sooner(seconds: float, function: Callable[[], Any]) -> Any:
        return within(min(seconds, 2.0), function)

    importlib.import_module("components.registry.registry")  # which takes a while, the first time
    for module in _ASK_BY_NAME:
        monkeypatch.setattr(importlib.import_module(module), "within", sooner)
    monkeypatch.setattr(clock, "within", sooner)
    began = time.monotonic()
    with _trickling(first) as address, pytest.raises(error, match="has not answered within|did not end within"):
        ask(address, tmp_path)
    assert time.monotonic() - began < 15
