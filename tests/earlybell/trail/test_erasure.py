"""Erasing: a learner leaves the trail, the chain stays whole, and that it was done is part of it."""

import json
from pathlib import Path

import pytest

from earlybell.errors import SettingError, TrailError
from earlybell.trail import erase, read_records, verify
from earlybell.trail.anchors import read_anchors
from tests.earlybell.trail.places import Place, record, sqlite_place


def test_a_learner_is_gone_and_the_chain_is_whole(place: Place) -> None:
    place.filled("abcdef", ["ann", "bob", "cyd"])
    assert erase(place.address, "bob", "asked for", who="dean", anchors=place.anchors) == 2
    assert [one.learner_id for one in read_records(place.address)] == ["ann", "cyd", "ann", "cyd"]
    audit = verify(place.address, place.anchors)
    assert (audit.whole, audit.entries, audit.erased, audit.writers) == (True, 7, 2, 2)


def test_an_erasure_says_who_when_which_and_why_and_not_whose(place: Place) -> None:
    writer = place.filled("abcd", ["ann", "bob"])
    erase(place.address, "bob", "request 17", who="dean", anchors=place.anchors)
    (payload,) = place.tamper("SELECT payload FROM trail_payload WHERE learner_id IS NULL")[0]
    said = json.loads(payload)
    assert (said["kind"], said["who"], said["reason"], said["entries"]) == (
        "erasure",
        "dean",
        "request 17",
        {writer: [2, 4]},
    )
    assert said["time"].endswith("+00:00")
    assert "bob" not in payload


def test_erasing_goes_on_while_others_write(place: Place) -> None:
    with place.open() as trail:
        for number in range(5):
            trail.append([record(str(number), "bob"), record(str(number), "ann")]).result()
            assert erase(place.address, "bob", "asked for", anchors=place.anchors) == 1
    assert {one.learner_id for one in read_records(place.address)} == {"ann"}
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
    found = verify(place.address, place.anchors).findings
    assert [(one.writer, one.seq, one.what) for one in found] == [(writer, 2, "inserted")]


def test_who_comes_back_with_a_backup_that_is_older_than_the_erasure_is_named(place: Place) -> None:
    writer = place.filled("abcd", ["ann", "bob"])
    tables = ("trail_chain", "trail_payload")
    backup = {table: place.tamper(f"SELECT * FROM {table}") for table in tables}
    assert erase(place.address, "bob", "asked for", anchors=place.anchors) == 2
    for table, rows in backup.items():
        place.tamper(f"DELETE FROM {table}")
        for row in rows:
            place.tamper(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", *row)
    found = verify(place.address, place.anchors).findings
    back = [one for one in found if one.what == "inserted"]
    assert [(one.writer, one.seq) for one in back] == [(writer, 2), (writer, 4)]
    assert all("erase bob again" in one.detail for one in back)
    assert [one.what for one in found if one not in back] == ["cut off"]  # the erasure itself, which the backup has not
    assert erase(place.address, "bob", "again", anchors=place.anchors) == 2
    assert [one.what for one in verify(place.address, place.anchors).findings] == ["cut off"]


def test_the_anchors_hold_every_entry_of_a_long_erasure_in_short_lines(tmp_path: Path) -> None:
    place = sqlite_place(tmp_path)
    with place.open() as trail:
        trail.append([record(str(number)) for number in range(1234)]).result()
    assert erase(place.address, "ann", "asked for", anchors=place.anchors) == 1234
    lines = place.anchors.read_text().splitlines()
    assert max(map(len, lines)) < 1000
    (known,) = (one for one in (read_anchors(place.anchors) or {}).values() if one.erased)
    assert known.erased == set(range(1, 1235))
    assert verify(place.address, place.anchors).whole


def test_an_erasure_that_is_removed_leaves_its_entries_as_removed(place: Place) -> None:
    writer = place.filled("abcd", ["ann", "bob"])
    erase(place.address, "bob", "asked for", anchors=place.anchors)
    place.tamper("DELETE FROM trail_payload WHERE learner_id IS NULL")
    found = {(one.writer == writer, one.seq, one.what) for one in verify(place.address, place.anchors).findings}
    assert found == {(True, 2, "removed"), (True, 4, "removed"), (False, 1, "removed")}


def test_what_was_erased_is_no_longer_in_the_files_of_sqlite(tmp_path: Path) -> None:
    place = sqlite_place(tmp_path)
    place.filled([str(number) for number in range(200)], ["ann", "pseudonym-of-bob"])
    assert _bytes(tmp_path).count(b"pseudonym-of-bob") > 100
    erase(place.address, "pseudonym-of-bob", "asked for", anchors=place.anchors)
    assert _bytes(tmp_path).count(b"pseudonym-of-bob") == 0


def _bytes(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())
