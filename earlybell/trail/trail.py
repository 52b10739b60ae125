"""The writer: one thread commits all that waits, so that concurrent callers share a commit."""

import contextlib
import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from earlybell.errors import TrailError
from earlybell.trail.anchors import Anchors, anchors_path
from earlybell.trail.chain import Body, begin, extend
from earlybell.trail.journal import LIMIT, Journal, lines_of
from earlybell.trail.records import Record, body_of
from earlybell.trail.stores import TIMEOUT, ConnectionLostError, Store, StoreError, connect, shown

_LONGEST_PAUSE = 5.0  # seconds between two tries of a store that is away
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
        timeout: seconds to wait for the store before it counts as away.
        retry: seconds until it is tried again; doubled each time, up to 5.

    Raises:
        TrailError: the store cannot be reached and there is no journal, or it is of another format.
        SettingError: the address, or the anchors, are missing or wrong.
        MissingPackageError: PostgreSQL's client is not installed.
    """
    heads = Anchors(anchors_path(address, anchors))
    kept = _journal(journal, journal_limit) if journal else None
    store: Store | None = None
    try:
        store = connect(address, create=True, timeout=timeout)
    except StoreError as error:
        if kept is None:
            raise _refusal(address, str(error)) from error
    trail = Trail(address, store, heads, kept, timeout, retry)
    if heads.problem and kept is None:
        trail.close()
        raise TrailError("anchors of the trail cannot be written", str(heads.problem), "Name a file that can be.")
    return trail


def _journal(folder: Path, limit: int) -> Journal:
    try:
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
    """A writer of the audit trail; for any number of threads. `open_trail` makes it."""

    def __init__(
        self, address: str, store: Store | None, anchors: Anchors, journal: Journal | None, timeout: float, retry: float
    ) -> None:
        self._address, self._store, self._anchors, self._journal = address, store, anchors, journal
        self._timeout, self._retry, self._pause = timeout, retry, retry
        self._problem, self._was_there = "it was not there at the start", store is not None
        self._next_try, self._next_look = 0.0 if store else time.monotonic() + retry, 0.0
        self._ready = threading.Condition()
        self._queue: list[_Waiting] = []
        self._taken: list[_Waiting] = []
        self._closing = False
        self._begin()
        self._thread = threading.Thread(target=self._run, name="earlybell-trail", daemon=True)
        self._thread.start()

    def append(self, records: Sequence[Record]) -> Future[None]:
        """Keep records, all or none; the future resolves when they are on the disk of the store, or of the journal.

        It fails with TrailError where they cannot be kept: then do not answer. Where the store was lost in the middle
        of a commit, a record that failed, went to the journal or was written again may be in the store too.

        Raises:
            TrailError: a record has a value that no store can keep, or the trail was closed.
        """
        one = _Waiting([body_of(record) for record in records])
        if not one.bodies:
            one.future.set_result(None)
            return one.future
        with self._ready:
            if self._closing:
                raise TrailError("trail was closed", shown(self._address), "Open it again.")
            self._queue.append(one)
            self._ready.notify()
        return one.future

    @property
    def pending(self) -> int:
        """How many records wait to be acknowledged."""
        with self._ready:
            return sum(len(one.bodies) for one in self._taken + self._queue)

    @property
    def lag(self) -> float:
        """Seconds that the oldest of them has been waiting; 0 if none."""
        with self._ready:
            waiting = self._taken or self._queue
            return time.monotonic() - waiting[0].since if waiting else 0.0

    @property
    def journaling(self) -> bool:
        """Whether the store is away and acknowledged records wait in the journal, where later ones follow them."""
        return self._journal is not None and self._journal.behind

    def close(self) -> None:
        """Commit what waits, then end; what waits in the journal stays there for the next start."""
        with self._ready:
            self._closing = True
            self._ready.notify()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    # What follows runs in the writer's thread, but for the constructor's call of `_begin`.

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
                self._refuse([one for one in group if not one.future.done()])
            group = self._take()
        self._end()

    def _end(self) -> None:
        if not self.journaling:
            self._anchors.add([self._head], end=True)
        if self._journal is not None:
            self._journal.close()
        if self._store:
            self._store.close()

    def _take(self) -> list[_Waiting] | None:
        """All that waits; empty when it is time to try the store again, None at the end."""
        pause = None if self._journal is None else max(0.01, self._next_replay - time.monotonic())
        with self._ready:
            self._ready.wait_for(lambda: self._queue or self._closing, pause)
            if self._closing and not self._queue:
                return None
            taken = [one for one in self._queue if one.future.set_running_or_notify_cancel()]
            self._taken, self._queue = taken, []
        return taken

    @property
    def _next_replay(self) -> float:
        """When to look at the journal: own entries as soon as the store is tried, those of others now and then."""
        return self._next_try if self.journaling else max(self._next_try, self._next_look)

    def _keep(self, group: list[_Waiting], *, again: bool = True) -> None:
        """In the store, else aside. A connection that broke is made anew, once: the store may long be there again."""
        if not group:
            return
        store = None if self.journaling else self._connected()
        if store is None:
            self._keep_aside(group)
            return
        entries, head = extend(self._head, [body for one in group for body in one.bodies])
        try:
            store.write(entries)
        except StoreError as error:
            self._lose(str(error))
            if again and isinstance(error, ConnectionLostError):
                self._next_try, self._pause = 0.0, self._retry
                self._keep(group, again=False)
            else:
                self._keep_aside(group)
            return
        self._head = head
        self._acknowledge(group)
        self._anchors.add([head])

    def _keep_aside(self, group: list[_Waiting]) -> None:
        """To the journal as much as fits; the rest, or all of it without a journal, is refused."""
        if self._journal is None:
            self._refuse(group)
            return
        try:
            fitting, lines = self._fitting(group, self._journal.room())
            if lines:
                self._journal.append(b"".join(lines))
        except OSError as error:
            self._begin()  # whether the disk has kept some of it is unknown
            self._refuse(group, f"{self._problem}; nor the journal: {error}")
            return
        self._acknowledge(fitting)
        self._refuse([one for one in group if one not in fitting], f"{self._problem}; the journal is full")

    def _fitting(self, group: list[_Waiting], room: int) -> tuple[list[_Waiting], list[bytes]]:
        """Those of the group that fit into so many bytes, and their lines; the chain goes on over them."""
        fitting, lines = [], []
        for one in group:
            entries, head = extend(self._head, one.bodies)
            text = lines_of(entries)
            if len(text) <= room:
                self._head, room = head, room - len(text)
                fitting.append(one)
                lines.append(text)
        return fitting, lines

    def _catch_up(self) -> None:
        """Replay the journal, when it is time and the store is there."""
        if self._journal is None or time.monotonic() < self._next_replay:
            return
        self._next_look = time.monotonic() + _LONGEST_PAUSE
        try:
            if not self._journal.waiting or (store := self._connected()) is None:
                return
            for heads in self._journal.replay(store):
                self._anchors.add(heads)
        except (StoreError, OSError) as error:
            self._away(str(error))

    def _connected(self) -> Store | None:
        """The store, if it is there, tried no sooner than `_next_try`; one that was there is not made anew."""
        if self._store is None and time.monotonic() >= self._next_try:
            try:
                self._store = connect(self._address, create=not self._was_there, timeout=self._timeout)
            except (StoreError, TrailError) as error:
                self._away(str(error))
            else:
                self._pause, self._was_there = self._retry, True
                _log.warning("the trail's store is there again: %s", shown(self._address))
        return self._store

    def _away(self, problem: str) -> None:
        if problem != self._problem:
            _log.warning("the trail's store %s is away: %s", shown(self._address), problem)
        if self._store:
            with contextlib.suppress(StoreError):
                self._store.close()
        self._store, self._problem = None, problem
        self._next_try = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    def _lose(self, problem: str) -> None:
        """The store failed in a commit: whether it kept the entries is unknown, so that another chain begins."""
        self._away(problem)
        self._begin()

    def _acknowledge(self, group: list[_Waiting]) -> None:
        self._forget(group)
        for one in group:
            one.future.set_result(None)

    def _refuse(self, group: list[_Waiting], problem: str = "") -> None:
        self._forget(group)
        for one in group:
            one.future.set_exception(_refusal(self._address, problem or self._problem))

    def _forget(self, group: list[_Waiting]) -> None:
        with self._ready:
            self._taken = [one for one in self._taken if one not in group]


def _refusal(address: str, problem: str) -> TrailError:
    way_out = "Without a record there is no answer: mend the store, or let records wait in a journal."
    return TrailError(f"trail {shown(address)} cannot be written", problem, way_out)
