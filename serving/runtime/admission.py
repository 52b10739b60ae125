"""Who is let in, how often, and how much at a time: one `Access` for HTTP and gRPC."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from serving.runtime.access import ANYBODY, Rate, Tokens
from serving.runtime.settings import Limits

# What a request counts as that finds no room, or no model. "unavailable" is the trail's alone: an alert looks at it.
BUSY, NOT_READY = "busy", "not ready"
WAIT_SECONDS = 10.0  # for room in memory, before a request is refused
WAITING = 64  # requests of one caller that may wait for room; each has some bytes in the connection's buffers
SMALLEST = 64 * 2**10  # bytes that a request counts for at least
_T = TypeVar("_T")
# What Python holds of JSON: bytes for an object, a list, a text and a number (measured with orjson and CPython 3.11).
# A number has 40 bytes, and 16 more for the arrays that are made of it: columns of codes are hardly more than numbers.
# A usual body, of rows or of columns, needs up to nine times its size.
_OBJECT, _LIST, _TEXT, _NUMBER, _USUAL = 272, 88, 88, 56, 9
_BLOCK = 2**16  # bytes that are counted at once


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
    keys, quotes, commas, objects, lists = _counts(body)
    texts = max(0, quotes // 2 - keys)
    values = _OBJECT * objects + _LIST * lists + _TEXT * texts + _NUMBER * max(0, commas - texts)
    return max(len(body), (len(body) + values) // _USUAL)


def _counts(body: bytes) -> tuple[int, ...]:
    """How often there is `":`, a quote, a comma, an object and a list; NumPy counts ten times faster than bytes do."""
    characters, counts = np.frombuffer(body, np.uint8), np.zeros(5, dtype=np.int64)
    for start in range(0, len(characters), _BLOCK):
        block, following = characters[start : start + _BLOCK], characters[start + 1 : start + _BLOCK + 1]
        quotes = block == ord('"')
        keys = quotes[: len(following)] & (following == ord(":"))
        counts += [np.count_nonzero(there) for there in (keys, quotes, *(block == ord(one) for one in ",{["))]
    return tuple(counts.tolist())


class StuckError(Exception):
    """Requests that hold something wait for one another to give it back."""


@dataclass(eq=False)
class Place:
    """What a request of a caller holds of something, and how much more it waits for."""

    caller: str
    held: int = 0
    wants: int = 0
    turn: asyncio.Future[None] | None = None
    past: "Place | None" = None  # who waited when it was let past

    @property
    def waits(self) -> bool:
        return self.turn is not None and not self.turn.done()


class Turns:
    """Something of which there is so much at a time, in total and for each caller; who waits has turns by caller.

    Who holds some of it and needs more goes first: it gives nothing back before. Of what becomes free the first who
    waits misses nothing: whoever is let past leaves enough for it.
    """

    def __init__(self, most: int, each: int) -> None:
        self._most, self._left, self._each = most, most, each
        self._taken = Counter[str]()
        self._growing: list[Place] = []
        self._queues: dict[str, deque[Place]] = {}  # of who holds nothing; whose turn is next comes first
        self._first: Place | None = None  # who waits until there is enough of it
        self._past = 0  # how much they hold who were let past it

    def waiting(self, caller: str) -> int:
        return len(self._queues.get(caller, ())) + sum(place.caller == caller for place in self._growing)

    async def take(self, place: Place, amount: int) -> None:
        """Take so much more of it, as soon as there is.

        Raises:
            StuckError: there never will be, unless somebody who waits too gives up.
        """
        place.wants, place.turn = amount, asyncio.get_running_loop().create_future()
        if place.held:
            self._growing.append(place)
        else:
            self._queues.setdefault(place.caller, deque()).append(place)
        self._share_out()
        if place in self._growing and self._stuck():
            self._leave(place)
            raise StuckError
        try:
            await place.turn
        except asyncio.CancelledError:
            if place.turn.cancelled():
                self._leave(place)
            else:  # it came at the same moment
                self.give_back(place, amount)
            raise

    def give_back(self, place: Place, amount: int) -> None:
        self._count(place, -amount)
        self._share_out()

    @asynccontextmanager
    async def turn(self, caller: str) -> AsyncIterator[None]:
        """One of them, for as long as the block lasts."""
        place = Place(caller)
        await self.take(place, 1)
        try:
            yield
        finally:
            self.give_back(place, 1)

    def _share_out(self) -> None:
        while (place := self._next()) is not None:
            self._remove(place)
            if place.caller in self._queues:
                self._queues[place.caller] = self._queues.pop(place.caller)  # behind the others
            if not place.held:
                place.past = self._first
            self._count(place, place.wants)
            if place.turn is not None:
                place.turn.set_result(None)

    def _next(self) -> Place | None:
        growing = [place for place in self._growing if place.waits]
        behind = {place.caller for place in growing}
        new = [queue[0] for caller, queue in self._queues.items() if caller not in behind and queue[0].waits]
        if self._first is None:
            self._first = next(
                (place for place in growing + new if self._left < place.wants <= self._room(place)), None
            )
            self._past = 0
        fit = (place for place in growing + new if place.wants <= min(self._left, self._room(place)))
        return next((place for place in fit if place.held or self._may_pass(place)), None)

    def _room(self, place: Place) -> int:
        """How much more its caller may have."""
        return self._each - self._taken[place.caller]

    def _may_pass(self, place: Place) -> bool:
        """Whether the first who waits has enough as soon as all have given back who were there before."""
        if self._first is None or place is self._first:
            return True
        return self._past + place.wants <= self._most - self._first.held - self._first.wants

    def _count(self, place: Place, amount: int) -> None:
        place.held += amount
        self._left -= amount
        self._taken[place.caller] += amount
        if place.past is not None and place.past is self._first:
            self._past += amount

    def _stuck(self) -> bool:
        """Whether some who wait to grow would not have enough, though everybody else gave back what they hold."""
        waiting = {place for place in self._growing if place.waits}
        left, taken = self._most - sum(place.held for place in waiting), Counter[str]()
        for place in waiting:
            taken[place.caller] += place.held
        while ends := {place for place in waiting if place.wants <= min(left, self._each - taken[place.caller])}:
            for place in ends:
                left += place.held
                taken[place.caller] -= place.held
            waiting -= ends
        return bool(waiting)

    def _leave(self, place: Place) -> None:
        self._remove(place)
        self._share_out()  # whoever stood behind may fit

    def _remove(self, place: Place) -> None:
        if place.held:
            self._growing.remove(place)
        else:
            queue = self._queues[place.caller]
            queue.remove(place)
            if not queue:
                del self._queues[place.caller]
        if place is self._first:
            self._first = None


class Work:
    """A request that was let in, and the memory that it holds: until it is answered and no thread works at it.

    It has so many seconds, however many things it waits for; and the client as many of its own to send what it asks.
    """

    def __init__(self, caller: str, memory: Turns, seconds: float) -> None:
        self.caller, self.seconds, self._memory = caller, seconds, memory
        self._place, self._users = Place(caller), 1
        self._until, self._clients = asyncio.get_running_loop().time() + seconds, seconds
        self.outcome = ""  # what it counts as, where its status does not tell

    @property
    def left(self) -> float:
        """Seconds until it must have ended; negative when it should have."""
        return self._until - asyncio.get_running_loop().time()

    async def sent(self, coming: Awaitable[_T]) -> _T:
        """What the client sends, in its own time.

        Raises:
            RefusedError: it takes too long.
        """
        left = self.left
        try:
            async with asyncio.timeout(self._clients):
                return await coming
        except TimeoutError:
            raise RefusedError(408, f"the body did not arrive within {self.seconds:g} seconds") from None
        finally:
            spent = left - self.left
            self._clients -= spent
            self._until += spent

    async def need(self, size: int) -> None:
        """Wait until it may hold so many bytes in all.

        Raises:
            RefusedError: there is no room for them.
        """
        more = size - self._place.held
        if more <= 0:
            return
        if self._memory.waiting(self.caller) >= WAITING:
            raise self._busy()
        try:
            async with asyncio.timeout(min(WAIT_SECONDS, self.left)):
                await self._memory.take(self._place, more)
        except (TimeoutError, StuckError):
            raise self._busy() from None

    def only(self, size: int) -> None:
        """Give back what it holds beyond so many bytes."""
        more = self._place.held - max(size, SMALLEST)
        if more > 0:
            self._memory.give_back(self._place, more)

    def used(self) -> None:
        """Somebody else works at it too, who says `unused` in the end."""
        self._users += 1

    def unused(self) -> None:
        self._users -= 1
        if not self._users:
            self._memory.give_back(self._place, self._place.held)

    def _busy(self) -> RefusedError:
        reason = "busy with other requests: there is no room in memory for this one. Ask again, or for fewer learners"
        self.outcome = BUSY
        return RefusedError(503, reason, min(WAIT_SECONDS, self.seconds))


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
        work = Work(caller, self._memory, self._limits.seconds)
        before = _WORK.set(work)
        try:
            yield work
        finally:
            _WORK.reset(before)
            work.unused()

    def _caller(self, authorization: str | None) -> str:
        if self._tokens is None:
            return ANYBODY
        if caller := self._tokens.caller(authorization):
            return caller
        raise RefusedError(401, "no valid token: send the header Authorization: Bearer TOKEN")
