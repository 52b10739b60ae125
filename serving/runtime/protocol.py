"""uvicorn's HTTP/1.1, with errors in the protocol's form, heads that end, and bodies that no `Upgrade` takes away."""

import asyncio
from http import HTTPStatus
from typing import Any

import httptools
import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LINGER_SECONDS = 1.0  # to read on after a refusal: closed before, a connection would take the answer with it
FORWARDED = {
    b"x-forwarded-for",
    b"forwarded",
}  # set by Knative's queue-proxy and by gateways; no caller takes them away
HEAD_BYTES = 64 * 2**10  # of a request's line and headers; of what stands between two parts of a body in chunks


class _HeadTooLargeError(Exception):
    pass


class Http(HttpToolsProtocol):
    """HTTP/1.1 alone: who asks to go on in another protocol (Java's client in HTTP/2, by `Upgrade: h2c`) is answered as
    if it had not asked, as the standard allows. A head must be whole before a connection would count as idle."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head = self._unread = 0  # bytes of headers; bytes of which nothing came yet
        self._refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
        super().connection_made(transport)
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def data_received(self, data: bytes) -> None:
        left: bytes | None = None if self._refused else data
        while left is not None:
            left = self._fed(left)

    def _fed(self, data: bytes) -> bytes | None:
        """Parse; what must be parsed again, if anything."""
        self._unread += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            return self._without_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            if isinstance(error.__context__, _HeadTooLargeError):
                self._refuse_head()
            else:
                self._refuse(HTTPStatus.BAD_REQUEST, f"not HTTP/1.1: {error}")
        else:
            if self._unread > HEAD_BYTES:
                self._refuse_head()
        return None

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head = 0

    def on_url(self, url: bytes) -> None:
        self._count(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(name + value)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._unread = 0
        self._unset_keepalive_if_required()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unread = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unread = 0
        super().on_message_complete()

    def _should_upgrade(self) -> bool:
        """Whether what the parser says now is about a request that is parsed again, without its `Upgrade`."""
        return True

    def _without_upgrade(self, body: bytes) -> bytes | None:
        """The request as one that asks for no upgrade: its head, and its body, which the parser left."""
        method, version = self.scope["method"].encode(), self.scope["http_version"].encode()
        if method == b"CONNECT":
            self._refuse(HTTPStatus.BAD_REQUEST, "CONNECT: this is no proxy")
            return None
        head = [method + b" " + self.url + b" HTTP/" + version]
        head += [name + b": " + value for name, value in self.headers if name != b"upgrade"]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's own
        return b"\r\n".join([*head, b"", body])

    def _count(self, part: bytes) -> None:
        self._head += len(part)
        if self._head > HEAD_BYTES:
            raise _HeadTooLargeError

    def _refuse_head(self) -> None:
        reason = f"line and headers are larger than {HEAD_BYTES:,} bytes: send the data in the body"
        self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, reason)

    def _refuse(self, status: HTTPStatus, reason: str) -> None:
        """Answer what never becomes a request, and close: nobody knows where the next one begins."""
        self._refused = True
        if not (self.cycle and self.cycle.response_started and not self.cycle.response_complete):
            body = orjson.dumps({"error": reason})
            head = f"HTTP/1.1 {status} {status.phrase}\r\ncontent-type: application/json\r\n"
            self.transport.write(f"{head}content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode() + body)
        if self.cycle:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.close)
