"""HTTP servers of a few lines that tests put before a client, or before a server."""

import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Front(BaseHTTPRequestHandler):
    """A server's answers to what is posted or got, which `reply` of a subclass gives."""

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        self.reply(self.rfile.read(int(self.headers.get("content-length", 0))))

    def reply(self, body: bytes) -> None:
        """Answer to a body."""
        raise NotImplementedError

    def answer(self, status: int, content: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@contextmanager
def served(kind: type[Front], context: ssl.SSLContext | None = None) -> Iterator[str]:
    """The address of a server of such answers, on a free port of this machine; with TLS where there is a context."""
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as front:
        if context is not None:
            front.socket = context.wrap_socket(front.socket, server_side=True)
        thread = threading.Thread(target=front.serve_forever)
        thread.start()
        try:
            yield f"{'https' if context else 'http'}://127.0.0.1:{front.server_port}"
        finally:
            front.shutdown()
            thread.join()
