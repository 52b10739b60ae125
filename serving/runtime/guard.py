"""What stands before KServe's routes: which there are, who may ask, how much and how long; and it counts."""

import asyncio
import re
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

import orjson

from serving.runtime.admission import BUSY, NOT_READY, SMALLEST, Access, RefusedError, Work, weight
from serving.runtime.coding import Gunzip, GzipError
from serving.runtime.metrics import REQUESTS, SECONDS
from serving.runtime.mirror import Mirror
from serving.runtime.protocol import FORWARDED
from serving.runtime.settings import MODEL_NAME, Limits

Message: TypeAlias = MutableMapping[str, Any]
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

REQUEST_ID = "x-request-id"
JSON_LENGTH = "inference-header-content-length"  # of V2: bytes of JSON before the binary data
RETRY_SECONDS = 5.0  # after 503 and 504, where nothing better is known
# KServe has more routes, as to unload the model: they are not for callers.
_MODEL = r"/models/(?P<model>[^/:]+)"
ROUTES = {
    "predict": ("POST", re.compile(rf"/v1{_MODEL}:predict")),
    "explain": ("POST", re.compile(rf"/v1{_MODEL}:explain")),
    "infer": ("POST", re.compile(rf"/v2{_MODEL}/infer")),
    "metadata": ("GET", re.compile(rf"/v2|/v[12]/models|/v[12]{_MODEL}")),
    "health": ("GET", re.compile(rf"/|/v2/health/(?:live|ready)|/v2{_MODEL}/ready")),
    "metrics": ("GET", re.compile(r"/metrics")),
    "openapi": ("GET", re.compile(r"/openapi\.json")),
}
_METHODS = {"POST": ("POST",), "GET": ("GET", "HEAD")}
_COPIED = (REQUEST_ID, "content-type", "inference-header-content-length")  # to a challenger
ASKED = ("predict", "explain", "infer")
_JSON = "application/json"
_STEP = 2**20  # bytes by which a body of unknown length takes its place in memory
_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
# KServe's :explain sends a request's own headers back.
_SENT = {b"content-type", b"content-length", JSON_LENGTH.encode()}


class ClientGoneError(Exception):
    """Nobody waits for an answer any longer."""


class Guard:
    """ASGI middleware around KServe's application."""

    def __init__(self, app: App, *, access: Access, limits: Limits, version: str, mirror: Mirror | None) -> None:
        self._app, self._access, self._limits, self._version, self._mirror = app, access, limits, version, mirror
        # From 0, or Prometheus does not see the first failures as an increase.
        for outcome in (*_OUTCOMES.values(), BUSY, NOT_READY):
            for route in ASKED:
                REQUESTS.labels(route, outcome, version)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        route, answer, began = _route(scope), _Answer(send, usable_id(_get(scope, REQUEST_ID))), time.monotonic()
        try:
            _check_route(scope, route)
            _set(scope, REQUEST_ID, answer.request_id)
            if route in ASKED:
                await self._handle(scope, receive, route, answer)
            else:
                await self._app({**scope, "method": "GET"}, receive, answer.send)  # of HEAD the body is not sent
        except RefusedError as refusal:
            await answer.refuse(refusal)
        except ClientGoneError:
            answer.status = _GONE
        finally:
            outcome = answer.outcome or _OUTCOMES.get(answer.status, str(answer.status))
            REQUESTS.labels(route, outcome, self._version).inc()
            if route in ASKED:
                SECONDS.labels("whole", self._version).observe(time.monotonic() - began)

    async def _handle(self, scope: Scope, receive: Receive, route: str, answer: "_Answer") -> None:
        with self._access.admitted(_get(scope, "authorization")) as work:
            try:
                body = await self._body(scope, receive, work)
                _set_type(scope, route, body)
                await _while_there(self._app, scope, body, receive, answer)
            finally:
                answer.outcome = work.outcome
            if self._mirror and answer.status == 200:
                self._mirror.send(scope["path"], body, {n: v for n in _COPIED if (v := _get(scope, n)) is not None})

    async def _body(self, scope: Scope, receive: Receive, work: Work) -> bytes:
        """The whole body, without its coding; its place in memory is taken before it is read."""
        gunzip, length = _gunzip(scope), int(_get(scope, "content-length") or 0)
        self._check_size(length)
        await work.need(max(SMALLEST, length))
        parts, size = [], 0
        async for part in _parts(work, receive, gunzip):
            size += len(part)
            self._check_size(size)
            if size > max(SMALLEST, length):
                await work.need(-(-size // _STEP) * _STEP)
            parts.append(part)
        body = b"".join(parts)
        if (needed := weight(body)) > self._limits.body_bytes:
            reason = f"the body needs as much memory as {needed:,} bytes of usual JSON"
            raise RefusedError(413, f"{reason}: ask for fewer learners at a time, and send tables as columns")
        await work.need(needed)
        return body

    def _check_size(self, size: int) -> None:
        if size > (most := self._limits.body_bytes):
            raise RefusedError(413, f"the body is larger than {most:,} bytes: ask for fewer learners at a time")


def _check_route(scope: Scope, route: str) -> None:
    if route == "unknown":
        slash = ", without a slash at its end" if scope["path"].endswith("/") else ""
        raise RefusedError(404, f"no such route: ask /v1/models/{MODEL_NAME}:predict{slash}, or see /openapi.json")
    methods = _METHODS[ROUTES[route][0]]
    if scope["method"] not in methods:
        wrong = f"{scope['method'][:80]}: this route is asked with {methods[0]}"
        raise RefusedError(405, wrong, allow=", ".join(methods))


def _gunzip(scope: Scope) -> Gunzip | None:
    header = ",".join(value.decode("latin-1") for name, value in scope["headers"] if name == b"content-encoding")
    if (coding := header.strip().lower()) in ("", "identity"):
        return None
    if coding in ("gzip", "x-gzip"):
        return Gunzip()
    raise RefusedError(415, f"content-encoding: {header[:80]!r}. It must be gzip, or left out.", accept_encoding="gzip")


async def _parts(work: Work, receive: Receive, gunzip: Gunzip | None) -> AsyncIterator[bytes]:
    """The body as it arrives, without its coding."""
    more = True
    while more:
        message = await work.sent(receive())
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        data, more = message.get("body", b""), message.get("more_body", False)
        try:
            for part in gunzip.parts(data, last=not more) if gunzip else (data,):
                yield part
        except GzipError as error:
            raise RefusedError(400, f"body: {error}. It must be of the content-encoding gzip.") from None


async def _while_there(app: App, scope: Scope, body: bytes, receive: Receive, answer: "_Answer") -> None:
    """Answer, and stop as soon as the client goes away: nothing else comes after the body.

    Raises:
        ClientGoneError: it went away before there was an answer.
    """
    gone = asyncio.ensure_future(receive())
    answered = asyncio.ensure_future(app(scope, _replayed(body, gone), answer.send))
    try:
        await asyncio.wait((gone, answered), return_when=asyncio.FIRST_COMPLETED)
        if not answered.done() and not answer.began:
            raise ClientGoneError
        await answered
    finally:
        gone.cancel()
        answered.cancel()
        await asyncio.wait((answered,))
        _ = answered.cancelled() or answered.exception()  # or asyncio complains that nobody looked


class _Answer:
    """Sends an answer with the request's id, and remembers its status."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send, self.request_id, self.status, self.outcome, self.began = send, request_id, 500, "", False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = {name: value for name, value in message.get("headers", []) if name.lower() in _SENT}
            if message["status"] in (503, 504):
                headers[b"retry-after"] = _seconds(RETRY_SECONDS)
            await self._start(message["status"], headers)
        else:
            await self._send(message)

    async def refuse(self, refusal: RefusedError) -> None:
        body = orjson.dumps({"error": refusal.reason})
        headers = {b"content-type": b"application/json", b"content-length": str(len(body)).encode()}
        if refusal.retry_after:
            headers[b"retry-after"] = _seconds(refusal.retry_after)
        if refusal.status == 401:
            headers[b"www-authenticate"] = b"Bearer"
        if refusal.allow:
            headers[b"allow"] = refusal.allow.encode()
        if refusal.accept_encoding:
            headers[b"accept-encoding"] = refusal.accept_encoding.encode()
        if refusal.status in (408, 413):
            headers[b"connection"] = b"close"
        await self._start(refusal.status, headers)
        await self._send({"type": "http.response.body", "body": body})

    async def _start(self, status: int, headers: dict[bytes, bytes]) -> None:
        self.status, self.began = status, True
        headers[REQUEST_ID.encode()] = self.request_id.encode()
        await self._send({"type": "http.response.start", "status": status, "headers": [*headers.items()]})


def _seconds(least: float) -> bytes:
    """As Retry-After has them: whole ones."""
    return str(int(least) + 1).encode()


_GONE = 499  # as nginx calls it; nobody sees it
_OUTCOMES = {200: "ok", 400: "bad request", 401: "no token", 404: "not found", 408: "slow client", 413: "too large"}
_OUTCOMES |= {405: "wrong method", 415: "wrong type"}
_OUTCOMES |= {429: "too often", _GONE: "client gone", 500: "defect", 503: "unavailable", 504: "too slow"}


def _route(scope: Scope) -> str:
    """The name of the route; "unknown" where there is none for who asks.

    Metrics name callers, and a sum grows by each learner's risk: they are for Prometheus, which asks the pod itself.
    Knative's gateway leads whoever has no token to every route.
    """
    route = next((name for name, (_, pattern) in ROUTES.items() if pattern.fullmatch(scope["path"])), "unknown")
    hidden = route == "metrics" and any(name in FORWARDED for name, _ in scope["headers"])
    return "unknown" if hidden else route


def usable_id(value: str | None) -> str:
    """What is given if it is of the form, else a new one."""
    return value if value and _ID.fullmatch(value) else str(uuid.uuid4())


def _get(scope: Scope, name: str) -> str | None:
    key = name.encode()
    return next((value.decode("latin-1") for header, value in scope["headers"] if header == key), None)


def _set(scope: Scope, name: str, value: str) -> None:
    key = name.encode()
    scope["headers"] = [*((h, v) for h, v in scope["headers"] if h != key), (key, value.encode())]


def _set_type(scope: Scope, route: str, body: bytes) -> None:
    """What the body is, now that its coding is off. V2's is JSON with binary data after it, of no bytes perhaps."""
    length = _get(scope, JSON_LENGTH) if route == "infer" else None
    header = (_get(scope, "content-type") or _JSON) if length is None else _JSON
    kind = header.partition(";")[0].strip().lower()
    if kind != _JSON:
        raise RefusedError(415, f"content-type: {header[:80]!r}. It must be {_JSON}.")
    if length is not None and not (re.fullmatch("[0-9]{1,18}", length) and int(length) <= len(body)):
        raise RefusedError(400, f"{JSON_LENGTH}: {length[:80]!r}. It is the length of the JSON before the binary data.")
    _set(scope, "content-type", kind)
    _set(scope, "content-length", str(len(body)))
    if route == "infer":
        _set(scope, JSON_LENGTH, length or str(len(body)))


def _replayed(body: bytes, after: "asyncio.Future[Message]") -> Receive:
    """The body again, then what comes after it."""
    left = [body]

    async def again() -> Message:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        return await asyncio.shield(after)

    return again
