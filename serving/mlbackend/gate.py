"""What stands before every route: who may ask, how much and how long; it counts, and writes a line of log for each."""

import base64
import hmac
import logging
import time
from asyncio import timeout
from typing import Any

from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from earlybell.errors import RequestError
from serving.mlbackend.metrics import REQUESTS, SECONDS
from serving.mlbackend.refusal import RefusedError
from serving.mlbackend.settings import Settings
from serving.runtime.protocol import FORWARDED

GET, POST = ("GET", "HEAD"), ("POST",)
ROUTES = {
    "version": GET,
    "training": POST,
    "prediction": POST,
    "evaluation": POST,
    "evaluationlog": GET,
    "export": GET,
    "import": POST,
    "deletemodel": POST,
}
HEALTH = {"health/live": GET, "health/ready": GET, "metrics": GET}
OPEN = {"version", *HEALTH}  # Moodle asks for the version without a password

_OUTCOMES = {200: "ok", 500: "defect"}
_log = logging.getLogger("earlybell.mlbackend")


class Gate:
    """ASGI middleware around the routes."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._limits = app, settings.limits
        credentials = base64.b64encode(f"{settings.user}:{settings.password}".encode())
        self._authorization = b"Basic " + credentials

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = _Request(scope, receive, send, self._limits.body_bytes, self._limits.body_seconds)
        try:
            self._check(request)
            await self._app(scope, request.receive, request.send)
        except RefusedError as refusal:
            await request.refuse(refusal)
        except (RequestError, MultiPartException) as error:
            await request.refuse(RefusedError(400, "bad request", str(error)))
        except ClientDisconnect:
            request.gone()
        except Exception as error:
            _log.exception("a defect of ours")
            reason = f"a defect of ours ({type(error).__name__}); it is in the log of the back end"
            await request.refuse(RefusedError(500, "defect", reason))
        finally:
            request.count()

    def _check(self, request: "_Request") -> None:
        """
        Raises:
            RefusedError: there is no such route, or it is asked otherwise, or by somebody else.
        """
        methods = (ROUTES | HEALTH).get(request.route)
        if methods is None:
            request.route = "unknown"
            raise RefusedError(404, "not found", f"no such route: Moodle's are {', '.join(ROUTES)}")
        if request.scope["method"] not in methods:
            raise RefusedError(405, "wrong method", f"this route is asked with {methods[0]}")
        if request.route not in OPEN and not hmac.compare_digest(request.header(b"authorization"), self._authorization):
            reason = "user or password are not those of this back end: see Moodle's settings of the Python back end"
            raise RefusedError(401, "no password", reason)
        length = request.header(b"content-length")
        if length.isdigit() and int(length) > self._limits.body_bytes:
            raise request.too_large()


class _Request:
    """A request: reads its body within its limits, and remembers what became of it."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, most_bytes: int, seconds: float) -> None:
        self.scope, self._receive, self._send = scope, receive, send
        self._most, self._seconds, self._read, self._left = most_bytes, seconds, 0, seconds
        self._status, self._outcome, self._began = 0, "", time.monotonic()
        self.reading = True  # what the client sends
        path = scope["path"].removeprefix("/")
        hidden = path in HEALTH and any(name.lower() in FORWARDED for name, _ in scope["headers"])
        self.route = "unknown" if hidden else path

    def header(self, name: bytes) -> bytes:
        return next((value for header, value in self.scope["headers"] if header.lower() == name), b"")

    async def receive(self) -> Message:
        began = time.monotonic()
        try:
            async with timeout(self._left if self.reading else None):
                message = await self._receive()
        except TimeoutError:
            raise RefusedError(408, "slow client", f"the body did not arrive within {self._seconds:g} s") from None
        self._left -= time.monotonic() - began
        self._read += len(message.get("body", b""))
        self.reading = bool(message.get("more_body", False))
        if self._read > self._most:
            raise self.too_large()
        return message

    def too_large(self) -> RefusedError:
        reason = f"the body is larger than {self._most:,} bytes: raise --max-body-mib of the back end"
        return RefusedError(413, "too large", reason)

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
        await self._send(message)

    async def refuse(self, refusal: RefusedError) -> None:
        """Answer in plain text, which Moodle shows; nothing can be said any more once an answer has begun."""
        self._outcome = refusal.outcome
        if self._status:
            return
        body = refusal.reason.encode()
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
        if refusal.status == 401:
            headers.append((b"www-authenticate", b'Basic realm="earlybell"'))
        if self.reading and refusal.status in (401, 404, 405, 408, 413):
            headers.append((b"connection", b"close"))
        await self.send({"type": "http.response.start", "status": refusal.status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})

    def gone(self) -> None:
        """The client went away before it had sent everything."""
        self._outcome = "client gone"

    def count(self) -> None:
        seconds, noted = time.monotonic() - self._began, self.scope.get("state", {}).get("noted", {})
        outcome = self._outcome or noted.pop("outcome", "") or _OUTCOMES.get(self._status, str(self._status))
        route = self.route.replace("health/", "")
        REQUESTS.labels(route, outcome).inc()
        SECONDS.labels(route).observe(seconds)
        if self.route not in HEALTH:
            line: dict[str, Any] = {"route": route, "status": self._status, "outcome": outcome, "bytes": self._read}
            _log.info("request", extra=line | {"seconds": round(seconds, 3)} | noted)
