"""Where entries wait while the store is away: a folder on a volume that lasts, a file for each process that writes.

A line is a checksum and an entry that has its place in the chain already. The process that made a file holds its lock;
files of processes that are gone are taken over by whoever replays next. An entry that the store has is not added again.

A chain's entries are in one file: of two, the later could be replayed first, and the earlier then seem to be there.
"""

import errno
import fcntl
import logging
import os
import secrets
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from io import FileIO
from itertools import groupby, islice
from pathlib import Path

from earlybell.trail.chain import Entry, Head, entry_of, line_of
from earlybell.trail.stores import Store, private
from earlybell.whole import settle

LIMIT = 64 * 2**20  # bytes of all files of the folder
_AT_ONCE = 500  # lines of one transaction of a replay
_SUFFIX = ".journal"
_log = logging.getLogger(__name__)


class Journal:
    """The journal of this process, in a folder that several may share."""

    def __init__(self, folder: Path, limit: int, former: "Sequence[Journal]" = ()) -> None:
        """
        Args:
            former: journals that were given up, whose files are left to whoever replays next, once nothing hangs.
        """
        self._folder, self._limit, self._former = folder, limit, former
        self._file: FileIO | None = None
        self._path = folder

    def given_up(self) -> "Journal":
        """Another journal in its place, for another chain. A call of this one hangs: it may end, and drop its file."""
        former, self._former = [journal for journal in self._former if journal.behind], ()
        return Journal(self._folder, self._limit, [*former, self])

    @property
    def behind(self) -> bool:
        """Whether entries of this process wait: later ones must follow them here."""
        return self._file is not None

    @property
    def waiting(self) -> bool:
        """Whether entries wait, of this process or of others."""
        return any(self._paths())

    def room(self) -> int:
        """Bytes that may still be written."""
        return self._limit - sum(_size(path) for path in self._paths())

    def append(self, lines: bytes) -> None:
        """Write lines of `lines_of`; on the disk when it returns. OSError: nothing of them is kept."""
        file = self._own_file()
        size = file.seek(0, os.SEEK_END)
        try:
            if file.write(lines) < len(lines):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(file.fileno())
        except OSError:
            self._file = None
            with file:
                file.truncate(size)
            raise

    def replay(self, store: Store) -> Iterator[list[Head]]:
        """Add what waits to the store, a part in each transaction, and drop whole files; yields the heads of each part.

        Between two parts this process may append. Where a part hangs it must not: then the journal is given up.
        """
        self._close_former()
        for path in self._paths():
            own = self._file is not None and self._path == path
            lock = self._file if own else _taken_over(path)
            if lock is None:
                continue
            try:
                yield from _replay_file(path, store)
            except BaseException:
                if not own:
                    lock.close()
                raise
            lock.close()
            self._file = None if own else self._file

    def close(self) -> None:
        """Leave what waits to whoever replays next."""
        self._close_former()
        if self._file is not None:
            self._file.close()
            self._file = None

    def _close_former(self) -> None:
        former, self._former = self._former, ()
        for journal in former:
            journal.close()

    def _own_file(self) -> FileIO:
        """The file of this process; it is that only once it can be replayed, and is on the disk."""
        if self._file is None:
            path = self._folder / f"{time.time_ns()}-{secrets.token_hex(4)}{_SUFFIX}"
            self._path, self._file = path, _create(path)
        return self._file

    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob(f"*{_SUFFIX}"))


def _create(path: Path) -> FileIO:
    """A new journal's file, locked before another process can see it as a journal."""
    new = path.with_suffix(".new")
    file = FileIO(new, "xb", opener=private)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        new.rename(path)
        settle(path.parent)
    except BaseException:
        file.close()
        with suppress(OSError):
            new.unlink(missing_ok=True)
        raise
    return file


def lines_of(entries: Sequence[Entry]) -> bytes:
    """The journal's lines of entries."""
    lines = (line_of(entry).encode() for entry in entries)
    return b"".join(b"%08x %s\n" % (zlib.crc32(line), line) for line in lines)


def _replay_file(path: Path, store: Store) -> Iterator[list[Head]]:
    damaged = False
    with path.open("rb") as file:
        while lines := list(islice(file, _AT_ONCE)):
            complete = [line for line in lines if line.endswith(b"\n")]  # a torn last one was never acknowledged
            entries = [entry for line in complete if (entry := _entry(line)) is not None]
            damaged |= len(entries) < len(complete)
            yield _added(store, entries)
    _put_away(path, damaged=damaged)


def _added(store: Store, entries: list[Entry]) -> list[Head]:
    """Add what the store does not have; the heads of the chains that have grown."""
    heads = []
    with store.transaction():
        for writer, of_writer in groupby(entries, key=lambda entry: entry.writer):
            last = store.last(writer)
            new = [entry for entry in of_writer if entry.seq > last]
            if new:
                store.add(new)
                heads.append(Head(writer, new[-1].seq, new[-1].link))
    return heads


def _entry(row: bytes) -> Entry | None:
    """The entry of a line; None where it is damaged."""
    checksum, _, line = row.rstrip(b"\n").partition(b" ")
    return entry_of(line.decode()) if checksum == b"%08x" % zlib.crc32(line) else None


def _put_away(path: Path, *, damaged: bool) -> None:
    if damaged:
        _log.error(
            "a journal of the trail has damaged lines; the others were added, the file is kept: %s.damaged", path
        )
        path.rename(f"{path}.damaged")
    else:
        path.unlink(missing_ok=True)


def _taken_over(path: Path) -> FileIO | None:
    """The file, locked, if the process that made it is gone."""
    try:
        file = path.open("rb", buffering=0)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    if not path.exists():  # replayed by another process meanwhile
        file.close()
        return None
    return file


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # replayed by another process meanwhile
        return 0
