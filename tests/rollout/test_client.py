"""What works with kubectl works here: proxies, private authorities, logins and contexts; what fails says why."""

import json
import os
import pty
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from earlybell.errors import ClusterError, SettingError
from rollout import cluster as here
from rollout import kubectl
from rollout.cluster import Cluster
from tests.apiserver import program
from tests.rollout.gate import PATH, SERVICE, TOKEN, Gate, by_plugin, opened, plugin
from tests.serving.running import free_ports

LOGGED_IN = {"token": TOKEN}
_PROXIES = [f"{name}_proxy" for name in ("http", "https", "no", "all")]


@pytest.fixture(scope="module")
def _gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    with opened(tmp_path_factory.mktemp("gate")) as gate:
        yield gate


@pytest.fixture
def gate(_gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gate:
    """A cluster that a kubeconfig leads to, and no setting of this machine's own."""
    monkeypatch.setenv("PATH", f"{Path(program('kubectl')).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in (*_PROXIES, "kubeconfig"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    _gate.paths.clear()
    _gate.through.clear()
    return _gate


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the kubeconfig is."""
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    return tmp_path / "config"


def _ask(namespace: str = "", context: str = "") -> object:
    service = Cluster(namespace, context).service("learner-risk")
    return service and {key: value for key, value in service.items() if key in SERVICE}


# Proxies


@pytest.mark.parametrize("scheme", ["http", "https", "socks5"])
def test_a_kubeconfig_names_a_proxy(gate: Gate, config: Path, scheme: str) -> None:
    port = gate.tls_proxy if scheme == "https" else gate.proxy
    server = {"server": "https://kubernetes.campus.example:6443", "proxy-url": f"{scheme}://127.0.0.1:{port}"}
    gate.kubeconfig(config, server, LOGGED_IN)
    assert _ask() == SERVICE
    assert "kubernetes.campus.example" + (":6443" if scheme != "socks5" else "") in gate.through


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy"])
def test_the_environment_names_a_proxy(gate: Gate, config: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, f"http://127.0.0.1:{gate.proxy}")
    gate.kubeconfig(config, {"server": "https://kubernetes.campus.example:6443"}, LOGGED_IN)
    assert _ask() == SERVICE
    assert "kubernetes.campus.example:6443" in gate.through


@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
@pytest.mark.parametrize(
    ("host", "without", "direct"),
    [
        ("kubernetes.campus.example", ".campus.example", True),
        ("kubernetes.campus.example", "campus.example", True),
        ("kubernetes.campus.example", "other.example,*", True),
        ("kubernetes.campus.example", "kubernetes.campus.example:6443", True),
        ("kubernetes.campus.example", "kubernetes.campus.example:443", False),
        ("kubernetes.campus.example", "ampus.example", False),
        ("240.0.0.1", "240.0.0.0/4", True),
        ("240.0.0.1", "10.0.0.0/8", False),
    ],
)
def test_what_needs_no_proxy_goes_without(
    gate: Gate, config: Path, name: str, host: str, without: str, direct: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{gate.proxy}")
    monkeypatch.setenv(name, without)
    monkeypatch.setattr(kubectl, "_REQUEST", 2)
    gate.kubeconfig(config, {"server": f"https://{host}:6443"}, LOGGED_IN)
    if direct:
        with pytest.raises(ClusterError, match=f"cannot be reached: https://{host}:6443: "):
            _ask()
    else:
        assert _ask() == SERVICE
    assert (f"{host}:6443" in gate.through) is not direct


def test_this_machine_needs_no_proxy(gate: Gate, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    gate.kubeconfig(config, {}, LOGGED_IN)
    assert _ask() == SERVICE


# Certificates


@pytest.mark.parametrize(
    "trust",
    [
        {"insecure-skip-tls-verify": True},
        {"certificate-authority": "keys/ca.crt"},
        {"certificate-authority-data": None},
    ],
    ids=["none", "a relative path", "data"],
)
def test_a_private_authority_is_trusted(gate: Gate, config: Path, trust: dict[str, object]) -> None:
    (config.parent / "keys").symlink_to(gate.keys.folder)
    gate.kubeconfig(config, {key: value for key, value in trust.items() if value}, LOGGED_IN)
    assert _ask() == SERVICE


def test_a_certificate_is_for_another_name(gate: Gate, config: Path) -> None:
    server = {"server": f"https://localhost:{gate.port}"}
    gate.kubeconfig(config, server, LOGGED_IN)
    with pytest.raises(ClusterError, match=r"x509: certificate is valid for .*campus\.example.*tls-server-name"):
        _ask()
    gate.kubeconfig(config, server | {"tls-server-name": "kubernetes.campus.example"}, LOGGED_IN)
    assert _ask() == SERVICE


@pytest.mark.parametrize("form", ["file", "data"])
def test_a_client_has_a_certificate(gate: Gate, config: Path, form: str) -> None:
    (config.parent / "keys").symlink_to(gate.keys.folder)
    parts = {"client-certificate": "client.crt", "client-key": "client.key"}
    files = {key: f"keys/{file}" for key, file in parts.items()}
    data = {f"{key}-data": gate.keys.data(file) for key, file in parts.items()}
    gate.kubeconfig(config, {}, files if form == "file" else data)
    assert _ask() == SERVICE


# Logins


def test_a_token_lies_in_a_file(gate: Gate, config: Path) -> None:
    (config.parent / "token").write_text(f"{TOKEN}\n")
    gate.kubeconfig(config, {}, {"tokenFile": "token"})
    assert _ask() == SERVICE


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_a_plugin_logs_in(gate: Gate, config: Path, version: str) -> None:
    plugin(config.parent / "login", version=version, before='test "$REALM" = campus || exit 1')
    gate.kubeconfig(config, {}, by_plugin("./login", version, env=[{"name": "REALM", "value": "campus"}]))
    cluster = Cluster()
    assert [bool(cluster.service("learner-risk")) for _ in range(2)] == [True, True]  # what it gave has expired


def test_a_plugin_is_told_of_the_cluster(gate: Gate, config: Path) -> None:
    plugin(config.parent / "login", before=f'echo "$KUBERNETES_EXEC_INFO" > {config.parent}/told')
    gate.kubeconfig(config, {}, by_plugin("./login", provideClusterInfo=True))
    assert _ask() == SERVICE
    assert json.loads((config.parent / "told").read_text())["spec"]["cluster"]["server"] == gate.server


def test_a_plugin_gives_a_certificate(gate: Gate, config: Path) -> None:
    pair = [json.dumps((gate.keys.folder / file).read_text()) for file in ("client.crt", "client.key")]
    plugin(config.parent / "login", more=f'"clientCertificateData": {pair[0]}, "clientKeyData": {pair[1]}')
    gate.kubeconfig(config, {}, by_plugin("./login"))
    assert _ask() == SERVICE


def test_a_plugin_that_is_missing_is_named_with_its_hint(gate: Gate, config: Path) -> None:
    gate.kubeconfig(config, {}, by_plugin("campus-login", installHint="Get it from the help desk."))
    with pytest.raises(
        ClusterError, match=r"login.*fails: .*Get it from the help desk.*campus-login not found"
    ) as caught:
        _ask()
    assert "client-go" not in str(caught.value)


def test_a_plugin_that_fails_has_its_words(gate: Gate, config: Path) -> None:
    plugin(config.parent / "login", before="echo run campus-login first >&2; exit 3")
    gate.kubeconfig(config, {}, by_plugin("./login"))
    with pytest.raises(ClusterError, match=r"login.*: run campus-login first getting credentials: .*exit code 3"):
        _ask()


def test_a_plugin_that_says_nonsense_is_told(gate: Gate, config: Path) -> None:
    (config.parent / "login").write_text("#!/bin/sh\necho hm\n")
    (config.parent / "login").chmod(0o755)
    gate.kubeconfig(config, {}, by_plugin("./login"))
    with pytest.raises(ClusterError, match="login for the cluster fails: .*decoding stdout"):
        _ask()


def test_a_plugin_that_hangs_ends_in_time(gate: Gate, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubectl, "SECONDS", 2.0)
    plugin(config.parent / "login", before=f"echo $$ > {config.parent}/pid; echo waiting >&2; sleep 600")
    gate.kubeconfig(config, {}, by_plugin("./login"))
    began = time.monotonic()
    with pytest.raises(ClusterError, match=r"login for the cluster fails: .*waiting .*did not end within 2 s"):
        _ask()
    assert time.monotonic() - began < 10
    command = Path(f"/proc/{(config.parent / 'pid').read_text().strip()}/cmdline")
    while time.monotonic() - began < 10 and command.exists() and command.read_bytes():
        time.sleep(0.05)
    assert not command.exists() or not command.read_bytes()  # gone, or a zombie whose parent is not looking


def test_a_plugin_may_ask_the_person_at_the_terminal(gate: Gate, config: Path) -> None:
    plugin(
        config.parent / "login",
        before="printf 'Password: ' >&2; read -r word; test $word = sesame || exit 1",
        more=f'"token": "{TOKEN}"',
    )
    gate.kubeconfig(config, {}, by_plugin("./login", interactiveMode="Always"))
    ours, theirs = pty.openpty()
    code = "from rollout.cluster import Cluster; print(Cluster().service('learner-risk')['kind'])"
    with subprocess.Popen([sys.executable, "-c", code], stdin=theirs, stdout=subprocess.PIPE, stderr=theirs) as process:
        output = b""
        while b"Password: " not in output:
            output += os.read(ours, 1024)
        os.write(ours, b"sesame\n")
        assert process.communicate(timeout=30)[0] == b"InferenceService\n"
    os.close(ours)
    os.close(theirs)


# Contexts


def test_a_context_and_a_namespace_are_chosen(gate: Gate, config: Path) -> None:
    contexts = [
        {"name": "campus", "context": {"cluster": "campus", "user": "nobody"}},
        {"name": "other", "context": {"cluster": "campus", "user": "me", "namespace": "elsewhere"}},
    ]
    gate.kubeconfig(config, {}, LOGGED_IN, contexts=contexts)
    assert _ask(context="other") == SERVICE
    assert _ask("mine", "other") == SERVICE
    assert gate.paths == [PATH.format("elsewhere"), PATH.format("mine")]
    with pytest.raises(ClusterError, match="user nobody"):
        _ask()
    with pytest.raises(ClusterError, match=r"no such context: .*third; its contexts are campus, other.*--context"):
        _ask(context="third")


@pytest.mark.parametrize("command", ["aliases", "status"])
def test_commands_take_them_as_kubectl_does(gate: Gate, config: Path, command: str) -> None:
    gate.kubeconfig(config, {}, LOGGED_IN, **{"current-context": ""})
    words = ["--context", "campus", "-n", "mine", "--model-name", "another"]
    environment = os.environ | {"EARLYBELL_HOME": str(config.parent / "home")}
    run = [sys.executable, "-c", "from earlybell.cli.main import main; main()", command, *words]
    done = subprocess.run(run, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert "there is no InferenceService another in" in " ".join((done.stdout + done.stderr).split())
    assert gate.paths == [PATH.format("mine").replace("learner-risk", "another")]


def test_without_a_present_context_the_contexts_are_named(gate: Gate, config: Path) -> None:
    gate.kubeconfig(config, {}, LOGGED_IN, **{"current-context": ""})
    with pytest.raises(ClusterError, match=r"no context is chosen: .*its contexts are campus.*--context"):
        _ask()
    assert _ask(context="campus") == SERVICE


def test_a_kubeconfig_may_be_in_several_files(gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/token").write_text(TOKEN)
    gate.kubeconfig(
        tmp_path / "a/users", {}, {"tokenFile": "token"}, contexts=[], clusters=[], **{"current-context": ""}
    )
    gate.kubeconfig(tmp_path / "clusters", {}, {}, users=[])
    paths = [tmp_path / name for name in ("missing", "a/users", "clusters")]
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, paths)))
    assert _ask() == SERVICE


# In a pod


@pytest.fixture
def pod(gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a pod's account."""
    account = tmp_path / "account"
    account.mkdir()
    for name, text in (("token", TOKEN), ("namespace", "site"), ("ca.crt", (gate.keys.folder / "ca.crt").read_text())):
        (account / name).write_text(text)
    monkeypatch.setattr(here, "ACCOUNT", account)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(gate.port))
    return account


def test_a_pod_needs_neither_kubeconfig_nor_kubectl(gate: Gate, pod: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    assert _ask() == SERVICE
    assert gate.paths == [PATH.format("site")]
    assert Cluster().service("another") is None
    (pod / "token").write_text("bad")
    with pytest.raises(ClusterError, match="does not know who you are"):
        _ask()


def test_a_pod_with_a_kubeconfig_goes_by_it(gate: Gate, pod: Path, config: Path) -> None:
    (pod / "token").write_text("bad")
    gate.kubeconfig(config, {}, LOGGED_IN)
    assert _ask() == SERVICE


def test_a_pod_that_does_not_trust_its_cluster_says_so(gate: Gate, pod: Path) -> None:
    gate.keys.make("another", "DNS:x")
    (pod / "ca.crt").write_text((gate.keys.folder / "another.crt").read_text())
    with pytest.raises(ClusterError, match=r"CERTIFICATE_VERIFY_FAILED.*Name the authority.*ca\.crt"):
        _ask()


# What fails, says why


@pytest.mark.parametrize(
    ("cluster", "words"),
    [
        ({"server": "https://127.0.0.1:1"}, "connection refused.*nothing listens"),
        ({"server": "https://no.such.host.invalid"}, r"no such host|server misbehaving.*Check the host's name"),
        ({"server": "https://127.0.0.1:PLAIN"}, "(TLS handshake|HTTPS client).*write http://"),
        ({"certificate-authority-data": "OTHER"}, "x509: .*Name the authority"),
        ({"server": "https://10.1.1.1", "proxy-url": "http://127.0.0.1:1"}, "proxyconnect.*The proxy fails.*proxy-url"),
        ({"server": "https://10.1.1.1", "proxy-url": "socks5://127.0.0.1:1"}, "connection refused.*The proxy fails"),
    ],
    ids=["refused", "name", "plain", "certificate", "proxy", "socks"],
)
def test_the_innermost_cause_has_its_own_remedy(gate: Gate, config: Path, cluster: dict[str, str], words: str) -> None:
    cluster = {key: value.replace("PLAIN", str(gate.plain)) for key, value in cluster.items()}
    if cluster.get("certificate-authority-data"):
        cluster["certificate-authority-data"] = gate.keys.data("client.crt")
    gate.kubeconfig(config, cluster, LOGGED_IN)
    with pytest.raises(ClusterError, match=f"(?s){words}"):
        _ask()


def test_an_api_server_that_hangs_ends_in_time(gate: Gate, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    monkeypatch.setattr(kubectl, "_REQUEST", 2)
    with socket.create_server(("127.0.0.1", free_ports(1)[0])) as silent:
        gate.kubeconfig(config, {"server": f"https://127.0.0.1:{silent.getsockname()[1]}"}, LOGGED_IN)
        began = time.monotonic()
        with pytest.raises(ClusterError, match=r"cannot be reached.*nothing came back in time"):
            _ask()
    assert time.monotonic() - began < 10


def test_a_token_that_is_wrong_is_told(gate: Gate, config: Path) -> None:
    gate.kubeconfig(config, {}, {"token": "bad"})
    with pytest.raises(ClusterError, match="does not know who you are.*Log in again"):
        _ask()


def test_without_kubectl_it_is_named(gate: Gate, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate.kubeconfig(config, {}, LOGGED_IN)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SettingError, match="missing on PATH: 'kubectl'"):
        _ask()
