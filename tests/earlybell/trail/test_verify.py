"""Verifying: every kind of tampering is found and named, and nothing else is."""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earlybell.errors import TrailError
from earlybell.trail import erase, verify
from earlybell.trail.chain import Body, Head, begin, digest_of, extend, link_of
from earlybell.trail.stores import Store, reading
from tests.earlybell.trail.places import Place, record, sqlite_place


def _findings(place: Place) -> list[tuple[str, int, int, str]]:
    return [
        (finding.writer, finding.seq, finding.until, finding.what)
        for finding in verify(place.address, place.anchors).findings
    ]


def _chain(place: Place, writer: str) -> dict[int, tuple[bytes, bytes]]:
    rows = place.tamper("SELECT seq, digest, link FROM trail_chain WHERE writer = ?", writer)
    return {seq: (bytes(digest), bytes(link)) for seq, digest, link in rows}


def _change_payload(place: Place, writer: str) -> None:
    place.tamper("UPDATE trail_payload SET payload = replace(payload, '\"risk\":0.25', '\"risk\":0.05') WHERE seq = 3")


def _change_salt(place: Place, writer: str) -> None:
    place.tamper("UPDATE trail_payload SET salt = ? WHERE seq = 3", bytes(32))


def _change_lookup(place: Place, writer: str) -> None:
    place.tamper("UPDATE trail_payload SET learner_id = 'somebody else' WHERE seq = 3")


def _change_digest(place: Place, writer: str) -> None:
    place.tamper("UPDATE trail_chain SET digest = ? WHERE seq = 3", bytes(32))


def _change_link(place: Place, writer: str) -> None:
    place.tamper("UPDATE trail_chain SET link = ? WHERE seq = 3", bytes(32))


def _make_no_json(place: Place, writer: str) -> None:
    place.tamper("UPDATE trail_payload SET payload = '[]' WHERE seq = 3")


def _remove_payload(place: Place, writer: str) -> None:
    place.tamper("DELETE FROM trail_payload WHERE seq = 3")


def _remove_entry(place: Place, writer: str) -> None:
    place.tamper("DELETE FROM trail_chain WHERE seq = 3")


def _remove_both(place: Place, writer: str) -> None:
    _remove_payload(place, writer)
    _remove_entry(place, writer)


_TAMPERINGS: list[tuple[Callable[[Place, str], None], str]] = [
    (_change_payload, "changed"),
    (_change_salt, "changed"),
    (_change_lookup, "changed"),
    (_change_digest, "changed"),
    (_change_link, "changed"),
    (_make_no_json, "changed"),
    (_remove_payload, "removed"),
    (_remove_entry, "removed"),
    (_remove_both, "removed"),
]


@pytest.mark.parametrize(("tampering", "kind"), _TAMPERINGS, ids=lambda value: getattr(value, "__name__", value))
def test_what_was_done_to_one_record_is_named_and_no_other_is(
    place: Place, tampering: Callable[[Place, str], None], kind: str
) -> None:
    writer = place.filled("abcde")
    assert _findings(place) == []
    tampering(place, writer)
    assert _findings(place) == [(writer, 3, 3, kind)]
    audit = verify(place.address, place.anchors)
    assert (audit.whole, audit.erased, audit.anchored) == (False, 0, True)


def test_a_payload_without_an_entry_is_inserted(place: Place) -> None:
    writer = place.filled("abcde")
    place.tamper(
        "INSERT INTO trail_payload SELECT writer, 33, salt, payload, request_id, course_id, learner_id "
        "FROM trail_payload WHERE seq = 3"
    )
    assert _findings(place) == [(writer, 33, 33, "inserted")]


def test_a_payload_without_an_entry_is_told_apart_from_one_whose_entry_was_removed(place: Place) -> None:
    writer = place.filled("abcde")
    place.tamper("DELETE FROM trail_chain WHERE seq IN (2, 3)")
    for name, seq in ((writer, 33), ("ghost", 3)):
        place.tamper(
            "INSERT INTO trail_payload SELECT ?, ?, salt, payload, request_id, course_id, learner_id "
            "FROM trail_payload WHERE seq = 5",
            name,
            seq,
        )
    assert sorted(_findings(place)) == sorted(
        [(writer, 2, 3, "removed"), (writer, 33, 33, "inserted"), ("ghost", 3, 3, "inserted")]
    )


@pytest.mark.parametrize("tables", [["trail_payload"], ["trail_payload", "trail_chain"]], ids=["payloads", "entries"])
def test_two_that_changed_places_are_reordered(place: Place, tables: list[str]) -> None:
    writer = place.filled("abcde")
    for table in tables:
        for old, new in ((3, -3), (4, 3), (-3, 4)):
            place.tamper(f"UPDATE {table} SET seq = ? WHERE seq = ?", new, old)
    assert _findings(place) == [(writer, 3, 3, "reordered"), (writer, 4, 4, "reordered")]
    first, _ = verify(place.address, place.anchors).findings
    assert str(first) == f"writer {writer}, entry 3: reordered: its payload says that it is entry 4 of {writer}"


def test_the_order_in_which_a_store_has_entries_says_nothing(place: Place) -> None:
    writer = place.filled("abcde")
    place.filled("fgh")
    for seq in (3, 2):
        (row,) = place.tamper("SELECT * FROM trail_chain WHERE writer = ? AND seq = ?", writer, seq)
        place.tamper("DELETE FROM trail_chain WHERE writer = ? AND seq = ?", writer, seq)
        place.tamper("INSERT INTO trail_chain VALUES (?, ?, ?, ?)", *row)
    assert _findings(place) == []


@pytest.mark.parametrize("seq", [3, 5])
def test_an_entry_without_payload_whose_digest_was_changed_does_not_follow(place: Place, seq: int) -> None:
    writer = place.filled("abcde")
    place.tamper("DELETE FROM trail_payload WHERE seq = ?", seq)
    place.tamper("UPDATE trail_chain SET digest = ? WHERE seq = ?", bytes(32), seq)
    for anchors in (place.anchors, "none"):
        findings = [(finding.seq, finding.what) for finding in verify(place.address, anchors).findings]
        assert findings == [(seq, "changed"), (seq, "removed")], writer


def test_where_two_links_were_changed_to_follow_each_other_the_entry_after_them_does_not_follow(place: Place) -> None:
    writer = place.filled("abcde")
    digest, _ = _chain(place, writer)[4]
    for seq, link in ((3, bytes(32)), (4, link_of(bytes(32), 4, digest))):
        place.tamper("UPDATE trail_chain SET link = ? WHERE seq = ?", link, seq)
    assert [(finding.seq, finding.what) for finding in verify(place.address, "none").findings] == [
        (3, "changed"),
        (5, "changed"),
    ]


def test_a_trail_that_is_not_whole_is_refused_with_the_first_finding_and_how_many_there_are(place: Place) -> None:
    writer = place.filled("abcdef")
    verify(place.address, place.anchors).require(place.address)
    for table in ("trail_chain", "trail_payload"):
        place.tamper(f"DELETE FROM {table} WHERE seq IN (2, 3, 5)")
    audit = verify(place.address, place.anchors)
    message = f"writer {writer}, entries 2 to 3: removed: missing from the chain .2 in all"
    with pytest.raises(TrailError, match=message):
        audit.require(place.address)
    with pytest.raises(AttributeError):
        audit.findings = ()  # type: ignore[misc]


def test_an_entry_of_a_number_that_none_has_is_changed_and_says_nothing_of_the_others(place: Place) -> None:
    writer = place.filled("abc")
    place.tamper("INSERT INTO trail_chain VALUES (?, ?, ?, ?)", writer, -1, bytes(32), bytes(32))
    assert _findings(place) == [(writer, -1, -1, "changed")]


def test_a_writer_that_was_announced_and_wrote_nothing_has_lost_nothing(place: Place) -> None:
    writer = place.filled("a")
    with place.anchors.open("a") as file:
        file.write(json.dumps({"writer": "idle", "seq": 0, "link": begin("idle").link.hex()}) + "\n")
    assert _findings(place) == []
    for table in ("trail_chain", "trail_payload"):
        place.tamper(f"DELETE FROM {table}")
    assert _findings(place) == [(writer, 1, 1, "cut off")]


@pytest.mark.parametrize("last", [0, 1, 3, 4])
def test_an_end_that_was_cut_off_is_found_by_the_anchors_alone(place: Place, last: int) -> None:
    writer = place.filled("abcde")
    for table in ("trail_chain", "trail_payload"):
        place.tamper(f"DELETE FROM {table} WHERE seq > ?", last)
    assert _findings(place) == [(writer, last + 1, 5, "cut off")]
    assert verify(place.address, "none").whole


def _forged(place: Place, writer: str, seq: int, previous: bytes) -> tuple[Any, ...]:
    """What somebody who knows how the chain is made would write as an entry; its link."""
    (original,) = place.tamper("SELECT payload FROM trail_payload WHERE seq = 1")[0]
    payload = json.dumps(json.loads(original) | {"seq": seq, "writer": writer, "risk": 0.99}, separators=(",", ":"))
    salt = bytes(32)
    digest = digest_of(salt, payload)
    return salt, payload, digest, link_of(previous, seq, digest)


def _insert(place: Place, writer: str, seq: int, previous: bytes) -> bytes:
    salt, payload, digest, link = _forged(place, writer, seq, previous)
    place.tamper("INSERT INTO trail_chain VALUES (?, ?, ?, ?)", writer, seq, digest, link)
    values = (writer, seq, salt, payload, "a", "run 1", "ann")
    place.tamper("INSERT INTO trail_payload VALUES (?, ?, ?, ?, ?, ?, ?)", *values)
    return bytes(link)


def test_a_record_after_a_writers_end_is_inserted(place: Place) -> None:
    writer = place.filled("abc")
    _insert(place, writer, 4, _chain(place, writer)[3][1])
    assert _findings(place) == [(writer, 4, 4, "inserted")]


def test_a_whole_chain_of_a_writer_that_never_was_is_inserted(place: Place) -> None:
    place.filled("abc")
    link = _insert(place, "ghost", 1, begin("ghost").link)
    _insert(place, "ghost", 2, link)
    assert _findings(place) == [("ghost", 1, 2, "inserted")]


def test_a_record_that_does_not_follow_a_crashed_writers_last_is_inserted(place: Place) -> None:
    writer = place.filled("abc")
    lines = place.anchors.read_text().splitlines()
    place.anchors.write_text("\n".join(line for line in lines if '"end"' not in line) + "\n")
    _insert(place, writer, 4, bytes(32))
    assert _findings(place) == [(writer, 4, 4, "inserted")]


_ERASURES: list[Any] = [
    None,
    {"w": 3},
    {"w": [[1]]},
    {"w": ["1"]},
    {"w": [2**70]},
    {"w": [2**63]},
    {"w": [0]},
    {"\0": [1]},
    {"\ud800": [1]},
]


def _forge(place: Place, content: dict[str, Any]) -> str:
    """Write an entry that says this after the last one of a writer that crashed; the writer."""
    writer = place.filled("abc")
    lines = place.anchors.read_text().splitlines()
    place.anchors.write_text("\n".join(line for line in lines if '"end"' not in line) + "\n")
    entries, _ = extend(Head(writer, 3, _chain(place, writer)[3][1]), [Body(json.dumps({"who": "", **content}))])
    place.tamper("INSERT INTO trail_chain VALUES (?, ?, ?, ?)", *entries[0][:4])
    place.tamper("INSERT INTO trail_payload VALUES (?, ?, ?, ?, ?, ?, ?)", *entries[0][:2], *entries[0][4:])
    return writer


@pytest.mark.parametrize(
    "content", [{}, {"kind": "erasure"}, *({"kind": "erasure", "entries": entries} for entries in _ERASURES)], ids=str
)
def test_a_forged_payload_that_no_writer_writes_is_named_and_is_no_traceback(
    place: Place, content: dict[str, Any]
) -> None:
    writer = _forge(place, content)
    assert _findings(place) == [(writer, 4, 4, "changed")]


@pytest.mark.parametrize("seq", [1, 2**63 - 1])
def test_an_erasure_may_name_whatever_entry_a_store_can_have(place: Place, seq: int) -> None:
    _forge(place, {"kind": "erasure", "entries": {"w": [seq]}})
    assert _findings(place) == []


def test_a_chain_rewritten_from_a_record_on_does_not_meet_its_anchors(place: Place) -> None:
    writer = place.filled("abcde")
    link = _chain(place, writer)[2][1]
    for seq in (3, 4, 5):
        for table in ("trail_chain", "trail_payload"):
            place.tamper(f"DELETE FROM {table} WHERE seq = ?", seq)
        link = _insert(place, writer, seq, link)
    assert verify(place.address, "none").whole
    assert _findings(place) == [(writer, seq, seq, "changed") for seq in (3, 4, 5)]


def test_a_chain_longer_than_its_anchors_is_a_crash_and_no_error(place: Place) -> None:
    place.filled("abcde")
    lines = place.anchors.read_text().splitlines(keepends=True)
    place.anchors.write_text("".join(lines[:3]) + lines[3][:20])
    assert _findings(place) == []
    place.filled("f")
    assert verify(place.address, place.anchors).entries == 6
    assert _findings(place) == []


def test_missing_anchors_are_said_and_not_passed_over(place: Place) -> None:
    place.filled("a")
    place.anchors.unlink()
    with pytest.raises(TrailError, match="anchors of the trail cannot be read"):
        verify(place.address, place.anchors)


def test_verifying_while_a_writer_goes_on_finds_nothing_wrong(place: Place) -> None:
    with place.open() as trail:
        for _ in range(10):
            futures = [trail.append([record("x")]) for _ in range(20)]
            assert _findings(place) == []
            for future in futures:
                future.result()


def test_a_writer_that_begins_after_the_anchors_were_read_is_none_that_never_was(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.filled("ab")

    @contextmanager
    def later(address: str) -> Iterator[Store]:
        place.filled("c")
        with reading(address) as store:
            yield store

    monkeypatch.setitem(verify.__globals__, "reading", later)
    audit = verify(place.address, place.anchors)
    assert (audit.whole, audit.entries, audit.writers) == (True, 3, 2)


def test_a_writer_later_than_a_copy_of_the_anchors_is_told_as_what_it_may_be(place: Place, tmp_path: Path) -> None:
    place.filled("ab")
    copy = tmp_path / "exported"
    copy.write_bytes(place.anchors.read_bytes())
    place.filled("c")
    (finding,) = verify(place.address, copy).findings
    assert "began after these anchors were saved" in finding.detail


def test_the_links_are_what_the_documents_say(tmp_path: Path) -> None:
    place = sqlite_place(tmp_path)
    writer = place.filled("ab")
    link = hashlib.sha256(writer.encode()).digest()
    for seq, (digest, stored) in sorted(_chain(place, writer).items()):
        salt, payload = place.tamper("SELECT salt, payload FROM trail_payload WHERE seq = ?", seq)[0]
        assert digest == hashlib.sha256(salt + payload.encode()).digest()
        link = hashlib.sha256(link + seq.to_bytes(8, "big") + digest).digest()
        assert stored == link


_COLUMNS = [("trail_chain", "digest"), ("trail_chain", "link"), ("trail_payload", "salt"), ("trail_payload", "payload")]


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(_COLUMNS), st.integers(1, 8), st.data())
def test_any_bit_that_flips_is_found_at_its_record(column: tuple[str, str], seq: int, data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        place = sqlite_place(Path(folder))
        with place.open() as trail:
            trail.append([record(str(number)) for number in range(8)]).result()
        table, name = column
        (value,) = place.tamper(f"SELECT CAST({name} AS BLOB) FROM {table} WHERE seq = ?", seq)[0]
        changed = bytearray(value)
        changed[data.draw(st.integers(0, len(value) - 1))] ^= 1 << data.draw(st.integers(0, 6))
        kind = "TEXT" if name == "payload" else "BLOB"
        place.tamper(f"UPDATE {table} SET {name} = CAST(? AS {kind}) WHERE seq = ?", bytes(changed), seq)
        assert {(finding[1], finding[3] in ("changed", "reordered")) for finding in _findings(place)} == {(seq, True)}


@settings(max_examples=12, deadline=None)
@given(st.sets(st.integers(1, 12), min_size=1), st.sampled_from(["ann", "bob", None]))
def test_whatever_was_removed_is_named_beside_whatever_was_erased(removed: set[int], erased: str | None) -> None:
    with TemporaryDirectory() as folder:
        place = sqlite_place(Path(folder))
        with place.open() as trail:
            trail.append([record(str(number), ("ann", "bob")[number % 2]) for number in range(12)]).result()
        (writer,) = place.tamper("SELECT DISTINCT writer FROM trail_chain")[0]
        if erased:
            erase(place.address, erased, "asked for", who="test", anchors=place.anchors)
        for table in ("trail_chain", "trail_payload"):
            for seq in removed:
                place.tamper(f"DELETE FROM {table} WHERE writer = ? AND seq = ?", writer, seq)
        named = {seq for _, first, last, _ in _findings(place) for seq in range(first, last + 1)}
        assert named == removed
