"""What cannot be reached says why in the innermost words, and what mends that: the clients themselves are asked."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from components.pushgateway import push
from components.registry import read_aliases
from earlybell.causes import innermost, remedy
from earlybell.errors import EarlybellError, PipelineError, RegistryError, SettingError
from earlybell.proxies import proxy_of
from pipelines.submit import Backend
from rollout import prometheus
from tests.rollout.gate import Keys
from tests.serving.running import free_ports


def _registry(address: str, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("MLFLOW_TRACKING_URI", address)
    read_aliases("learner-risk")


def _kubeflow(address: str, _: pytest.MonkeyPatch) -> None:
    Backend(address)


def _prometheus(address: str, _: pytest.MonkeyPatch) -> None:
    prometheus.ask(address, "site", "learner-risk")


def _pushgateway(address: str, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("EARLYBELL_PUSHGATEWAY", address)
    push("training", "", {})


Ask = Callable[[str, pytest.MonkeyPatch], None]
CLIENTS: dict[str, tuple[Ask, type[EarlybellError], str]] = {
    "registry": (_registry, RegistryError, "MLFLOW_TRACKING_URI"),
    "kubeflow": (_kubeflow, PipelineError, "KFP_ENDPOINT"),
    "prometheus": (_prometheus, SettingError, "--prometheus"),
    "pushgateway": (_pushgateway, PipelineError, "EARLYBELL_PUSHGATEWAY"),
}
client = pytest.mark.parametrize(("ask", "error", "setting"), CLIENTS.values(), ids=CLIENTS)


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http", "https", "no"):
        for variable in (f"{name}_proxy", f"{name}_proxy".upper()):
            monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[str]:
    """The address of a server whose certificate nobody trusts."""
    context, keys = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), Keys(tmp_path)
    context.load_cert_chain(keys.folder / "server.crt", keys.folder / "server.key")
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                try:
                    context.wrap_socket(connection, server_side=True).close()
                except OSError:
                    connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"https://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


@client
def test_what_does_not_run_is_to_be_started(
    ask: Ask, error: type[EarlybellError], setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(error, match=rf"\[Errno 111\] Connection refused.*name another address by .*{setting}"):
        ask(f"http://127.0.0.1:{free_ports(1)[0]}", monkeypatch)


@client
def test_a_name_that_is_not_known_is_to_be_checked(
    ask: Ask, error: type[EarlybellError], setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(error, match=rf"\[Errno -\d\] .*Check the host's name in .*{setting}, and this machine's DNS"):
        ask("http://no.such.host.invalid:9", monkeypatch)


@client
def test_a_certificate_that_is_not_trusted_has_its_authority_to_be_named(
    ask: Ask, error: type[EarlybellError], setting: str, stranger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(error, match=r"certificate verify failed.*Name the authority.*(SSL_CERT_FILE|SERVER_CERT_PATH)"):
        ask(stranger, monkeypatch)


@client
def test_a_proxy_that_fails_is_named(
    ask: Ask, error: type[EarlybellError], setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_ports(1)[0]}")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_ports(1)[0]}")
    with pytest.raises(error, match=r"Connection refused.*(NO_PROXY)"):
        ask("http://kubernetes.campus.example", monkeypatch)


def test_what_says_nothing_in_time_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prometheus, "SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(SettingError, match=r"(timed out|has not answered).*firewalls"):
            prometheus.ask(address, "site", "learner-risk")


def test_a_cause_is_looked_for_wherever_a_client_hides_it() -> None:
    outer = RuntimeError("outer", ValueError("beside it"))
    outer.__cause__ = ConnectionRefusedError(111, "Connection refused")
    assert innermost(outer) == "[Errno 111] Connection refused"
    assert innermost(RuntimeError(ValueError("in its arguments"))) == "in its arguments"
    endless = ValueError("round")
    endless.__context__ = RuntimeError("and")
    endless.__context__.__context__ = endless
    assert innermost(endless) == "and"


@pytest.mark.parametrize(
    ("message", "mended"),
    [
        ("HTTP Error 401: Unauthorized", "Log in: by KEY"),
        ("HTTP Error 403: Forbidden", "Ask for the right"),
        ("HTTP Error 500: Internal Server Error", "Look."),
    ],
)
def test_a_refusal_is_no_outage(message: str, mended: str) -> None:
    assert remedy(message, "Look.", what="it", setting="IT", login="by KEY").startswith(mended)
    assert remedy(message, "Look.", what="it", setting="IT") == "Look."


@pytest.mark.parametrize(
    ("address", "without", "proxied"),
    [
        ("https://a.campus.example", "", True),
        ("https://localhost:1", "", False),
        ("https://127.0.0.9", "", False),
        ("https://[::1]:80", "", False),
        ("https://a.campus.example", "campus.example", False),
        ("https://a.campus.example", " .campus.example , x", False),
        ("https://campus.example", ".campus.example", True),
        ("https://a.campus.example", "*.campus.example", False),
        ("https://campus.example", "campus.example", False),
        ("https://ourcampus.example", "campus.example", True),
        ("https://A.Campus.Example.", "a.campus.example", False),
        ("https://a.campus.example", "*", False),
        ("https://10.1.2.3", "10.0.0.0/8", False),
        ("https://11.1.2.3", "10.0.0.0/8", True),
        ("https://[fd00::5]:6443", "fd00::/8", False),
        ("https://[fd00::5]:6443", "fd00::5", False),
        ("https://[fd00::5]:6443", "[fd00::5]:6443", False),
        ("https://10.1.2.3:6443", "10.1.2.3:443", True),
        ("https://10.1.2.3", "10.1.2.3:443", False),
    ],
)
@pytest.mark.parametrize("case", [str.upper, str.lower])
def test_a_proxy_is_chosen_as_go_chooses_it(
    address: str, without: str, proxied: bool, case: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(case("https_proxy"), "http://proxy:3128")
    monkeypatch.setenv(case("no_proxy"), without)
    assert proxy_of(address) == ("http://proxy:3128" if proxied else "")
    assert proxy_of(address.replace("https:", "http:", 1)) == ""
