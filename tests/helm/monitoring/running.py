"""A real Prometheus, Alertmanager and Pushgateway as processes, and a receiver of what Alertmanager sends."""

import json
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

import httpx
import yaml

from tests.apiserver import missing
from tests.serving.running import end, free_ports

Object = dict[str, Any]
_T = TypeVar("_T")


@dataclass(frozen=True)
class Place:
    """A network where the programs run.

    Attributes:
        address: theirs in it, which this process reaches.
        shell: the start of a command that runs the rest of it there, and becomes it.
    """

    address: str = "127.0.0.1"
    shell: tuple[str, ...] = ()


HERE = Place()


def program(name: str) -> str:
    """A program of Debian's packages prometheus, prometheus-alertmanager and prometheus-pushgateway."""
    path = shutil.which(name)
    if not path:
        missing(f"{name} is not installed: Debian's prometheus, prometheus-alertmanager, prometheus-pushgateway")
    return str(path)


@dataclass(frozen=True)
class Prometheus:
    """One that runs, by its address."""

    url: str

    def query(self, query: str) -> list[Object]:
        """The samples that a query finds now.

        Raises:
            AssertionError: it is not one.
        """
        answer = httpx.get(f"{self.url}/api/v1/query", params={"query": query}, trust_env=False, timeout=30).json()
        assert answer["status"] == "success", f"{query}: {answer}"
        result = answer["data"]["result"]
        return result if isinstance(result, list) else [result]

    def firing(self) -> set[str]:
        """The names of the alerts that fire now."""
        return {sample["metric"]["alertname"] for sample in self.query('ALERTS{alertstate="firing"}')}


@dataclass
class Receiver:
    """Keeps what Alertmanager posts to it."""

    url: str
    notices: list[Object] = field(default_factory=list)

    def alerts(self, status: str = "firing") -> list[Object]:
        return [alert for notice in list(self.notices) for alert in notice["alerts"] if alert["status"] == status]

    def versions(self, name: str, status: str = "firing") -> set[str]:
        """The versions that alerts of a name are about."""
        return {
            alert["labels"]["model_version"] for alert in self.alerts(status) if alert["labels"]["alertname"] == name
        }


@contextmanager
def prometheus(
    folder: Path, groups: list[Object], scrape_configs: list[Object], alertmanager: str = "", place: Place = HERE
) -> Iterator[Prometheus]:
    """One with these rules that asks and evaluates each second, and tells an Alertmanager, by its address."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "rules.yaml").write_text(yaml.safe_dump({"groups": groups}))
    config: Object = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s", "scrape_timeout": "1s"},
        "rule_files": ["rules.yaml"],
        "scrape_configs": scrape_configs,
    }
    if alertmanager:
        target = {"static_configs": [{"targets": [alertmanager.removeprefix("http://")]}]}
        config["alerting"] = {"alertmanagers": [target]}
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(config))
    options = [f"--config.file={folder}/prometheus.yaml", f"--storage.tsdb.path={folder}/data"]
    with _running("prometheus", folder, options, place) as url:
        yield Prometheus(url)


@contextmanager
def alertmanager(folder: Path, config: Object, place: Place = HERE) -> Iterator[str]:
    """One with this configuration; its address."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "alertmanager.yaml").write_text(yaml.safe_dump(config))
    options = [f"--config.file={folder}/alertmanager.yaml", f"--storage.path={folder}/data"]
    with _running("prometheus-alertmanager", folder, [*options, "--cluster.listen-address="], place) as url:
        yield url


@contextmanager
def pushgateway(folder: Path, place: Place = HERE) -> Iterator[str]:
    """One that is empty; its address."""
    folder.mkdir(parents=True, exist_ok=True)
    with _running(
        "prometheus-pushgateway", folder, ["--persistence.file="], place
    ) as url:  # Debian's keeps a file for all
        yield url


@contextmanager
def receiver(address: str = HERE.address) -> Iterator[Receiver]:
    """A webhook at an address of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            inbox.notices.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Write nothing."""

    with ThreadingHTTPServer((address, 0), Handler) as server:
        inbox = Receiver(f"http://{address}:{server.server_address[1]}")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield inbox
        server.shutdown()


def until(look: Callable[[], _T], seconds: float, why: Callable[[], object] = str) -> _T:
    """What is looked for, once it is there.

    Raises:
        AssertionError: it was not in time; `why` says how things stand.
    """
    last = time.monotonic() + seconds
    while not (value := look()):
        assert time.monotonic() < last, why()
        time.sleep(0.5)
    return value


@contextmanager
def _running(name: str, folder: Path, options: list[str], place: Place) -> Iterator[str]:
    (port,) = free_ports(1)
    log = folder / f"{name}.log"
    with log.open("wb") as out:
        command = [*place.shell, program(name), *options, f"--web.listen-address={place.address}:{port}"]
        process = subprocess.Popen(command, stdout=out, stderr=out)
    url = f"http://{place.address}:{port}"
    try:
        until(lambda: process.poll() is not None or _answers(f"{url}/-/ready"), 30, log.read_text)
        assert process.poll() is None, log.read_text()
        yield url
    finally:
        end(process)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False
