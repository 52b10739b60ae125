"""Erasing: a learner leaves the trail, the chain stays whole, and that it was done is part of it."""

import hashlib
import itertools
import json
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec import structs

from earlybell.errors import SettingError, TrailError
from earlybell.trail import erase, open_trail, read_records, verify
from earlybell.trail.anchors import Anchors, read_anchors
from earlybell.trail.chain import begin, extend, whose
from earlybell.trail.records import body_of
from earlybell.trail.stores import open_store
from tests.earlybell.trail.places import NOON, Place, record, sqlite_place


def test_a_learner_is_gone_and_the_chain_is_whole(place: Place) -> None:
    place.filled("abcdef", ["ann", "bob", "cyd"])
    assert erase(place.address, "bob", "asked for", who="dean", anchors=place.anchors) == 2
    assert [record.learner_id for record in read_records(place.address)] == ["ann", "cyd", "ann", "cyd"]
    audit = verify(place.address, place.anchors)
    assert (audit.whole, audit.entries, audit.erased, audit.writers) == (True, 7, 2, 2)


def test_a_user_without_a_name_can_erase(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 4_000_123)
    place.filled("ab", ["ann", "bob"])
    assert erase(place.address, "bob", "asked for", anchors=place.anchors) == 1
    (payload,) = place.tamper("SELECT payload FROM trail_payload WHERE learner_id IS NULL")[0]
    assert json.loads(payload)["who"] == "user 4000123"


def test_an_erasure_says_who_when_which_and_why_and_not_whose(place: Place) -> None:
    writer = place.filled("abcd", ["ann", "bob"])
    erase(place.address, "bob", "request 17", who="dean", anchors=place.anchors)
    (payload,) = place.tamper("SELECT payload FROM trail_payload WHERE learner_id IS NULL")[0]
    erasure = json.loads(payload)
    assert (erasure["kind"], erasure["who"], erasure["reason"], erasure["entries"]) == (
        "erasure",
        "dean",
        "request 17",
        {writer: [2, 4]},
    )
    assert erasure["time"].endswith("+00:00")
    assert "bob" not in payload


def test_erasing_goes_on_while_others_write(place: Place) -> None:
    with place.open() as trail:
        for number in range(5):
            trail.append([record(str(number), "bob"), record(str(number), "ann")]).result()
            assert erase(place.address, "bob", "asked for", anchors=place.anchors) == 1
    assert {record.learner_id for record in read_records(place.address)} == {"ann"}
    assert verify(place.address, place.anchors).whole


def test_who_is_not_there_is_not_erased_and_leaves_no_entry(place: Place) -> None:
    place.filled("ab")
    assert erase(place.address, "nobody", "asked for", anchors=place.anchors) == 0
    assert verify(place.address, place.anchors).entries == 2


@pytest.mark.parametrize(("learner", "reason"), [("anonymous", "why"), ("", "why"), ("ann", " ")])
def test_erasing_asks_for_one_learner_and_a_reason(tmp_path: Path, learner: str, reason: str) -> None:
    with pytest.raises(SettingError, match="one learner and a reason"):
        erase(f"sqlite:{tmp_path}/trail.db", learner, reason)


def test_nothing_is_erased_from_a_trail_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TrailError, match="cannot be read"):
        erase(f"sqlite:{tmp_path}/trail.db", "ann", "why")
    assert list(tmp_path.iterdir()) == []


def test_a_payload_that_comes_back_after_its_erasure_is_found(place: Place) -> None:
    writer = place.filled("abcd", ["ann", "bob"])
    (row,) = place.tamper("SELECT * FROM trail_payload WHERE seq = 2")
    erase(place.address, "bob", "asked for", anchors=place.anchors)
    place.tamper("INSERT INTO trail_payload VALUES (?, ?, ?, ?, ?, ?, ?)", *row)
    for anchors in (place.anchors, "none"):
        (finding,) = verify(place.address, anchors).findings
        assert (finding.writer, finding.seq, finding.what) == (writer, 2, "inserted")
        assert finding.detail == "it was erased, and its payload is here: erase bob again"


def test_who_comes_back_with_a_backup_that_is_older_than_the_erasure_is_named(place: Place) -> None:
    writer = place.filled("abcd", ["ann", "bob"])
    tables = ("trail_chain", "trail_payload")
    backup = {table: place.tamper(f"SELECT * FROM {table}") for table in tables}
    assert erase(place.address, "bob", "asked for", anchors=place.anchors) == 2
    for table, rows in backup.items():
        place.tamper(f"DELETE FROM {table}")
        for row in rows:
            place.tamper(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", *row)
    findings = verify(place.address, place.anchors).findings
    back = [finding for finding in findings if finding.what == "inserted"]
    assert [(finding.writer, finding.seq) for finding in back] == [(writer, 2), (writer, 4)]
    assert all("erase bob again" in finding.detail for finding in back)
    others = [finding.what for finding in findings if finding not in back]
    assert others == ["cut off"]  # the erasure itself, which the backup has not
    assert erase(place.address, "bob", "again", anchors=place.anchors) == 2
    assert [finding.what for finding in verify(place.address, place.anchors).findings] == ["cut off"]


def test_the_anchors_hold_every_entry_of_a_long_erasure_in_short_lines(tmp_path: Path) -> None:
    place = sqlite_place(tmp_path)
    with place.open() as trail:
        trail.append([record(str(number)) for number in range(1234)]).result()
    assert erase(place.address, "ann", "asked for", anchors=place.anchors) == 1234
    lines = place.anchors.read_text().splitlines()
    assert max(map(len, lines)) < 1000
    (anchors,) = (anchors for anchors in (read_anchors(place.anchors) or {}).values() if anchors.erased)
    assert anchors.erased == set(range(1, 1235))
    assert verify(place.address, place.anchors).whole


def test_an_erasure_that_is_removed_leaves_its_entries_as_removed(place: Place) -> None:
    writer = place.filled("abcd", ["ann", "bob"])
    erase(place.address, "bob", "asked for", anchors=place.anchors)
    place.tamper("DELETE FROM trail_payload WHERE learner_id IS NULL")
    findings = verify(place.address, place.anchors).findings
    named = {(finding.writer == writer, finding.seq, finding.what) for finding in findings}
    assert named == {(True, 2, "removed"), (True, 4, "removed"), (False, 1, "removed")}


def test_what_was_erased_is_no_longer_in_the_files_of_sqlite(tmp_path: Path) -> None:
    place = sqlite_place(tmp_path)
    place.filled([str(number) for number in range(200)], ["ann", "pseudonym-of-bob"])
    assert _bytes(tmp_path).count(b"pseudonym-of-bob") > 100
    erase(place.address, "pseudonym-of-bob", "asked for", anchors=place.anchors)
    assert _bytes(tmp_path).count(b"pseudonym-of-bob") == 0


@contextmanager
def _room_for(file: Path, size: int) -> Iterator[None]:
    """The disk is full after so many bytes more: a write takes what fits, and says how much."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size + size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("size", [0, 50, 250])
def test_anchors_that_a_full_disk_takes_a_part_of_are_an_error_and_come_whole_later(tmp_path: Path, size: int) -> None:
    anchors, heads = Anchors(tmp_path / "heads"), [begin(name) for name in "abc"]
    anchors.add(heads[:1])
    with _room_for(tmp_path / "heads", size):
        anchors.add(heads[1:])
        assert anchors.problem is not None
    anchors.add([])
    assert anchors.problem is None
    assert (read_anchors(tmp_path / "heads") or {}).keys() == {"a", "b", "c"}


_ERASE = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
from earlybell.cli.main import main
sys.argv = ["earlybell", "trail", "erase", sys.argv[1], "--learner", "bob", "--reason", "why", "--anchors", sys.argv[3]]
main()
"""


@pytest.mark.parametrize("size", [0, 100, 300])
def test_an_erasure_whose_anchors_cannot_be_written_erases_nothing_and_says_so(tmp_path: Path, size: int) -> None:
    place = sqlite_place(tmp_path)
    place.filled("abcd", ["ann", "bob"])
    with place.anchors.open("a") as file:  # so that the limit meets the anchors, and not the store
        file.write("a line of a log\n" * 20_000)
    words = [sys.executable, "-c", _ERASE, place.address, str(place.anchors.stat().st_size + size), str(place.anchors)]
    ended = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 10, ended.stderr
    assert "Nothing was erased." in ended.stderr
    assert [record.learner_id for record in read_records(place.address)] == ["ann", "bob"] * 2
    assert erase(place.address, "bob", "why", anchors=place.anchors) == 2
    audit = verify(place.address, place.anchors)
    assert (audit.findings, audit.erased) == ((), 2)


def test_an_erasure_whose_end_is_not_in_the_anchors_is_an_error_that_says_which_line_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = sqlite_place(tmp_path)
    place.filled("abcd", ["ann", "bob"])
    add = Anchors.add

    def refused(self: Anchors, heads: object, *, end: bool = False) -> None:
        if end:  # the file is gone between the two
            place.anchors.rename(tmp_path / "kept")
            place.anchors.mkdir()
        add(self, heads, end=end)  # type: ignore[arg-type]

    monkeypatch.setattr(Anchors, "add", refused)
    with pytest.raises(TrailError, match="All 2 records were erased. Mend the anchors, then append this line") as error:
        erase(place.address, "bob", "why", anchors=place.anchors)
    place.anchors.rmdir()
    (tmp_path / "kept").rename(place.anchors)
    with place.anchors.open("a") as file:
        file.write(error.value.way_out.partition("this line: ")[2] + "\n")
    assert next(reversed((read_anchors(place.anchors) or {}).values())).ended
    assert verify(place.address, place.anchors).whole


def test_who_is_erased_while_a_journal_still_has_records_is_named_when_these_come(place: Place, tmp_path: Path) -> None:
    place.filled("ab", ["ann", "bob"])
    writing = place.open(journal=tmp_path / "journal", timeout=0.5, retry=0.1)
    place.tamper("ALTER TABLE trail_chain RENAME TO gone")  # the store refuses
    writing.append([record("c", "ann"), record("d", "bob")]).result()
    writing.close()
    place.tamper("ALTER TABLE gone RENAME TO trail_chain")
    assert erase(place.address, "bob", "why", anchors=place.anchors) == 1
    assert verify(place.address, place.anchors).whole
    with open_trail(place.address, anchors=place.anchors, journal=tmp_path / "journal") as trail:
        until = time.monotonic() + 20
        while list((tmp_path / "journal").glob("*")) and time.monotonic() < until:
            time.sleep(0.05)
        trail.append([record("e", "cyd")]).result()
    for anchors in (place.anchors, "none"):
        (finding,) = verify(place.address, anchors).findings
        assert (finding.seq, finding.what) == (2, "inserted")
        assert "erase bob again" in finding.detail
    assert erase(place.address, "bob", "again", anchors=place.anchors) == 1
    assert verify(place.address, place.anchors).whole


def test_who_is_predicted_after_an_erasure_is_no_finding(place: Place) -> None:
    place.filled("ab", ["ann", "bob"])
    assert erase(place.address, "bob", "why", anchors=place.anchors) == 1
    with place.open() as trail:
        trail.append([structs.replace(record("c", "bob"), time=datetime.now(UTC) + timedelta(minutes=2))]).result()
    assert verify(place.address, place.anchors).whole


def test_a_record_of_a_machine_whose_clock_is_ahead_is_named_when_it_comes_after_the_erasure(place: Place) -> None:
    place.filled("ab", ["ann", "bob"])
    assert erase(place.address, "bob", "why", anchors=place.anchors) == 1
    with place.open() as trail:
        trail.append([structs.replace(record("c", "bob"), time=datetime.now(UTC) + timedelta(seconds=30))]).result()
    (finding,) = verify(place.address, place.anchors).findings
    assert "erase bob again" in finding.detail


@pytest.mark.parametrize(("apart", "named"), [(timedelta(minutes=1), 1), (timedelta(minutes=1, microseconds=1), 0)])
def test_clocks_may_differ_by_a_minute(tmp_path: Path, apart: timedelta, named: int) -> None:
    place = sqlite_place(tmp_path)
    place.filled("a", ["bob"])
    with place.anchors.open("a") as file:
        erased = whose("bob")._replace(time=(NOON - apart).isoformat())
        file.write(json.dumps({"writer": "w", "erased": [], "whose": erased}) + "\n")
    assert len(verify(place.address, place.anchors).findings) == named


@pytest.mark.parametrize(
    "time",
    [{"time": "never"}, {"time": "2026-03-02T12:00:00"}, {"time": "0001-01-01T00:00:00+14:00"}, {"time": None}, {}],
    ids=str,
)
def test_an_erased_learners_record_of_no_time_is_named(tmp_path: Path, time: dict[str, str | None]) -> None:
    place = sqlite_place(tmp_path)
    place.filled("ab", ["ann", "bob"])
    assert erase(place.address, "bob", "why", anchors=place.anchors) == 1
    body = body_of(record("c", "bob"))
    timeless = {name: value for name, value in json.loads(body.text).items() if name != "time"}
    entries, head = extend(begin(), [body._replace(text=json.dumps(timeless | time))])
    Anchors(place.anchors).add([begin(head.writer), head])
    with open_store(place.address) as store:
        store.write(entries)
    (finding,) = verify(place.address, place.anchors).findings
    assert "erase bob again" in finding.detail


@pytest.mark.parametrize(
    "time", ["0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59+00:00", "never", "2026-03-02T12:00:00"]
)
def test_an_erasure_of_any_time_in_the_anchors_ends_no_verifying(tmp_path: Path, time: str) -> None:
    place = sqlite_place(tmp_path)
    place.filled("ab", ["ann", "bob"])
    with place.anchors.open("a") as file:
        file.write(json.dumps({"writer": "w", "erased": [], "whose": whose("bob")._replace(time=time)}) + "\n")
    assert len(verify(place.address, place.anchors).findings) == time.startswith("9999")


def test_erasures_of_a_trail_share_a_salt_and_say_each_whose_they_are(place: Place) -> None:
    place.filled("abc", ["ann", "bob", "cyd"])
    assert [erase(place.address, name, '","whose":["', anchors=place.anchors) for name in ("bob", "cyd")] == [1, 1]
    owners = {owner for of_writer in (read_anchors(place.anchors) or {}).values() for owner in of_writer.whose}
    (salt,) = {owner.salt for owner in owners}
    digests = {hashlib.sha256(bytes.fromhex(salt) + of).hexdigest() for of in (b"bob", b"cyd")}
    assert {owner.digest for owner in owners} == digests


def test_verifying_hashes_each_learner_once_however_many_were_erased(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = sqlite_place(tmp_path)
    with place.open() as trail:
        trail.append([record(str(number), f"learner {number}") for number in range(2000)]).result()
    for number in range(200):
        assert erase(place.address, f"learner {number}", "why", anchors=place.anchors) == 1
    real, hashes = hashlib.sha256, itertools.count()

    def counted(content: bytes) -> object:
        next(hashes)
        return real(content)

    monkeypatch.setattr(hashlib, "sha256", counted)
    audit = verify(place.address, place.anchors)
    assert (audit.whole, audit.erased, audit.entries) == (True, 200, 2200)
    assert next(hashes) < 4 * 2200  # of an entry its payload, its link and its learner; and each chain's beginning


def test_of_several_writers_and_erasures_each_learner_who_comes_back_is_named(place: Place) -> None:
    for names in (["ann", "bob"], ["bob", "cyd"], ["cyd", "dan"]):
        place.filled([str(number) for number in range(4)], names)
    tables = ("trail_chain", "trail_payload")
    backup = {table: place.tamper(f"SELECT * FROM {table}") for table in tables}
    assert [erase(place.address, name, "why", anchors=place.anchors) for name in ("bob", "cyd")] == [4, 4]
    for table, rows in backup.items():
        place.tamper(f"DELETE FROM {table}")
        for row in rows:
            place.tamper(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", *row)
    findings = [finding for finding in verify(place.address, place.anchors).findings if finding.what == "inserted"]
    remedies = sorted(finding.detail.partition(": erase ")[2] for finding in findings)
    assert remedies == ["bob again"] * 4 + ["cyd again"] * 4
    assert len({(finding.writer, finding.seq) for finding in findings}) == 8


def _bytes(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())
