"""The chain of one writer: each entry's link covers the entry before it, and a salted digest of its payload.

The digest is SHA-256(salt ‖ payload), the link SHA-256(previous link ‖ seq ‖ digest) with seq as eight bytes, the most
significant first; a chain begins with SHA-256 of its writer's name, as seq 0. A payload says its own place, so that one
that was moved is told from one that was changed. With payload and salt gone, digest and link say nothing of a learner.
"""

import hashlib
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

_SALT = 32  # bytes


class Body(NamedTuple):
    """What an entry holds before it has a place: a JSON object, and what it is looked up by (None: not looked up)."""

    text: str
    request_id: str | None = None
    course_id: str | None = None
    learner_id: str | None = None


class Entry(NamedTuple):
    """One entry of a chain with its payload."""

    writer: str
    seq: int
    digest: bytes
    link: bytes
    salt: bytes
    payload: str
    request_id: str | None
    course_id: str | None
    learner_id: str | None


class Whose(NamedTuple):
    """Whom an erasure was about, without the pseudonym: who has it can ask, and who has not cannot find it out.

    Attributes:
        salt: random, in hex; the erasures of a trail share it, so that a pseudonym is hashed once for all of them.
        digest: SHA-256(salt ‖ pseudonym), in hex.
        time: of the erasure, as ISO 8601 in UTC.
    """

    salt: str
    digest: str
    time: str


@dataclass(frozen=True)
class Head:
    """The last entry of a writer's chain; `seq` 0 is the beginning."""

    writer: str
    seq: int
    link: bytes


def begin(writer: str | None = None) -> Head:
    """The beginning of a writer's chain; a new writer has a name of its own."""
    name = writer or secrets.token_hex(8)
    return Head(name, 0, hashlib.sha256(name.encode()).digest())


def extend(head: Head, bodies: Iterable[Body]) -> tuple[list[Entry], Head]:
    """The next entries after `head`, and the head after them."""
    entries = []
    for body in bodies:
        seq, salt = head.seq + 1, secrets.token_bytes(_SALT)
        payload = f'{body.text[:-1]},"writer":"{head.writer}","seq":{seq}}}'
        digest = digest_of(salt, payload)
        head = Head(head.writer, seq, link_of(head.link, seq, digest))
        entries.append(Entry(head.writer, seq, digest, head.link, salt, payload, *body[1:]))
    return entries, head


def whose(learner: str, salt: str | None = None) -> Whose:
    """What an erasure of a learner leaves of whom it was about, as of now; with the salt of an earlier one if given."""
    salt = salt or secrets.token_hex(_SALT // 2)
    return Whose(salt, hidden(salt, learner), datetime.now(UTC).isoformat())


def hidden(salt: str, learner: str) -> str:
    """A pseudonym as an erasure says it: SHA-256(salt ‖ pseudonym), in hex."""
    return hashlib.sha256(bytes.fromhex(salt) + learner.encode()).hexdigest()


def read_whose(facts: dict[str, Any]) -> list[Whose]:
    """What an erasure's JSON says of that; those of older versions say nothing. ValueError or TypeError: it is none."""
    if "whose" not in facts:
        return []
    salt, digest, time = map(str, facts["whose"])
    if datetime.fromisoformat(time).tzinfo is None:
        raise ValueError
    return [Whose(bytes.fromhex(salt).hex(), digest, time)]


def digest_of(salt: bytes, payload: str) -> bytes:
    """SHA-256(salt ‖ payload)."""
    return hashlib.sha256(salt + payload.encode()).digest()


def link_of(previous: bytes, seq: int, digest: bytes) -> bytes:
    """SHA-256(previous link ‖ seq ‖ digest)."""
    return hashlib.sha256(previous + seq.to_bytes(8) + digest).digest()


def entry_of(line: str) -> Entry:
    """The entry of a line that `line_of` wrote."""
    writer, seq, digest, link, salt, *rest = json.loads(line)
    return Entry(writer, seq, bytes.fromhex(digest), bytes.fromhex(link), bytes.fromhex(salt), *rest)


def line_of(entry: Entry) -> str:
    """One line of JSON."""
    return json.dumps([value.hex() if isinstance(value, bytes) else value for value in entry], separators=(",", ":"))
