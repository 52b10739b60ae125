"""What stands before KServe's routes: which there are, who may ask, how much and how long; and it counts."""

import asyncio
import re
import time
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson

from serving.runtime.access import ANYBODY, Rate, Tokens
from serving.runtime.metrics import REQUESTS, SECONDS
from serving.runtime.mirror import Mirror
from serving.runtime.settings import MODEL_NAME, Limits

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

REQUEST_ID = "x-request-id"
CALLER = "x-earlybell-caller"  # set here for what comes behind; nobody else can
# KServe has more routes, as to unload the model: they are not for callers.
_MODEL = r"/v[12]/models/(?P<model>[^/:]+)"
ROUTES = {
    "predict": ("POST", re.compile(rf"{_MODEL}:predict")),
    "explain": ("POST", re.compile(rf"{_MODEL}:explain")),
    "infer": ("POST", re.compile(r"/v2/models/(?P<model>[^/:]+)/infer")),
    "metadata": ("GET", re.compile(rf"/v2|/v[12]/models|{_MODEL}")),
    "health": ("GET", re.compile(r"/|/v2/health/(?:live|ready)|/v2/models/(?P<model>[^/:]+)/ready")),
    "metrics": ("GET", re.compile(r"/metrics")),
    "openapi": ("GET", re.compile(r"/openapi\.json")),
}
ASKED = ("predict", "explain", "infer")
_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_BINARY = "inference-header-content-length"
_SENT = {b"content-type", b"content-length", _BINARY.encode()}  # KServe's :explain sends a request's own headers back


@dataclass
class RefusedError(Exception):
    """A request that goes no further."""

    status: int
    reason: str
    retry_after: float = 0.0


class Guard:
    """ASGI middleware around KServe's application."""

    def __init__(self, app: App, *, tokens: Tokens | None, limits: Limits, version: str, mirror: Mirror | None) -> None:
        self._app, self._tokens, self._limits, self._version, self._mirror = app, tokens, limits, version, mirror
        self._rate = Rate(limits.requests_a_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        route, answer, began = _route(scope), _Answer(send, _request_id(scope)), time.monotonic()
        try:
            body = await self._admitted(scope, receive, route)
            _set(scope, REQUEST_ID, answer.request_id)
            await self._app(scope, _replayed(body, receive), answer.send)
        except RefusedError as refusal:
            await answer.refuse(refusal)
        finally:
            REQUESTS.labels(route, _OUTCOMES.get(answer.status, str(answer.status)), self._version).inc()
        if route in ASKED:
            SECONDS.labels("whole").observe(time.monotonic() - began)
            if self._mirror and answer.status == 200:
                self._mirror.send(scope["path"], body, answer.request_id)

    async def _admitted(self, scope: Scope, receive: Receive, route: str) -> bytes:
        """The body of a request that may be answered."""
        if route in ("unknown", "wrong method"):
            raise RefusedError(*_UNKNOWN[route])
        if route not in ASKED:
            return b""
        caller = self._caller(scope)
        if wait := self._rate.wait(caller):
            raise RefusedError(429, f"caller {caller} has asked {self._limits.requests_a_minute} times a minute", wait)
        _set(scope, CALLER, caller)
        try:
            async with asyncio.timeout(self._limits.seconds):
                body = await self._body(scope, receive)
        except TimeoutError:
            raise RefusedError(408, f"the body did not arrive within {self._limits.seconds:g} seconds") from None
        _check_binary(scope, len(body))
        return body

    def _caller(self, scope: Scope) -> str:
        if self._tokens is None:
            return ANYBODY
        self._tokens.refresh()
        if caller := self._tokens.caller(_get(scope, "authorization")):
            return caller
        raise RefusedError(401, "no valid token: send the header Authorization: Bearer TOKEN")

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        most = self._limits.body_bytes
        too_large = RefusedError(413, f"the body is larger than {most:,} bytes: ask for fewer learners at a time")
        if int(_get(scope, "content-length") or 0) > most:
            raise too_large
        parts, size, more = [], 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise RefusedError(400, "the client went away")
            parts.append(message.get("body", b""))
            size, more = size + len(parts[-1]), message.get("more_body", False)
            if size > most:
                raise too_large
        return b"".join(parts)


class _Answer:
    """Sends an answer with the request's id, and remembers its status."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send, self.request_id, self.status = send, request_id, 500

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            kept = [(name, value) for name, value in message.get("headers", []) if name.lower() in _SENT]
            message["headers"] = [*dict(kept).items(), (REQUEST_ID.encode(), self.request_id.encode())]
        await self._send(message)

    async def refuse(self, refusal: RefusedError) -> None:
        self.status, body = refusal.status, orjson.dumps({"error": refusal.reason})
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        headers.append((REQUEST_ID.encode(), self.request_id.encode()))
        if refusal.retry_after:
            headers.append((b"retry-after", str(int(refusal.retry_after) + 1).encode()))
        if refusal.status == 401:
            headers.append((b"www-authenticate", b"Bearer"))
        if refusal.status in (408, 413):
            headers.append((b"connection", b"close"))
        await self._send({"type": "http.response.start", "status": refusal.status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})


_OUTCOMES = {200: "ok", 400: "bad request", 401: "no token", 404: "not found", 408: "slow client", 413: "too large"}
_OUTCOMES |= {429: "too often", 500: "defect", 503: "unavailable", 504: "too slow"}
_UNKNOWN = {
    "unknown": (404, f"no such route: ask /v1/models/{MODEL_NAME}:predict, or see /openapi.json"),
    "wrong method": (405, "this route is asked with another method; see /openapi.json"),
}


def _route(scope: Scope) -> str:
    found = [name for name, (_, pattern) in ROUTES.items() if pattern.fullmatch(scope["path"])]
    if not found:
        return "unknown"
    return found[0] if ROUTES[found[0]][0] == scope["method"] else "wrong method"


def _request_id(scope: Scope) -> str:
    given = _get(scope, REQUEST_ID) or ""
    return given if _ID.fullmatch(given) else str(uuid.uuid4())


def _get(scope: Scope, name: str) -> str | None:
    key = name.encode()
    return next((value.decode("latin-1") for header, value in scope["headers"] if header == key), None)


def _set(scope: Scope, name: str, value: str) -> None:
    key = name.encode()
    scope["headers"] = [*((h, v) for h, v in scope["headers"] if h != key), (key, value.encode())]


def _check_binary(scope: Scope, size: int) -> None:
    """KServe takes this header as it is."""
    given = _get(scope, _BINARY)
    if given is not None and not (given.isascii() and given.isdigit() and int(given) <= size):
        raise RefusedError(400, f"{_BINARY}: {given[:80]!r}. It is the length of the JSON before the binary data.")


def _replayed(body: bytes, receive: Receive) -> Receive:
    """The body again, then what comes after it."""
    left = [body]

    async def again() -> MutableMapping[str, Any]:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        return await receive()

    return again
