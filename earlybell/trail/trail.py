"""The writer: one thread commits all that waits, so that concurrent callers share a commit."""

import contextlib
import logging
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Self

from earlybell.clock import Hand, HungError, within
from earlybell.errors import TrailError
from earlybell.trail.anchors import Anchors, anchors_path
from earlybell.trail.chain import Body, Head, begin, extend
from earlybell.trail.connection import LONGEST_PAUSE, Connection
from earlybell.trail.journal import LIMIT, Journal, lines_of
from earlybell.trail.records import Record, body_of
from earlybell.trail.stores import RECORDS_A_SECOND, TIMEOUT, ConnectionLostError, StoreError, StoreHungError, shown

_DISK_SECONDS = 2.0  # to wait for the journal; half of it for the anchors, which hold up no record
_RECORDS_AT_ONCE = 5000  # of one commit, but for a call that has more
_log = logging.getLogger(__name__)


def open_trail(
    address: str,
    *,
    anchors: str | Path | None = None,
    journal: Path | None = None,
    journal_limit: int = LIMIT,
    timeout: float = TIMEOUT,
    retry: float = 1.0,
) -> "Trail":
    """A writer of the trail at `sqlite:PATH` or `postgresql://…`, with a chain of its own; made where it is missing.

    Open it in the process that writes, after any fork.

    Args:
        anchors: file for the heads of chains; `PATH.anchors` for SQLite; `none` to go without.
        journal: folder, on a volume that lasts, where records wait while the store is away. Without it, an append is
            refused then. Processes may share it.
        journal_limit: bytes that may wait there; beyond it an append is refused.
        timeout: seconds to wait for a commit before the store counts as away, from when its first record was left (half
            of it at least, where it came late), and a second more for each thousand records. By our own clock, whatever
            hangs: the store, a disk or a name server.
        retry: seconds until it is tried again; doubled each time, up to 5.

    Raises:
        TrailError: the store cannot be reached and there is no journal, or it is of another format.
        SettingError: the address, or the anchors, are missing or wrong.
        MissingPackageError: PostgreSQL's client is not installed.
    """
    heads = Anchors(anchors_path(address, anchors), _DISK_SECONDS / 2)
    opened_journal = _journal(journal, journal_limit) if journal else None
    trail = Trail(address, heads, opened_journal, timeout, retry)
    try:
        trail.begin()
    except BaseException:
        trail.close()
        raise
    return trail


def _journal(folder: Path, limit: int) -> Journal:
    try:
        within(_DISK_SECONDS, lambda: folder.mkdir(parents=True, exist_ok=True))
        return Journal(folder, limit)
    except OSError as error:
        way_out = "Name a folder, on a volume that lasts, that can be written."
        raise TrailError("journal of the trail cannot be used", str(error), way_out) from error


@dataclass(eq=False)
class _Waiting:
    """The records of one call."""

    bodies: list[Body]
    future: Future[None] = field(default_factory=Future)
    since: float = field(default_factory=time.monotonic)


class Trail:
    """A writer of the audit trail; for any number of threads. `open_trail` makes it.

    Whatever may hang (the store, the journal, the anchors) is asked by a hand of its own: the writer waits for it by
    the clock, and goes on.
    """

    def __init__(self, address: str, anchors: Anchors, journal: Journal | None, timeout: float, retry: float) -> None:
        self._address, self._anchors, self._journal, self._timeout = address, anchors, journal, timeout
        self._ready = threading.Condition()
        self._connection = Connection(address, timeout=timeout, retry=retry, ready=self._wake)
        self._aside = Hand("earlybell-trail-journal")
        self._replay: Iterator[list[Head]] | None = None
        self._aside_since: float | None = None
        self._next_look = 0.0
        self._queue: list[_Waiting] = []
        self._taken: list[_Waiting] = []
        self._closing = False
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Reach the store, announce the chain and start to write; errors as `open_trail`."""
        try:
            self._connection.open()
        except StoreError as error:
            if self._journal is None:
                raise _refusal(self._address, str(error)) from error
        self._begin()
        if self._anchors.problem and self._journal is None:
            problem = str(self._anchors.problem)
            raise TrailError("anchors of the trail cannot be written", problem, "Name a file that can be.")
        self._thread = threading.Thread(target=self._run, name="earlybell-trail", daemon=True)
        self._thread.start()

    def append(self, records: Sequence[Record]) -> Future[None]:
        """Keep records, all or none; the future resolves when they are on the disk of the store, or of the journal.

        It fails with TrailError where they cannot be kept: then do not answer. Where the store was lost in the middle
        of a commit, a record that failed, went to the journal or was written again may be in the store too.

        Raises:
            TrailError: a record has a value that no store can keep, or the trail was closed.
        """
        return self.add([body_of(record) for record in records])

    def add(self, bodies: list[Body]) -> Future[None]:
        """As `append`, of entries of any kind.

        Raises:
            TrailError: the trail was closed.
        """
        waiting = _Waiting(bodies)
        if not bodies:
            waiting.future.set_result(None)
            return waiting.future
        with self._ready:
            if self._closing:
                raise TrailError("trail was closed", shown(self._address), "Open it again.")
            self._queue.append(waiting)
            self._ready.notify()
        return waiting.future

    @property
    def pending(self) -> int:
        """How many records wait to be acknowledged."""
        with self._ready:
            return sum(len(waiting.bodies) for waiting in self._taken + self._queue)

    @property
    def lag(self) -> float:
        """Seconds that the oldest record has waited for the store, in the journal too, or that the store is away."""
        with self._ready:
            oldest = [waiting.since for waiting in (self._taken or self._queue)[:1]]
        since = [*oldest, *(began for began in (self._aside_since, self._connection.away_since) if began is not None)]
        return time.monotonic() - min(since) if since else 0.0

    @property
    def journaling(self) -> bool:
        """Whether acknowledged records wait in the journal."""
        return self._aside_since is not None

    def close(self) -> None:
        """Commit what waits, then end; what waits in the journal stays there for the next start.

        It ends though something hangs: after twice the `timeout`, and five seconds, what still waits is refused.
        """
        with self._ready:
            self._closing = True
            self._ready.notify()
        if self._thread is None:
            self._end()
            return
        self._thread.join(2 * self._timeout + 5)
        with self._ready:
            left, self._queue = self._taken + self._queue, []
        self._refuse(left, "it was closed before the store had answered")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    # What follows runs in the writer's thread, but for `begin`'s calls, which come before there is one.

    def _begin(self) -> None:
        """A new chain, announced before its first entry."""
        self._head = begin()
        self._anchors.add([self._head])

    def _run(self) -> None:
        group: list[_Waiting] | None = []
        while group is not None:
            try:
                self._keep(group)
                self._catch_up()
            except Exception as error:  # a defect of ours must not leave callers waiting
                _log.exception("the trail's writer failed")
                self._lose(f"{type(error).__name__}: {error}")
                self._refuse([waiting for waiting in group if not waiting.future.done()])
            group = self._take()
        self._end()

    def _end(self) -> None:
        if self._thread and not self._follows_aside:
            self._anchors.add([self._head], end=True)
        self._anchors.close()
        if self._journal is not None:
            with contextlib.suppress(OSError):
                self._aside.call(self._journal.close, _DISK_SECONDS / 2)
        self._aside.end()
        self._connection.close(self._timeout / 2)

    def _wake(self) -> None:
        with self._ready:
            self._ready.notify()

    def _take(self) -> list[_Waiting] | None:
        """What waits, as much as one commit should take; empty when there is something else to do, None at the end."""
        pause = self._pause()
        with self._ready:
            self._ready.wait_for(lambda: self._queue or self._closing or self._connection.ready, pause)
            if self._closing and not self._queue:
                return None
            count = _fitting_a_commit(self._queue)
            taken = [waiting for waiting in self._queue[:count] if waiting.future.set_running_or_notify_cancel()]
            self._taken, self._queue = taken, self._queue[count:]
        return taken

    def _pause(self) -> float | None:
        """Seconds until the store is tried again, or the journal is looked at; None: neither, until we are woken."""
        at = self._connection.next_try
        if self._connection.there and self._journal is not None:
            at = 0.0 if self._replay else self._next_look
        return None if at is None else max(0.0, at - time.monotonic())

    def _keep(self, group: list[_Waiting], *, again: bool = True) -> None:
        """In the store, else aside. A connection that broke is made anew, once: the store may long be there again."""
        if not group:
            return
        until = _until(group, self._timeout)
        store = None if self._follows_aside else self._connection.store(0.0 if again else until - time.monotonic())
        if store is None:
            self._keep_aside(group)
            return
        entries, head = extend(self._head, [body for waiting in group for body in waiting.bodies])
        try:
            self._connection.do(lambda: store.write(entries), until - time.monotonic())
        except StoreError as error:
            at_once = again and isinstance(error, ConnectionLostError)
            self._lose(str(error), at_once=at_once)
            if at_once:
                self._keep(group, again=False)
            else:
                self._keep_aside(group)
            return
        self._head = head
        self._acknowledge(group)
        self._anchors.add([head])

    @property
    def _follows_aside(self) -> bool:
        """Whether entries of this chain wait in the journal; where that hangs, another chain has begun."""
        return self._journal is not None and self._journal.behind

    def _keep_aside(self, group: list[_Waiting]) -> None:
        """To the journal as much as fits; the rest, or all of it without a journal, is refused."""
        if self._journal is None:
            self._refuse(group)
            return
        if self._aside.busy:
            self._refuse(group, f"{self._connection.problem}; nor the journal: it still hangs")
            return
        journal = self._journal
        try:
            fitting, lines = self._fitting(group, self._aside.call(journal.room, _DISK_SECONDS))
            if lines:
                self._aside.call(lambda: journal.append(b"".join(lines)), _DISK_SECONDS)
                self._aside_since = self._aside_since or group[0].since
        except OSError as error:
            self._give_up_aside(hangs=isinstance(error, HungError))  # whether the disk has kept some of it is unknown
            self._refuse(group, f"{self._connection.problem}; nor the journal: {error}")
            return
        self._acknowledge(fitting)
        self._refuse(
            [waiting for waiting in group if waiting not in fitting], f"{self._connection.problem}; the journal is full"
        )

    def _fitting(self, group: list[_Waiting], room: int) -> tuple[list[_Waiting], list[bytes]]:
        """Those of the group that fit into so many bytes, and their lines; the chain goes on over them."""
        fitting, lines = [], []
        for waiting in group:
            entries, head = extend(self._head, waiting.bodies)
            text = lines_of(entries)
            if len(text) <= room:
                self._head, room = head, room - len(text)
                fitting.append(waiting)
                lines.append(text)
        return fitting, lines

    def _catch_up(self) -> None:
        """Replay a part of the journal, when it is time and the store is there."""
        store = self._connection.store()
        if self._journal is None or store is None:
            return
        try:
            if self._replay is None:
                if not self._waits_aside(self._journal):
                    return
                self._replay = self._journal.replay(store)
            replay = self._replay
            heads = self._connection.do(lambda: next(replay, None), self._timeout)
        except StoreHungError as error:
            self._give_up_aside(hangs=True)
            self._connection.lose(str(error))
            return
        except (StoreError, OSError) as error:
            self._replay = None
            self._connection.lose(str(error))
            return
        if heads is not None:
            self._anchors.add(heads)
            return
        self._replay = None
        if not self._follows_aside:
            self._aside_since = None

    def _waits_aside(self, journal: Journal) -> bool:
        """Whether the journal has something to replay: own entries always, those of others now and then."""
        if not self._follows_aside and time.monotonic() < self._next_look:
            return False
        self._next_look = time.monotonic() + LONGEST_PAUSE  # also where it hangs, or nothing would be waited for
        if self._aside.busy:
            return False
        try:
            waiting = self._aside.call(lambda: journal.waiting, _DISK_SECONDS)
        except OSError as error:  # who has something to keep there says what is wrong with it
            if isinstance(error, HungError):
                self._give_up_aside(hangs=True)
            return False
        if not waiting and not self._follows_aside:  # others have replayed what was given up
            self._aside_since = None
        return waiting

    def _give_up_aside(self, *, hangs: bool) -> None:
        """What comes next must follow nothing that waits in the journal: a call that hangs may end, and drop that."""
        if hangs and self._journal is not None:
            self._journal = self._journal.given_up()
        self._replay = None
        self._begin()

    def _lose(self, problem: str, *, at_once: bool = False) -> None:
        """The store failed in a commit: whether it kept the entries is unknown, so that another chain begins."""
        self._connection.lose(problem, at_once=at_once)
        self._replay = None
        self._begin()

    def _acknowledge(self, group: list[_Waiting]) -> None:
        self._forget(group)
        for waiting in group:
            with contextlib.suppress(InvalidStateError):  # refused, as it was closed meanwhile
                waiting.future.set_result(None)

    def _refuse(self, group: list[_Waiting], problem: str = "") -> None:
        self._forget(group)
        for waiting in group:
            with contextlib.suppress(InvalidStateError):
                waiting.future.set_exception(_refusal(self._address, problem or self._connection.problem))

    def _forget(self, group: list[_Waiting]) -> None:
        with self._ready:
            self._taken = [waiting for waiting in self._taken if waiting not in group]


def _until(group: list[_Waiting], timeout: float) -> float:
    """When the store has had its time for a group, from when its oldest was appended; half of it at least."""
    records = sum(len(waiting.bodies) for waiting in group)
    return max(group[0].since + timeout, time.monotonic() + timeout / 2) + records / RECORDS_A_SECOND


def _fitting_a_commit(queue: list[_Waiting]) -> int:
    """How many of the first take no more records than a commit should have; one at least."""
    sizes = accumulate(len(waiting.bodies) for waiting in queue)
    return max(1, sum(1 for size in sizes if size <= _RECORDS_AT_ONCE))


def _refusal(address: str, problem: str) -> TrailError:
    way_out = "Without a record there is no answer: mend the store, or let records wait in a journal."
    return TrailError(f"trail {shown(address)} cannot be written", problem, way_out)
