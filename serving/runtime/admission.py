"""Who is let in, how often, and how much at a time: one `Access` for HTTP and gRPC."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from serving.runtime.access import ANYBODY, Rate, Tokens
from serving.runtime.settings import Limits

BUSY = "busy"  # what a request counts as that finds no room
WAIT_SECONDS = 10.0  # for room in memory, before a request is refused
WAITING = 64  # requests of one caller that may wait for room; each has some bytes in the connection's buffers
SMALLEST = 64 * 2**10  # bytes that a request counts for at least
# What Python holds of JSON: bytes for an object, a list, a text and a number (measured with orjson and CPython 3.11).
# A usual body, of rows or of columns, needs up to nine times its size.
_OBJECT, _LIST, _TEXT, _NUMBER, _USUAL = 272, 88, 88, 40, 9


@dataclass
class RefusedError(Exception):
    """A request that goes no further, with its status in HTTP."""

    status: int
    reason: str
    retry_after: float = 0.0
    allow: str = ""
    accept_encoding: str = ""


def weight(body: bytes) -> int:
    """How many bytes of usual JSON need as much memory; more than there are where it is full of small things."""
    keys, commas = body.count(b'":'), body.count(b",")
    texts = max(0, body.count(b'"') // 2 - keys)
    values = _OBJECT * body.count(b"{") + _LIST * body.count(b"[") + _TEXT * texts + _NUMBER * max(0, commas - texts)
    return max(len(body), (len(body) + values) // _USUAL)


class Turns:
    """Something of which there is so much at a time, in total and for each caller; who waits has turns by caller."""

    def __init__(self, most: int, each: int) -> None:
        self._left, self._each = most, each
        self._taken = Counter[str]()
        self._waiting: dict[str, deque[tuple[int, asyncio.Future[None]]]] = {}  # whose turn is next comes first

    def waiting(self, caller: str) -> int:
        return len(self._waiting.get(caller, ()))

    async def take(self, caller: str, amount: int) -> None:
        """Take so much of it, as soon as there is."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(caller, deque()).append((amount, turn))
        self._share_out()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._leave(caller, (amount, turn))
            else:  # it came at the same moment
                self.give_back(caller, amount)
            raise

    def give_back(self, caller: str, amount: int) -> None:
        self._left += amount
        self._taken[caller] -= amount
        self._share_out()

    @asynccontextmanager
    async def turn(self, caller: str) -> AsyncIterator[None]:
        """One of them, for as long as the block lasts."""
        await self.take(caller, 1)
        try:
            yield
        finally:
            self.give_back(caller, 1)

    def _share_out(self) -> None:
        while (caller := next(filter(self._fits, self._waiting), None)) is not None:
            queue = self._waiting.pop(caller)
            amount, turn = queue.popleft()
            if queue:
                self._waiting[caller] = queue  # behind the others
            self._left -= amount
            self._taken[caller] += amount
            turn.set_result(None)

    def _fits(self, caller: str) -> bool:
        amount, turn = self._waiting[caller][0]
        return not turn.done() and amount <= min(self._left, self._each - self._taken[caller])

    def _leave(self, caller: str, place: tuple[int, asyncio.Future[None]]) -> None:
        queue = self._waiting[caller]
        queue.remove(place)
        if not queue:
            del self._waiting[caller]
        self._share_out()  # whoever stood behind may fit


class Work:
    """A request that was let in, and the memory that it holds: until it is answered and no thread works at it."""

    def __init__(self, caller: str, memory: Turns, seconds: float) -> None:
        self.caller, self._memory, self._seconds = caller, memory, seconds
        self._bytes, self._users, self.outcome = 0, 1, ""  # what it counts as, where its status does not tell

    async def need(self, size: int) -> None:
        """Wait until it may hold so many bytes in all.

        Raises:
            RefusedError: there is no room for them.
        """
        more = size - self._bytes
        if more <= 0:
            return
        if self._memory.waiting(self.caller) >= WAITING:
            raise self._busy()
        try:
            async with asyncio.timeout(self._seconds):
                await self._memory.take(self.caller, more)
        except TimeoutError:
            raise self._busy() from None
        self._bytes = size

    def only(self, size: int) -> None:
        """Give back what it holds beyond so many bytes."""
        more = self._bytes - max(size, SMALLEST)
        if more > 0:
            self._bytes -= more
            self._memory.give_back(self.caller, more)

    def used(self) -> None:
        """Somebody else works at it too, who says `unused` in the end."""
        self._users += 1

    def unused(self) -> None:
        self._users -= 1
        if not self._users and self._bytes:
            self._memory.give_back(self.caller, self._bytes)

    def _busy(self) -> RefusedError:
        reason = "busy with other requests: there is no room in memory for this one. Ask again, or for fewer learners"
        self.outcome = BUSY
        return RefusedError(503, reason, self._seconds)


_WORK: ContextVar[Work] = ContextVar("work")


def current() -> Work:
    """What is being answered. Outside of any request there is nothing that could be."""
    return _WORK.get()


class Access:
    """Lets callers in, with a token where tokens are asked for, and not too often; and shares memory among them."""

    def __init__(self, tokens: Tokens | None, limits: Limits) -> None:
        self._tokens, self._limits = tokens, limits
        self._rate = Rate(limits.requests_a_minute)
        self._memory = Turns(limits.bytes_in_flight, limits.body_bytes)

    @contextmanager
    def admitted(self, authorization: str | None) -> Iterator[Work]:
        """Let a request in; `current` is it for as long as the block lasts.

        Raises:
            RefusedError: it has no valid token, or the caller asks too often.
        """
        caller = self._caller(authorization)
        if wait := self._rate.wait(caller):
            often = f"caller {caller} has asked {self._limits.requests_a_minute} times a minute"
            raise RefusedError(429, often, wait)
        work = Work(caller, self._memory, min(WAIT_SECONDS, self._limits.seconds))
        before = _WORK.set(work)
        try:
            yield work
        finally:
            _WORK.reset(before)
            work.unused()

    def _caller(self, authorization: str | None) -> str:
        if self._tokens is None:
            return ANYBODY
        self._tokens.refresh()
        if caller := self._tokens.caller(authorization):
            return caller
        raise RefusedError(401, "no valid token: send the header Authorization: Bearer TOKEN")
