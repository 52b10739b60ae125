"""What hangs is not waited for: the store, its disk, the journal's, the anchors', a name server."""

import dataclasses
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from earlybell.clock import Hand, HungError, within
from earlybell.errors import TrailError
from earlybell.trail import Trail, erase, open_trail, read_records, verify
from earlybell.trail.stores import open_store
from tests.earlybell.trail.places import Place, postgresql_place, record, sqlite_place
from tests.hanging import Hanging, hanging_in, until
from tests.postgresql import Server

EARLYBELL = str(Path(sys.executable).with_name("earlybell"))
_QUICK: dict[str, Any] = {"timeout": 0.5, "retry": 0.1}


@pytest.fixture
def stopped(postgresql: Server, tmp_path: Path) -> Place:
    """A place in a server that a test will stop."""
    return postgresql_place(tmp_path, postgresql.address, f"stopped_{os.getpid()}_{tmp_path.name}")


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


def _refused(trail: Trail, request: str) -> None:
    with pytest.raises(TrailError, match="cannot be written"):
        trail.append([record(request)]).result(20)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Somebody else holds the SQLite file for longer than a writer waits."""
    with closing(sqlite3.connect(folder / "trail.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def _ids(place: Place) -> list[str]:
    return sorted(record.request_id for record in read_records(place.address))


def test_a_call_that_hangs_is_left_behind_and_the_next_one_waits_for_nothing() -> None:
    ended = list[str]()

    def hangs() -> None:
        time.sleep(0.4)
        ended.append("late")

    hand = Hand("a test's")
    with _at_most(0.3), pytest.raises(HungError, match=r"not answered within 0.1 seconds"):
        hand.call(hangs, 0.1)
    with _at_most(0.05), pytest.raises(HungError, match="still hangs"):
        hand.call(hangs, 10)
    until(lambda: not hand.busy)
    assert (ended, hand.call(lambda: 3, 1)) == (["late"], 3)
    hand.end()


def test_what_a_call_raises_is_raised_also_where_it_is_about_time() -> None:
    def refuses() -> None:
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own") as raised:
        within(1, refuses)
    assert not isinstance(raised.value, HungError)


def test_a_stopped_server_refuses_in_time_and_then_at_once(postgresql: Server, stopped: Place) -> None:
    with stopped.open(**_QUICK) as trail:
        trail.append([record("before")]).result()
        with postgresql.frozen():
            with _at_most(1.0):
                _refused(trail, "first")
            for number in range(30):  # also while it is tried again
                with _at_most(0.2):
                    _refused(trail, f"later {number}")
                time.sleep(0.05)
            assert trail.lag > 1.5
            assert trail.pending == 0
        until(lambda: trail.lag == 0)
        trail.append([record("after")]).result()
    assert {"before", "after"} <= set(_ids(stopped)) <= {"before", "after", "first"}
    assert verify(stopped.address, stopped.anchors).whole


def test_a_stopped_server_leaves_its_records_to_the_journal(postgresql: Server, stopped: Place, tmp_path: Path) -> None:
    with stopped.open(journal=tmp_path / "journal", **_QUICK) as trail:
        trail.append([record("before")]).result()
        with postgresql.frozen():
            with _at_most(1.0):
                trail.append([record("first")]).result()
            for number in range(30):
                with _at_most(0.2):
                    trail.append([record(f"later {number}")]).result()
                time.sleep(0.05)
            assert trail.lag > 1.5
            assert trail.journaling
        until(lambda: not trail.journaling)
        assert trail.lag == 0
        trail.append([record("after")]).result()
    ids = _ids(stopped)
    assert set(ids) == {"before", "first", "after", *(f"later {number}" for number in range(30))}
    assert len(ids) - len(set(ids)) <= 1  # the first may be there too, in the chain that was given up
    assert verify(stopped.address, stopped.anchors).whole


def test_a_stopped_server_is_not_asked_all_the_time(
    postgresql: Server, stopped: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earlybell.trail.trail.LONGEST_PAUSE", 0.2)
    with stopped.open(journal=tmp_path / "journal", **_QUICK) as trail, postgresql.frozen():
        trail.append([record("first")]).result()
        before = time.process_time()
        time.sleep(3)  # as long as a connection is waited for, and a pause
        assert time.process_time() - before < 0.3


@pytest.mark.parametrize("journal", [False, True], ids=["no journal", "journal"])
def test_closing_ends_though_the_server_hangs(
    postgresql: Server, stopped: Place, tmp_path: Path, journal: bool
) -> None:
    trail = stopped.open(journal=tmp_path / "journal" if journal else None, **_QUICK)
    with postgresql.frozen():
        futures = [trail.append([record(str(number))]) for number in range(3)]
        with _at_most(2.5):
            trail.close()
        assert all(future.done() for future in futures)
        assert [future.exception() is None for future in futures] == [journal] * 3


def test_a_server_that_hangs_at_the_start_is_refused_or_waited_for_beside_the_journal(
    postgresql: Server, stopped: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earlybell.trail.connection.TIMEOUT", 1.0)
    with postgresql.frozen():
        with _at_most(2.5), pytest.raises(TrailError, match="not answered|timeout"):
            stopped.open(**_QUICK)
        with _at_most(2.5):
            trail = stopped.open(journal=tmp_path / "journal", **_QUICK)
        with _at_most(0.5):
            trail.append([record("waits")]).result()
    until(lambda: not trail.journaling)
    trail.close()
    assert _ids(stopped) == ["waits"]


def test_a_large_call_has_more_time_and_many_small_ones_share_several_commits(stopped: Place) -> None:
    with stopped.open(timeout=0.3) as trail:
        futures = [trail.append([record("large")] * 12_000), *(trail.append([record("x")] * 1000) for _ in range(12))]
        for future in futures:
            future.result(60)
    audit = verify(stopped.address, stopped.anchors)
    assert (audit.whole, audit.entries, audit.writers) == (True, 24_000, 1)


_COMMANDS = {
    "verify": [],
    "show": ["--learner", "ann"],
    "erase": ["--learner", "ann", "--reason", "asked for"],
}


@pytest.mark.parametrize("command", _COMMANDS)
def test_a_command_about_a_server_that_hangs_ends_with_an_error(
    postgresql: Server, stopped: Place, command: str
) -> None:
    stopped.filled("ab")
    anchors = [] if command == "show" else ["--anchors", str(stopped.anchors)]
    words = [EARLYBELL, "trail", command, stopped.address, *_COMMANDS[command], *anchors]
    with postgresql.frozen(), _at_most(30):
        ended = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 10, ended.stderr
    assert "Traceback" not in ended.stderr
    assert _ids(stopped) == ["a", "b"]


def test_reading_ends_when_the_server_hangs_meanwhile_and_not_when_it_is_busy(
    postgresql: Server, stopped: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earlybell.trail.stores.TIMEOUT", 1.5)
    with stopped.open() as trail:
        trail.append([record("a")] * 2500).result()
    stopped.tamper("CREATE VIEW slow AS SELECT 1 AS one FROM pg_sleep(5)")
    with open_store(stopped.address) as store, store.snapshot():
        assert len(store.execute("SELECT * FROM slow")) == 1  # three times as long as a hung server is given
    read = read_records(stopped.address)
    next(read)
    with postgresql.frozen(), _at_most(10), pytest.raises(TrailError, match="it hangs"):
        list(read)


_PROGRAM = """
import sys, time
from pathlib import Path
import earlybell.trail.trail
from earlybell.errors import TrailError
from earlybell.trail import open_trail
from tests.earlybell.trail.places import record
address, anchors, journal = sys.argv[1:]
earlybell.trail.trail.LONGEST_PAUSE = 0.2
trail = open_trail(address, anchors=anchors, journal=Path(journal) if journal else None, timeout=0.5, retry=0.1)
for line in sys.stdin:
    began = time.monotonic()
    name, _, many = line.strip().partition("*")
    if name == "rest":
        before = time.process_time()
        time.sleep(2)
        print("rested", time.process_time() - before, flush=True)
        continue
    try:
        trail.append([record(name)] * int(many or 1)).result()
        said = "kept"
    except TrailError as error:
        said = "refused"
    print(said, time.monotonic() - began, flush=True)
began = time.monotonic()
trail.close()
print("closed", time.monotonic() - began, flush=True)
"""


class _Writer:
    """A writer in a process of its own, with calls that hang."""

    def __init__(self, place: Place, journal: str, environment: dict[str, str]) -> None:
        words = [sys.executable, "-c", _PROGRAM, place.address, str(place.anchors), journal]
        self._process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | environment
        )

    def append(self, request: str) -> tuple[str, float]:
        assert self._process.stdin
        self._process.stdin.write(f"{request}\n")
        self._process.stdin.flush()
        return self._answer()

    def rest(self) -> float:
        """Seconds of the processor's time that two seconds take in which nobody appends."""
        return self.append("rest")[1]

    def end(self) -> float:
        """Seconds that closing took; the process ends too."""
        assert self._process.stdin
        self._process.stdin.close()
        word, seconds = self._answer()
        assert word == "closed"
        assert self._process.wait(5) == 0
        return seconds

    def kill(self) -> None:
        self._process.kill()
        with self._process:
            pass

    def _answer(self) -> tuple[str, float]:
        assert self._process.stdout
        word, seconds = self._process.stdout.readline().split()
        return word, float(seconds)


@pytest.mark.parametrize(("journal", "outcome"), [(False, "refused"), (True, "kept")], ids=["no journal", "journal"])
def test_a_disk_that_hangs_is_a_store_that_is_away(tmp_path: Path, journal: bool, outcome: str) -> None:
    hanging, place = hanging_in(tmp_path), sqlite_place(tmp_path)
    writer = _Writer(place, str(tmp_path / "journal") if journal else "", hanging.environment)
    try:
        assert writer.append("before")[0] == "kept"
        with hanging.sync("trail.db"):
            word, seconds = writer.append("first")
            assert (word, seconds < 1.5) == (outcome, True)
            for number in range(5):
                word, seconds = writer.append(f"later {number}")
                assert (word, seconds < 0.3) == (outcome, True)
        until(lambda: writer.append("after")[0] == "kept")
        assert writer.end() < 3
    finally:
        writer.kill()
    with place.open(journal=tmp_path / "journal"):
        until(lambda: not list((tmp_path / "journal").glob("*")))
    ids = set(_ids(place))
    assert {"before", "after"} <= ids
    assert not journal or {"first", "later 0", "later 4"} <= ids
    assert verify(place.address, place.anchors).whole


_Hangs = Callable[[Hanging, str], AbstractContextManager[None]]


@pytest.mark.parametrize(
    ("hangs", "part", "killed"),
    [
        (Hanging.unlink, "journal", False),
        (Hanging.unlink, "journal", True),
        (Hanging.end_of, "journal", False),
        (Hanging.listing, "journal", False),
        (Hanging.sync, "trail.db", False),
    ],
)
def test_what_is_acknowledged_while_a_replay_hangs_is_not_lost(
    tmp_path: Path, hangs: _Hangs, part: str, killed: bool
) -> None:
    """Nor added twice. A file that was read to its end will be removed, and a chain is replayed in its order."""
    hanging, place, journal = hanging_in(tmp_path), sqlite_place(tmp_path), tmp_path / "journal"
    writer, hung = _Writer(place, str(journal), hanging.environment), ExitStack()
    try:
        assert writer.append("before")[0] == "kept"
        with _locked(tmp_path):
            assert writer.append("first*500")[0] == "kept"  # as many as one part of a replay takes
            assert list(journal.glob("*.journal"))
            hung.enter_context(hangs(hanging, part))
        time.sleep(1.2)  # the replay hangs, and for longer than it is waited for
        acknowledged = [name for name in ("second", "third") if writer.append(name)[0] == "kept"]
        if not killed:
            hung.close()
            time.sleep(0.3)
            acknowledged += [name for name in ("fourth", "fifth") if writer.append(name)[0] == "kept"]
            writer.end()
    finally:
        hung.close()
        writer.kill()
    with place.open(journal=journal):
        until(lambda: not list(journal.glob("*")))
    assert len(acknowledged) == (2 if killed else 4)
    assert _ids(place) == sorted(["before", *["first"] * 500, *acknowledged])
    assert verify(place.address, place.anchors).whole


def test_store_and_journal_on_a_disk_that_hangs_refuse_and_end(tmp_path: Path) -> None:
    hanging, place = hanging_in(tmp_path), sqlite_place(tmp_path)
    writer = _Writer(place, str(tmp_path / "journal"), hanging.environment)
    try:
        assert writer.append("before")[0] == "kept"
        with hanging.sync(str(tmp_path)):
            word, seconds = writer.append("first")
            assert (word, seconds < 4.5) == ("refused", True)
            for number in range(5):
                word, seconds = writer.append(f"later {number}")
                assert (word, seconds < 0.3) == ("refused", True)
        until(lambda: writer.append("after")[0] == "kept")
        with hanging.sync(str(tmp_path)):
            assert writer.append("hangs")[0] == "refused"
            assert writer.end() < 6  # and the process ends, though a thread of it hangs
    finally:
        writer.kill()
    with place.open(journal=tmp_path / "journal"):
        until(lambda: not list((tmp_path / "journal").glob("*.journal")))
    assert {"before", "after"} <= set(_ids(place))
    assert verify(place.address, place.anchors).whole


def test_a_journal_that_hangs_is_not_asked_all_the_time(tmp_path: Path) -> None:
    hanging, place = hanging_in(tmp_path), sqlite_place(tmp_path)
    with hanging.listing("journal"):
        writer = _Writer(place, str(tmp_path / "journal"), hanging.environment)
        try:
            assert writer.append("before")[0] == "kept"
            time.sleep(2.2)  # as long as the journal is waited for
            assert writer.rest() < 0.3
            assert writer.append("after")[0] == "kept"
        finally:
            writer.kill()


def test_a_name_server_that_hangs_is_a_store_that_is_away(postgresql: Server, stopped: Place, tmp_path: Path) -> None:
    hanging = hanging_in(tmp_path)
    named = dataclasses.replace(stopped, address=stopped.address.replace("127.0.0.1", "localhost"))
    writer = _Writer(named, "", hanging.environment)
    try:
        assert writer.append("before")[0] == "kept"
        with hanging.names():
            ours = "pg_stat_activity WHERE application_name = 'earlybell-trail'"
            stopped.tamper(f"SELECT pg_terminate_backend(pid) FROM {ours}")
            word, seconds = writer.append("first")
            assert (word, seconds < 1.5) == ("refused", True)
            assert writer.append("second")[1] < 0.3
        until(lambda: writer.append("after")[0] == "kept")
        assert writer.end() < 2
    finally:
        writer.kill()


def test_anchors_that_hang_hold_up_no_record(tmp_path: Path) -> None:
    """A pipe that nobody reads takes 64 KiB."""
    reader, full = os.pipe()
    os.set_blocking(full, False)
    try:
        while True:
            os.write(full, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(full, True)
    program = f"""
import os, time
os.dup2({full}, 1)
import sys
import threading
from pathlib import Path
from earlybell.trail import open_trail
from tests.earlybell.trail.places import record
trail = open_trail("sqlite:{tmp_path}/trail.db", anchors="log", journal=Path("{tmp_path}/journal"), timeout=0.5)
began = time.monotonic()
for number in range(20):
    trail.append([record(str(number))]).result()
trail.close()
sys.stderr.write(str(time.monotonic() - began))
"""
    try:
        ended = subprocess.run(
            [sys.executable, "-c", program], pass_fds=[full], capture_output=True, text=True, timeout=30, check=True
        )
        assert float(ended.stderr.splitlines()[-1]) < 2
    finally:
        os.close(reader)
        os.close(full)
    assert len(list(read_records(f"sqlite:{tmp_path}/trail.db"))) == 20


def test_anchors_in_a_pipe_that_nobody_writes_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("earlybell.trail.anchors.TIMEOUT", 0.3)
    open_trail(f"sqlite:{tmp_path}/trail.db", anchors="none").close()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with _at_most(2), pytest.raises(TrailError, match="anchors of the trail cannot be read.*not answered"):
        verify(f"sqlite:{tmp_path}/trail.db", pipe)
    os.close(os.open(pipe, os.O_RDWR | os.O_NONBLOCK))  # ends the thread that hangs


def test_a_trail_that_was_closed_leaves_no_thread(tmp_path: Path) -> None:
    place, before = sqlite_place(tmp_path), set(threading.enumerate())
    for number in range(3):
        with place.open(journal=tmp_path / "journal") as trail:
            trail.append([record(str(number))]).result()
    erase(place.address, "ann", "why", anchors=place.anchors)
    assert verify(place.address, place.anchors).whole
    until(lambda: not set(threading.enumerate()) - before)
