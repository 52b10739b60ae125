"""A learner's payloads leave the trail; that they did, and why, becomes an entry itself."""

import json
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from earlybell.errors import SettingError, TrailError
from earlybell.trail.anchors import Anchors, anchors_path
from earlybell.trail.chain import Body, Head, Whose, begin, extend, read_whose, whose
from earlybell.trail.records import ANONYMOUS
from earlybell.trail.stores import Store, StoreError, open_store, shown
from earlybell.trail.user import user_name

KIND = "erasure"


def erase(address: str, learner: str, reason: str, *, who: str = "", anchors: str | Path | None = None) -> int:
    """Delete payload and salt of every record of a learner (a pseudonym); how many they were.

    The chain keeps an entry of it (who, when, which entries, why) and never the pseudonym, so `reason` must not name
    the learner. Records that wait in a journal, and backups, are not reached: erase again when they have come back,
    which `verify` tells, also of a store whose backup is older than the erasure, by the anchors. These have it first:
    there is no erasure that they do not know.

    Raises:
        TrailError: there is no such trail, or it or the anchors cannot be written; the error says what was erased.
        SettingError: it is no learner, or no reason.
    """
    if learner in ("", ANONYMOUS) or not reason.strip():
        raise SettingError("erasing needs one learner and a reason", learner, "Name the pseudonym, and say why.")
    heads, head = Anchors(anchors_path(address, anchors)), begin()
    with open_store(address) as store:
        try:
            with store.transaction():
                erased = store.execute("SELECT writer, seq FROM trail_payload WHERE learner_id = ?", (learner,))
                if not erased:
                    return 0
                store.many("DELETE FROM trail_payload WHERE writer = ? AND seq = ?", erased)
                by_writer, of = _by_writer(erased), whose(learner, _salt(store))
                _announce(heads, head, by_writer, of)
                entries, head = extend(head, [_body(by_writer, of, reason, who or user_name())])
                store.add(entries)
            heads.add([head], end=True)
            store.clean()
        except StoreError as error:
            way_out = "Look with `earlybell trail show` whether it was erased, and erase again if not."
            raise TrailError(f"trail {shown(address)} cannot be erased from", str(error), way_out) from error
        finally:
            heads.close()
    if heads.problem:
        way_out = f"All {len(erased)} records were erased. Mend the anchors, then append this line: {heads.waiting}"
        raise TrailError("anchors of the trail do not have the erasure's end", str(heads.problem), way_out)
    return len(erased)


_EARLIER = """SELECT payload FROM trail_payload WHERE learner_id IS NULL AND payload LIKE '%,"whose":["%' LIMIT 1"""


def _salt(store: Store) -> str | None:
    """The salt of an earlier erasure of this trail; None where there is none."""
    for (payload,) in store.execute(_EARLIER):
        with suppress(ValueError, TypeError, AttributeError):
            return read_whose(json.loads(payload))[0].salt or None
    return None


def _announce(heads: Anchors, head: Head, erased: dict[str, list[int]], of: Whose) -> None:
    heads.add([head])
    heads.add_erased(erased, of)
    if heads.problem:
        way_out = "Nothing was erased. Mend the file or name another, and erase again."
        raise TrailError("anchors of the trail cannot be written", str(heads.problem), way_out)


def _by_writer(erased: Iterable[tuple[str, int]]) -> dict[str, list[int]]:
    by_writer = defaultdict[str, list[int]](list)
    for writer, seq in sorted(erased):
        by_writer[writer].append(seq)
    return by_writer


def _body(erased: dict[str, list[int]], of: Whose, reason: str, who: str) -> Body:
    payload = {"kind": KIND, "time": of.time, "who": who, "reason": reason, "whose": of, "entries": erased}
    return Body(json.dumps(payload, separators=(",", ":")))
