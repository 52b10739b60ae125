"""Heads of chains, kept apart from the store: a chain that was cut off or rewritten no longer meets its anchor.

One line of JSON a head: writer, seq, link, time, and `end` where the writer ended in order. A writer is announced by
its beginning (seq 0) before it writes anything, so that a chain that no anchor knows is found as inserted. What was
erased is here too, in lines of writer, `erased` (some seqs), `whose` and time: a store restored from a backup has lost
that.
"""

import errno
import json
import logging
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from earlybell.clock import Hand
from earlybell.errors import SettingError, TrailError
from earlybell.trail.chain import Head, Whose, read_whose
from earlybell.trail.stores import TIMEOUT, is_sqlite, private, shown, sqlite_path

NONE, LOG = "none", "log"
_AT_ONCE = 10_000  # lines read at a time
_STDOUT = Path("/dev/stdout")
_SEQS = 100  # of a line of what was erased, which stays short enough for one write to a pipe
_log = logging.getLogger(__name__)


@dataclass
class Anchored:
    """What the anchors know of one writer.

    Attributes:
        links: the link of each anchored seq.
        last: the last of them.
        ended: whether the writer ended in order.
        erased: the seqs whose payload was erased.
        whose: whom these erasures were about.
    """

    links: dict[int, bytes] = field(default_factory=dict)
    last: int = 0
    ended: bool = False
    erased: set[int] = field(default_factory=set)
    whose: set[Whose] = field(default_factory=set)


class Anchors:
    """The file, or standard output, that heads go to. One that cannot be written now is written with the next.

    Attributes:
        problem: what was wrong with the last try, if something was.
    """

    def __init__(self, path: Path | None, seconds: float = TIMEOUT) -> None:
        """
        Args:
            seconds: to wait for a write; while one hangs, the next is not tried.
        """
        self._path, self._seconds, self._hand = path, seconds, Hand("earlybell-trail-anchors")
        self._waiting, self._lock = dict[tuple[str, str], str](), threading.Lock()
        self.problem: OSError | None = None

    def add(self, heads: Iterable[Head], *, end: bool = False) -> None:
        """Append heads; a problem is logged and kept in `problem`, for the entries themselves are safe."""
        anchors: dict[tuple[str, str], dict[str, object]] = {}
        for head in heads:
            kind = "beginning" if head.seq == 0 and not end else "head"
            anchors[head.writer, kind] = {"seq": head.seq, "link": head.link.hex()} | ({"end": True} if end else {})
        self._write(anchors)

    def add_erased(self, entries: dict[str, list[int]], of: Whose) -> None:
        """Append which seqs of each writer are erased, and whose they are; a problem as in `add`."""
        self._write(
            {
                (writer, f"erased {at}"): {"erased": seqs[at : at + _SEQS], "whose": of}
                for writer, seqs in entries.items()
                for at in range(0, len(seqs), _SEQS)
            }
        )

    def _write(self, anchors: dict[tuple[str, str], dict[str, object]]) -> None:
        """Append a line of each, by its writer and what it is, after those that wait: a later one takes its place."""
        if self._path is None:
            return
        now = datetime.now(UTC).isoformat()
        with self._lock:
            self._waiting |= {
                key: json.dumps({"writer": key[0], **anchor, "time": now}) for key, anchor in anchors.items()
            }
        try:
            self._hand.call(self._flush, self._seconds)
        except OSError as error:
            if self.problem is None:
                _log.warning("anchors of the trail cannot be written, tried again with each group: %s", error)
            self.problem = error
        else:
            self.problem = None

    def close(self) -> None:
        """No more anchors; a write that hangs is left to itself."""
        self._hand.end()

    @property
    def waiting(self) -> str:
        """The lines that are still to be written."""
        with self._lock:
            return " ".join(self._waiting.values())

    def _flush(self) -> None:
        """By the hand: write what waits, which waits on if that fails."""
        with self._lock:
            taken, self._waiting = self._waiting, {}
        try:
            if self._path and taken:
                (_print_lines if self._path == _STDOUT else _append)(
                    self._path, [f"{line}\n" for line in taken.values()]
                )
        except BaseException:
            with self._lock:
                self._waiting = taken | self._waiting
            raise


def anchors_path(address: str, anchors: str | Path | None) -> Path | None:
    """The anchor file of a trail: as given, else beside an SQLite store; standard output for `log`, None for `none`.

    Raises:
        SettingError: the store is PostgreSQL and nothing was given.
    """
    if anchors is not None:
        return {NONE: None, LOG: _STDOUT}.get(str(anchors), Path(anchors))
    if not is_sqlite(address):
        file = "a file on another machine or volume than the database's, `log`, or `none` to go without"
        way_out = f"Name {file}: --trail-anchors of what writes, --anchors of `earlybell trail`."
        raise SettingError("anchors of a trail in PostgreSQL are not named", shown(address), way_out)
    store = sqlite_path(address)
    return store.with_name(f"{store.name}.anchors")


def read_anchors(path: Path | None) -> dict[str, Anchored] | None:
    """What the anchors know of each writer; None without anchors. A line that a crash tore says nothing.

    A log's other lines are passed over, and so is what a log's collector puts before an anchor.

    Raises:
        TrailError: the file cannot be read.
        SettingError: the anchors are in the log, and no file of it is named.
    """
    if path is None:
        return None
    if path == _STDOUT:
        way_out = "Save the log's lines of all that write to the trail in a file, and name it with --anchors."
        raise SettingError("anchors of the trail cannot be read from a log", LOG, way_out)
    try:
        return _by_writer(_lines(path))
    except OSError as error:
        way_out = "Name the file with --anchors, or say --anchors none: then a cut-off end is not found."
        value = f"{path}: {error.strerror or error}"
        raise TrailError("anchors of the trail cannot be read", value, way_out) from error


def _lines(path: Path) -> Iterator[str]:
    """The lines of a file that may hang, as a pipe that nobody writes to."""
    hand, parts = Hand("earlybell-trail-anchors"), _parts(path)
    try:
        while some := hand.call(lambda: next(parts, None), TIMEOUT):
            yield from some
    finally:
        hand.end()


def _parts(path: Path) -> Iterator[list[str]]:
    with path.open(errors="replace") as file:
        while some := list(islice(file, _AT_ONCE)):
            yield some


def _by_writer(lines: Iterable[str]) -> dict[str, Anchored]:
    by_writer: dict[str, Anchored] = {}
    for line in lines:
        with suppress(ValueError, KeyError, TypeError):
            anchor = json.loads(line[max(0, line.find("{")) :])
            _learn(by_writer, anchor)
    return by_writer


def _learn(by_writer: dict[str, Anchored], anchor: Any) -> None:
    """Take in one line; ValueError, KeyError or TypeError where it is no anchor."""
    writer = str(anchor["writer"])
    if "erased" in anchor:
        by_writer.setdefault(writer, Anchored()).erased.update([int(seq) for seq in anchor["erased"]])
        by_writer[writer].whose.update(read_whose(anchor))
        return
    seq, link = int(anchor["seq"]), bytes.fromhex(anchor["link"])
    of_writer = by_writer.setdefault(writer, Anchored())
    of_writer.links[seq], of_writer.last = link, max(of_writer.last, seq)
    of_writer.ended = of_writer.ended or anchor.get("end", False)


def _print_lines(_: Path, lines: list[str]) -> None:
    """To standard output, each line in a write of its own: a pipe takes such a short one whole or not at all."""
    for line in lines:
        _write(1, line.encode())


def _append(path: Path, lines: list[str]) -> None:
    """In one write, which other processes' lines do not interrupt, and on a line of its own after a torn one."""
    with open(path, "ab+", opener=private) as file:
        size = file.seek(0, os.SEEK_END)
        torn = size > 0 and os.pread(file.fileno(), 1, size - 1) != b"\n"
        _write(file.fileno(), b"\n" * torn + "".join(lines).encode())


def _write(descriptor: int, content: bytes) -> None:
    """OSError where not all of it was written, as on a full disk: what is missing must not follow other lines."""
    if os.write(descriptor, content) < len(content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
