"""The store is away: by choice refused, or kept in a journal of bounded size that is replayed, in order."""

import errno
import json
import os
import resource
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earlybell.errors import TrailError
from earlybell.trail import Trail, open_trail, read_records, verify
from earlybell.trail.chain import begin, entry_of, extend, line_of
from earlybell.trail.journal import Journal, lines_of
from earlybell.trail.records import body_of
from tests.earlybell.trail.places import Place, postgresql_place, record, sqlite_place
from tests.hanging import until
from tests.postgresql import Server

_QUICK: dict[str, Any] = {"timeout": 0.1, "retry": 0.05}


@contextmanager
def _away(folder: Path) -> Iterator[None]:
    """Somebody else holds the SQLite file for longer than a writer waits."""
    with closing(sqlite3.connect(folder / "trail.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def _ids(place: Place) -> list[str]:
    return [record.request_id for record in read_records(place.address)]


def _append(trail: Trail, *ids: str) -> None:
    for request_id in ids:
        trail.append([record(request_id)]).result(20)


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*"))


def test_without_a_journal_a_record_is_refused_while_the_store_is_away(tmp_path: Path) -> None:
    place = sqlite_place(tmp_path)
    with place.open(**_QUICK) as trail:
        _append(trail, "before")
        with _away(tmp_path):
            for request_id in ("first", "second"):
                with pytest.raises(TrailError, match="cannot be written: '(database is locked|it has not answered)"):
                    _append(trail, request_id)
        time.sleep(0.3)
        _append(trail, "after")
    assert sorted(_ids(place)) == ["after", "before"]
    assert verify(place.address, place.anchors).whole


def test_with_a_journal_records_are_kept_and_replayed_in_order(tmp_path: Path) -> None:
    place, journal = sqlite_place(tmp_path), tmp_path / "journal"
    with place.open(journal=journal, **_QUICK) as trail:
        _append(trail, "a", "b")
        with _away(tmp_path):
            assert not trail.journaling
            _append(trail, "c", "d", "e")
            assert trail.journaling
            assert sorted(_ids(place)) == ["a", "b"]
            assert len(_files(journal)) == 1
        until(lambda: not trail.journaling)
        assert _files(journal) == []
        _append(trail, "f")
    after_outage = place.tamper("SELECT writer FROM trail_payload WHERE request_id = 'c'")[0][0]
    rows = place.tamper("SELECT request_id FROM trail_payload WHERE writer = ? ORDER BY seq", after_outage)
    assert [request_id for (request_id,) in rows] == ["c", "d", "e", "f"]
    assert sorted(_ids(place)) == ["a", "b", "c", "d", "e", "f"]
    assert verify(place.address, place.anchors).whole


def test_every_file_is_its_owners_alone_but_one_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    place, journal = sqlite_place(tmp_path), tmp_path / "journal"
    place.anchors.touch()
    place.anchors.chmod(0o640)
    with place.open(journal=journal, **_QUICK) as trail, open_trail(f"sqlite:{tmp_path}/other.db") as other:
        other.append([record("a")]).result()
        with _away(tmp_path):
            _append(trail, "b")
            modes = {path.name: path.stat().st_mode & 0o777 for path in [*tmp_path.glob("*.*"), *_files(journal)]}
    stores = {f"{name}.db{end}" for name in ("trail", "other") for end in ("", "-wal", "-shm")}
    assert stores | {"other.db.anchors", "heads.jsonl"} == modes.keys() - {name for name in modes if ".journal" in name}
    assert modes.pop("heads.jsonl") == 0o640
    assert set(modes.values()) == {0o600}


def test_a_store_that_is_away_at_the_start_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "apart").mkdir()
    place = sqlite_place(tmp_path / "volume")
    settings: dict[str, Any] = {"anchors": tmp_path / "apart" / "heads", "journal": tmp_path / "apart" / "journal"}
    with open_trail(place.address, **settings, **_QUICK) as trail:
        _append(trail, "a", "b")
        (tmp_path / "volume").mkdir()
        until(lambda: not _files(tmp_path / "apart" / "journal"))
        assert _ids(place) == ["a", "b"]
    assert verify(place.address, settings["anchors"]).whole


def test_a_store_that_went_away_is_not_made_anew(tmp_path: Path) -> None:
    place, journal = sqlite_place(tmp_path), tmp_path / "journal"
    with place.open(journal=journal, **_QUICK) as trail:
        _append(trail, "a")
        with _away(tmp_path):
            _append(trail, "b")
            files = list(tmp_path.glob("trail.db*"))
            (tmp_path / "elsewhere").mkdir()
            for path in files:
                path.rename(tmp_path / "elsewhere" / path.name)
        time.sleep(0.3)
        assert not (tmp_path / "trail.db").exists()
        for path in files:
            (tmp_path / "elsewhere" / path.name).rename(path)
        until(lambda: not _files(journal))
    assert sorted(_ids(place)) == ["a", "b"]


def test_what_waits_when_a_process_ends_is_replayed_at_the_next_start(tmp_path: Path) -> None:
    place, journal = sqlite_place(tmp_path), tmp_path / "journal"
    place.open().close()
    with _away(tmp_path), place.open(journal=journal, **_QUICK) as trail:
        _append(trail, "a", "b")
    assert _ids(place) == []
    with place.open(journal=journal, **_QUICK):
        until(lambda: not _files(journal))
    assert _ids(place) == ["a", "b"]
    assert verify(place.address, place.anchors).whole


def test_beyond_the_bound_a_record_is_refused_and_smaller_ones_still_fit(tmp_path: Path) -> None:
    place, journal = sqlite_place(tmp_path), tmp_path / "journal"
    with place.open(journal=journal, journal_limit=3000, **_QUICK) as trail:
        with _away(tmp_path):
            _append(trail, "a", "b")
            with pytest.raises(TrailError, match="the journal is full"):
                trail.append([record("c")] * 5).result()
            _append(trail, "d")
            assert sum(path.stat().st_size for path in _files(journal)) <= 3000
        until(lambda: not _files(journal))
    assert _ids(place) == ["a", "b", "d"]
    assert verify(place.address, place.anchors).whole


def test_a_journal_that_another_process_holds_is_left_to_it(tmp_path: Path) -> None:
    place, journal = sqlite_place(tmp_path), tmp_path / "journal"
    with place.open(journal=journal, timeout=0.1, retry=30) as trail:
        with _away(tmp_path):
            _append(trail, "a")
        with place.open(journal=journal, **_QUICK) as other:
            _append(other, "b")
            assert len(_files(journal)) == 1
        assert _ids(place) == ["b"]
    with place.open(journal=journal, **_QUICK):
        until(lambda: not _files(journal))
    assert sorted(_ids(place)) == ["a", "b"]


def _left_behind(folder: Path, content: bytes) -> None:
    """A journal whose process is gone."""
    folder.mkdir(exist_ok=True)
    (folder / "1-gone.journal").write_bytes(content)


def _lines(*ids: str) -> bytes:
    entries, _ = extend(begin("gone"), [body_of(record(request_id)) for request_id in ids])
    return lines_of(entries)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1500))
def test_of_a_journal_torn_anywhere_all_whole_lines_are_replayed(tmp_path_factory: Any, size: int) -> None:
    tmp_path = tmp_path_factory.mktemp("torn")
    place, journal, lines = sqlite_place(tmp_path), tmp_path / "journal", _lines("a", "b", "c")
    _left_behind(journal, lines[:size])
    with place.open(journal=journal, **_QUICK):
        until(lambda: not _files(journal))
    assert _ids(place) == ["a", "b", "c"][: lines[:size].count(b"\n")]
    assert verify(place.address, "none").whole


def test_a_journal_replayed_twice_adds_nothing(place: Place, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    for ids in (("a", "b"), ("a", "b"), ("a", "b")):
        entries, _ = extend(begin("gone"), [body_of(record(request_id)) for request_id in ids])
        _left_behind(journal, lines_of(entries))
        with place.open(journal=journal):
            until(lambda: not _files(journal))
    assert _ids(place) == ["a", "b"]


def test_a_damaged_line_is_left_out_and_the_file_is_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    place, journal = sqlite_place(tmp_path), tmp_path / "journal"
    first, second, third = _lines("a", "b", "c").splitlines(keepends=True)
    _left_behind(journal, first + second.replace(b"medium", b"low   ") + second[:9] + b"\n" + third)
    with place.open(journal=journal, **_QUICK):
        until(lambda: [path.suffix for path in _files(journal)] == [".damaged"])
    assert _ids(place) == ["a", "c"]
    assert "damaged lines" in caplog.text
    assert [(finding.seq, finding.what) for finding in verify(place.address, "none").findings] == [(2, "removed")]


def test_a_journal_that_cannot_be_written_refuses(tmp_path: Path) -> None:
    with pytest.raises(TrailError, match="journal of the trail cannot be used"):
        open_trail(f"sqlite:{tmp_path}/trail.db", journal=Path("/dev/null/journal"))


def test_a_journal_on_a_full_disk_keeps_nothing_of_what_it_refused(tmp_path: Path) -> None:
    journal = Journal(tmp_path, 10**6)
    journal.append(_lines("a"))
    size = _files(tmp_path)[0].stat().st_size
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, before[1]))
    try:
        with pytest.raises(OSError, match="large|space"):
            journal.append(_lines("b"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert _files(tmp_path)[0].stat().st_size == size


@pytest.mark.parametrize("call", ["rename", "fsync"])
def test_a_file_that_could_not_be_made_a_journal_takes_no_lines_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """Nobody would replay it, or it may be gone after a power cut."""

    def refused(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    journal = Journal(tmp_path, 10**6)
    with monkeypatch.context() as disk:
        disk.setattr(*{"rename": (Path, "rename", refused), "fsync": (os, "fsync", refused)}[call])
        with pytest.raises(OSError, match="Input/output"):
            journal.append(_lines("a"))
    assert not journal.behind
    refused_in = set(_files(tmp_path))
    journal.append(_lines("b"))
    (new,) = set(_files(tmp_path)) - refused_in
    assert (new.suffix, new.read_bytes().count(b"\n")) == (".journal", 1)
    assert not [path for path in refused_in if path.suffix != ".journal" or path.stat().st_size]
    journal.close()


def test_several_processes_may_replay_one_journal_and_nothing_comes_twice(tmp_path: Path) -> None:
    place, journal = sqlite_place(tmp_path), tmp_path / "journal"
    _left_behind(journal, _lines(*"abcdef"))
    trails = [place.open(journal=journal) for _ in range(4)]
    until(lambda: not _files(journal))
    for trail in trails:
        _append(trail, "own")
        trail.close()
    assert sorted(_ids(place)) == [*"abcdef", *["own"] * 4]


def test_an_entry_comes_back_from_its_line_as_it_was() -> None:
    entries, _ = extend(begin(), [body_of(record("ä"))])
    assert entry_of(line_of(entries[0])) == entries[0]
    assert json.loads(line_of(entries[0]))[0] == entries[0].writer


def _cut(place: Place) -> None:
    place.tamper("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'earlybell-trail'")


def test_a_connection_that_is_cut_is_made_again_at_once(postgresql: Server, tmp_path: Path) -> None:
    place = postgresql_place(tmp_path, postgresql.address, f"cut_{os.getpid()}")
    with place.open(retry=60) as trail:
        for number in range(3):
            _append(trail, f"{number}")
            _cut(place)
        _append(trail, "last")
    assert sorted(_ids(place)) == ["0", "1", "2", "last"]
    audit = verify(place.address, place.anchors)
    assert (audit.whole, audit.writers) == (True, 4)


def test_a_server_that_was_restarted_meanwhile_costs_no_answer(postgresql: Server, tmp_path: Path) -> None:
    place = postgresql_place(tmp_path, postgresql.address, f"restart_{os.getpid()}")
    with place.open(retry=60) as trail:
        _append(trail, "before")
        postgresql.stop()
        postgresql.start()
        _append(trail, "after")
    assert sorted(_ids(place)) == ["after", "before"]
    assert verify(place.address, place.anchors).whole


def test_a_server_that_is_away_is_tried_once_at_once_and_then_after_a_pause(
    postgresql: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = postgresql_place(tmp_path, postgresql.address, f"away_{os.getpid()}")
    with place.open(retry=60) as trail:
        _append(trail, "before")
        postgresql.stop()
        try:
            for request_id in ("first", "second"):
                with pytest.raises(TrailError, match="refused"):
                    _append(trail, request_id)
        finally:
            postgresql.start()
        with pytest.raises(TrailError, match="refused"):
            _append(trail, "within the pause")
    tries = sum("is away" in message.getMessage() for message in caplog.records)
    assert tries == 2  # the connection broke; there is no server
    assert _ids(place) == ["before"]


def test_a_server_that_crashes_and_comes_back_has_all_that_was_acknowledged(postgresql: Server, tmp_path: Path) -> None:
    place = postgresql_place(tmp_path, postgresql.address, f"crash_{os.getpid()}")
    with place.open(journal=tmp_path / "journal", retry=0.05) as trail:
        _append(trail, "a", "b")
        postgresql.stop()
        try:
            _append(trail, "c", "d")
        finally:
            postgresql.start()
        until(lambda: not _files(tmp_path / "journal"))
    assert sorted(_ids(place)) == ["a", "b", "c", "d"]
    assert verify(place.address, place.anchors).whole
