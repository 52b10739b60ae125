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
JSON_LENGTH = "inference-header-content-length"  # of V2: bytes of JSON before the binary data
CALLER = "x-earlybell-caller"  # set here for what comes behind; nobody else can
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
_COPIED = (REQUEST_ID, "content-type", "inference-header-content-length")  # to a challenger
ASKED = ("predict", "explain", "infer")
_FORWARDED = ("x-forwarded-for", "forwarded")  # set by Knative's queue-proxy and by gateways; no caller takes them away
_JSON = "application/json"
_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
# KServe's :explain sends a request's own headers back.
_SENT = {b"content-type", b"content-length", JSON_LENGTH.encode()}


@dataclass
class RefusedError(Exception):
    """A request that goes no further."""

    status: int
    reason: str
    retry_after: float = 0.0
    allow: str = ""


class Guard:
    """ASGI middleware around KServe's application."""

    def __init__(self, app: App, *, tokens: Tokens | None, limits: Limits, version: str, mirror: Mirror | None) -> None:
        self._app, self._tokens, self._limits, self._version, self._mirror = app, tokens, limits, version, mirror
        self._rate = Rate(limits.requests_a_minute)
        for outcome in _OUTCOMES.values():  # from 0, or Prometheus does not see the first failures as an increase
            for route in ASKED:
                REQUESTS.labels(route, outcome, version)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        route, answer, began = _route(scope), _Answer(send, usable_id(_get(scope, REQUEST_ID))), time.monotonic()
        try:
            body = await self._admitted(scope, receive, route)
            _set(scope, REQUEST_ID, answer.request_id)
            await self._app(scope, _replayed(body, receive), answer.send)
        except RefusedError as refusal:
            await answer.refuse(refusal)
        finally:
            REQUESTS.labels(route, _OUTCOMES.get(answer.status, str(answer.status)), self._version).inc()
        if route in ASKED:
            SECONDS.labels("whole", self._version).observe(time.monotonic() - began)
            if self._mirror and answer.status == 200:
                self._mirror.send(scope["path"], body, {n: v for n in _COPIED if (v := _get(scope, n)) is not None})

    async def _admitted(self, scope: Scope, receive: Receive, route: str) -> bytes:
        """The body of a request that may be answered."""
        if route == "unknown":
            raise RefusedError(404, f"no such route: ask /v1/models/{MODEL_NAME}:predict, or see /openapi.json")
        if scope["method"] != (method := ROUTES[route][0]):
            raise RefusedError(405, f"{scope['method'][:80]}: this route is asked with {method}", allow=method)
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
        _set_type(scope, route, len(body))
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
        if refusal.allow:
            headers.append((b"allow", refusal.allow.encode()))
        if refusal.status in (408, 413):
            headers.append((b"connection", b"close"))
        await self._send({"type": "http.response.start", "status": refusal.status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})


_OUTCOMES = {200: "ok", 400: "bad request", 401: "no token", 404: "not found", 408: "slow client", 413: "too large"}
_OUTCOMES |= {405: "wrong method", 415: "wrong type"}
_OUTCOMES |= {429: "too often", 500: "defect", 503: "unavailable", 504: "too slow"}


def _route(scope: Scope) -> str:
    """The name of the route; "unknown" where there is none for who asks.

    Metrics name callers, and a sum grows by each learner's risk: they are for Prometheus, which asks the pod itself.
    Knative's gateway leads whoever has no token to every route.
    """
    found = next((name for name, (_, pattern) in ROUTES.items() if pattern.fullmatch(scope["path"])), "unknown")
    hidden = found == "metrics" and any(_get(scope, name) is not None for name in _FORWARDED)
    return "unknown" if hidden else found


def usable_id(given: str | None) -> str:
    """What is given if it is of the form, else a new one."""
    return given if given and _ID.fullmatch(given) else str(uuid.uuid4())


def _get(scope: Scope, name: str) -> str | None:
    key = name.encode()
    return next((value.decode("latin-1") for header, value in scope["headers"] if header == key), None)


def _set(scope: Scope, name: str, value: str) -> None:
    key = name.encode()
    scope["headers"] = [*((h, v) for h, v in scope["headers"] if h != key), (key, value.encode())]


def _set_type(scope: Scope, route: str, size: int) -> None:
    """What the body is. That of V2 is JSON with binary data after it, of no bytes perhaps, which is read in one way."""
    length = _get(scope, JSON_LENGTH) if route == "infer" else None
    given = (_get(scope, "content-type") or _JSON) if length is None else _JSON
    kind = given.partition(";")[0].strip().lower()
    if kind != _JSON:
        raise RefusedError(415, f"content-type: {given[:80]!r}. It must be {_JSON}.")
    if length is not None and not (re.fullmatch("[0-9]{1,18}", length) and int(length) <= size):
        raise RefusedError(400, f"{JSON_LENGTH}: {length[:80]!r}. It is the length of the JSON before the binary data.")
    _set(scope, "content-type", "application/octet-stream" if route == "infer" else kind)
    if route == "infer":
        _set(scope, JSON_LENGTH, length or str(size))


def _replayed(body: bytes, receive: Receive) -> Receive:
    """The body again, then what comes after it."""
    left = [body]

    async def again() -> MutableMapping[str, Any]:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        return await receive()

    return again
