"""Whether a trail is whole: what was changed, removed, inserted, reordered or cut off, each by name."""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, Literal, NamedTuple

from earlybell.errors import TrailError
from earlybell.trail import erasure
from earlybell.trail.anchors import Anchored, anchors_path, read_anchors
from earlybell.trail.chain import Whose, begin, digest_of, hidden, link_of, read_whose
from earlybell.trail.stores import Store, reading, shown

_CLOCKS_DIFFER = timedelta(minutes=1)  # at most, of who serves and who erases: rather too many are named than too few
What = Literal["changed", "removed", "inserted", "reordered", "cut off"]


class Finding(NamedTuple):
    """What is wrong with the entries `seq` to `until` of a writer, mostly one."""

    writer: str
    seq: int
    until: int
    what: What
    detail: str

    def __str__(self) -> str:
        which = f"entry {self.seq}" if self.until <= self.seq else f"entries {self.seq} to {self.until}"
        return f"writer {self.writer}, {which}: {self.what}: {self.detail}"


@dataclass(frozen=True)
class Audit:
    """What verifying found. `anchored`: whether anchors were looked at, without which a cut-off end is not found."""

    entries: int
    writers: int
    erased: int
    anchored: bool
    findings: tuple[Finding, ...]

    @property
    def whole(self) -> bool:
        return not self.findings

    def require(self, address: str) -> None:
        """Raises:
        TrailError: the trail is not whole; names the first entry that is wrong, and how many are.
        """
        if self.findings:
            first = f"{self.findings[0]} ({len(self.findings)} in all)"
            way_out = "Keep store and anchors as they are, and find out who could write to them."
            raise TrailError(f"trail {shown(address)} is not whole", first, way_out)


def verify(address: str, anchors: str | Path | None = None) -> Audit:
    """Read the whole trail, and the anchors that are named as `open_trail` names them. Writers may go on meanwhile.

    Raises:
        TrailError: the trail or its anchors cannot be read.
    """
    path = anchors_path(address, anchors)
    by_writer = read_anchors(path)  # first: what is committed later is longer, which is no error
    with reading(address) as store:
        chains = _chains(store, by_writer)
        if unknown := [chain for chain in chains if chain.unknown]:
            # Last: a writer is announced before its first entry, so whoever is in the store is announced by now.
            announced = read_anchors(path) or {}
            for chain in unknown:
                if not announced.get(chain.writer, Anchored()).links:
                    chain.refuse()
        return _audit(store, chains, by_writer)


_ENTRIES = """
SELECT c.writer, c.seq, c.digest, c.link, p.salt, p.payload, p.request_id, p.course_id, p.learner_id
FROM trail_chain c LEFT JOIN trail_payload p ON p.writer = c.writer AND p.seq = c.seq ORDER BY c.writer, c.seq"""
_STRAYS = """
SELECT p.writer, p.seq FROM trail_payload p LEFT JOIN trail_chain c ON p.writer = c.writer AND p.seq = c.seq
WHERE c.writer IS NULL"""


class _Row(NamedTuple):
    writer: str
    seq: int
    digest: bytes
    link: bytes
    salt: bytes | None
    payload: str | None
    request_id: str | None
    course_id: str | None
    learner_id: str | None


def _chains(store: Store, by_writer: dict[str, Anchored] | None) -> "list[_Chain]":
    return [
        _Chain(writer, None if by_writer is None else by_writer.get(writer, Anchored())).read(rows)
        for writer, rows in groupby(map(_Row._make, store.rows(_ENTRIES)), key=lambda row: row.writer)
    ]


def _audit(store: Store, chains: "list[_Chain]", by_writer: dict[str, Anchored] | None) -> Audit:
    findings = [finding for chain in chains for finding in chain.findings]
    findings += _lost(by_writer or {}, {chain.writer for chain in chains})
    findings += _strays(store, findings)
    gone = {key for chain in chains for key in chain.gone}
    erased = {key for chain in chains for key in chain.erased}
    findings += [
        Finding(writer, seq, seq, "removed", "its payload is gone, and no erasure names it")
        for writer, seq in gone - erased
    ]
    anchored = {(writer, seq) for writer, anchors in (by_writer or {}).items() for seq in anchors.erased}
    findings += _back(store, (erased | anchored) - gone)
    whose = {owner for chain in chains for owner in chain.whose}
    whose |= {owner for anchors in (by_writer or {}).values() for owner in anchors.whose}
    findings += _returned(store, whose, {(finding.writer, finding.seq) for finding in findings})
    entries = sum(chain.entries for chain in chains)
    return Audit(entries, len(chains), len(gone & erased), by_writer is not None, tuple(sorted(findings)))


class _Chain:
    """Reads one writer's entries in order."""

    def __init__(self, writer: str, anchors: Anchored | None) -> None:
        self.writer, self._anchored = writer, anchors
        self.entries = 0
        self.findings: list[Finding] = []
        self.gone: list[tuple[str, int]] = []
        self.erased: list[tuple[str, int]] = []
        self.whose: list[Whose] = []
        self._expected = 1
        self._before = [begin(writer).link]  # links that the next may follow; empty: not known

    def read(self, rows: Iterable[_Row]) -> "_Chain":
        for row in rows:
            self.entries += 1
            try:
                self._read(row)
            except (TypeError, AttributeError, LookupError, ValueError, OverflowError):
                self._find(row.seq, "changed", "it holds what no writer writes")
                self._before = []
        if self._anchored is not None and self._anchored.last >= self._expected:
            self._find(self._expected, "cut off", "anchored, and missing", until=self._anchored.last)
        return self

    def _read(self, row: _Row) -> None:
        if row.seq > self._expected:
            self._find(self._expected, "removed", "missing from the chain", until=row.seq - 1)
            self._before = []
        self._expected = max(self._expected, row.seq + 1)
        computed = [link_of(link, row.seq, row.digest) for link in self._before]
        wrong = self._wrong(row, not computed or row.link in computed)
        if wrong:
            self._find(row.seq, *wrong)
        moved = wrong is not None and wrong[0] == "reordered"
        # A link that alone was changed is told from the entry after it, which follows the computed one.
        self._before = [] if moved else [row.link, *computed[:1]]

    def _wrong(self, row: _Row, follows: bool) -> tuple[What, str] | None:
        anchors = self._anchored or Anchored()
        if row.payload is None or row.salt is None:
            self.gone.append((row.writer, row.seq))
        elif wrong := self._wrong_payload(row, row.salt, row.payload):
            return wrong
        if anchors.links.get(row.seq, row.link) != row.link:
            return "changed", "its link is not the one that was anchored"
        if anchors.ended and row.seq > anchors.last:
            return "inserted", f"its writer ended at entry {anchors.last}"
        if not follows:
            beyond = self._anchored is not None and row.seq > anchors.last
            return "inserted" if beyond else "changed", "it does not follow the entry before it"
        return None

    def _wrong_payload(self, row: _Row, salt: bytes, payload: str) -> tuple[What, str] | None:
        facts = _parsed(payload)
        place = facts.get("writer"), facts.get("seq")
        if None not in place and place != (row.writer, row.seq):
            return "reordered", f"its payload says that it is entry {place[1]} of {place[0]}"
        if digest_of(salt, payload) != row.digest:
            return "changed", "its payload does not meet its digest"
        if row[6:] != (facts.get("request_id"), facts.get("course_id"), facts.get("learner_id")):
            return "changed", "what it is looked up by does not meet its payload"
        if facts["kind"] == erasure.KIND:
            self.erased += _erased(facts)
            self.whose += read_whose(facts)
        return None

    @property
    def unknown(self) -> bool:
        """Whether there are anchors, and none is of this writer."""
        return self._anchored is not None and not self._anchored.links

    def refuse(self) -> None:
        """No anchor knows the writer: then all else that is wrong with its entries says nothing."""
        self.findings.clear()
        detail = "no anchor knows this writer: it is forged, or began after these anchors were saved"
        self._find(1, "inserted", detail, until=self._expected - 1)

    def _find(self, seq: int, kind: What, detail: str, *, until: int | None = None) -> None:
        self.findings.append(Finding(self.writer, seq, seq if until is None else until, kind, detail))


def _lost(by_writer: dict[str, Anchored], there: set[str]) -> list[Finding]:
    """Whole chains that are anchored, and missing."""
    return [
        Finding(writer, 1, anchors.last, "cut off", "anchored, and missing")
        for writer, anchors in by_writer.items()
        if writer not in there and anchors.last > 0
    ]


def _strays(store: Store, findings: list[Finding]) -> list[Finding]:
    """Payloads without an entry, but for those whose entry is named as missing already."""
    missing = [finding for finding in findings if finding.what in ("removed", "cut off")]
    return [
        Finding(writer, seq, seq, "inserted", "a payload without an entry in the chain")
        for writer, seq in store.rows(_STRAYS)
        if not any(finding.writer == writer and finding.seq <= seq <= finding.until for finding in missing)
    ]


def _back(store: Store, erased: set[tuple[str, int]]) -> list[Finding]:
    """Payloads that were erased and are there."""
    sql = "SELECT writer, seq, learner_id FROM trail_payload WHERE writer = ? AND seq = ?"
    rows = [row for key in sorted(erased) for row in store.rows(sql, key)]
    return [
        Finding(writer, seq, seq, "inserted", f"it was erased, and its payload is here: erase {learner} again")
        for writer, seq, learner in rows
    ]


def _returned(store: Store, whose: set[Whose], named: set[tuple[str, int]]) -> list[Finding]:
    """Records of learners who were erased after them, and that are here: from a journal, or a call that hung."""
    until = _until(store, whose)
    sql = "SELECT writer, seq, payload FROM trail_payload WHERE learner_id = ?"
    return [
        Finding(writer, seq, seq, "inserted", f"its learner was erased later, and it is here: erase {learner} again")
        for learner, time in until.items()
        for writer, seq, payload in store.rows(sql, (learner,))
        if (writer, seq) not in named and _is_of_before(payload, time)
    ]


def _until(store: Store, whose: set[Whose]) -> dict[str, datetime]:
    """When each learner who has records was last erased; each is hashed once for all erasures that share a salt."""
    times = defaultdict[str, dict[str, datetime]](dict)
    for owner in whose:
        time = datetime.fromisoformat(owner.time)
        times[owner.salt][owner.digest] = max(time, times[owner.salt].get(owner.digest, time))
    learners = store.rows("SELECT DISTINCT learner_id FROM trail_payload WHERE learner_id IS NOT NULL") if times else ()
    until: dict[str, datetime] = {}
    for (learner,) in learners:
        of_learner = [by[digest] for salt, by in times.items() if (digest := hidden(salt, learner)) in by]
        if of_learner:
            until[learner] = max(of_learner)
    return until


def _is_of_before(payload: str, time: datetime) -> bool:
    """Whether a record may be older than an erasure; one whose time cannot be read may be."""
    try:
        return datetime.fromisoformat(_parsed(payload)["time"]) - time <= _CLOCKS_DIFFER
    except (LookupError, TypeError, ValueError):
        return True


def _erased(facts: dict[str, Any]) -> list[tuple[str, int]]:
    """The entries that an erasure names; ValueError and its like where they are none that a store can look up."""
    named = [(writer, seq) for writer, seqs in facts["entries"].items() for seq in seqs]
    if not all(writer.isprintable() and type(seq) is int and 0 < seq < 2**63 for writer, seq in named):
        raise ValueError
    return named


def _parsed(payload: str) -> dict[str, Any]:
    try:
        value = json.loads(payload)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
