"""What stands between a client and a cluster: an API server behind real TLS, a proxy, and login plugins."""

import base64
import json
import socket
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

TOKEN = "good"  # noqa: S105
SERVICE = {"kind": "InferenceService", "metadata": {"name": "learner-risk"}}
PATH = "/apis/serving.kserve.io/v1beta1/namespaces/{}/inferenceservices/learner-risk"


@dataclass
class Keys:
    """Certificates of an authority of the test's own, by openssl."""

    folder: Path

    def __post_init__(self) -> None:
        self._openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.crt",
                      "-subj", "/CN=authority of the tests", "-days", "2")  # fmt: skip
        self.make("server", "IP:127.0.0.1,IP:240.0.0.1,DNS:kubernetes.campus.example")
        self.make("client", "DNS:client")

    def make(self, name: str, names: str) -> None:
        """A key and a certificate for these names."""
        self._openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr",
                      "-subj", f"/O=system:masters/CN={name}")  # fmt: skip
        (self.folder / "extensions").write_text(f"subjectAltName={names}\n")
        self._openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                      "-out", f"{name}.crt", "-days", "2", "-extfile", "extensions")  # fmt: skip

    def data(self, file: str) -> str:
        return base64.b64encode((self.folder / file).read_bytes()).decode()

    def context(self, name: str = "server") -> ssl.SSLContext:
        """Of a server, which asks for the client's certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / f"{name}.crt", self.folder / f"{name}.key")
        context.load_verify_locations(self.folder / "ca.crt")
        context.verify_mode = ssl.CERT_OPTIONAL
        return context

    def _openssl(self, *words: str) -> None:
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)


@dataclass
class Gate:
    """An API server that has one InferenceService in each namespace, and a proxy that leads to it whatever is asked.

    Attributes:
        paths: what was asked for.
        through: the addresses that the proxy was asked for.
        plain: the port of a server without TLS.
    """

    keys: Keys
    port: int = 0
    proxy: int = 0
    tls_proxy: int = 0
    plain: int = 0
    paths: list[str] = field(default_factory=list)
    through: list[str] = field(default_factory=list)

    @property
    def server(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def kubeconfig(self, path: Path, cluster: dict[str, Any], user: dict[str, Any], **more: Any) -> Path:
        """A kubeconfig with the context `campus`; `more` is put in the place of its parts."""
        trusted = {"certificate-authority-data": self.keys.data("ca.crt")}
        trusted = {} if {"certificate-authority", "insecure-skip-tls-verify"} & cluster.keys() else trusted
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "campus", "cluster": {"server": self.server} | trusted | cluster}],
            "users": [{"name": "me", "user": user}],
            "contexts": [{"name": "campus", "context": {"cluster": "campus", "user": "me", "namespace": "site"}}],
            "current-context": "campus",
        }
        path.write_text(yaml.safe_dump(config | more))
        return path


@contextmanager
def opened(folder: Path) -> Iterator[Gate]:
    """The API server and its proxy, until the test ends."""
    gate = Gate(Keys(folder))

    class Api(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            gate.paths.append(path)
            authorized = (
                str(self.headers["Authorization"]).lower() == f"bearer {TOKEN}" or self.connection.getpeercert()
            )
            if not authorized:
                self._answer(401, {"kind": "Status", "status": "Failure", "reason": "Unauthorized", "code": 401,
                                   "message": "Unauthorized"})  # fmt: skip
            elif path.startswith("/apis/serving.kserve.io/") and path.endswith("/learner-risk"):
                self._answer(200, SERVICE)
            else:
                self._answer(404, {"kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404,
                                   "message": "there is none"})  # fmt: skip

        def _answer(self, status: int, body: Mapping[str, object]) -> None:
            data = json.dumps({"apiVersion": "v1", **body}).encode()
            self.send_response(status)
            for name, value in (("Content-Type", "application/json"), ("Content-Length", str(len(data)))):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    class Plain(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    class Proxy(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError, IndexError):
                first = self.request.recv(1, socket.MSG_PEEK) if not isinstance(self.request, ssl.SSLSocket) else b""
                gate.through.append(_socks(self.request) if first == b"\5" else _connect(self.request))
                _carry(self.request, gate.port)

    class Tcp(socketserver.ThreadingTCPServer):
        allow_reuse_address = daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass

    class Tls(Tcp):
        def get_request(self) -> tuple[socket.socket, Any]:
            connection, address = super().get_request()
            return gate.keys.context().wrap_socket(connection, server_side=True), address

    class Https(ThreadingHTTPServer):
        daemon_threads = True

        def finish_request(self, request: Any, address: Any) -> None:
            with suppress(OSError), gate.keys.context().wrap_socket(request, server_side=True) as connection:
                super().finish_request(connection, address)

    with ExitStack() as stack:
        servers = [stack.enter_context(kind(("127.0.0.1", 0), handler)) for kind, handler in
                   ((Https, Api), (Tcp, Proxy), (Tls, Proxy), (ThreadingHTTPServer, Plain))]  # fmt: skip
        gate.port, gate.proxy, gate.tls_proxy, gate.plain = (server.server_address[1] for server in servers)
        for server in servers:
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
            stack.callback(server.shutdown)
        yield gate


def _connect(client: socket.socket) -> str:
    head = b""
    while b"\r\n\r\n" not in head:
        head += client.recv(4096)
    client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
    return head.split()[1].decode()


def _socks(client: socket.socket) -> str:
    client.recv(64)
    client.sendall(b"\5\0")
    request = client.recv(256)
    client.sendall(b"\5\0\0\1\0\0\0\0\0\0")
    return request[5:-2].decode() if request[3] == 3 else socket.inet_ntoa(request[4:8])


def _carry(client: socket.socket, port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as server:

        def back() -> None:
            with suppress(OSError):
                while part := server.recv(65_536):
                    client.sendall(part)
                client.shutdown(socket.SHUT_RDWR)

        threading.Thread(target=back, daemon=True).start()
        while part := client.recv(65_536):
            server.sendall(part)


def plugin(path: Path, *, version: str = "v1", token: str = TOKEN, before: str = "", more: str = "") -> Path:
    """A login plugin: a shell script that prints a credential."""
    status = more or f'"token": "{token}", "expirationTimestamp": "2020-01-01T00:00:00Z"'
    credential = (
        f'{{"apiVersion": "client.authentication.k8s.io/{version}", "kind": "ExecCredential", "status": {{{status}}}}}'
    )
    path.write_text(f"#!/bin/sh\n{before}\ncat <<'E'\n{credential}\nE\n")
    path.chmod(0o755)
    return path


def by_plugin(command: str | Path, version: str = "v1", **more: object) -> dict[str, Any]:
    """The user of a kubeconfig whom a plugin logs in."""
    settings = {"apiVersion": f"client.authentication.k8s.io/{version}", "command": str(command)}
    return {"exec": settings | {"interactiveMode": "IfAvailable"} | more}
